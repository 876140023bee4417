package local

import (
	"context"
	"errors"
	"fmt"
	"os"

	"gauntlet/harness/platform"
	"gauntlet/harness/platform/cgroup"
)

// UndoKind is the kind under which a control group is entered in the ledger,
// with its folder as the argument.
const UndoKind = "cgroup"

// groupPrefix begins the name of every control group of ours.
const groupPrefix = "gauntlet-"

// Undo removes the control group entered by args; one that is gone is no
// error.
func Undo(_ context.Context, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want one control group, have %q", args)
	}
	tree, err := cgroup.Here()
	if err != nil {
		return err
	}
	return tree.Clear(args[0], groupPrefix)
}

// quota is a brake by the kernel: a control group with a quota.
type quota struct {
	tree   cgroup.Tree
	group  cgroup.Group
	home   cgroup.Group // where the harness and what it starts is
	ledger platform.Ledger
}

func newQuota(o Options, replica string, cores float64) (*quota, error) {
	tree, err := cgroup.Here()
	if err != nil {
		return nil, err
	}
	home, err := tree.Of(os.Getpid())
	if err != nil {
		return nil, err
	}
	q := &quota{tree: tree, home: home, ledger: o.Ledger}
	name := groupPrefix + o.RunID + "-" + replica
	if o.Ledger != nil {
		if err := o.Ledger.Undo(UndoKind, tree.Place(home, name)); err != nil {
			return nil, err
		}
	}
	q.group, err = tree.Make(home, name)
	if err == nil {
		err = q.group.SetQuota(cores)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("control group: %w", err), q.release())
	}
	return q, nil
}

// takeRounds is how often the processes of a replica are looked for: one that
// is forked while they are moved is found the next time.
const takeRounds = 3

func (q *quota) take(l *life) error {
	if err := q.group.Add(l.pid); err != nil {
		return fmt.Errorf("move process %d into its control group: %w", l.pid, err)
	}
	for range takeRounds {
		for _, pid := range groupMembers(l.pid) {
			_ = q.group.Add(pid) // one that ended meanwhile needs no limit
		}
	}
	return nil
}

// throttling asks the kernel which group the process is in, and that group.
func (q *quota) throttling(l *life) (t platform.Throttling, err error) {
	g, err := q.tree.Of(l.pid)
	if err != nil {
		return t, err
	}
	t.How = "a quota of its control group"
	if t.Cores, err = g.Quota(); err != nil {
		return t, err
	}
	t.Times, t.Total, err = g.Throttled()
	return t, err
}

func (q *quota) release() error {
	if err := q.group.Remove(q.home); err != nil {
		return err
	}
	if q.ledger == nil {
		return nil
	}
	return q.ledger.Undone(UndoKind, q.group.Dir())
}
