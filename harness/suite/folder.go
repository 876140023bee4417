package suite

import (
	"fmt"
	"path/filepath"
	"time"

	"gauntlet/harness/experiment"
	"gauntlet/harness/run"
	"gauntlet/reports"
)

// open makes the suite's folder, OUT/SUITE/ID, and writes it for the first
// time.
func (c *conductor) open() error {
	id := run.NewID(c.begin)
	dir, err := filepath.Abs(filepath.Join(c.o.Out, c.o.Name, id))
	if err != nil {
		return err
	}
	c.dir = dir
	experiments := make([]*experiment.Experiment, len(c.jobs))
	for i, j := range c.jobs {
		experiments[i] = j.Experiment
	}
	c.hide = run.Hiding(experiments...)
	c.suite = &reports.Suite{
		Suite: c.o.Name, About: c.o.About, ID: id, StartedAt: c.begin.UTC().Format(time.RFC3339), Planned: tenths(Planned(c.jobs)),
		Seed: c.o.Seed, Commit: c.o.Commit, Command: c.hide(c.o.Command), Entries: c.entries(),
	}
	if c.o.Budget > 0 {
		budget := c.o.Budget.Seconds()
		c.suite.Budget = &budget
	}
	if err := reports.SuiteFolder.Make(dir); err != nil {
		return err
	}
	return c.write()
}

// entries are the jobs before any of them was run. Those of one name are
// numbered.
func (c *conductor) entries() []reports.SuiteEntry {
	times := map[string]int{}
	entries := make([]reports.SuiteEntry, len(c.jobs))
	for i, j := range c.jobs {
		name := j.Experiment.Name
		if j.Experiment.Applied != "" {
			name += " · " + j.Experiment.Applied
		}
		if times[name]++; times[name] > 1 {
			name = fmt.Sprintf("%s (%d)", name, times[name])
		}
		var set []string
		for _, s := range j.Set {
			set = append(set, c.hide(s))
		}
		entries[i] = reports.SuiteEntry{
			Name: name, Experiment: j.Experiment.Name, Control: j.Experiment.Applied, Platform: j.Platform, Set: set,
			File: filepath.ToSlash(j.Experiment.File), Repeat: j.Repeat, Needed: Needed(j.Repeat),
		}
	}
	return entries
}

// beside is the run's folder as seen from the suite's; "" when the run has no
// page there.
func (c *conductor) beside(out run.Outcome) string {
	if out.Result == nil {
		return ""
	}
	return reports.SuiteFolder.Link(c.dir, out.Dir)
}

// write settles what is known and writes the suite's folder.
func (c *conductor) write() error {
	c.settle()
	return reports.SuiteFolder.Write(c.dir, c.suite)
}
