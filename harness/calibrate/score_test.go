package calibrate

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gauntlet/reports"
)

// episode is one of the service as a whole, told exactly; to < 0: without end.
func episode(from, to, impact float64) reports.Episode {
	e := reports.Episode{Scope: "overall", DegradedAt: from, DegradedLow: from - 0.001, DegradedHigh: from + 0.001, RecoveredLow: to - 0.001, RecoveredHigh: to + 0.001, ImpactSeconds: impact, LostRequests: impact * 1000}
	if to >= 0 {
		e.RecoveredAt = &to
	}
	return e
}

func of(scope string, e reports.Episode) reports.Episode {
	e.Scope = scope
	return e
}

func TestScoreOfEdges(t *testing.T) {
	one := []Outage{{From: 10 * second, To: 13 * second, Bad: 3000}}
	for _, c := range []struct {
		name     string
		outages  []Outage
		episodes []reports.Episode
		found    int
		extra    int
		onset    []float64
		recovery []float64
		held     Share
	}{
		{"told exactly", one, []reports.Episode{episode(10, 13, 3)}, 1, 0, []float64{0}, []float64{0}, Share{2, 2}},
		{"late and early", one, []reports.Episode{episode(10.02, 12.95, 3)}, 1, 0, []float64{20}, []float64{50}, Share{0, 2}},
		{"not told", one, nil, 0, 0, nil, nil, Share{}},
		{"told elsewhere", one, []reports.Episode{episode(14, 15, 1)}, 0, 1, nil, nil, Share{}},
		{"a small one elsewhere does not count", one, []reports.Episode{episode(10, 13, 3), episode(14, 15, 0.05)}, 1, 0, []float64{0}, []float64{0}, Share{2, 2}},
		{"a small one is enough to be found", one, []reports.Episode{episode(10, 13, 0.05)}, 1, 0, []float64{0}, []float64{0}, Share{2, 2}},
		{"in pieces: the largest is it", one, []reports.Episode{episode(10, 10.5, 0.5), episode(10.6, 13, 2.4)}, 1, 1, []float64{600}, []float64{0}, Share{1, 2}},
		{"of one operation alone", one, []reports.Episode{of("op:get", episode(10, 13, 3))}, 0, 0, nil, nil, Share{}},
		{"without an end", one, []reports.Episode{episode(10, -1, 3)}, 1, 0, []float64{0}, nil, Share{1, 1}},
		{"one told for two", []Outage{one[0], {From: 20 * second, To: 21 * second}}, []reports.Episode{episode(10, 21, 4)}, 1, 0, []float64{0}, []float64{8000}, Share{1, 2}},
		{"blunt edges are not counted", []Outage{{From: 10 * second, To: 13 * second, Blunt: true}}, []reports.Episode{episode(10.2, 12.8, 2)}, 1, 0, nil, nil, Share{}},
		{"a healthy run", nil, []reports.Episode{episode(10, 11, 0.2)}, 0, 1, nil, nil, Share{}},
	} {
		got := Score(Truth{Outages: c.outages}, Told{Episodes: c.episodes})
		round := func(all []float64) (rounded []float64) {
			for _, v := range all {
				rounded = append(rounded, math.Round(v*1e6)/1e6)
			}
			return rounded
		}
		if got.Found != c.found || got.Extra != c.extra || got.Outages != len(c.outages) || got.Intervals != c.held ||
			!slices.Equal(round(got.Onset), c.onset) || !slices.Equal(round(got.Recovery), c.recovery) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestScoreOfVerdicts(t *testing.T) {
	objective := func(name string, v reports.Verdict) reports.Objective {
		return reports.Objective{Name: name, Verdict: v, Reason: "r"}
	}
	pass, fail, open := objective("a", reports.Pass), objective("a", reports.Fail), objective("a", reports.Inconclusive)
	for _, c := range []struct {
		name       string
		broken     []string
		objectives []reports.Objective
		fails      int
		passes     int
		undecided  int
	}{
		{"all kept", nil, []reports.Objective{pass}, 0, 0, 0},
		{"a false FAIL", nil, []reports.Objective{pass, fail, fail}, 1, 0, 0},
		{"undecided", nil, []reports.Objective{pass, open}, 0, 0, 1},
		{"a false FAIL is no less one for what is open", nil, []reports.Objective{open, fail}, 1, 0, 0},
		{"broken, and said so", []string{"a"}, []reports.Objective{fail}, 0, 0, 0},
		{"broken, and passed", []string{"a"}, []reports.Objective{pass}, 0, 1, 0},
		{"broken, and not asked", []string{"b"}, []reports.Objective{pass}, 0, 1, 0},
		{"broken, and open", []string{"a"}, []reports.Objective{open}, 0, 0, 1},
	} {
		got := Score(Truth{Broken: c.broken}, Told{Objectives: c.objectives})
		if got.FalseFails != c.fails || got.FalsePasses != c.passes || got.Undecided != c.undecided {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// Registers are compared where somebody knows what was wrong with them.
func TestScoreOfRegisters(t *testing.T) {
	two := 2.0
	told := Told{Consistency: reports.Consistency{Stale: 7}, Objectives: []reports.Objective{{Name: "order", Low: &two}}}
	if got := Score(Truth{Registers: &Registers{Stale: 8, Disordered: 3}}, told); got.Stale != (Count{8, 7}) || got.Disordered != (Count{3, 2}) {
		t.Errorf("%+v, %+v", got.Stale, got.Disordered)
	}
	if got := Score(Truth{}, told); got.Stale != (Count{}) || got.Disordered != (Count{}) {
		t.Errorf("nobody knows, and %+v, %+v", got.Stale, got.Disordered)
	}
}

func TestGoal(t *testing.T) {
	well := Tally{Runs: 100, Outages: 100, Found: 100, Onset: []float64{1}, Recovery: []float64{1}, Intervals: Share{95, 100}, Losses: []float64{0.01}, Lost: Count{100, 99}}
	g := Goal{Error: 2 * time.Millisecond, Most: 50 * time.Millisecond, Coverage: 0.95, Lost: 0.02, Open: 0.02, Found: true}
	if broken := g.Broken(well); len(broken) > 0 {
		t.Errorf("%q", broken)
	}
	for says, change := range map[string]func(*Tally){
		"1 of 100 runs FAIL":         func(t *Tally) { t.FalseFails = 1 },
		"1 objectives pass that":     func(t *Tally) { t.FalsePasses = 1 },
		"3.0 % of 100 runs are INC":  func(t *Tally) { t.Undecided = 3 },
		"99 of 100 outages":          func(t *Tally) { t.Found = 99 },
		"1 episodes that nothing":    func(t *Tally) { t.Extra = 1 },
		"p95 of the recovery's":      func(t *Tally) { t.Recovery = []float64{1, 3} },
		"p95 of the onset's":         func(t *Tally) { t.Onset = []float64{1, 3} },
		"largest error of the onset": func(t *Tally) { t.Onset = append(make([]float64, 99), 51) },
		"94.0 % of 100 intervals":    func(t *Tally) { t.Intervals.So = 94 },
		"error in lost requests":     func(t *Tally) { t.Losses = []float64{0.03} },
		"97 lost writes were told":   func(t *Tally) { t.Lost.Told = 97 },
		"1 foreign values were told": func(t *Tally) { t.Foreign.Told = 1 },
		"9 stale reads were told":    func(t *Tally) { t.Stale = Count{10, 9} },
		"11 breaches of the order":   func(t *Tally) { t.Disordered = Count{10, 11} },
	} {
		ill := well.Clone()
		change(&ill)
		if broken := g.Broken(ill); len(broken) != 1 || !strings.Contains(broken[0], says) {
			t.Errorf("%q, want %q alone", broken, says)
		}
	}
}

// What was not measured keeps nothing.
func TestNothingMeasuredKeepsNoGoal(t *testing.T) {
	if broken := (Goal{Error: time.Second}).Broken(Tally{Runs: 1}); len(broken) != 2 {
		t.Errorf("%q", broken)
	}
}

func anyTally(t *rapid.T, label string) Tally {
	n := rapid.IntRange(0, 5)
	some := rapid.SliceOfN(rapid.Float64Range(0, 100), 1, 4)
	return Tally{Runs: n.Draw(t, label), Outages: n.Draw(t, label), Found: n.Draw(t, label), Extra: n.Draw(t, label), Onset: some.Draw(t, label), Recovery: some.Draw(t, label), Losses: some.Draw(t, label),
		Intervals: Share{n.Draw(t, label), n.Draw(t, label)}, Requests: Count{n.Draw(t, label), n.Draw(t, label)}, Undecided: n.Draw(t, label), Reasons: map[string]int{"x": 1 + n.Draw(t, label)},
		FalseFails: n.Draw(t, label), FalsePasses: n.Draw(t, label), Open: n.Draw(t, label), Lost: Count{n.Draw(t, label), 0}, Foreign: Count{0, n.Draw(t, label)}, Stale: Count{n.Draw(t, label), 1}, Disordered: Count{1, n.Draw(t, label)}}
}

// In whatever portions runs come, their sum is the same; a tally survives its
// file.
func TestTalliesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyTally(t, "a"), anyTally(t, "b"), anyTally(t, "c")
		one := a.Clone()
		one.Add(b)
		one.Add(c)
		bc := b.Clone()
		bc.Add(c)
		other := a.Clone()
		other.Add(bc)
		if !reflect.DeepEqual(one, other) {
			t.Fatalf("%+v\n%+v", one, other)
		}
		text, err := json.Marshal(one)
		var back Tally
		if err != nil || json.Unmarshal(text, &back) != nil || !reflect.DeepEqual(back, one) {
			t.Fatalf("%v: %s", err, text)
		}
	})
}

func TestQuantileAndBound(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	for q, want := range map[float64]float64{0: 1, 0.5: 50, 0.95: 95, 0.951: 96, 1: 100} {
		if got := Quantile(hundred, q); got != want {
			t.Errorf("the %v quantile of 1 … 100 is %v, want %v", q, got, want)
		}
	}
	if !math.IsNaN(Quantile(nil, 0.5)) {
		t.Error("none has a quantile")
	}
	for n, want := range map[int]float64{0: 1, 2: 1, 300: 0.01, 100_000: 3e-5} {
		if got := Bound(n); math.Abs(got-want) > 1e-12 {
			t.Errorf("Bound(%d) = %v, want %v", n, got, want)
		}
	}
}
