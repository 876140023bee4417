// Package pairs runs two builds under the same faults, pair by pair, until a
// look decides or the pairs are used up. What a run is, is package run's; who
// is worse, package compare's; how it is shown, package reports'.
package pairs

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"gauntlet/harness/compare"
	"gauntlet/harness/run"
	"gauntlet/harness/suite"
	"gauntlet/reports"
)

// The builds.
const (
	A = "A"
	B = "B"
)

// attempts is how often a pair is tried: one that was disturbed is run again,
// at most twice, as a repetition of a suite is.
const attempts = 3

// Options says what to compare and how.
type Options struct {
	// About is what stands on the report from the beginning: the experiment, the
	// builds, the seed.
	About  reports.Comparison
	Pairs  int           // at most
	Budget time.Duration // 0: no limit
	Takes  time.Duration // of one run, as suite.Takes estimates
	Floors compare.Floors
	Out    string           // the folder of comparisons
	Now    func() time.Time // the clock of the budget
	// Run carries out one run of build A or B, below the folder runs. Its error
	// says why there is no result, or that the run was interrupted.
	Run      func(ctx context.Context, build, runs string, a suite.Attempt) (run.Outcome, error)
	Hide     func(string) string // takes secrets out of what is written down
	Progress io.Writer           // plain lines for a person
}

// Outcome is what came of a comparison.
type Outcome struct {
	Comparison *reports.Comparison
	Dir        string // its folder
	// Unclean says that something of a run could not be undone or removed.
	Unclean bool
}

// Planned is about how long all pairs take, when none is run again.
func Planned(pairs int, takes time.Duration) time.Duration { return 2 * time.Duration(pairs) * takes }

// conductor is a comparison under way.
type conductor struct {
	o       Options
	looks   []compare.Look
	told    *reports.Comparison
	pairs   []compare.Pair // those that count
	dir     string
	begin   time.Time
	ran     int           // pairs that were begun, from which seeds and orders are drawn
	longest time.Duration // that a run took
	unclean bool
}

// Run runs pairs until the builds are told apart, or are the same as far as it
// matters, or there are no more. After each pair the folder holds what is known
// so far. The error says what kept it from being written down; an interruption
// of ctx is no error, and Comparison.Interrupted.
func Run(ctx context.Context, o Options) (Outcome, error) {
	looks, err := compare.Looks(o.Pairs)
	if err != nil {
		return Outcome{}, err
	}
	c := &conductor{o: o, looks: looks, begin: o.Now()}
	if err := c.open(); err != nil {
		return Outcome{}, err
	}
	err = c.all(ctx)
	c.told.Finished = true
	if writeErr := c.write(); err == nil {
		err = writeErr
	}
	return Outcome{Comparison: c.told, Dir: c.dir, Unclean: c.unclean}, err
}

// all runs the pairs and looks at them when it is time.
func (c *conductor) all(ctx context.Context) error {
	for n := 1; n <= c.o.Pairs; n++ {
		if !c.fits(0) {
			c.end()
			return nil
		}
		if stop := c.pair(ctx, n); stop {
			return nil
		}
		if c.look() {
			return nil
		}
		if err := c.write(); err != nil {
			return err
		}
	}
	return nil
}

// pair runs a pair until it is sound, or there is no time for that. stop says
// that there is nothing to go on with, and that it is told why.
func (c *conductor) pair(ctx context.Context, n int) (stop bool) {
	for attempt := 1; ; attempt++ {
		p, values, err := c.attempt(ctx, n, attempt)
		again := p.Why != "" && err == nil && attempt < attempts && c.fits(c.o.Pairs-n)
		p.Counts = err == nil && ctx.Err() == nil && !again
		c.told.Pairs = append(c.told.Pairs, p)
		switch {
		case ctx.Err() != nil:
			c.told.Interrupted = true
			c.undecided(reports.RunAborted, fmt.Sprintf("interrupted after %d of %d pairs", len(c.pairs), c.o.Pairs))
			return true
		case err != nil:
			c.undecided(reports.Infrastructure, c.o.Hide(err.Error()))
			return true
		case !again:
			c.pairs = append(c.pairs, values)
			return false
		}
		if err := c.write(); err != nil {
			c.undecided(reports.Infrastructure, err.Error())
			return true
		}
	}
}

// attempt runs both builds once, in the order that is drawn, with one seed.
// Why of the pair says that it was disturbed.
func (c *conductor) attempt(ctx context.Context, n, attempt int) (p reports.ComparedPair, values compare.Pair, err error) {
	a := suite.AttemptOf(c.told.Seed, c.ran)
	order := []string{A, B}
	if compare.BFirst(c.told.Seed, c.ran) {
		order = []string{B, A}
	}
	c.ran++
	p = reports.ComparedPair{Pair: n, Attempt: attempt, First: order[0], Seed: a.Seed, Shift: a.Shift.Seconds()}
	for _, build := range order {
		if cause := context.Cause(ctx); cause != nil {
			return p, values, cause
		}
		c.say(n, attempt, build, a)
		r, v, why, err := c.one(ctx, build, a)
		if build == A {
			p.A, values.A = r, v
		} else {
			p.B, values.B = r, v
		}
		if err != nil {
			p.Why = c.o.Hide(fmt.Sprintf("%s: %v", build, err))
			return p, values, fmt.Errorf("build %s: %w", build, err)
		}
		if why != "" && p.Why == "" {
			p.Why = fmt.Sprintf("%s was disturbed: %s", build, c.o.Hide(why))
		}
	}
	return p, values, nil
}

// one carries out one run. disturbed says what was amiss with it.
func (c *conductor) one(ctx context.Context, build string, a suite.Attempt) (r reports.ComparedRun, v compare.Values, disturbed string, err error) {
	begin := c.o.Now()
	out, err := c.o.Run(ctx, build, c.runs(), a)
	took := c.o.Now().Sub(begin)
	c.longest = max(c.longest, took)
	c.unclean = c.unclean || out.Unclean != nil
	r.Took = took.Round(100 * time.Millisecond).Seconds()
	if out.Result == nil {
		if err == nil {
			err = fmt.Errorf("there is no result")
		}
		return r, nil, "", err
	}
	for _, s := range out.Result.Substitutes {
		if !slices.Contains(c.told.Substitutes, s) {
			c.told.Substitutes = append(c.told.Substitutes, s)
		}
	}
	v = compare.Of(out.Result)
	r.Run, r.Folder, r.Verdict, r.Why = out.Result.Run, reports.ComparisonFolder.Link(c.dir, out.Dir), out.Result.Verdict, c.o.Hide(out.Result.Why)
	r.Disturbances, r.Values = out.Result.Validity.Reasons, v.Told()
	return r, v, disturbance(out.Result), err
}

// disturbance says why a run tells little about its build: the host decided an
// objective of it, or a fault that was injected cannot be shown to have worked.
// Which build it was is not asked, so that running such a pair again favours
// neither.
func disturbance(r *reports.Result) string {
	for _, o := range r.Objectives {
		if o.Reason == reports.InstrumentDisturbed {
			return o.Name + ": " + o.Why
		}
	}
	for _, f := range r.Faults {
		if f.InjectBegin != nil && !f.Proven {
			return "the fault " + f.Name + " is not proven: " + f.Proof
		}
	}
	return ""
}

func (c *conductor) say(n, attempt int, build string, a suite.Attempt) {
	line := fmt.Sprintf("\n[pair %d of at most %d] build %s", n, c.o.Pairs, build)
	if attempt > 1 {
		line += fmt.Sprintf(", again (%d of at most %d) since the pair was disturbed", attempt, attempts)
	}
	fmt.Fprintf(c.o.Progress, "%s: seed %d, faults %s later\n", line, a.Seed, a.Shift)
}

// fits says that a pair, and so many further ones, fit into what is left of the
// budget: no pair is run again at the cost of one that was not run.
func (c *conductor) fits(further int) bool {
	if c.o.Budget == 0 {
		return true
	}
	pair := 2 * max(c.o.Takes, c.longest)
	return time.Duration(1+further)*pair <= c.o.Budget-c.o.Now().Sub(c.begin)
}
