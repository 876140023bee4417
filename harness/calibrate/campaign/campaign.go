package campaign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"gauntlet/harness/run"
	"gauntlet/reports"
)

// Row is runs of one kind.
type Row struct {
	Name   string
	Folder string   // of its runs, a name of its own
	Wanted int      // runs
	Beside []string // command of a burner that computes beside each run; nil: none does
	// Read makes the entry of the run that left dir, of which the result, the row
	// and the host are known. What cannot be read is an error, and no run.
	Read func(dir string, r *reports.Result, e *Entry) error
}

// Options say what to run and where to keep it.
type Options struct {
	Folder   string // of the runs: FOLDER/ROW/EXPERIMENT/ID
	Rows     []Row
	Within   time.Duration // no run is begun that would not be over by then; 0: no limit
	Now      func() time.Time
	Progress io.Writer // a line for each run
	// Seed is that of the n-th run of a row, from 0; of none.
	Seed func(row, n int) int64
	// Run carries out one run of a row and puts its folder below out.
	Run func(ctx context.Context, row int, seed int64, out string) (run.Outcome, error)
}

// mostOpenRuns of a row are made again because they decided nothing, for the
// host's reason.
const mostOpenRuns = 2

// mostFailures in a row end a campaign: something is amiss that further runs
// will not mend.
const mostFailures = 3

// Carry makes the runs that the ledger lacks, those rows first that are
// furthest behind, until there are as many as wanted, the time is up or ctx
// ends, and tells how many are missing then. The error says what went wrong
// with making them; what came of them is in the ledger.
func Carry(ctx context.Context, o Options, l *Ledger) (missing int, err error) {
	c := &campaign{Options: o, ledger: l, begin: o.Now()}
	if err = c.settle(); err == nil {
		err = c.carry(ctx)
	}
	for _, r := range o.Rows {
		missing += max(0, r.Wanted-l.Done(r.Name))
	}
	return missing, err
}

func (c *campaign) carry(ctx context.Context) error {
	failures := 0
	for {
		i, ok := c.next()
		if !ok || c.late() || ctx.Err() != nil {
			return context.Cause(ctx)
		}
		began := c.Now()
		entered, err := c.one(ctx, i)
		c.longest = max(c.longest, c.Now().Sub(began))
		switch {
		case err != nil:
			return err
		case !entered:
			failures++
		default:
			failures = 0
		}
		if failures == mostFailures {
			return fmt.Errorf("%d runs in a row could not be carried out", failures)
		}
	}
}

type campaign struct {
	Options
	ledger  *Ledger
	begin   time.Time
	longest time.Duration // of a run so far
}

// next is the row that is furthest behind, the first of several.
func (c *campaign) next() (row int, ok bool) {
	least := 1.0
	for i, r := range c.Rows {
		if r.Wanted > 0 {
			if share := float64(c.ledger.Done(r.Name)) / float64(r.Wanted); share < least {
				row, ok, least = i, true, share
			}
		}
	}
	return row, ok
}

// late says that a further run would not be over in time.
func (c *campaign) late() bool {
	return c.Within > 0 && c.Now().Sub(c.begin)+c.longest > c.Within
}

// one makes a run of the row. It is entered when something can be said of it.
func (c *campaign) one(ctx context.Context, i int) (entered bool, err error) {
	r := c.Rows[i]
	n := c.ledger.Done(r.Name)
	seed := c.Seed(i, n)
	out, runErr := c.beside(ctx, i, seed)
	if out.Result == nil {
		if ctx.Err() != nil {
			return false, errors.Join(context.Cause(ctx), uncleaned(out))
		}
		err = c.ledger.Enter(Entry{Row: r.Name, Seed: seed, Failed: fmt.Sprint(runErr)})
		c.say(r, n, "could not be carried out: %v", runErr)
		return false, errors.Join(err, uncleaned(out))
	}
	if c.incomplete(out.Result) {
		c.say(r, n, "was cut short: %s", cmp.Or(out.Result.Aborted.Why, out.Result.Aborted.By))
		return false, errors.Join(os.RemoveAll(out.Dir), context.Cause(ctx), uncleaned(out))
	}
	e, err := c.enter(r, out.Dir, seed, loadAverage())
	if err != nil {
		return false, errors.Join(err, uncleaned(out))
	}
	c.say(r, n, "%s", e.outcome())
	return e.Failed == "", uncleaned(out)
}

// incomplete says that a run was cut short: it tells nothing, unless it FAILed.
func (c *campaign) incomplete(r *reports.Result) bool {
	return r.Aborted != nil && r.Verdict != reports.Fail
}

// beside carries out a run, with a burner beside it where the row has one.
func (c *campaign) beside(ctx context.Context, i int, seed int64) (run.Outcome, error) {
	r := c.Rows[i]
	if r.Beside == nil {
		return c.Run(ctx, i, seed, c.folder(r))
	}
	b, err := startBurner(ctx, r.Beside)
	if err != nil {
		return run.Outcome{}, err
	}
	out, err := c.Run(ctx, i, seed, c.folder(r))
	if ended := b.Close(); ended != nil && err == nil && out.Result != nil && out.Result.Verdict != reports.Fail {
		// Nobody knows beside what it was: it is not entered as something else.
		return run.Outcome{Unclean: out.Unclean}, errors.Join(ended, os.RemoveAll(out.Dir))
	}
	return out, err
}

func uncleaned(out run.Outcome) error {
	if out.Unclean == nil {
		return nil
	}
	return &UncleanError{out.Unclean}
}

// UncleanError says that a run left something behind that could not be removed.
type UncleanError struct{ Err error }

func (e *UncleanError) Error() string { return "not everything could be cleaned up: " + e.Err.Error() }
func (e *UncleanError) Unwrap() error { return e.Err }

// enter enters the run in dir, and removes its folder where nobody will want to
// look at it.
func (c *campaign) enter(r Row, dir string, seed int64, load *float64) (Entry, error) {
	e := Entry{Row: r.Name, Seed: seed}
	if err := e.read(r, dir); err != nil {
		e.Failed = err.Error()
	}
	e.Host.LoadAverage = load
	if err := c.ledger.Enter(e); err != nil {
		return e, err
	}
	if e.remarkable() {
		return e, nil
	}
	return e, os.RemoveAll(dir)
}

func (e *Entry) read(r Row, dir string) error {
	result, _, err := run.ReadResult(dir)
	if err != nil {
		return err
	}
	e.Run, e.Seed, e.StartedAt, e.Commit = result.Run, result.Seed, result.StartedAt, result.Commit
	e.Verdict, e.Why, e.Control = result.Verdict, result.Why, result.Control
	if err := e.check(); err != nil {
		return err
	}
	if e.Host, err = hostOf(dir, result); err != nil {
		return err
	}
	return r.Read(dir, result, e)
}

// remarkable says that the run's folder is worth keeping: something in it is
// not as it should be.
func (e Entry) remarkable() bool {
	if e.Control != "" || e.Miss != "" {
		return e.Failed != "" || e.Miss != "" && !e.Open
	}
	t := e.Tally()
	return e.Failed != "" || t.FalseFails+t.FalsePasses+t.Extra > 0 || t.Found < t.Outages
}

// outcome is the entry in a few words.
func (e Entry) outcome() string {
	switch {
	case e.Failed != "":
		return "nothing can be said of it: " + e.Failed
	case e.Open:
		return "decided nothing, for the host's reason: " + e.Why
	case e.Miss != "":
		return "did not end as it must: " + e.Miss
	case e.Control != "":
		return "ended as it must: " + e.Why
	case len(e.Truth.Outages) > 0:
		t := e.Tally()
		return fmt.Sprintf("%s, %d of %d outages found, %d more, %d of %d edges held", e.Verdict, t.Found, t.Outages, t.Extra, t.Intervals.So, t.Intervals.Of)
	}
	return fmt.Sprintf("%s  %s", e.Verdict, e.Why)
}

func (c *campaign) say(r Row, n int, format string, args ...any) {
	fmt.Fprintf(c.Progress, "run %d of %d of “%s”: %s\n", n+1, r.Wanted, r.Name, fmt.Sprintf(format, args...))
}

func (c *campaign) folder(r Row) string { return filepath.Join(c.Folder, r.Folder) }

// settle brings the folders of the runs into line with the ledger, which a kill
// may have kept from it.
func (c *campaign) settle() error {
	for _, r := range c.Rows {
		dirs, err := filepath.Glob(filepath.Join(c.folder(r), "*", "*"))
		if err != nil {
			return err
		}
		for _, dir := range dirs {
			if c.ledger.Has(filepath.Base(dir)) {
				continue // kept, or entered just before a kill
			}
			result, _, err := run.ReadResult(dir)
			if err != nil || c.incomplete(result) {
				if err := os.RemoveAll(dir); err != nil { // it did not get as far as a result
					return err
				}
				continue
			}
			if result.Run != filepath.Base(dir) {
				continue // somebody's copy of a run, which counts once
			}
			e, err := c.enter(r, dir, result.Seed, nil)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.Progress, "%s: entered, of a campaign that was killed: %s\n", r.Name, e.outcome())
		}
	}
	return nil
}
