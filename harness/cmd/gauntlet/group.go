package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gauntlet/harness/diagnostic"
	"gauntlet/harness/experiment"
	"gauntlet/harness/run"
	"gauntlet/harness/suite"
)

// group is what one name of the command line asks for: an experiment, or all
// that belongs to a suite.
type group struct {
	suite *experiment.Suite // nil for an experiment
	jobs  []*prepared       // in the order in which they are run
}

// merged says that there are several runs with one verdict.
func (g *group) merged() bool { return g.suite != nil || g.jobs[0].repeat > 1 }

// decided says that there is something to describe: it was found out for
// every experiment what can be decided.
func (g *group) decided() bool {
	for _, j := range g.jobs {
		if j.decision.Experiment == "" {
			return false
		}
	}
	return len(g.jobs) > 0
}

func (g *group) title() string {
	if g.suite != nil {
		return "suite " + g.suite.Name
	}
	return title(g.jobs[0].exp)
}

// work is the group's runs as package suite takes them.
func (g *group) work() []suite.Job {
	jobs := make([]suite.Job, len(g.jobs))
	for i, j := range g.jobs {
		jobs[i] = suite.Job{Experiment: j.exp, Platform: j.platform, Repeat: j.repeat, Takes: suite.Takes(j.decision), Longer: j.decision.Extra}
		if g.suite != nil {
			for _, s := range g.suite.Entries[i].Set {
				jobs[i].Set = append(jobs[i].Set, s.Path+": "+s.Value)
			}
		}
	}
	return jobs
}

// describe prints what the runs take and what they can decide.
func (g *group) describe(w io.Writer) error {
	if g.suite != nil {
		planned, most := suite.Planned(g.work()), suite.AtMost(g.work())
		fmt.Fprintf(w, "suite %s: %s\n", g.suite.Name, g.suite.About())
		fmt.Fprintf(w, "  %d runs take about %s", g.runs(), planned.Round(time.Second))
		if g.suite.Budget > 0 {
			fmt.Fprintf(w, " of a budget of %s", g.suite.Budget)
		}
		fmt.Fprint(w, ", when none has to be run again\n")
		fmt.Fprintf(w, "  at most %s, when each is inconclusive until it is not tried again, and victims come back as late as they may", most.Round(time.Second))
		if g.suite.Budget > 0 && most > g.suite.Budget {
			fmt.Fprint(w, "; what the budget has no time for is not run again")
		}
		fmt.Fprint(w, "\n\n")
	}
	for i, j := range g.jobs {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := j.describe(w); err != nil {
			return err
		}
		if j.repeat > 1 {
			fmt.Fprintf(w, "  %d repetitions, about %s each\n", j.repeat, suite.Takes(j.decision).Round(time.Second))
		}
	}
	return nil
}

// warn says which waivers of the experiments count no more today.
func (g *group) warn(w io.Writer) {
	for _, j := range g.jobs {
		for _, d := range j.exp.Lapsed(time.Now()) {
			fmt.Fprintln(w, d)
		}
	}
}

func (g *group) runs() int {
	n := 0
	for _, j := range g.jobs {
		n += j.repeat
	}
	return n
}

// groups reads every experiment and every suite first, so that a mistake in
// the last one is found before the first one runs.
func (c *runCommand) groups(ctx context.Context) ([]*group, error) {
	r := reading{platform: c.Platform, set: c.Set, control: c.Control, controls: c.Controls, repeat: c.Repeat, shift: c.Shift}
	var groups []*group
	var errs []error
	for _, name := range c.Names {
		found, err := r.read(ctx, name)
		groups, errs = append(groups, found...), append(errs, err)
	}
	return groups, merge(errs)
}

// reading is how the files of the command line are read.
type reading struct {
	platform string // "" as the file says
	set      map[string]string
	control  string
	controls bool // every control instead of the experiments themselves
	repeat   int  // 0: as the file says
	shift    time.Duration
}

// read is what name asks for. With a suite that would exceed its budget the
// group is there beside the error.
func (r reading) read(ctx context.Context, name string) ([]*group, error) {
	path, err := experiment.Find(name)
	if err != nil {
		return nil, err
	}
	if experiment.Kind(path) != experiment.KindSuite {
		exp, err := experiment.Read(path)
		if err != nil {
			return nil, unread(err)
		}
		return r.experiment(ctx, experiment.Member{Experiment: exp, Repeat: exp.Repeat}, path)
	}
	if r.control != "" {
		return nil, exit{exitUsage, fmt.Errorf("%s is a suite: --control belongs to an experiment; --controls runs those of all its experiments", path)}
	}
	s, err := experiment.ReadSuite(path)
	if err != nil {
		return nil, unread(err)
	}
	return r.suite(ctx, s)
}

// unread is why a file that was named could not be read, which is a mistake of
// whoever named it, as is one in it.
func unread(err error) error {
	if len(diagnostic.All(err)) > 0 {
		return err
	}
	return &run.Mistake{Err: err}
}

// suite is one group of all its experiments, or with --controls one for each
// control of each of them, as the suite sets it.
func (r reading) suite(ctx context.Context, s *experiment.Suite) ([]*group, error) {
	whole := &group{suite: s}
	var apart []*group
	var errs []error
	for _, m := range s.Entries {
		if r.controls && m.Experiment.Applied != "" {
			continue // it is run when its experiment's controls are
		}
		found, err := r.experiment(ctx, m, s.File)
		errs, apart = append(errs, err), append(apart, found...)
		for _, g := range found {
			whole.jobs = append(whole.jobs, g.jobs...)
		}
	}
	if err := merge(errs); err != nil || r.controls {
		return apart, err
	}
	return []*group{whole}, s.OverBudget(suite.Planned(whole.work()))
}

// experiment is a group for the experiment, or for each of its controls. root
// is the file that names it: its own, or that of a suite.
func (r reading) experiment(ctx context.Context, m experiment.Member, root string) ([]*group, error) {
	exp, platform := m.Experiment, m.Platform
	var err error
	if len(r.set) > 0 {
		if exp, err = exp.With(r.set); err != nil {
			return nil, err
		}
		if _, ok := r.set["repeat"]; ok {
			m.Repeat = exp.Repeat
		}
	}
	if r.platform != "" {
		platform = r.platform
	}
	controls := []string{r.control}
	if r.controls {
		if len(exp.Controls) == 0 {
			return nil, exit{exitUsage, fmt.Errorf("%s has no controls: nothing shows that it can fail; add some", exp.File)}
		}
		controls = controls[:0]
		for _, control := range exp.Controls {
			controls = append(controls, control.Name)
		}
	}
	var groups []*group
	var errs []error
	for _, control := range controls {
		repeat := r.repeats(m.Repeat, control)
		j, err := r.prepare(ctx, exp, control, platform, r.shifts(repeat, root != exp.File))
		if j != nil {
			j.repeat, j.root = repeat, root
			j.set = r.overrides(m.Set)
			groups = append(groups, &group{jobs: []*prepared{j}})
		}
		errs = append(errs, err)
	}
	return groups, merge(errs)
}

func (r reading) prepare(ctx context.Context, exp *experiment.Experiment, control, platform string, shifts []time.Duration) (*prepared, error) {
	if control != "" {
		c, err := exp.Control(control)
		if err != nil {
			return nil, exit{exitUsage, err}
		}
		exp = c
	}
	return prepare(ctx, exp, platform, shifts)
}

// repeats is how often an experiment is run: a control once, when nobody asks
// for more, since it shows what the experiment can find and not how it does.
func (r reading) repeats(file int, control string) int {
	switch {
	case r.repeat > 0:
		return r.repeat
	case control != "":
		return 1
	}
	return file
}

// shifts are those that the runs of an experiment may have: where runs are
// merged, one that was inconclusive is run again with another.
func (r reading) shifts(repeat int, ofSuite bool) []time.Duration {
	if repeat > 1 || ofSuite && !r.controls {
		return suite.Shifts()
	}
	return []time.Duration{r.shift}
}

// overrides are what a suite and the command line set, as --set takes it, the
// command line last since it wins.
func (r reading) overrides(set []experiment.Setting) []string {
	var all []string
	for _, s := range set {
		all = append(all, s.Path+"="+s.Value)
	}
	for _, path := range sortedKeys(r.set) {
		all = append(all, path+"="+r.set[path])
	}
	return all
}

// merge joins errors; the mistakes in files among them become one list, as
// they would be from one file.
func merge(errs []error) error {
	var mistakes diagnostic.List
	var others []error
	for _, err := range errs {
		if list := diagnostic.All(err); len(list) > 0 {
			mistakes = append(mistakes, list...)
		} else if err != nil {
			others = append(others, err)
		}
	}
	return errors.Join(append(others, mistakes.Err())...)
}
