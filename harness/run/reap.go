package run

import (
	"context"
	"fmt"
	"slices"

	"gauntlet/harness/platform/docker"
	"gauntlet/harness/platform/local"
	"gauntlet/harness/register"
)

// Reap removes what runs that were killed left on this machine, and says what
// it removed, a line for each run. A run that is under way is not touched.
func Reap(ctx context.Context) (lines []string, err error) {
	report, err := register.Reap(ctx,
		register.Undoer{Kind: docker.UndoKind, Do: docker.Undo},
		register.Undoer{Kind: docker.RulesUndoKind, Do: docker.UndoRules},
		register.Undoer{Kind: local.UndoKind, Do: local.Undo})
	for _, r := range report.Runs {
		line := fmt.Sprintf("run %s: %d processes ended, %d folders removed", r.Info.ID, len(r.Killed), len(r.Removed))
		for _, undone := range []struct{ kind, what string }{
			{docker.UndoKind, "containers, networks and volumes"}, {docker.RulesUndoKind, "packet rules"}, {local.UndoKind, "control groups"},
		} {
			if slices.ContainsFunc(r.Undone, func(i register.Item) bool { return i.Kind == undone.kind }) {
				line += ", its " + undone.what + " removed"
			}
		}
		lines = append(lines, line)
	}
	return lines, err
}
