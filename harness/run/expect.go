package run

import (
	"fmt"
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

// HistoryBeside is the history of runs for a run's folder in the usual place:
// reports/history.ndjson for reports/runs/EXPERIMENT/ID.
func HistoryBeside(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		abs = dir
	}
	return filepath.Join(filepath.Dir(filepath.Dir(filepath.Dir(abs))), "history.ndjson")
}

// Page is the path of a run's page.
func Page(dir string) string { return filepath.Join(dir, pageFile) }
