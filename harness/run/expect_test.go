package run

import (
	"testing"

	"gauntlet/harness/experiment"
	"gauntlet/reports"
)

func TestAControlMustEndForTheNamedReason(t *testing.T) {
	result := &reports.Result{Verdict: reports.Fail, Objectives: []reports.Objective{
		{Name: "recovery", Verdict: reports.Pass},
		{Name: "lostWrites", Verdict: reports.Fail, Reason: reports.LimitBroken},
		{Name: "residual", Verdict: reports.Inconclusive, Reason: reports.TooFewSamples},
	}}
	for _, c := range []struct {
		want experiment.Expectation
		ok   bool
	}{
		{experiment.Expectation{Verdict: "FAIL", Objective: "lostWrites"}, true},
		{experiment.Expectation{Verdict: "FAIL", Objective: "lostWrites", Reason: reports.LimitBroken}, true},
		{experiment.Expectation{Verdict: "FAIL", Objective: "lostWrites", Reason: reports.IntervalSpansLimit}, false}, // another reason
		{experiment.Expectation{Verdict: "FAIL", Objective: "recovery"}, false},                                       // it passed
		{experiment.Expectation{Verdict: "FAIL", Objective: "residual"}, false},                                       // it ended otherwise
		{experiment.Expectation{Verdict: "INCONCLUSIVE", Objective: "residual"}, false},                               // the run did not
	} {
		if miss := Unexpected(c.want, result); (miss == "") != c.ok {
			t.Errorf("Unexpected(%+v) = %q", c.want, miss)
		}
	}
}
