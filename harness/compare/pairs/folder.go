package pairs

import (
	"path/filepath"
	"time"

	"gauntlet/harness/run"
	"gauntlet/reports"
)

// runsFolder is where a comparison's folder has those of its runs.
const runsFolder = "runs"

// open makes the comparison's folder, OUT/EXPERIMENT/ID, and writes it for the
// first time.
func (c *conductor) open() error {
	t := c.o.About
	t.ID = run.NewID(c.begin)
	dir, err := filepath.Abs(filepath.Join(c.o.Out, t.Experiment, t.ID))
	if err != nil {
		return err
	}
	c.dir, c.told = dir, &t
	t.StartedAt, t.MaxPairs = c.begin.UTC().Format(time.RFC3339), c.o.Pairs
	t.Planned = Planned(c.o.Pairs, c.o.Takes).Round(100 * time.Millisecond).Seconds()
	if c.o.Budget > 0 {
		budget := c.o.Budget.Seconds()
		t.Budget = &budget
	}
	for _, l := range c.looks {
		t.Looks = append(t.Looks, reports.ComparedLook{After: l.After, Alpha: l.Alpha, Beta: l.Beta})
	}
	if err := reports.ComparisonFolder.Make(dir); err != nil {
		return err
	}
	c.undecided(reports.TooFewPairs, "no pair was run yet")
	return c.write()
}

// runs is the folder of the comparison's runs: they are no part of the history
// of what the tree has.
func (c *conductor) runs() string { return filepath.Join(c.dir, runsFolder) }

// write writes the folder.
func (c *conductor) write() error {
	c.told.Took = c.o.Now().Sub(c.begin).Round(100 * time.Millisecond).Seconds()
	return reports.ComparisonFolder.Write(c.dir, c.told)
}
