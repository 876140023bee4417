package reports

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
)

// suiteSample is a night of drills that never was: one that passed all six
// times, one of them after an inconclusive attempt, one that failed once, a
// control, one whose system did not come up, and one that the budget cut off.
func suiteSample() *Suite {
	s := &Suite{Suite: "weekly", About: "The drills of Thursday night.", ID: "20261119T020000Z-4f2c9e", Verdict: Fail, Reason: LimitBroken,
		Why:      "Of 5 experiments 1 failed, 2 could not be decided, 2 passed. redis-outage: 1 of 2 repetitions: recovery: it took 16.2 s",
		Finished: true, StartedAt: "2026-11-19T02:00:00Z", Took: 3412.4, Planned: 3300, Budget: ptr(5100.0), Seed: 42, Commit: "4f2c9e1",
		Command: "gauntlet run experiments/suites/weekly.yaml --seed 42"}
	objective := func(took float64, v Verdict) []Objective {
		o := Objective{Name: "recovery", Target: "≤ 15 s from inject", Measured: fmt.Sprintf("%.2f s", took), Low: ptr(took - 0.02), High: ptr(took + 0.02), Margin: "+79 %", Samples: 55000, Verdict: v, Line: 31}
		if v == Fail {
			o.Reason, o.Why, o.Margin = LimitBroken, "it took 16.2 s", "−8 %"
		}
		return []Objective{o, {Name: "lostWrites", Target: "≤ 0", Measured: "0 of 2 799", Low: ptr(0.0), High: ptr(0.0), Samples: 2799, Verdict: Pass}}
	}
	run := func(entry string, repetition, attempt int, took float64, v Verdict) SuiteRun {
		id := fmt.Sprintf("20261119T02%02d00Z-00000%d", repetition, attempt)
		return SuiteRun{Repetition: repetition, Attempt: attempt, Counts: true, Seed: int64(42 + 1000*repetition + attempt), Shift: float64(repetition-1) * 0.137, Run: id,
			Folder: "../../../runs/" + entry + "/" + id, Verdict: v, Ended: v, Why: "All 7 objectives hold.", Took: 77.3,
			Recovery:     &Recovery{Degraded: true, Recovered: true, FromInject: Duration{ptr(took), took - 0.02, ptr(took + 0.02)}, Scope: "overall", Fault: "f"},
			Availability: &Availability{Ratio: 0.9998, Low: 0.9996, High: 0.9999}, Acked: 2799, FaultP99Ms: ptr(31.0), Objectives: objective(took, v)}
	}
	spread := func(mean, worst float64, runs int) *RecoverySpread {
		return &RecoverySpread{Limit: "15s", LimitSec: ptr(15.0), Mean: ptr(mean), Worst: ptr(worst), Low: worst - 0.02, High: ptr(worst + 0.02), Runs: runs}
	}
	available := &AvailabilitySpread{Mean: 0.9998, Worst: 0.9997, Low: 0.9996, High: 0.9999, Runs: 6}

	kill := SuiteEntry{Name: "pod-kill", Experiment: "pod-kill", Platform: "docker", File: "experiments/pod-kill.yaml", Repeat: 6, Needed: 3, Conclusive: 6, Verdict: Pass,
		Why: "6 of 6 repetitions passed, none failed.", Recovery: spread(3.2, 8.7, 6), Availability: available, Acked: 6 * 2799, Objectives: objective(8.7, Pass)}
	for i := range 6 {
		kill.Runs = append(kill.Runs, run("pod-kill", i+1, 1, 1.1+1.52*float64(i), Pass))
	}
	disturbed := run("pod-kill", 3, 1, 1.4, Inconclusive)
	disturbed.Counts, disturbed.Reason, disturbed.Why = false, InstrumentDisturbed, "steadyState: the host held up the generator"
	kill.Runs = append(kill.Runs[:2], append([]SuiteRun{disturbed}, kill.Runs[2:]...)...)
	kill.Runs[3].Attempt = 2

	outage := SuiteEntry{Name: "redis-outage", Experiment: "redis-outage", Platform: "docker", Set: []string{"faults.0.chaos.spec.duration: 30s"}, File: "experiments/redis-outage.yaml",
		Repeat: 2, Needed: 1, Conclusive: 2, Verdict: Fail, Reason: LimitBroken, Why: "1 of 2 repetitions: recovery: it took 16.2 s", Recovery: spread(8.25, 16.2, 2), Availability: available,
		Acked: 2 * 2799, Objectives: objective(16.2, Fail), Runs: []SuiteRun{run("redis-outage", 1, 1, 0.3, Pass), run("redis-outage", 2, 1, 16.2, Fail)}}
	outage.Runs[1].Disturbances = []string{"the host was under pressure: in up to 86 % of ten seconds something waited for a processor"}
	outage.Runs[1].Reason, outage.Runs[1].Why = LimitBroken, "recovery: it took 16.2 s"

	control := SuiteEntry{Name: "redis-outage · no-fallback", Experiment: "redis-outage", Control: "no-fallback", Platform: "docker", File: "experiments/redis-outage.yaml", Repeat: 1, Needed: 1,
		Conclusive: 1, Verdict: Pass, Why: "it ended as it must: FAIL by availability:get", Runs: []SuiteRun{run("redis-outage", 1, 1, 30, Pass)}}
	control.Runs[0].Ended = Fail

	down := SuiteEntry{Name: "node-join", Experiment: "node-join", Platform: "docker", File: "experiments/node-join.yaml", Repeat: 1, Needed: 1, Verdict: Inconclusive, Reason: Infrastructure,
		Why: "mapper-1 exited: the database is on fire", Runs: []SuiteRun{{Repetition: 1, Attempt: 1, Counts: true, Seed: 42, Verdict: Inconclusive, Reason: Infrastructure, Why: "mapper-1 exited: the database is on fire", Took: 3.1}}}
	late := SuiteEntry{Name: "slot-skew", Experiment: "slot-skew", Platform: "docker", File: "experiments/slot-skew.yaml", Repeat: 1, Needed: 1, Verdict: Inconclusive, Reason: Budget,
		Why: "not started: it takes about 1m25s, and 40s of the budget are left", Runs: []SuiteRun{{Repetition: 1, Attempt: 1, Counts: true, Verdict: Inconclusive, Reason: Budget, Why: "not started: it takes about 1m25s, and 40s of the budget are left"}}}
	s.Entries = []SuiteEntry{kill, outage, control, down, late}
	return s
}

func drawn(t *testing.T, draw func(io.Writer, *Suite) error, s *Suite) string {
	t.Helper()
	var b bytes.Buffer
	if err := draw(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func suiteAtTerminal(w io.Writer, s *Suite) error {
	return SuiteTerminal(w, s, "reports/suites/weekly/x/index.html", false)
}

func TestGoldenSuite(t *testing.T) {
	for name, draw := range map[string]func(io.Writer, *Suite) error{
		"suite.html": SuiteHTML, "suite.md": SuiteMarkdown, "suite-junit.xml": SuiteJUnit, "suite.txt": suiteAtTerminal,
		"suite.json": WriteSuite, "suite-annotations.txt": SuiteAnnotations,
	} {
		golden(t, name, []byte(drawn(t, draw, suiteSample())))
	}
}

func TestSuiteSurvivesItsFile(t *testing.T) {
	first := drawn(t, WriteSuite, suiteSample())
	back, err := ReadSuite(strings.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	if again := drawn(t, WriteSuite, back); again != first {
		t.Error("read and written again it differs")
	}
	if drawn(t, SuiteHTML, back) != drawn(t, SuiteHTML, suiteSample()) {
		t.Error("the page needs more than suite.json")
	}
	if _, err := ReadSuite(strings.NewReader(`{"schemaVersion": 99}`)); err == nil || !strings.Contains(err.Error(), "later gauntlet") {
		t.Errorf("a later version: %v", err)
	}
}

// hostileSuite is a suite whose every text wants to be more than text.
func hostileSuite() *Suite {
	s, bad := suiteSample(), hostile+"\x1b[2J\n::error::injected\r"
	s.Suite, s.About, s.Why, s.Commit, s.Command = bad, bad, bad, bad, bad
	s.Substitutes = []string{bad}
	for i := range s.Entries {
		e := &s.Entries[i]
		e.Name, e.Why, e.Platform, e.File, e.Set = bad, bad, bad, bad, []string{bad}
		for k := range e.Runs {
			e.Runs[k].Disturbances = []string{bad}
			e.Runs[k].Why, e.Runs[k].Reason, e.Runs[k].Folder = bad, bad, "javascript:alert(3)//"
		}
		for k := range e.Objectives {
			e.Objectives[k].Why, e.Objectives[k].Name = bad, bad
		}
	}
	return s
}

// Nothing that a suite or a run says becomes markup, a link elsewhere, or a
// command of the terminal or the runner.
func TestAHostileSuiteIsShownAsText(t *testing.T) {
	s := hostileSuite()
	page := drawn(t, SuiteHTML, s)
	for _, trap := range []string{"<script>alert", "javascript:alert(3)", `onload='x'`} {
		if strings.Contains(strings.ReplaceAll(page, "&#39;", "''"), trap) {
			t.Errorf("the page holds %s", trap)
		}
	}
	markdown := drawn(t, SuiteMarkdown, s)
	if strings.Contains(markdown, "<script") || strings.Contains(markdown, "](java") {
		t.Error("markup in the summary")
	}
	for name, draw := range map[string]func(io.Writer, *Suite) error{"terminal": suiteAtTerminal, "annotations": SuiteAnnotations} {
		text := drawn(t, draw, s)
		if strings.Contains(text, "\x1b") || strings.Contains(text, "\n::error::injected") || strings.Contains(text, "\u202e") {
			t.Errorf("%s: a control character or a command gets through:\n%q", name, text)
		}
	}
	d := xml.NewDecoder(strings.NewReader(drawn(t, SuiteJUnit, s)))
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestSuitesAreBounded(t *testing.T) {
	s := suiteSample()
	for range 300 {
		e := s.Entries[1]
		e.Why = strings.Repeat("<|", 2000)
		for len(e.Runs) < 60 {
			e.Runs = append(e.Runs, e.Runs[1])
		}
		s.Entries = append(s.Entries, e)
	}
	if n := len(drawn(t, SuiteMarkdown, s)); n > maxMarkdown {
		t.Errorf("the summary has %d bytes, at most %d are allowed", n, maxMarkdown)
	}
	s = suiteSample()
	s.Entries[0].Runs[0].Repetition = 1 << 40 // a damaged file
	if n := len(drawn(t, SuiteHTML, s)); n > 2<<20 {
		t.Errorf("the page has %d bytes", n)
	}
	if n := len(drawn(t, SuiteHTML, suiteSample())); n > 100<<10 {
		t.Errorf("the page of a night has %d bytes", n)
	}
}

func TestASuiteUnderWaySaysSo(t *testing.T) {
	s := suiteSample()
	s.Finished, s.Entries = false, nil
	for name, draw := range map[string]func(io.Writer, *Suite) error{"page": SuiteHTML, "summary": SuiteMarkdown} {
		if text := drawn(t, draw, s); !strings.Contains(text, "Not finished") {
			t.Errorf("the %s does not say that the suite is not finished", name)
		}
	}
	s.Finished, s.Interrupted = true, true
	for name, draw := range map[string]func(io.Writer, *Suite) error{"page": SuiteHTML, "summary": SuiteMarkdown} {
		if text := drawn(t, draw, s); !strings.Contains(text, "Interrupted") {
			t.Errorf("the %s does not say that the suite was interrupted", name)
		}
	}
}

func TestAnnotations(t *testing.T) {
	r := failSample().result
	var b bytes.Buffer
	if err := Annotations(&b, "experiments/redis,outage.yaml", r); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	failed := 0
	for _, o := range r.Objectives {
		if o.Verdict != Pass {
			failed++
		}
	}
	if len(lines) != failed || !strings.HasPrefix(lines[0], "::error file=experiments/redis%2Coutage.yaml,line=") {
		t.Errorf("%d objectives did not pass:\n%s", failed, b.String())
	}
}

// An entry that too few repetitions decided is no pass in JUnit, although each
// of its objectives was decided often enough.
func TestJUnitSaysThatTooFewWereDecided(t *testing.T) {
	s := suiteSample()
	s.Entries = s.Entries[:1]
	e := &s.Entries[0]
	e.Verdict, e.Reason, e.Why, e.Conclusive = Inconclusive, TooFewConclusive, "2 of 6 repetitions had a verdict, and it takes 3", 2
	var got struct {
		Suites []struct {
			Skipped int `xml:"skipped,attr"`
		} `xml:"testsuite"`
	}
	text := drawn(t, SuiteJUnit, s)
	if err := xml.Unmarshal([]byte(text), &got); err != nil || len(got.Suites) != 1 || got.Suites[0].Skipped != 1 {
		t.Errorf("%v, %+v:\n%s", err, got, text)
	}
}

// Nor is a run that was cut short when every objective had been met.
func TestJUnitSaysThatARunWasCutShort(t *testing.T) {
	r := &Result{Experiment: "x", Verdict: Inconclusive, Aborted: &Aborted{By: "error", At: 30}, Objectives: []Objective{{Name: "recovery", Verdict: Pass}}}
	var b bytes.Buffer
	if err := JUnit(&b, r); err != nil || !strings.Contains(b.String(), `tests="2" failures="0" skipped="1"`) {
		t.Errorf("%v:\n%s", err, b.String())
	}
}
