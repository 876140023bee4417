// Package suite runs experiments one after the other, each as often as it is
// to be repeated and the time allows, and merges what came of them into one
// verdict. What a run is and how it is judged is package run's; how it is
// shown, package reports'.
package suite

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"gauntlet/harness/experiment"
	"gauntlet/harness/run"
	"gauntlet/reports"
)

// Job is an experiment of a suite.
type Job struct {
	Experiment *experiment.Experiment
	Platform   string
	Repeat     int           // ≥ 1
	Set        []string      // what the suite changes, to be shown
	Takes      time.Duration // a run of it, as Takes estimates
	Longer     time.Duration // that it may take, where victims come back as late as they may
}

// Options says what to run and how.
type Options struct {
	Name    string
	About   string
	Seed    int64         // that of every run is derived from it
	Budget  time.Duration // 0: no limit
	Out     string        // the folder of suites
	Commit  string
	Command string           // runs it again
	Now     func() time.Time // the clock of the budget
	// Run carries out the i-th job once. Its error says why there is no result, or
	// that the run was interrupted.
	Run      func(ctx context.Context, i int, a Attempt) (run.Outcome, error)
	Progress io.Writer // plain lines for a person
}

// Outcome is what came of a suite.
type Outcome struct {
	Suite *reports.Suite
	Dir   string // the suite's folder
	// Unclean says that something of a run could not be undone or removed.
	Unclean bool
}

// preparation is how long a run takes beside its phases, without its keys:
// start, final reads, verdict and page. perKey is how long a key takes to be
// written and read back. Both are measured on two shared cores, rounded up.
const (
	preparation = 10 * time.Second
	perKey      = time.Millisecond
)

// Takes is about how long a run takes by the wall clock.
func Takes(d experiment.Decision) time.Duration {
	return d.Total + preparation + time.Duration(d.Populate)*perKey
}

// Planned is about how long all runs take, when none has to be run again and
// every victim is back at once.
func Planned(jobs []Job) time.Duration {
	total := time.Duration(0)
	for _, j := range jobs {
		total += time.Duration(j.Repeat) * j.Takes
	}
	return total
}

// AtMost is how long all runs take when each has to be run again as often as is
// tried, and every victim comes back as late as it may. A budget ends them before.
func AtMost(jobs []Job) time.Duration {
	total := time.Duration(0)
	for _, j := range jobs {
		total += time.Duration(j.Repeat) * attempts * (j.Takes + j.Longer)
	}
	return total
}

// conductor is a suite under way.
type conductor struct {
	o       Options
	jobs    []Job
	suite   *reports.Suite
	dir     string
	begin   time.Time
	longest []time.Duration // that a run of each job took
	unclean bool
	hide    func(string) string // takes secrets out of what is written down
}

// Run runs the jobs in their order. After each run the suite's folder holds
// what is known so far, so that a suite that is killed leaves that. The error
// says what kept it from being written down; an interruption of ctx is no
// error, and Suite.Interrupted.
func Run(ctx context.Context, o Options, jobs []Job) (Outcome, error) {
	c := &conductor{o: o, jobs: jobs, begin: o.Now(), longest: make([]time.Duration, len(jobs))}
	if err := c.open(); err != nil {
		return Outcome{}, err
	}
	var failed error
	for i := range jobs {
		if err := c.job(ctx, i); err != nil && failed == nil {
			failed = err
		}
	}
	c.suite.Finished = true
	if err := c.write(); err != nil {
		failed = err
	}
	return Outcome{Suite: c.suite, Dir: c.dir, Unclean: c.unclean}, failed
}

// job runs every repetition of a job.
func (c *conductor) job(ctx context.Context, i int) (err error) {
	runs := 0 // of this job so far, from which seeds are derived
	for repetition := range c.jobs[i].Repeat {
		for attempt := 1; attempt <= attempts; attempt++ {
			if ctx.Err() != nil {
				c.suite.Interrupted = true
				return c.write()
			}
			if attempt > 1 && !c.fits(i, c.reserved(i, repetition)) {
				break
			}
			if attempt == 1 && !c.fits(i, 0) {
				c.add(i, reports.SuiteRun{Repetition: repetition + 1, Attempt: 1, Counts: true, Reason: reports.Budget, Verdict: reports.Inconclusive,
					Why: fmt.Sprintf("not started: it takes about %s, and %s of the budget are left", round(c.takes(i)), round(c.left()))})
				break
			}
			one := c.run(ctx, i, repetition+1, attempt, AttemptOf(c.o.Seed, runs))
			runs++
			c.add(i, one)
			if writeErr := c.write(); writeErr != nil && err == nil {
				err = writeErr
			}
			// What could not be carried out is not tried again: it is the machine's or
			// the system's, and shows as such. Nor is what was stopped: it would do the
			// same harm again.
			if one.Verdict != reports.Inconclusive || one.Reason == reports.Infrastructure || one.Stopped {
				break
			}
		}
	}
	return err
}

// run carries out one run, and is its line in suite.json.
func (c *conductor) run(ctx context.Context, i, repetition, attempt int, a Attempt) reports.SuiteRun {
	c.say(i, repetition, attempt, a)
	begin := c.o.Now()
	out, err := c.o.Run(ctx, i, a)
	took := c.o.Now().Sub(begin)
	c.longest[i] = max(c.longest[i], took)
	c.unclean = c.unclean || out.Unclean != nil
	if out.Result != nil {
		for _, s := range out.Result.Substitutes {
			if !slices.Contains(c.suite.Substitutes, s) {
				c.suite.Substitutes = append(c.suite.Substitutes, s)
			}
		}
	}
	interrupted := ctx.Err() != nil
	one := describe(c.jobs[i].Experiment, out, err, interrupted)
	c.suite.Interrupted = c.suite.Interrupted || interrupted
	one.Why = c.hide(one.Why)
	one.Repetition, one.Attempt, one.Counts = repetition, attempt, true
	one.Seed, one.Shift, one.Took = a.Seed, a.Shift.Seconds(), tenths(took)
	one.Folder = c.beside(out)
	return one
}

func (c *conductor) say(i, repetition, attempt int, a Attempt) {
	j := c.jobs[i]
	line := fmt.Sprintf("\n[%s %d/%d] %s", c.o.Name, i+1, len(c.jobs), c.suite.Entries[i].Name)
	if j.Repeat > 1 {
		line += fmt.Sprintf(", repetition %d of %d", repetition, j.Repeat)
	}
	if attempt > 1 {
		line += fmt.Sprintf(", again (%d of at most %d) since it was inconclusive", attempt, attempts)
	}
	line += fmt.Sprintf(": seed %d", a.Seed)
	if a.Shift > 0 {
		line += fmt.Sprintf(", faults %s later", a.Shift)
	}
	fmt.Fprintln(c.o.Progress, line)
}

// add enters a run; earlier attempts at its repetition no longer count.
func (c *conductor) add(i int, one reports.SuiteRun) {
	e := &c.suite.Entries[i]
	for k := range e.Runs {
		if e.Runs[k].Repetition == one.Repetition {
			e.Runs[k].Counts = false
		}
	}
	e.Runs = append(e.Runs, one)
}

// fits says that a run of the job fits into what is left of the budget, less
// what is reserved.
func (c *conductor) fits(i int, reserved time.Duration) bool {
	return c.o.Budget == 0 || c.takes(i)+reserved <= c.left()
}

// reserved is what the runs behind a repetition of the job take, each once:
// nothing is run again at the cost of what was not run at all.
func (c *conductor) reserved(i, repetition int) time.Duration {
	total := time.Duration(c.jobs[i].Repeat-repetition-1) * c.takes(i)
	for k := i + 1; k < len(c.jobs); k++ {
		total += time.Duration(c.jobs[k].Repeat) * c.takes(k)
	}
	return total
}

// takes is how long a run of the job may take: what was planned, or as long as
// one has taken.
func (c *conductor) takes(i int) time.Duration { return max(c.jobs[i].Takes, c.longest[i]) }

func (c *conductor) left() time.Duration { return c.o.Budget - c.o.Now().Sub(c.begin) }

// describe is the line of a run in suite.json, as far as the run tells.
func describe(e *experiment.Experiment, out run.Outcome, err error, interrupted bool) reports.SuiteRun {
	r := out.Result
	if r == nil {
		one := reports.SuiteRun{Verdict: reports.Inconclusive, Reason: reports.Infrastructure, Why: "there is no result"}
		if err != nil {
			one.Why = err.Error()
		}
		if interrupted {
			one.Reason = reports.RunAborted
		}
		return one
	}
	one := reports.SuiteRun{
		Run: r.Run, Ended: r.Verdict, Verdict: r.Verdict, Gate: r.Gate, Stopped: r.Aborted != nil && r.Aborted.By == "stop", Why: r.Why, Reason: decisive(r), Recovery: r.Recovery,
		Acked: r.Consistency.Acked, Lost: r.Consistency.Lost, Objectives: r.Objectives,
		Disturbances: r.Validity.Reasons,
	}
	if a, ok := r.Availability["overall"]; ok {
		one.Availability = &a
	}
	if l, ok := r.Latency["fault"]; ok && l.Count > 0 {
		one.FaultP99Ms = &l.P99
	}
	if e.Expect != nil {
		one.Verdict, one.Reason, one.Why = controlled(e, r)
		one.Gate = "" // it is to show what can be found, whoever knows of it
	}
	if err != nil && !interrupted && one.Verdict != reports.Fail { // nothing takes a FAIL back
		one.Verdict, one.Reason, one.Why = reports.Inconclusive, reports.Infrastructure, err.Error()
		one.Gate = ""
	}
	return one
}

// controlled judges the run of a control: it passes by ending as it must. One
// that was to FAIL and could not be decided is inconclusive like any other.
func controlled(e *experiment.Experiment, r *reports.Result) (v reports.Verdict, reason, why string) {
	miss := run.Unexpected(*e.Expect, r)
	switch {
	case miss == "":
		return reports.Pass, "", fmt.Sprintf("it ended as it must: %s by %s", e.Expect.Verdict, e.Expect.Objective)
	case r.Verdict == reports.Inconclusive:
		return reports.Inconclusive, decisive(r), "it did not end as it must: " + miss
	}
	return reports.Fail, reports.LimitBroken, "it did not end as it must: " + miss
}

// decisive is the reason of the objective that decided the run.
func decisive(r *reports.Result) string {
	if o, ok := run.Deciding(r); ok {
		return o.Reason
	}
	if r.Aborted != nil && r.Verdict != reports.Pass {
		return reports.RunAborted
	}
	return ""
}
