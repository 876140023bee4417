package run

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gauntlet/harness/experiment"
	"gauntlet/reports"
)

// Unexpected says in words how a control ended otherwise than it must; "" when
// it ended as it must: with the verdict, and with the named objective among
// those that ended so, for the named reason when there is one.
func Unexpected(want experiment.Expectation, got *reports.Result) string {
	if string(got.Verdict) != want.Verdict {
		return fmt.Sprintf("%s, want %s (%s)", got.Verdict, want.Verdict, got.Why)
	}
	if got.Aborted != nil && got.Verdict == reports.Inconclusive && want.Reason != reports.RunAborted {
		return fmt.Sprintf("it was cut short after %.1f s (%s)", got.Aborted.At, got.Aborted.By)
	}
	for _, f := range got.Faults {
		if f.InjectBegin == nil {
			return fmt.Sprintf("the fault %s was never injected, so that nothing was tried (%s)", f.Name, got.Why)
		}
	}
	var ended []string
	for _, o := range got.Objectives {
		if string(o.Verdict) != want.Verdict {
			continue
		}
		if o.Name == want.Objective && (want.Reason == "" || o.Reason == want.Reason) {
			return ""
		}
		ended = append(ended, fmt.Sprintf("%s (%s)", o.Name, o.Reason))
	}
	return fmt.Sprintf("%s by %s, want %s (%s)", got.Verdict, strings.Join(ended, ", "), want.Objective, want.Reason)
}

// Disturbed says that nothing but the host kept a run from a verdict. In a
// baseline that was disturbed nothing is injected, and what depends on a fault
// is undecided for want of one.
func Disturbed(r *reports.Result) bool {
	if r.Verdict != reports.Inconclusive || r.Aborted != nil {
		return false
	}
	only, baseline := true, false
	for _, o := range r.Objectives {
		if o.Verdict == reports.Fail {
			return false
		}
		byHost := o.Reason == reports.InstrumentDisturbed
		only = only && (o.Verdict != reports.Inconclusive || byHost)
		baseline = baseline || o.Name == "steadyState" && byHost
	}
	return only || baseline
}

// HistoryFile is the name of the history of runs.
const HistoryFile = "history.ndjson"

// HistoryBeside is the history of runs for a run's folder: OUT/history.ndjson
// for OUT/EXPERIMENT/ID, and in the usual place, reports/runs/EXPERIMENT/ID,
// that of reports.
func HistoryBeside(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		abs = dir
	}
	out := filepath.Dir(filepath.Dir(abs))
	own := filepath.Join(out, HistoryFile)
	if _, err := os.Stat(own); err == nil {
		return own
	}
	return filepath.Join(filepath.Dir(out), HistoryFile)
}

// Page is the path of a run's page.
func Page(dir string) string { return filepath.Join(dir, pageFile) }
