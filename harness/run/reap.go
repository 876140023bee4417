package run

import (
	"context"
	"fmt"

	"gauntlet/harness/register"
)

// Reap removes what runs that were killed left on this machine, and says what
// it removed, a line for each run. A run that is under way is not touched.
func Reap(ctx context.Context) (lines []string, err error) {
	report, err := register.Reap(ctx)
	for _, r := range report.Runs {
		lines = append(lines, fmt.Sprintf("run %s: %d processes ended, %d folders removed, %d faults undone", r.Info.ID, len(r.Killed), len(r.Removed), len(r.Undone)))
	}
	return lines, err
}
