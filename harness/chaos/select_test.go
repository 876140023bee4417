package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gauntlet/harness/diagnostic"
	"gauntlet/harness/platform"
)

// stack is three mappers, one of them a canary, and a redis that is down.
func stack() []platform.Replica {
	return []platform.Replica{
		{Name: "redis-1", Service: "redis", Labels: map[string]string{"app": "redis"}, State: platform.Down},
		{Name: "mapper-1", Service: "mapper", Labels: map[string]string{"app": "mapper"}, State: platform.Running},
		{Name: "mapper-2", Service: "mapper", Labels: map[string]string{"app": "mapper"}, State: platform.Running},
		{Name: "mapper-3", Service: "mapper", Labels: map[string]string{"app": "mapper", "canary": "yes"}, State: platform.Running},
	}
}

func TestSelectors(t *testing.T) {
	app := map[string]string{"app": "mapper"}
	for name, c := range map[string]struct {
		s    Selector
		want string
	}{
		"nothing matches all":       {Selector{}, "redis-1 mapper-1 mapper-2 mapper-3"},
		"namespaces match all":      {Selector{Namespaces: []string{"shop"}}, "redis-1 mapper-1 mapper-2 mapper-3"},
		"label":                     {Selector{Labels: app}, "mapper-1 mapper-2 mapper-3"},
		"both labels":               {Selector{Labels: map[string]string{"app": "mapper", "canary": "yes"}}, "mapper-3"},
		"in":                        {Selector{Expressions: []Requirement{{"app", "In", []string{"redis", "kafka"}}}}, "redis-1"},
		"not in":                    {Selector{Expressions: []Requirement{{"app", "NotIn", []string{"redis"}}}}, "mapper-1 mapper-2 mapper-3"},
		"not in, label not there":   {Selector{Expressions: []Requirement{{"canary", "NotIn", []string{"yes"}}}}, "redis-1 mapper-1 mapper-2"},
		"exists":                    {Selector{Expressions: []Requirement{{"canary", "Exists", nil}}}, "mapper-3"},
		"does not exist, and label": {Selector{Labels: app, Expressions: []Requirement{{"canary", "DoesNotExist", nil}}}, "mapper-1 mapper-2"},
		"running":                   {Selector{Phases: []string{"Running"}}, "mapper-1 mapper-2 mapper-3"},
		"pods override labels": {Selector{Labels: app, Phases: []string{"Running"},
			Pods: map[string][]string{"b": {"redis-1"}, "a": {"mapper-2", "mapper-2"}}}, "redis-1 mapper-2"},
	} {
		got, err := Select(Fault{Mode: ModeAll, Selector: c.s}, stack(), rand.New(rand.NewPCG(1, 1)))
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q (%v), want %q", name, got, err, c.want)
		}
	}
}

func TestNoMatchSaysWhatThereIs(t *testing.T) {
	places := map[string]Place{
		"":                                  {File: "x.yaml", Line: 1, Column: 1},
		"spec.selector":                     {File: "x.yaml", Line: 2, Column: 1},
		"spec.selector.labelSelectors.app":  {File: "x.yaml", Line: 3, Column: 1},
		"spec.selector.pods.default":        {File: "x.yaml", Line: 4, Column: 1},
		"spec.selector.pods.default[1]":     {File: "x.yaml", Line: 5, Column: 1},
		"spec.containerNames":               {File: "x.yaml", Line: 6, Column: 1},
		"spec.selector.labelSelectors.a.b/": {File: "x.yaml", Line: 7, Column: 1},
	}
	kill := func(containers ...string) Fault {
		return Fault{Kind: PodChaos, Action: ContainerKill, ContainerNames: containers, Selector: Selector{Labels: map[string]string{"app": "mapper"}}}
	}
	for _, c := range []struct {
		f    Fault
		line int
		want string
	}{
		{Fault{Selector: Selector{Labels: map[string]string{"app": "maper"}}}, 3, "no replica has the label app=maper\n  hint: the labels here are app=mapper, app=redis, canary=yes"},
		{Fault{Selector: Selector{Labels: map[string]string{"ap": "mapper"}}}, 2, "no replica has the label ap=mapper"},
		{Fault{Selector: Selector{Labels: map[string]string{"app": "redis", "canary": "yes"}}}, 2, "no replica matches the whole selector"},
		{Fault{Selector: Selector{Labels: map[string]string{"app": "redis"}, Phases: []string{"Running"}}}, 2, "no replica matches the whole selector"},
		{Fault{Selector: Selector{Pods: map[string][]string{"default": {"mapper-1", "maper-2"}}}}, 5, "there is no replica \"maper-2\"\n  hint: did you mean \"mapper-2\"?"},
		{kill("mapper", "sidecar"), 6, "no replica that matches has a container \"sidecar\"\n  hint: here a replica is one container, named like its service: mapper"},
		{kill("sidecar"), 6, "mapper-1 matches the selector and has no container named sidecar"},
	} {
		c.f.Mode, c.f.Places = ModeOne, places
		got, err := Select(c.f, stack(), rand.New(rand.NewPCG(1, 1)))
		all := diagnostic.All(err)
		if len(all) != 1 || all[0].Line != c.line || !strings.Contains(err.Error(), c.want) {
			t.Errorf("selected %q: %v, want line %d: %s", got, err, c.line, c.want)
		}
	}
}

func TestModes(t *testing.T) {
	for _, c := range []struct {
		mode     Mode
		value, n int
		want     int
	}{
		{ModeOne, 0, 3, 1}, {ModeAll, 0, 3, 3},
		{ModeFixed, 2, 3, 2}, {ModeFixed, 5, 3, 3}, {ModeFixed, 1, 1, 1},
		{ModeFixedPercent, 1, 3, 1}, {ModeFixedPercent, 33, 3, 1}, {ModeFixedPercent, 34, 3, 2}, {ModeFixedPercent, 67, 3, 3},
		{ModeFixedPercent, 50, 3, 2}, {ModeFixedPercent, 100, 3, 3}, {ModeFixedPercent, 7, 100, 7}, {ModeFixedPercent, 29, 100, 29},
	} {
		got, err := count(c.mode, c.value, c.n, rand.New(rand.NewPCG(1, 1)))
		if err != nil || got != c.want {
			t.Errorf("%s %d of %d: %d (%v), want %d", c.mode, c.value, c.n, got, err, c.want)
		}
	}
	for _, f := range []Fault{{Mode: "any"}, {Mode: ModeFixed}, {Mode: ModeFixedPercent}, {Mode: ModeFixedPercent, Value: 101}, {Mode: ModeRandomMaxPercent, Value: -1}} {
		if got, err := Select(f, stack(), rand.New(rand.NewPCG(1, 1))); err == nil {
			t.Errorf("%s %d selects %q", f.Mode, f.Value, got)
		}
	}
}

// Whatever is drawn: as many as the mode says, all of them replicas, none
// twice, in the order of the replicas, and the same again with the same seed.
func TestSelectProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "n")
		f := Fault{Mode: rapid.SampledFrom(Modes).Draw(t, "mode"), Value: rapid.IntRange(1, 100).Draw(t, "value")}
		seed := rapid.Uint64().Draw(t, "seed")
		var replicas []platform.Replica
		for i := range n {
			replicas = append(replicas, platform.Replica{Name: fmt.Sprintf("r-%02d", i)})
		}
		got, err := Select(f, replicas, rand.New(rand.NewPCG(seed, 0)))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Fatalf("drawn twice or out of order: %q", got)
		}
		for _, name := range got {
			if !slices.ContainsFunc(replicas, func(r platform.Replica) bool { return r.Name == name }) {
				t.Fatalf("%q is no replica", name)
			}
		}
		least, most := len(got), len(got)
		switch f.Mode {
		case ModeOne:
			least, most = 1, 1
		case ModeAll:
			least, most = n, n
		case ModeFixed:
			least, most = min(f.Value, n), min(f.Value, n)
		case ModeFixedPercent, ModeRandomMaxPercent:
			// The smallest whole number that is not below the share.
			most = 0
			for most*100 < n*f.Value {
				most++
			}
			if least = most; f.Mode == ModeRandomMaxPercent {
				least = 0
			}
		}
		if len(got) < least || len(got) > most {
			t.Fatalf("%s %d of %d drew %d, not %d to %d", f.Mode, f.Value, n, len(got), least, most)
		}
		again, _ := Select(f, replicas, rand.New(rand.NewPCG(seed, 0)))
		if !slices.Equal(got, again) {
			t.Fatalf("drew %q, then %q", got, again)
		}
	})
}

// Every replica has the same chance, and random-max-percent reaches none and
// its maximum. The seed is fixed: the outcome is.
func TestDrawsAreFair(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	f := Fault{Mode: ModeOne, Selector: Selector{Labels: map[string]string{"app": "mapper"}}}
	seen := map[string]int{}
	for range 3000 {
		got, err := Select(f, stack(), rnd)
		if err != nil {
			t.Fatal(err)
		}
		seen[got[0]]++
	}
	for _, name := range []string{"mapper-1", "mapper-2", "mapper-3"} {
		if seen[name] < 900 || seen[name] > 1100 {
			t.Errorf("%s was drawn %d times of 3000", name, seen[name])
		}
	}
	f.Mode, f.Value = ModeRandomMaxPercent, 50
	sizes := map[int]int{}
	for range 3000 {
		got, err := Select(f, stack(), rnd)
		if err != nil {
			t.Fatal(err)
		}
		sizes[len(got)]++
	}
	// 0 % draws none, 1 … 33 % one of three, 34 … 50 % two.
	if sizes[0] < 30 || sizes[0] > 90 || sizes[1] < 1800 || sizes[2] < 850 || len(sizes) != 3 {
		t.Errorf("sizes of random-max-percent 50: %v", sizes)
	}
}

func TestDrawOfNoneIsNotProven(t *testing.T) {
	sys := newFake(t)
	f := killOf("redis")
	f.Mode, f.Value = ModeRandomMaxPercent, 1
	for seed := uint64(0); ; seed++ {
		p := prepare(t, sys, f, func(s *Settings) { s.Seed = seed })
		if len(p.Targets()) > 0 {
			continue
		}
		e := inject(t, p)
		if len(e.Targets) != 0 || e.Until < e.At {
			t.Errorf("injected %+v", e)
		}
		if h := heal(t, p); h.Event != nil || !h.Back {
			t.Errorf("healed %+v", h)
		}
		wantProof(t, p, false, "random-max-percent of 1 % drew no target")
		return
	}
}
