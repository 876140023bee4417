package chaos

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestClash(t *testing.T) {
	at := func(s int, f Fault, name string) Timed {
		f.Name, f.Places = name, map[string]Place{"": {File: "x.yaml", Line: s + 1, Column: 5}}
		return Timed{At: time.Duration(s) * time.Second, Fault: f}
	}
	lasts := func(f Fault, s int) Fault {
		f.Duration = time.Duration(s) * time.Second
		return f
	}
	one := func(f Fault) Fault {
		f.Mode = ModeOne
		return f
	}
	limit := func(service string) Fault {
		return Fault{Kind: Limit, Mode: ModeOne, Duration: 20 * time.Second, Change: &Change{Service: service, Cores: 0.5}}
	}
	named := func(f Fault, replica string) Fault {
		f.Selector.Pods = map[string][]string{"": {replica}}
		return f
	}
	scale := func(service string, to int) Fault {
		return Fault{Kind: Scale, Change: &Change{Service: service, To: to}}
	}
	stress := Fault{Kind: StressChaos, Mode: ModeOne, Selector: app("mapper"), Stress: &Stress{CPUWorkers: 1}}
	for name, c := range map[string]struct {
		faults []Timed
		want   string
	}{
		"one":                     {[]Timed{at(0, limit("mapper"), "a")}, ""},
		"a limit upon another":    {[]Timed{at(0, limit("mapper"), "a"), at(10, limit("mapper"), "b")}, "x.yaml:11:5: limit b begins 10s after the baseline and may meet mapper-1, mapper-2, mapper-3, which limit a may have until 20s"},
		"in whatever order":       {[]Timed{at(10, limit("mapper"), "b"), at(0, limit("mapper"), "a")}, "limit b begins 10s"},
		"one right after another": {[]Timed{at(0, limit("mapper"), "a"), at(20, limit("mapper"), "b")}, "a second apart"},
		"one after another":       {[]Timed{at(0, limit("mapper"), "a"), at(21, limit("mapper"), "b")}, ""},
		"of other services":       {[]Timed{at(0, limit("mapper"), "a"), at(10, limit("redis"), "b")}, ""},
		"of other replicas":       {[]Timed{at(0, named(limit("mapper"), "mapper-1"), "a"), at(10, named(limit("mapper"), "mapper-2"), "b")}, ""},
		"of one of them":          {[]Timed{at(0, named(limit("mapper"), "mapper-2"), "a"), at(10, limit("mapper"), "b")}, "may meet mapper-2, which"},
		"two stresses":            {[]Timed{at(0, lasts(stress, 30), "a"), at(10, lasts(stress, 5), "b")}, "StressChaos b begins"},
		"a stress upon a limit":   {[]Timed{at(0, limit("mapper"), "a"), at(10, lasts(stress, 5), "b")}, ""},
		"two failures":            {[]Timed{at(0, one(lasts(failureOf("mapper"), 9)), "a"), at(5, one(lasts(failureOf("mapper"), 9)), "b")}, "PodChaos pod-failure b begins"},
		"a kill upon a failure":   {[]Timed{at(0, one(lasts(failureOf("mapper"), 9)), "a"), at(5, one(killOf("mapper")), "b")}, ""},
		"two delays":              {[]Timed{at(0, delayOf("mapper", "to", nil), "a"), at(5, delayOf("mapper", "to", nil), "b")}, ""},
		"two scales":              {[]Timed{at(0, scale("mapper", 4), "a"), at(60, scale("mapper", 5), "b")}, "may meet the replicas of mapper, which scale a may have until the end of the run"},
		"two scales for a while":  {[]Timed{at(0, lasts(scale("mapper", 4), 30), "a"), at(60, scale("mapper", 5), "b")}, ""},
		"scales of two services":  {[]Timed{at(0, scale("mapper", 4), "a"), at(60, scale("redis", 2), "b")}, ""},
		"a service that is not":   {[]Timed{at(0, limit("mapper"), "a"), at(10, limit("maper"), "b")}, `there is no service "maper"`},
	} {
		err := Clash(c.faults, planned())
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// Who joined before a fault began is there, matches, and is not touched.
func TestNewcomers(t *testing.T) {
	const begin = 30 * time.Second
	scale := func(at, lasts time.Duration) Timed {
		return Timed{At: at, Fault: Fault{Name: "join", Kind: Scale, Duration: lasts, Change: &Change{Service: "mapper", To: 5}}}
	}
	fromRedis := delayOf("redis", "to", target("mapper"))
	restart := Fault{Name: "restart", Kind: Restart, Mode: ModeAll, Change: &Change{Service: "mapper"}}
	byName := killOf("mapper")
	byName.Selector = Selector{Pods: map[string][]string{"": {"mapper-1"}}}
	for name, c := range map[string]struct {
		f     Fault
		scale Timed
		want  string
	}{
		"killed":          {killOf("mapper"), scale(0, 0), "mapper-4 mapper-5"},
		"at once":         {killOf("mapper"), scale(begin, 0), "mapper-4 mapper-5"},
		"they come later": {killOf("mapper"), scale(begin+1, 0), ""},
		"they left":       {killOf("mapper"), scale(0, 10*time.Second), ""},
		"of another":      {killOf("redis"), scale(0, 0), ""},
		"by name":         {byName, scale(0, 0), ""},
		"delayed":         {delayOf("mapper", "to", target("redis")), scale(0, time.Minute), "mapper-4 mapper-5"},
		"at the far end":  {fromRedis, scale(0, 0), "mapper-4 mapper-5"},
		"restarted":       {restart, scale(0, 0), "mapper-4 mapper-5"},
		"scaled":          {scale(0, 0).Fault, scale(0, 0), ""},
	} {
		f := Timed{At: begin, Fault: c.f}
		if got := Newcomers(f, []Timed{c.scale, f}, planned()); !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%s: %v, want %q", name, got, c.want)
		}
	}
}
