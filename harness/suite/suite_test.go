package suite

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/experiment"
	"gauntlet/harness/run"
	"gauntlet/reports"
)

func experimentOf(t *testing.T, source string) *experiment.Experiment {
	t.Helper()
	e, err := experiment.Parse("experiments/x.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// stage is a suite whose runs are scripted: each job ends, run by run, as its
// letters say (Pass, Fail, Inconclusive, x for a system that does not come up).
type stage struct {
	t       *testing.T
	o       Options
	jobs    []Job
	scripts []string
	now     time.Time
	lasts   time.Duration // of each run
	ran     []Attempt
	after   func(n int) // called after the n-th run
}

func newStage(t *testing.T, repeats []int, scripts ...string) *stage {
	s := &stage{t: t, scripts: scripts, now: time.Date(2026, 11, 19, 2, 0, 0, 0, time.UTC), lasts: time.Minute, after: func(int) {}}
	s.o = Options{Name: "drills", About: "What is drilled.", Seed: 7, Out: filepath.Join(t.TempDir(), "suites"), Command: "gauntlet run drills",
		Now: func() time.Time { return s.now }, Run: s.run, Progress: io.Discard}
	for i := range scripts {
		s.jobs = append(s.jobs, Job{Experiment: experimentOf(t, "name: e"+string(rune('1'+i))+"\n"), Platform: "local", Repeat: repeats[i], Takes: time.Minute})
	}
	return s
}

func (s *stage) run(_ context.Context, i int, a Attempt) (run.Outcome, error) {
	s.now = s.now.Add(s.lasts)
	s.ran = append(s.ran, a)
	defer func() { s.after(len(s.ran)) }()
	if s.scripts[i] == "" {
		s.t.Fatalf("job %d is run more often than expected", i)
	}
	letter := s.scripts[i][0]
	s.scripts[i] = s.scripts[i][1:]
	if letter == 'S' {
		return run.Outcome{Result: &reports.Result{Run: "r", Verdict: reports.Inconclusive, Why: "because", Aborted: &reports.Aborted{By: "stop"}}, Dir: "/nowhere"}, nil
	}
	if letter == 'x' {
		return run.Outcome{Dir: "/nowhere"}, errors.New("the database is on fire")
	}
	v := short(s.t, string(letter))[0]
	low, high := 0.0, 0.5
	r := &reports.Result{Run: "r", Substitutes: []string{"miniredis for redis-server"}, Validity: reports.Validity{Reasons: []string{"the host was busy"}}, Verdict: v, Why: "because", Experiment: s.jobs[i].Experiment.Name,
		Recovery:   &reports.Recovery{Recovered: true, FromInject: reports.Duration{Seconds: &low, High: &high}},
		Objectives: []reports.Objective{{Name: "recovery", Verdict: v, Low: &low, High: &high, Why: "because", Line: 3}}}
	if v != reports.Pass {
		r.Objectives[0].Reason = map[reports.Verdict]string{reports.Fail: reports.LimitBroken, reports.Inconclusive: reports.InstrumentDisturbed}[v]
	}
	return run.Outcome{Result: r, Dir: filepath.Join(filepath.Dir(s.o.Out), "runs", "e", "r")}, nil
}

func (s *stage) perform(ctx context.Context) Outcome {
	s.t.Helper()
	out, err := Run(ctx, s.o, s.jobs)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// told writes a suite's runs as letters, an entry a word: lower case for an
// attempt that does not count.
func told(s *reports.Suite) string {
	var words []string
	for _, e := range s.Entries {
		word := ""
		for _, r := range e.Runs {
			letter := map[reports.Verdict]string{reports.Pass: "P", reports.Fail: "F", reports.Inconclusive: "I"}[r.Verdict]
			switch r.Reason {
			case reports.Budget:
				letter = "B"
			case reports.Infrastructure:
				letter = "X"
			case reports.RunAborted:
				letter = "A"
			}
			if !r.Counts {
				letter = strings.ToLower(letter)
			}
			word += letter
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestASuiteMergesItsRuns(t *testing.T) {
	for _, c := range []struct {
		name    string
		repeats []int
		scripts []string
		want    string
		verdict reports.Verdict
		reason  string
	}{
		{"all pass", []int{1, 2}, []string{"P", "PP"}, "P PP", reports.Pass, ""},
		{"an inconclusive one is run again", []int{2}, []string{"PIIP"}, "PiiP", reports.Pass, ""},
		{"at most twice", []int{1}, []string{"III"}, "iiI", reports.Inconclusive, reports.InstrumentDisturbed},
		{"half of them suffice", []int{2}, []string{"IIIP"}, "iiIP", reports.Pass, ""},
		{"less does not", []int{3}, []string{"IIIPIII"}, "iiIPiiI", reports.Inconclusive, reports.TooFewConclusive},
		{"a FAIL is never run again, and gates", []int{3, 1}, []string{"PFP", "P"}, "PFP P", reports.Fail, reports.LimitBroken},
		{"what was stopped is not run again", []int{1, 1}, []string{"S", "P"}, "A P", reports.Inconclusive, reports.RunAborted},
		{"what does not come up does not end the suite", []int{1, 1}, []string{"x", "P"}, "X P", reports.Inconclusive, reports.Infrastructure},
		{"nor is it outweighed by repetitions", []int{3}, []string{"PxP"}, "PXP", reports.Inconclusive, reports.Infrastructure},
		{"a FAIL is one whatever else went wrong", []int{1, 1}, []string{"x", "F"}, "X F", reports.Fail, reports.LimitBroken},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, c.repeats, c.scripts...)
			got := s.perform(context.Background()).Suite
			if told(got) != c.want || got.Verdict != c.verdict || got.Reason != c.reason || !got.Finished || got.Why == "" {
				t.Errorf("%q %s (%s) %s, want %q %s (%s)", told(got), got.Verdict, got.Reason, got.Why, c.want, c.verdict, c.reason)
			}
		})
	}
}

func TestEveryRunHasASeedOfItsOwn(t *testing.T) {
	s := newStage(t, []int{3, 2}, "PIPP", "PP")
	got := s.perform(context.Background()).Suite
	want := []Attempt{AttemptOf(7, 0), AttemptOf(7, 1), AttemptOf(7, 2), AttemptOf(7, 3), AttemptOf(7, 0), AttemptOf(7, 1)}
	for i, a := range s.ran {
		if a != want[i] {
			t.Errorf("run %d: %+v, want %+v", i, a, want[i])
		}
	}
	again := got.Entries[0].Runs[2]
	if again.Repetition != 2 || again.Attempt != 2 || again.Seed != want[2].Seed || again.Shift != want[2].Shift.Seconds() {
		t.Errorf("%+v", again)
	}
}

// What does not fit into the budget is not started and said, and what is not
// measured is never a pass.
func TestTheBudget(t *testing.T) {
	s := newStage(t, []int{2, 2}, "PP", "P")
	s.o.Budget = 3*time.Minute + 30*time.Second
	got := s.perform(context.Background()).Suite
	if told(got) != "PP PB" || got.Verdict != reports.Inconclusive || got.Reason != reports.Budget || !strings.Contains(got.Why, "budget") {
		t.Errorf("%q %s: %s", told(got), got.Verdict, got.Why)
	}
	if e := got.Entries[1]; !strings.Contains(e.Why, "30s of the budget") {
		t.Errorf("%s", e.Why)
	}

	// A run that took longer than planned counts for those to come.
	s = newStage(t, []int{3}, "P")
	s.o.Budget, s.lasts = 4*time.Minute, 150*time.Second
	if got := s.perform(context.Background()).Suite; told(got) != "PBB" {
		t.Errorf("%q", told(got))
	}

	// An inconclusive one is run again only while there is time, and its first
	// attempt stands.
	s = newStage(t, []int{1}, "I")
	s.o.Budget = 90 * time.Second
	if got := s.perform(context.Background()).Suite; told(got) != "I" || got.Reason != reports.InstrumentDisturbed {
		t.Errorf("%q %s", told(got), got.Reason)
	}

	// Nothing is run again at the cost of what was not run at all: of six minutes
	// one is left for it.
	s = newStage(t, []int{2, 3}, "IIP", "PIP")
	s.o.Budget = 6 * time.Minute
	if got := s.perform(context.Background()).Suite; told(got) != "iIP PIP" || got.Verdict != reports.Pass {
		t.Errorf("%q %s", told(got), got.Verdict)
	}
}

func TestAnInterruptionEndsTheSuiteWithWhatWasMeasured(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	s := newStage(t, []int{2, 1}, "P", "")
	s.after = func(int) { cancel(run.ErrInterrupted{Name: "SIGINT"}) }
	got := s.perform(ctx)
	if told(got.Suite) != "P " || !got.Suite.Interrupted || got.Suite.Verdict != reports.Inconclusive || got.Suite.Reason != reports.RunAborted {
		t.Errorf("%q %+v", told(got.Suite), got.Suite)
	}
	if read := written(t, got.Dir); !read.Interrupted || told(read) != "P " {
		t.Errorf("written: %+v", read)
	}
}

// A control passes by ending as it must, and is inconclusive where it was to
// fail and could not be decided.
func TestAControlPassesByEndingBadly(t *testing.T) {
	for letters, want := range map[string]reports.Verdict{"F": reports.Pass, "P": reports.Fail, "III": reports.Inconclusive} {
		s := newStage(t, []int{1}, letters)
		e := experimentOf(t, "name: x\ncontrols: [{name: slow, set: {load.timeout: 1s}, expect: {verdict: FAIL, objective: recovery}}]\n")
		var err error
		if s.jobs[0].Experiment, err = e.Control("slow"); err != nil {
			t.Fatal(err)
		}
		got := s.perform(context.Background()).Suite
		if entry := got.Entries[0]; got.Verdict != want || entry.Name != "x · slow" || len(entry.Objectives) != 0 {
			t.Errorf("%s: %s, want %s (%s)", letters, got.Verdict, want, got.Why)
		}
	}
}

// What was cut short is no end: a control that was to be undecided has not
// shown it by being interrupted.
func TestAnInterruptedControlHasNotEndedAsItMust(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	s := newStage(t, []int{1}, "I")
	e := experimentOf(t, "name: x\ncontrols: [{name: slow, set: {load.timeout: 1s}, expect: {verdict: INCONCLUSIVE, objective: recovery}}]\n")
	var err error
	if s.jobs[0].Experiment, err = e.Control("slow"); err != nil {
		t.Fatal(err)
	}
	plain := s.o.Run
	s.o.Run = func(ctx context.Context, i int, a Attempt) (run.Outcome, error) {
		out, _ := plain(ctx, i, a)
		out.Result.Aborted = &reports.Aborted{By: "signal", At: 30}
		out.Result.Objectives[0].Reason = reports.RunAborted
		cancel(run.ErrInterrupted{Name: "SIGINT"})
		return out, context.Cause(ctx)
	}
	if got := s.perform(ctx).Suite; got.Verdict != reports.Inconclusive || got.Reason != reports.RunAborted {
		t.Errorf("%s (%s): %s", got.Verdict, got.Reason, got.Why)
	}
}

// The reason of a run is that of the objective whose sentence says why.
func TestTheReasonIsThatOfTheSentence(t *testing.T) {
	r := &reports.Result{Run: "r", Verdict: reports.Inconclusive, Why: "steadyState: the host was busy", Objectives: []reports.Objective{
		{Name: "recovery", Verdict: reports.Inconclusive, Reason: reports.FaultUnproven},
		{Name: "steadyState", Verdict: reports.Inconclusive, Reason: reports.InstrumentDisturbed, Why: "the host was busy"}}}
	if one := describe(experimentOf(t, "name: x\n"), run.Outcome{Result: r}, nil, false); one.Reason != reports.InstrumentDisturbed {
		t.Errorf("%s: %s", one.Reason, one.Why)
	}
}

func written(t *testing.T, dir string) *reports.Suite {
	t.Helper()
	s, err := reports.SuiteFolder.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// After every run the folder holds what is known so far.
func TestTheFolderOfASuite(t *testing.T) {
	s := newStage(t, []int{2, 1}, "PP", "F")
	s.jobs[0].Experiment.Target.Env = map[string]map[string]string{"mapper": {"API_TOKEN": "hunter22"}}
	s.jobs[0].Set = []string{"target.env.mapper.API_TOKEN: hunter22"}
	s.o.Command = "gauntlet run drills --set target.env.mapper.API_TOKEN=hunter22"
	s.after = func(n int) {
		if n != 2 {
			return
		}
		dirs, _ := filepath.Glob(filepath.Join(s.o.Out, "drills", "*"))
		if len(dirs) != 1 {
			t.Fatalf("%q", dirs)
		}
		if half := written(t, dirs[0]); half.Finished || half.Verdict != reports.Inconclusive || told(half) != "P " {
			t.Errorf("while the second run is under way: %q %+v", told(half), half)
		}
	}
	out := s.perform(context.Background())
	got := written(t, out.Dir)
	if got.Verdict != reports.Fail || !got.Finished || got.Took != 180 || got.Planned != 180 || got.Seed != 7 {
		t.Errorf("%+v", got)
	}
	if len(got.Substitutes) != 1 || len(got.Entries[0].Runs[0].Disturbances) != 1 {
		t.Errorf("substitutes %q, disturbances %q", got.Substitutes, got.Entries[0].Runs[0].Disturbances)
	}
	if folder := got.Entries[0].Runs[0].Folder; folder != "../../../runs/e/r" {
		t.Errorf("the run's folder is %s", folder)
	}
	for _, name := range []string{"suite.json", "index.html", "junit.xml", "summary.md"} {
		data, err := os.ReadFile(filepath.Join(out.Dir, name))
		if err != nil || bytes.Contains(data, []byte("hunter22")) {
			t.Errorf("%s: %v, or it holds a secret", name, err)
		}
	}
	var junit struct {
		Suites []struct {
			Name     string `xml:"name,attr"`
			Failures int    `xml:"failures,attr"`
			Cases    []struct {
				Name string `xml:"name,attr"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	data, _ := os.ReadFile(filepath.Join(out.Dir, "junit.xml"))
	if err := xml.Unmarshal(data, &junit); err != nil || len(junit.Suites) != 2 || junit.Suites[1].Failures != 1 || junit.Suites[0].Cases[0].Name != "recovery" {
		t.Errorf("%v %+v", err, junit)
	}
	page := filepath.Join(out.Dir, "index.html")
	if err := os.Remove(page); err != nil {
		t.Fatal(err)
	}
	if err := reports.SuiteFolder.Draw(out.Dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(page); err != nil {
		t.Errorf("the page cannot be drawn again from suite.json alone: %v", err)
	}
}

func TestTakes(t *testing.T) {
	if got := Takes(experiment.Decision{Total: 55 * time.Second, Populate: 20_000}); got != 85*time.Second {
		t.Errorf("%s", got)
	}
	if got := Planned([]Job{{Repeat: 6, Takes: time.Minute}, {Repeat: 1, Takes: time.Second}}); got != 6*time.Minute+time.Second {
		t.Errorf("%s", got)
	}
}

// What is waived stays a FAIL of the suite, and a pipeline is told otherwise.
func TestAWaivedFailLetsAPipelineThrough(t *testing.T) {
	s := newStage(t, []int{2, 1}, "PF", "P")
	perform := s.o.Run
	s.o.Run = func(ctx context.Context, i int, a Attempt) (run.Outcome, error) {
		out, err := perform(ctx, i, a)
		if out.Result.Verdict == reports.Fail {
			out.Result.Gate = reports.Pass
		}
		return out, err
	}
	got := s.perform(context.Background()).Suite
	if got.Verdict != reports.Fail || got.Gate != reports.Pass || got.Entries[0].Verdict != reports.Fail || got.Entries[0].Gate != reports.Pass || got.Entries[1].Gate != "" {
		t.Errorf("%s, gate %q; %s, gate %q; gate %q", got.Verdict, got.Gate, got.Entries[0].Verdict, got.Entries[0].Gate, got.Entries[1].Gate)
	}
}
