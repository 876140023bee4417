package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gauntlet/reports"
)

// veryShort is the short form with as little time as can be decided in.
var veryShort = settings("--set", "phases.warmup=1s", "--set", "phases.baseline=3s", "--set", "phases.observe=8s", "--set", "slo.recovery=3s",
	"--set", "slo.availability={get: 97%, put: 95%}", "--set", "consistency.share=30%")

// drills is a suite of a killed replica and of a mapper that answers with
// other keys' values.
func drills(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "drills.yaml")
	write(t, file, fmt.Sprintf(`
kind: Suite
name: drills
description: One that holds and one that does not.
budget: 5m
experiments:
  - {name: %q}
  - name: %q
    set: {target.env: {mapper: {MAPPER_ALLOW_DEFECTS: "1"}}, target.args: {mapper: [--defect=wrong-url]}}
`, filepath.Join(root(t), "experiments/pod-kill.yaml"), filepath.Join(root(t), "experiments/baseline.yaml")))
	return file
}

// suiteOf is what the one run of a suite wrote below out.
func suiteOf(t *testing.T, out string) (*reports.Suite, string) {
	t.Helper()
	dirs, _ := filepath.Glob(filepath.Join(out, "suites", "*", "*"))
	if len(dirs) != 1 {
		t.Fatalf("folders of suites %q, want one", dirs)
	}
	s, err := reports.SuiteFolder.Read(dirs[0])
	if err != nil {
		t.Fatal(err)
	}
	return s, dirs[0]
}

func TestEndToEndASuiteThatFailsByADefect(t *testing.T) {
	state, out := t.TempDir(), t.TempDir()
	t.Setenv("GITHUB_ACTIONS", "true")
	got := execute(t, state, append([]string{"run", drills(t), "--json", "--seed", "7", "--out", out}, veryShort...)...)
	if got.code != exitFail {
		t.Fatalf("exit code %d, want %d\n%s", got.code, exitFail, got.stderr)
	}
	s, dir := suiteOf(t, out)
	if s.Suite != "drills" || s.Verdict != reports.Fail || !s.Finished || len(s.Entries) != 2 {
		t.Fatalf("%+v", s)
	}
	// Nothing but the host keeps the first from passing.
	if v := s.Entries[0].Verdict; v == reports.Fail || v == reports.Inconclusive && s.Entries[0].Reason != reports.InstrumentDisturbed {
		t.Errorf("pod-kill: %s, %s", v, s.Entries[0].Why)
	}
	if e := s.Entries[1]; e.Verdict != reports.Fail || !strings.Contains(e.Why, "foreign") || len(e.Runs) != 1 {
		t.Errorf("baseline with a defect: %s, %s", e.Verdict, e.Why)
	}
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	if r := result(t, lines[len(lines)-1]); r.Experiment != "baseline" || r.Verdict != reports.Fail {
		t.Errorf("the last line of stdout is %s %s", r.Experiment, r.Verdict)
	}
	for _, e := range s.Entries {
		for _, r := range e.Runs {
			if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(r.Folder), "report.html")); err != nil {
				t.Errorf("the report of %s is not where suite.json says: %v", e.Name, err)
			}
		}
	}
	page := read(t, dir, "index.html")
	if again := execute(t, state, "report", dir); again.code != exitPass || read(t, dir, "index.html") != page {
		t.Errorf("drawn again, another page (exit code %d): %s", again.code, again.stderr)
	}
	if junit := read(t, dir, "junit.xml"); !strings.Contains(junit, `name="foreign" classname="gauntlet.drills.baseline"`) || !strings.Contains(junit, "<failure ") {
		t.Errorf("junit.xml has no failure of foreign:\n%s", junit)
	}
	if summary := read(t, dir, "summary.md"); !strings.HasPrefix(summary, "## ✗ FAIL · drills") || strings.Index(summary, "| baseline |") > strings.Index(summary, "| pod-kill |") {
		t.Errorf("summary.md does not begin with what failed:\n%s", summary)
	}
	if !strings.Contains(page, "baseline") || !strings.Contains(got.stderr, "::error file=") {
		t.Errorf("no page, or no annotation:\n%s", got.stderr)
	}
	nothingLeft(t, state, out)
}

// An interruption ends the suite with what was measured, and leaves nothing.
// Another seed and phase is told, and stands in the result of the repetition.
func TestEndToEndAnInterruptedSuiteLeavesNothing(t *testing.T) {
	state, out := t.TempDir(), t.TempDir()
	cmd := command(t, state, append([]string{"run", "pod-kill", "--repeat", "3", "--seed", "7", "--out", out}, veryShort...)...)
	run := start(t, cmd)
	run.await(t, "repetition 2 of 3", 3*time.Minute)
	run.awaitAfter(t, "repetition 2 of 3", "inject PodChaos", time.Minute)
	run.signal(syscall.SIGINT)
	if code := run.end(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d\n%s", code, exitInterrupted, run)
	}
	nothingLeft(t, state, out)
	s, dir := suiteOf(t, out)
	if !s.Interrupted || s.Verdict == reports.Pass || len(s.Entries) != 1 || s.Entries[0].Repeat != 3 {
		t.Fatalf("%+v", s)
	}
	last := s.Entries[0].Runs[len(s.Entries[0].Runs)-1]
	if last.Run == "" || last.Shift <= 0 || last.Seed == 7 {
		t.Fatalf("the last run: %+v", last)
	}
	r := result(t, read(t, filepath.Join(dir, filepath.FromSlash(last.Folder)), "result.json"))
	if r.Aborted == nil || r.Seed != last.Seed || r.Shift != last.Shift || !strings.Contains(r.Command, "--shift "+fmt.Sprint(time.Duration(last.Shift*1e9).Round(time.Millisecond))) {
		t.Errorf("its result: seed %d, shift %v, aborted %+v, %s", r.Seed, r.Shift, r.Aborted, r.Command)
	}
	for _, f := range r.Faults {
		// 1 s of warm-up and 3 s of baseline, made longer.
		if at := 4 + last.Shift; f.InjectBegin == nil || *f.InjectBegin < at {
			t.Errorf("injected at %v, want at %v s or later", f.InjectBegin, at)
		}
	}
}
