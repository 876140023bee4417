package chaos

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/history"
	"gauntlet/harness/platform"
)

func planned() []platform.Replica {
	grace := map[string]time.Duration{"mapper": 2 * time.Second, "redis": 5 * time.Second}
	var all []platform.Replica
	for _, name := range []string{"mapper-1", "mapper-2", "mapper-3", "redis-1"} {
		service := name[:len(name)-2]
		all = append(all, platform.Replica{Name: name, Service: service, Labels: map[string]string{"app": service}, State: platform.Running, StopGrace: grace[service]})
	}
	return all
}

// What a dry run shows is what the run does.
func TestAimIsWhatIsPrepared(t *testing.T) {
	sys := newFake(t)
	replicas, _ := sys.Replicas(context.Background())
	f := killOf("mapper")
	f.Mode = ModeOne
	seen := map[string]bool{}
	for seed := range uint64(20) {
		set := Settings{Clock: history.NewClock(time.Now()), Probe: sys.probe, Seed: seed}
		p, err := Prepare(context.Background(), sys, f, set)
		if err != nil {
			t.Fatal(err)
		}
		aim, err := Aim(f, replicas, seed)
		if err != nil || !slices.Equal(aim, p.Targets()) {
			t.Errorf("seed %d: aimed at %v (%v), prepared for %v", seed, aim, err, p.Targets())
		}
		seen[strings.Join(aim, " ")] = true
	}
	if len(seen) < 2 {
		t.Errorf("twenty seeds aimed at %v alone", seen)
	}
	limit := Fault{Name: "half", Kind: Limit, Mode: ModeAll, Selector: Selector{Pods: map[string][]string{"": {"mapper-2"}}}, Change: &Change{Service: "mapper", Cores: 0.5}}
	if aim, err := Aim(limit, planned(), 1); err != nil || strings.Join(aim, " ") != "mapper-2" {
		t.Errorf("a limit on mapper-2 aims at %v (%v)", aim, err)
	}
	limit.Change.Service, limit.Places = "redis", map[string]Place{"spec.selector.pods": {File: "x.yaml", Line: 3, Column: 7}}
	if aim, err := Aim(limit, planned(), 1); err == nil || !strings.Contains(err.Error(), `x.yaml:3:7: there is no replica "mapper-2"`) {
		t.Errorf("a limit on a replica of another service aims at %v (%v)", aim, err)
	}
	scale := Fault{Name: "join", Kind: Scale, Change: &Change{Service: "mapper", To: 5}}
	if aim, err := Aim(scale, planned(), 1); err != nil || strings.Join(aim, " ") != "mapper-4 mapper-5" {
		t.Errorf("a scale to 5 aims at %v (%v)", aim, err)
	}
}

func TestBlast(t *testing.T) {
	on := func(at time.Duration, mode Mode, value int, kind, action, app string, lasts time.Duration) Timed {
		return Timed{At: at, Fault: Fault{Name: app, Kind: kind, Action: action, Mode: mode, Value: value, Duration: lasts, Selector: Selector{Labels: map[string]string{"app": app}}}}
	}
	change := func(at time.Duration, kind string, to int) Timed {
		return Timed{At: at, Fault: Fault{Name: kind, Kind: kind, Mode: ModeAll, Change: &Change{Service: "mapper", To: to}}}
	}
	gently := func(t Timed) Timed { t.GracePeriod = 4 * time.Second; return t }
	for _, c := range []struct {
		name   string
		faults []Timed
		most   int
		at     time.Duration
	}{
		{"none", nil, 0, 0},
		{"one", []Timed{on(0, ModeOne, 0, PodChaos, PodFailure, "mapper", time.Second)}, 1, 0},
		{"all", []Timed{on(0, ModeAll, 0, PodChaos, PodFailure, "mapper", time.Second)}, 3, 0},
		{"after each other", []Timed{on(0, ModeOne, 0, PodChaos, PodFailure, "mapper", time.Second), on(time.Second, ModeOne, 0, PodChaos, PodFailure, "redis", time.Second)}, 1, 0},
		{"together for a while", []Timed{on(0, ModeOne, 0, PodChaos, PodFailure, "mapper", 2*time.Second), on(time.Second, ModeAll, 0, PodChaos, PodFailure, "redis", time.Second)}, 2, time.Second},
		{"a kill counts until its victim must be back", []Timed{on(0, ModeOne, 0, PodChaos, PodKill, "mapper", 0), on(9*time.Second, ModeOne, 0, PodChaos, PodKill, "redis", 0)}, 2, 9 * time.Second},
		{"and no longer", []Timed{on(0, ModeOne, 0, PodChaos, PodKill, "mapper", 0), on(10*time.Second, ModeOne, 0, PodChaos, PodKill, "redis", 0)}, 1, 0},
		{"no more than there are", []Timed{on(0, ModeAll, 0, PodChaos, PodFailure, "mapper", 9*time.Second), on(time.Second, ModeOne, 0, PodChaos, PodKill, "mapper", 0)}, 3, 0},
		{"but more than one of them touches", []Timed{on(0, ModeOne, 0, PodChaos, PodFailure, "mapper", 9*time.Second), on(time.Second, ModeFixed, 2, PodChaos, PodKill, "mapper", 0)}, 3, time.Second},
		{"none that leaves twice", []Timed{change(0, Scale, 1), change(time.Second, Scale, 2)}, 2, 0},
		{"up to two thirds", []Timed{on(0, ModeRandomMaxPercent, 67, PodChaos, PodFailure, "mapper", time.Second)}, 3, 0},
		{"a restart takes one at a time", []Timed{change(0, Restart, 0)}, 1, 0},
		{"a replica that comes is not touched", []Timed{change(0, Scale, 5)}, 0, 0},
		{"those that go are", []Timed{change(0, Scale, 1)}, 2, 0},
		{"and stay away", []Timed{change(0, Scale, 1), on(time.Minute, ModeOne, 0, PodChaos, PodKill, "redis", 0)}, 3, time.Minute},
		{"a restart goes on until the last replica must be back", []Timed{change(0, Restart, 0), on(35*time.Second, ModeOne, 0, PodChaos, PodKill, "redis", 0)}, 2, 35 * time.Second},
		{"an orderly end takes time, too", []Timed{gently(on(0, ModeOne, 0, PodChaos, PodKill, "mapper", 0)), on(13*time.Second, ModeOne, 0, PodChaos, PodKill, "redis", 0)}, 2, 13 * time.Second},
		{"and no longer than it is given", []Timed{gently(on(0, ModeOne, 0, PodChaos, PodKill, "mapper", 0)), on(14*time.Second, ModeOne, 0, PodChaos, PodKill, "redis", 0)}, 1, 0},
		{"and no longer than that", []Timed{change(0, Restart, 0), on(36*time.Second, ModeOne, 0, PodChaos, PodKill, "redis", 0)}, 1, 0},
	} {
		got, err := Blast(c.faults, planned(), 10*time.Second)
		if err != nil || got.Replicas != c.most || got.At != c.at {
			t.Errorf("%s: %d at %v (%v), want %d at %v", c.name, got.Replicas, got.At, err, c.most, c.at)
		}
		if err := got.Limit(c.most); err != nil {
			t.Errorf("%s: %d are refused: %v", c.name, c.most, err)
		}
		if c.most == 0 {
			continue
		}
		if err := got.Limit(c.most - 1); err == nil || !strings.Contains(err.Error(), "limits.replicas") {
			t.Errorf("%s: one less is not refused: %v", c.name, err)
		}
	}
	if _, err := Blast([]Timed{on(0, ModeOne, 0, PodChaos, PodKill, "nobody", 0)}, planned(), time.Second); err == nil {
		t.Error("a fault that no replica matches touches none, and is not refused")
	}
}

// Each of three mappers may take 2 s to end and 10 s to return.
func TestWithin(t *testing.T) {
	change := func(kind string, to int, lasts time.Duration) Fault {
		return Fault{Kind: kind, Duration: lasts, Change: &Change{Service: "mapper", To: to}}
	}
	for name, c := range map[string]struct {
		fault Fault
		want  time.Duration
	}{
		"a kill":               {Fault{Kind: PodChaos, Action: PodKill}, 10 * time.Second},
		"a gentle kill":        {Fault{Kind: PodChaos, Action: PodKill, GracePeriod: 4 * time.Second}, 14 * time.Second},
		"a fault that is over": {Fault{Kind: PodChaos, Action: PodFailure, Duration: time.Minute}, 0},
		"a rolling restart":    {change(Restart, 0, 0), 36 * time.Second},
		"some leave for good":  {change(Scale, 1, 0), 12 * time.Second},
		"some join":            {change(Scale, 4, 0), 10 * time.Second},
		"some leave meanwhile": {change(Scale, 1, time.Minute), 0},
	} {
		if got := c.fault.Within(planned(), 10*time.Second); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
