package slo

import (
	"testing"

	"pgregory.net/rapid"

	"gauntlet/reports"
)

// An aborted run fails what it broke, and leaves everything else open because
// it was aborted: whatever it measured, and however well.
func TestAnAbortedRunPassesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, _ := anyTrial(t)
		in.Aborted = true
		if rapid.Bool().Draw(t, "planned") {
			in.PlannedEnd = 60 * second
		}
		if rapid.Bool().Draw(t, "never injected") {
			in.Faults = []Fault{{Name: "down"}}
		}
		if rapid.Bool().Draw(t, "no objective") {
			in.Spec = Spec{}
		}
		if rapid.Bool().Draw(t, "cut") {
			endsAt(rapid.Float64Range(5, 10).Draw(t, "end"))(&in)
		}
		for _, o := range Judge(in).Objectives {
			if o.Verdict != reports.Fail && (o.Verdict != reports.Inconclusive || o.Reason != reports.RunAborted) {
				t.Fatalf("%s is %s %s: %s", o.Name, o.Verdict, o.Reason, o.Why)
			}
		}
	})
}

func TestSteadyStateOfAnAbortedRun(t *testing.T) {
	in := trial(1000)
	in.Aborted, in.Spec = true, Spec{}
	o := objective(t, Judge(in), "steadyState")
	if o.Verdict != inc || o.Reason != reports.RunAborted {
		t.Errorf("%s %s", o.Verdict, o.Reason)
	}
}
