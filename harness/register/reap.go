package register

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Undoer undoes one kind of thing entered with Entry.Undo, from its arguments
// alone. It must do nothing, and return nil, for a thing that is gone already.
type Undoer struct {
	Kind string
	Do   func(ctx context.Context, args []string) error
}

// Report says what Reap found of dead runs.
type Report struct {
	Runs []Reaped
}

// Reaped is what one dead run had left.
type Reaped struct {
	Info    Info
	Killed  []int    // pids
	Removed []string // folders
	Undone  []Item   // by an Undoer
	Failed  []error  // what is still there, and why; the entry stays
}

// killWait bounds how long a killed process may take to be gone; one in
// uninterruptible sleep stays and is reported.
const killWait = 5 * time.Second

// Reap undoes what dead runs left: it kills their processes, by entered pid when
// the start time agrees and by the label in the environment, never by name,
// removes their folders, undoes the rest with undoers, and takes them out of the
// register. A run that lives is never touched. What could not be undone is in
// the report and in the error, and is tried again by the next Reap. Two calls at
// the same time take turns.
func Reap(ctx context.Context, undoers ...Undoer) (Report, error) {
	root, err := Root()
	if err != nil {
		return Report{}, err
	}
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		return Report{}, nil
	}
	guard, err := waitLock(ctx, filepath.Join(root, "register.lock"))
	if err != nil {
		return Report{}, err
	}
	defer guard.Close()

	dirs, err := entries(root)
	if err != nil {
		return Report{}, err
	}
	var rep Report
	var errs []error
	for _, dir := range dirs {
		r, dead, err := reapOne(ctx, dir, undoers)
		if dead {
			rep.Runs = append(rep.Runs, r)
			errs = append(errs, r.Failed...)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("run %s: %w", filepath.Base(dir), err))
		}
	}
	return rep, errors.Join(errs...)
}

// reapOne reaps the entry in dir, unless its run lives.
func reapOne(ctx context.Context, dir string, undoers []Undoer) (_ Reaped, dead bool, err error) {
	info := readInfo(dir)
	own, err := tryLockOf(info, filepath.Join(dir, "lock"))
	if errors.Is(err, errLocked) || errors.Is(err, fs.ErrNotExist) {
		return Reaped{}, false, nil // lives, or has just closed itself
	}
	if err != nil {
		return Reaped{}, false, err
	}
	defer own.Close()
	if gone, err := closedMeanwhile(own); gone || err != nil {
		return Reaped{}, false, err
	}
	r := Reaped{Info: info}
	items, err := readJournal(dir)
	if err != nil {
		r.fail("%w", err)
	}
	r.kill(ctx, items)
	r.undo(ctx, items, undoers)
	if len(r.Failed) == 0 {
		if err := os.RemoveAll(dir); err != nil {
			r.fail("take it out of the register: %w", err)
		}
	}
	return r, true, nil
}

// closedMeanwhile tells whether the lock that was taken is no longer the one in
// the register, because its run closed its entry between our open and our lock.
func closedMeanwhile(own *os.File) (bool, error) {
	held, err := own.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Stat(own.Name())
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return err == nil && !os.SameFile(held, named), err
}

func (r *Reaped) fail(format string, args ...any) {
	r.Failed = append(r.Failed, fmt.Errorf("run %s: "+format, append([]any{r.Info.ID}, args...)...))
}

// kill ends every process of the run: those entered, and those that carry its
// label. Looking again after each round catches what was forked meanwhile.
func (r *Reaped) kill(ctx context.Context, items []Item) {
	deadline := time.Now().Add(killWait)
	seen := map[process]bool{}
	for {
		procs := r.processes(items)
		if len(procs) == 0 {
			return
		}
		for _, p := range procs {
			if err := p.kill(); err == nil && !seen[p] {
				seen[p] = true
				r.Killed = append(r.Killed, p.pid)
			}
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			for _, p := range r.processes(items) {
				r.fail("process %d is still there after SIGKILL", p.pid)
			}
			return
		}
		time.Sleep(2 * time.Millisecond) // until the kernel has taken them away
	}
}

// processes lists the run's processes that are there now.
func (r *Reaped) processes(items []Item) []process {
	procs := labelled(Label + "=" + r.Info.ID)
	if r.Info.Boot != bootID() {
		return procs // pids and start times are of an earlier boot
	}
	for _, i := range items {
		if i.Kind != kindProcess {
			continue
		}
		if pid, start, err := i.process(); err == nil && pid != os.Getpid() && alive(pid, start) {
			procs = append(procs, process{pid: pid, start: start})
		}
	}
	return procs
}

// undo removes the run's folders and undoes what is neither folder nor process,
// the last thing done first.
func (r *Reaped) undo(ctx context.Context, items []Item, undoers []Undoer) {
	for _, i := range items {
		switch i.Kind {
		case kindProcess:
			if _, _, err := i.process(); err != nil {
				r.fail("%w", err)
			}
		case kindFolder:
			r.removeFolder(i)
		default:
			if err := undoWith(ctx, i, undoers); err != nil {
				r.fail("undo %s: %w", i, err)
				continue
			}
			r.Undone = append(r.Undone, i)
		}
	}
}

func (r *Reaped) removeFolder(i Item) {
	path, err := i.folder()
	if err != nil {
		r.fail("%w", err)
		return
	}
	place, err := r.Info.place(path)
	if err != nil {
		r.fail("%w", err)
		return
	}
	if there, _ := r.Info.there(i); !there {
		return
	}
	if err := place.remove(r.Info.ID); err != nil {
		r.fail("%w", err)
		return
	}
	r.Removed = append(r.Removed, path)
}

func undoWith(ctx context.Context, i Item, undoers []Undoer) error {
	for _, u := range undoers {
		if u.Kind == i.Kind {
			return u.Do(ctx, i.Args)
		}
	}
	return fmt.Errorf("nobody here knows how to undo kind %q", i.Kind)
}

// entries lists the folders of the runs in the register.
func entries(root string) ([]string, error) {
	list, err := os.ReadDir(filepath.Join(root, "runs"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the register of runs: %w", err)
	}
	var dirs []string
	for _, e := range list {
		if e.IsDir() && validID.MatchString(e.Name()) && !strings.HasPrefix(e.Name(), ".") {
			dirs = append(dirs, filepath.Join(root, "runs", e.Name()))
		}
	}
	return dirs, nil
}
