package run

import (
	"os"
	"path/filepath"
	"strings"
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

// What was cut short is undecided for that reason, whatever its objectives say;
// a FAIL was one before.
func TestARunThatWasCutShortIsNoUndecidedOne(t *testing.T) {
	undecided := &reports.Result{Verdict: reports.Inconclusive, Objectives: []reports.Objective{{Name: "recovery", Verdict: reports.Inconclusive, Reason: reports.FaultUnproven}}}
	failed := &reports.Result{Verdict: reports.Fail, Objectives: []reports.Objective{{Name: "recovery", Verdict: reports.Fail, Reason: reports.LimitBroken}}}
	inert := experiment.Expectation{Verdict: "INCONCLUSIVE", Objective: "recovery", Reason: reports.FaultUnproven}
	fails := experiment.Expectation{Verdict: "FAIL", Objective: "recovery"}
	if miss := Unexpected(inert, undecided); miss != "" {
		t.Errorf("not cut short: %s", miss)
	}
	undecided.Aborted = &reports.Aborted{By: "signal", At: 30}
	failed.Aborted = undecided.Aborted
	if Unexpected(inert, undecided) == "" {
		t.Error("an interruption passes for an undecided end")
	}
	if miss := Unexpected(fails, failed); miss != "" {
		t.Errorf("a FAIL before the interruption: %s", miss)
	}
}

// A run that was cut short does not say that everything holds.
func TestARunThatWasCutShortSaysSo(t *testing.T) {
	r := &reports.Result{Verdict: reports.Inconclusive, Aborted: &reports.Aborted{By: "error", At: 41.5}, Objectives: []reports.Objective{{Name: "recovery", Verdict: reports.Pass}}}
	if got := why(r); !strings.Contains(got, "cut short after 41.5 s") {
		t.Errorf("%s", got)
	}
}

func TestTheHistoryOfARunIsFoundFromItsFolder(t *testing.T) {
	reports := t.TempDir()
	out := filepath.Join(reports, "runs")
	dir := filepath.Join(out, "pod-kill", "1")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if got, want := HistoryBeside(dir), filepath.Join(reports, "history.ndjson"); got != want {
		t.Errorf("in the usual place: %s, want %s", got, want)
	}
	own := filepath.Join(out, "history.ndjson")
	if err := os.WriteFile(own, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := HistoryBeside(dir); got != own {
		t.Errorf("below a folder of its own: %s, want %s", got, own)
	}
}

// Only the host's doing excuses a run: alone, or in a baseline after which
// nothing was injected.
func TestARunThatTheHostDisturbed(t *testing.T) {
	of := func(name string, v reports.Verdict, reason string) reports.Objective {
		return reports.Objective{Name: name, Verdict: v, Reason: reason}
	}
	host := of("recovery", reports.Inconclusive, reports.InstrumentDisturbed)
	baseline := of("steadyState", reports.Inconclusive, reports.InstrumentDisturbed)
	unproven := of("convergence", reports.Inconclusive, reports.FaultUnproven)
	passed := of("foreign", reports.Pass, "")
	for _, c := range []struct {
		name    string
		verdict reports.Verdict
		all     []reports.Objective
		want    bool
	}{
		{"one objective", reports.Inconclusive, []reports.Objective{passed, host}, true},
		{"the baseline, and so no fault", reports.Inconclusive, []reports.Objective{passed, unproven, baseline}, true},
		{"no fault for another reason", reports.Inconclusive, []reports.Objective{passed, unproven, host}, false},
		{"another reason", reports.Inconclusive, []reports.Objective{of("residual", reports.Inconclusive, reports.TooFewSamples)}, false},
		{"a FAIL beside it", reports.Fail, []reports.Objective{host, of("lostWrites", reports.Fail, reports.LimitBroken)}, false},
		{"nothing", reports.Pass, []reports.Objective{passed}, false},
	} {
		r := &reports.Result{Verdict: c.verdict, Objectives: c.all}
		if got := Disturbed(r); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		r.Aborted = &reports.Aborted{By: "signal", At: 3}
		if Disturbed(r) {
			t.Errorf("%s, cut short: it is the host's doing", c.name)
		}
	}
}
