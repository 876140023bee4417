package pairs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"gauntlet/harness/run"
	"gauntlet/reports"
)

// The files of a comparison's folder.
const (
	comparisonFile = "comparison.json"
	pageFile       = "index.html"
	junitFile      = "junit.xml"
	summaryFile    = "summary.md"
	runsFolder     = "runs"
)

// Page is the path of a comparison's page.
func Page(dir string) string { return filepath.Join(dir, pageFile) }

// Is says that dir is the folder of a comparison.
func Is(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, comparisonFile))
	return err == nil
}

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
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of the comparison: %w", err)
	}
	c.undecided(reports.TooFewPairs, "no pair was run yet")
	return c.write()
}

// runs is the folder of the comparison's runs: they are no part of the history
// of what the tree has.
func (c *conductor) runs() string { return filepath.Join(c.dir, runsFolder) }

// beside is the run's folder as seen from the comparison's.
func (c *conductor) beside(dir string) string {
	relative, err := filepath.Rel(c.dir, dir)
	if dir == "" || err != nil {
		return ""
	}
	return filepath.ToSlash(relative)
}

// write writes the folder.
func (c *conductor) write() error {
	c.told.Took = c.o.Now().Sub(c.begin).Round(100 * time.Millisecond).Seconds()
	if err := reports.Save(filepath.Join(c.dir, comparisonFile), func(w io.Writer) error { return reports.WriteComparison(w, c.told) }); err != nil {
		return err
	}
	return Report(c.dir)
}

// Report draws everything that a person or a pipeline reads of the comparison
// in dir, from comparison.json alone.
func Report(dir string) error {
	f, err := os.Open(filepath.Join(dir, comparisonFile))
	if err != nil {
		return fmt.Errorf("%s is no folder of a comparison: %w", dir, err)
	}
	defer f.Close()
	told, err := reports.ReadComparison(f)
	if err != nil {
		return err
	}
	return errors.Join(
		reports.Save(filepath.Join(dir, pageFile), func(w io.Writer) error { return reports.ComparisonHTML(w, told) }),
		reports.Save(filepath.Join(dir, junitFile), func(w io.Writer) error { return reports.ComparisonJUnit(w, told) }),
		reports.Save(filepath.Join(dir, summaryFile), func(w io.Writer) error { return reports.ComparisonMarkdown(w, told) }),
	)
}
