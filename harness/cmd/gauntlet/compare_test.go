package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gauntlet/reports"
)

// The work tree against itself with a defect that makes reads wait for writes,
// while Redis is far away: more requests are bad in the fault, and that is the
// measure by which it is worse. It takes 8 pairs of short runs.
func TestFurtherABuildWithADefectIsWorse(t *testing.T) {
	state, out := t.TempDir(), t.TempDir()
	got := execute(t, state, append([]string{"compare", "--builds", ".", ".", "redis-latency", "--json", "--seed", "7", "--out", out,
		"--b-arg=--defect=global-lock", "--b-env=MAPPER_ALLOW_DEFECTS=1", "--set", "faults.0.chaos.spec.duration=4s"}, veryShort...)...)
	c, err := reports.ReadComparison(strings.NewReader(got.stdout))
	if err != nil {
		t.Fatalf("%v\n%s", err, got.stderr)
	}
	if got.code != exitFail || c.Verdict != reports.Fail || !regexp.MustCompile(`^bad(:get|:put)? in the fault: B is worse by [0-9.]+.points`).MatchString(c.Why) {
		t.Errorf("exit code %d, %s: %s", got.code, c.Verdict, c.Why)
	}
	if c.A.Digest == "" || c.A.Digest != c.B.Digest {
		t.Errorf("the program of A is %q, that of B %q: they are one, with and without the defect", c.A.Digest, c.B.Digest)
	}
	for _, p := range c.Pairs {
		for _, r := range []reports.ComparedRun{p.A, p.B} {
			if _, err := os.Stat(filepath.Join(out, c.Experiment, c.ID, filepath.FromSlash(r.Folder), "report.html")); err != nil {
				t.Errorf("the report of a run of pair %d is not where comparison.json says: %v", p.Pair, err)
			}
		}
	}
	nothingLeft(t, state, filepath.Join(out, c.Experiment, c.ID, "runs"))
}
