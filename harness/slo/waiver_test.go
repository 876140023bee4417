package slo

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gauntlet/reports"
)

func goals(verdicts ...reports.Verdict) []reports.Objective {
	names := []string{"recovery", "availability:get", "lostWrites"}
	var all []reports.Objective
	for i, v := range verdicts {
		all = append(all, reports.Objective{Name: names[i], Verdict: v})
	}
	return all
}

func TestWaivers(t *testing.T) {
	last := time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)
	waiver := Waiver{Objective: "availability:get", Owner: "store team", Until: last, Reason: "known", Reference: "STORE-17"}
	other := waiver
	other.Objective = "recovery"
	for name, c := range map[string]struct {
		objectives []reports.Objective
		waivers    []Waiver
		began      time.Time
		left       int
		gate       reports.Verdict
	}{
		"a FAIL is let through":       {goals(pass, fail, pass), []Waiver{waiver}, last.Add(-31 * 24 * time.Hour), 31, pass},
		"on its last day":             {goals(pass, fail, pass), []Waiver{waiver}, last.Add(24*time.Hour - 1), 0, pass},
		"not on the day after":        {goals(pass, fail, pass), []Waiver{waiver}, last.Add(24 * time.Hour), -1, fail},
		"the day is that of UTC":      {goals(pass, fail, pass), []Waiver{waiver}, time.Date(2026, 12, 31, 20, 0, 0, 0, time.FixedZone("", -5*3600)), -1, fail},
		"another FAIL gates":          {goals(fail, fail, pass), []Waiver{waiver}, last, 0, fail},
		"what is open stays open":     {goals(inc, fail, pass), []Waiver{waiver}, last, 0, inc},
		"it waives no other verdict":  {goals(pass, inc, pass), []Waiver{waiver}, last, 0, inc},
		"of one that passes":          {goals(pass, pass, pass), []Waiver{waiver}, last, 0, pass},
		"when nothing is left to say": {goals(fail, fail), []Waiver{waiver, other}, last, 0, inc},
	} {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(c.objectives)
			got := Waive(c.objectives, c.waivers, c.began)
			if !reflect.DeepEqual(c.objectives, before) {
				t.Error("the objectives themselves were changed")
			}
			want := &reports.Waiver{Owner: "store team", Until: "2026-12-31", DaysLeft: c.left, Holds: c.left >= 0, Reason: "known", Reference: "STORE-17"}
			if !reflect.DeepEqual(got[1].Waiver, want) {
				t.Errorf("%+v, want %+v", got[1].Waiver, want)
			}
			if gate := Gate(got); gate != c.gate {
				t.Errorf("the gate is %s, want %s", gate, c.gate)
			}
		})
	}
}

// A waiver changes no verdict, lets through nothing but a FAIL that it is for,
// and without one the gate is the verdict.
func TestWaiversChangeNoVerdict(t *testing.T) {
	verdict := rapid.SampledFrom([]reports.Verdict{pass, fail, inc})
	rapid.Check(t, func(t *rapid.T) {
		plain := goals(rapid.SliceOfN(verdict, 1, 3).Draw(t, "verdicts")...)
		var waivers []Waiver
		began := time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
		unwaived := false
		for _, o := range plain {
			days := rapid.IntRange(-40, 40).Draw(t, "days left")
			if rapid.Bool().Draw(t, "waived") {
				waivers = append(waivers, Waiver{Objective: o.Name, Owner: "x", Until: time.Date(2026, 6, 15+days, 0, 0, 0, 0, time.UTC)})
			} else {
				days = -1
			}
			unwaived = unwaived || o.Verdict == fail && days < 0
		}
		got := Waive(plain, waivers, began)
		var verdicts []reports.Verdict
		for i, o := range got {
			verdicts = append(verdicts, o.Verdict)
			if o.Verdict != plain[i].Verdict {
				t.Fatalf("%s became %s", plain[i].Verdict, o.Verdict)
			}
		}
		merged, gate := Merge(verdicts...), Gate(got)
		if (gate == fail) != unwaived {
			t.Fatalf("the gate is %s of %+v", gate, got)
		}
		if merged != fail && gate != merged {
			t.Fatalf("the gate is %s of a run that is %s", gate, merged)
		}
	})
}
