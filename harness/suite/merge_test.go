package suite

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gauntlet/reports"
)

// short writes verdicts as letters: Pass, Fail, Inconclusive, a dot for one
// that is missing.
func short(t *testing.T, letters string) []reports.Verdict {
	t.Helper()
	of := map[rune]reports.Verdict{'P': reports.Pass, 'F': reports.Fail, 'I': reports.Inconclusive, '.': ""}
	var all []reports.Verdict
	for _, l := range letters {
		v, ok := of[l]
		if !ok {
			t.Fatalf("no verdict %q", l)
		}
		all = append(all, v)
	}
	return all
}

func TestMerge(t *testing.T) {
	for _, c := range []struct {
		n        int
		verdicts string
		want     reports.Verdict
	}{
		{1, "P", reports.Pass},
		{1, "F", reports.Fail},
		{1, "I", reports.Inconclusive},
		{1, ".", reports.Inconclusive},
		{1, "", reports.Inconclusive},
		{2, "PI", reports.Pass},
		{2, "II", reports.Inconclusive},
		{3, "PPI", reports.Pass},
		{3, "PII", reports.Inconclusive},
		{3, "PP", reports.Inconclusive}, // the third was not run
		{3, "PP.", reports.Inconclusive},
		{3, "FII", reports.Fail}, // the worst conclusive one gates, however few they are
		{3, "F..", reports.Fail},
		{6, "PPPIII", reports.Pass},
		{6, "PPIIII", reports.Inconclusive},
		{6, "PPPPPF", reports.Fail},
		{6, "PPPPP.", reports.Inconclusive},
	} {
		if got := Merge(c.n, short(t, c.verdicts)); got != c.want {
			t.Errorf("%d × %q: %s, want %s", c.n, c.verdicts, got, c.want)
		}
	}
}

func TestMergeNeverPassesOnMissingData(t *testing.T) {
	kinds := []reports.Verdict{reports.Pass, reports.Fail, reports.Inconclusive, ""}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		all := rapid.SliceOfN(rapid.SampledFrom(kinds), 0, n).Draw(t, "verdicts")
		got := Merge(n, all)
		count := map[reports.Verdict]int{}
		for _, v := range all {
			count[v]++
		}
		switch {
		case (got == reports.Fail) != (count[reports.Fail] > 0):
			t.Fatalf("%s of %v", got, all)
		case got == reports.Pass && (len(all) < n || count[""] > 0 || 2*count[reports.Pass] < n):
			t.Fatalf("PASS of %v, of %d", all, n)
		case got == reports.Inconclusive && len(all) == n && count[""] == 0 && 2*count[reports.Pass] >= n:
			t.Fatalf("INCONCLUSIVE of %v, of %d", all, n)
		}
		// The order of repetitions means nothing.
		shuffled := rapid.Permutation(all).Draw(t, "shuffled")
		if again := Merge(n, shuffled); again != got {
			t.Fatalf("%s of %v, %s of %v", got, all, again, shuffled)
		}
		// Making one of them worse never makes the whole better.
		if len(all) > 0 {
			i := rapid.IntRange(0, len(all)-1).Draw(t, "i")
			worse := slices.Clone(all)
			worse[i] = map[reports.Verdict]reports.Verdict{reports.Pass: reports.Inconclusive, reports.Inconclusive: "", "": reports.Fail, reports.Fail: reports.Fail}[all[i]]
			rank := map[reports.Verdict]int{reports.Pass: 0, reports.Inconclusive: 1, reports.Fail: 2}
			if rank[Merge(n, worse)] < rank[got] {
				t.Fatalf("%s of %v, and %s of %v", got, all, Merge(n, worse), worse)
			}
		}
	})
}

func TestObjectivesShowTheRunThatDecided(t *testing.T) {
	at := func(v float64) *float64 { return &v }
	run := func(recovery, availability float64, v reports.Verdict) reports.SuiteRun {
		return reports.SuiteRun{Objectives: []reports.Objective{
			{Name: "recovery", High: at(recovery), Verdict: v, Why: "r"},
			{Name: "availability:get", Low: at(availability), Verdict: reports.Pass},
		}}
	}
	got := mergeObjectives(3, []reports.SuiteRun{run(1, 0.99, reports.Pass), run(3, 0.97, reports.Pass), run(2, 0.98, reports.Pass)})
	if len(got) != 2 || got[0].Name != "recovery" || *got[0].High != 3 || *got[1].Low != 0.97 || got[0].Verdict != reports.Pass {
		t.Errorf("all passed: %+v", got)
	}
	got = mergeObjectives(3, []reports.SuiteRun{run(9, 0.99, reports.Inconclusive), run(7, 0.99, reports.Fail), run(2, 0.98, reports.Pass)})
	if got[0].Verdict != reports.Fail || *got[0].High != 7 {
		t.Errorf("one failed: %+v", got[0])
	}
	got = mergeObjectives(3, []reports.SuiteRun{run(1, 0.99, reports.Pass), run(3, 0.97, reports.Pass)})
	if got[0].Verdict != reports.Inconclusive || got[0].Reason != reports.TooFewConclusive {
		t.Errorf("one is missing: %+v", got[0])
	}
}

func TestSeedsAreApartAndComeFromTheSeed(t *testing.T) {
	if first := AttemptOf(7, 0); first != (Attempt{Seed: 7}) {
		t.Errorf("the first run is that of the seed itself: %+v", first)
	}
	rapid.Check(t, func(t *rapid.T) {
		seed, i := rapid.Int64().Draw(t, "seed"), rapid.IntRange(1, 100).Draw(t, "i")
		a := AttemptOf(seed, i)
		if a != AttemptOf(seed, i) {
			t.Fatal("the same run has two seeds")
		}
		if a.Seed < 0 || a.Seed >= seedLimit || a.Shift < 0 || a.Shift >= shiftWithin {
			t.Fatalf("%+v is out of range", a)
		}
		if !slices.ContainsFunc(Shifts(), func(s time.Duration) bool { return (s - a.Shift).Abs() <= 100*time.Millisecond/2 }) {
			t.Fatalf("%v is none of the shifts that are decided about", a.Shift)
		}
	})
	seeds, shifts := map[int64]bool{}, map[int64]bool{}
	for i := range 100 {
		seeds[AttemptOf(7, i).Seed] = true
		shifts[AttemptOf(7, i).Shift.Milliseconds()/100] = true
	}
	if len(seeds) < 99 || len(shifts) != 10 {
		t.Errorf("of 100 runs %d seeds differ, and their phases are in %d tenths of a second", len(seeds), len(shifts))
	}
}

func TestSpreads(t *testing.T) {
	at := func(v float64) *float64 { return &v }
	run := func(r *reports.Recovery) reports.SuiteRun { return reports.SuiteRun{Recovery: r} }
	took := func(s float64) reports.SuiteRun {
		return run(&reports.Recovery{Degraded: true, Recovered: true, FromInject: reports.Duration{Seconds: at(s), Low: s - 0.1, High: at(s + 0.1)}})
	}
	never := run(&reports.Recovery{Recovered: true, FromInject: reports.Duration{Seconds: at(0), High: at(0.05)}})
	ended := run(&reports.Recovery{Degraded: true, Censored: true, FromInject: reports.Duration{Low: 12}})
	e := experimentOf(t, "name: x\n")

	s := recoverySpread(e, []reports.SuiteRun{took(1), took(4), never, run(nil)})
	if s.Runs != 3 || *s.Mean != 5.0/3 || *s.Worst != 4 || s.Low != 3.9 || *s.High != 4.1 || *s.LimitSec != 15 {
		t.Errorf("%+v", s)
	}
	s = recoverySpread(e, []reports.SuiteRun{took(20), ended, took(1)})
	if s.Mean != nil || s.Worst != nil || s.Low != 12 || s.High != nil || s.Censored != 1 {
		t.Errorf("one that did not recover is the worst, and leaves the mean unknown: %+v", s)
	}
	if s := recoverySpread(e, nil); s != nil {
		t.Errorf("of nothing: %+v", s)
	}
	a := availabilitySpread([]reports.SuiteRun{{Availability: &reports.Availability{Ratio: 1, Low: 0.999, High: 1}}, {}, {Availability: &reports.Availability{Ratio: 0.9, Low: 0.8, High: 0.95}}})
	if a.Runs != 2 || a.Mean != 0.95 || a.Worst != 0.9 || a.Low != 0.8 || availabilitySpread(nil) != nil {
		t.Errorf("%+v", a)
	}
}
