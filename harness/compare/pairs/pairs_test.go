package pairs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/compare"
	"gauntlet/harness/run"
	"gauntlet/harness/suite"
	"gauntlet/reports"
)

// stage is a comparison whose runs are made up: of builds that are alike but
// for what the test changes.
type stage struct {
	t     *testing.T
	o     Options
	now   time.Time
	lasts time.Duration // of a run
	ran   []string      // the builds, in order
	seeds []int64
	bad   map[string]float64                           // share of bad gets of a build, in the fault
	each  func(n int, r *reports.Result) (error, bool) // changes the n-th run, from 1; the error is that of the run, true takes its result away
}

func newStage(t *testing.T) *stage {
	s := &stage{t: t, now: time.Date(2026, 11, 19, 2, 0, 0, 0, time.UTC), lasts: time.Minute, bad: map[string]float64{}, each: func(int, *reports.Result) (error, bool) { return nil, false }}
	s.o = Options{
		About: reports.Comparison{Experiment: "far", Seed: 7, A: reports.ComparedBuild{Told: "folder v1"}, B: reports.ComparedBuild{Told: "folder v2"}},
		Pairs: 10, Takes: time.Minute, Floors: compare.DefaultFloors(), Out: t.TempDir(), Now: func() time.Time { return s.now },
		Hide: func(text string) string { return strings.ReplaceAll(text, "hunter22", "(redacted)") }, Progress: io.Discard, Run: s.run,
	}
	return s
}

func (s *stage) run(_ context.Context, build, runs string, a suite.Attempt) (run.Outcome, error) {
	s.now = s.now.Add(s.lasts)
	s.ran, s.seeds = append(s.ran, build), append(s.seeds, a.Seed)
	n := len(s.ran)
	took := 0.3
	jitter := 1 + 0.01*float64((n*7)%5-2) // of its own in every run
	bad := int(10_000 * s.bad[build] * jitter)
	r := &reports.Result{
		Run: "r", Verdict: reports.Pass, Why: "All hold.", Experiment: "far", Substitutes: []string{"miniredis"},
		Faults:   []reports.Fault{{Name: "f", InjectBegin: &took, Proven: true}},
		Recovery: &reports.Recovery{Degraded: true, Recovered: true, FromInject: reports.Duration{Seconds: &took}}, Consistency: reports.Consistency{Acked: 100},
		Latency: map[string]reports.Latency{"baseline": {P50: 1, P99: 9 * jitter, Max: 20, Count: 1000}, "fault": {P50: 1.2, P99: 40 * jitter, Max: 90, Count: 1000}},
		Shares:  []reports.Share{{Phase: "baseline", Operation: "get", Judged: 10_000}, {Phase: "fault", Operation: "get", Judged: 10_000, Bad: bad}},
	}
	err, gone := s.each(n, r)
	if gone {
		return run.Outcome{Dir: filepath.Join(runs, "far", "r")}, err
	}
	return run.Outcome{Result: r, Dir: filepath.Join(runs, "far", "r")}, err
}

func (s *stage) perform(ctx context.Context) (*reports.Comparison, string) {
	s.t.Helper()
	out, err := Run(ctx, s.o)
	if err != nil {
		s.t.Fatal(err)
	}
	if read := written(s.t, out.Dir); read.Verdict != out.Comparison.Verdict || !read.Finished {
		s.t.Errorf("written down is %s (finished: %v), told was %s", read.Verdict, read.Finished, out.Comparison.Verdict)
	}
	return out.Comparison, out.Dir
}

func written(t *testing.T, dir string) *reports.Comparison {
	t.Helper()
	c, err := reports.ComparisonFolder.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAWorseBuildFailsAtTheFirstLook(t *testing.T) {
	s := newStage(t)
	s.bad[B] = 0.33
	c, _ := s.perform(context.Background())
	if c.Verdict != reports.Fail || !strings.HasPrefix(c.Why, "bad:get in the fault: B is worse by 3") || len(s.ran) != 16 || !c.Looks[0].Done || c.Looks[1].Done {
		t.Errorf("%s after %d runs: %s", c.Verdict, len(s.ran), c.Why)
	}
	if len(c.Substitutes) != 1 || c.Pairs[0].A.Values["p99 in the fault"] == 0 || c.Pairs[0].A.Folder != "runs/far/r" {
		t.Errorf("%q %+v", c.Substitutes, c.Pairs[0].A)
	}
}

func TestAWorseAIsNoFail(t *testing.T) {
	s := newStage(t)
	s.bad[A] = 0.33
	if c, _ := s.perform(context.Background()); c.Verdict != reports.Pass {
		t.Errorf("%s: %s", c.Verdict, c.Why)
	}
}

func TestTheSameBuildPasses(t *testing.T) {
	s := newStage(t)
	c, _ := s.perform(context.Background())
	if c.Verdict != reports.Pass || c.Reason != "" || len(s.ran) > 20 {
		t.Errorf("%s (%s) after %d runs: %s", c.Verdict, c.Reason, len(s.ran), c.Why)
	}
}

// The order within a pair is that which is drawn, both runs of a pair have one
// seed, and another pair has another.
func TestPairsAreDrawn(t *testing.T) {
	s := newStage(t)
	c, _ := s.perform(context.Background())
	seen := map[int64]bool{}
	firsts := map[string]bool{}
	for i, p := range c.Pairs {
		want := A
		if compare.BFirst(7, i) {
			want = B
		}
		firsts[want] = true
		if s.ran[2*i] != want || p.First != want || s.ran[2*i] == s.ran[2*i+1] {
			t.Errorf("pair %d began with %s and is told as %s, drawn was %s", i+1, s.ran[2*i], p.First, want)
		}
		if s.seeds[2*i] != s.seeds[2*i+1] || seen[s.seeds[2*i]] {
			t.Errorf("pair %d has the seeds %v", i+1, s.seeds[2*i:2*i+2])
		}
		seen[s.seeds[2*i]] = true
	}
	if len(firsts) != 2 {
		t.Error("one build was first in every pair: this seed shows nothing")
	}
}

// A pair whose host was disturbed is run again, at most twice, with another
// seed, and all of it is shown.
func TestADisturbedPairIsRunAgain(t *testing.T) {
	s := newStage(t)
	s.each = func(n int, r *reports.Result) (error, bool) {
		if n == 4 || n > 4 && n <= 8 {
			r.Verdict = reports.Inconclusive
			r.Objectives = []reports.Objective{{Name: "recovery", Verdict: reports.Inconclusive, Reason: reports.InstrumentDisturbed, Why: "the host was busy with hunter22"}}
		}
		return nil, false
	}
	c, _ := s.perform(context.Background())
	var told []string
	for _, p := range c.Pairs[:5] {
		told = append(told, map[bool]string{true: "counts", false: "not"}[p.Counts])
	}
	if got := strings.Join(told, " "); got != "counts not not counts counts" {
		t.Errorf("the first pairs: %s", got)
	}
	if p := c.Pairs[1]; !strings.Contains(p.Why, "was disturbed: recovery: the host was busy with (redacted)") || p.Pair != 2 || c.Pairs[3].Attempt != 3 || p.Seed == c.Pairs[2].Seed {
		t.Errorf("%+v", p)
	}
}

func TestAPairWhoseFaultIsNotProvenIsRunAgain(t *testing.T) {
	r := &reports.Result{Faults: []reports.Fault{{Name: "f", InjectBegin: new(float64), Proof: "nothing was refused"}}}
	if got := disturbance(r); !strings.Contains(got, "f is not proven: nothing was refused") {
		t.Errorf("%q", got)
	}
	r.Faults[0].InjectBegin = nil // a baseline that is broken is the build's own
	if got := disturbance(r); got != "" {
		t.Errorf("%q", got)
	}
}

// What does not fit into the budget is not started; what there is is judged at
// what is left of the levels.
func TestTheBudgetEndsIt(t *testing.T) {
	s := newStage(t)
	s.bad[B], s.o.Budget = 0.33, 15*time.Minute
	c, _ := s.perform(context.Background())
	if c.Verdict != reports.Fail || len(s.ran) != 14 || c.Looks[2].After != 7 || c.Looks[2].Alpha < 0.0099 {
		t.Errorf("%s after %d runs: %s; %+v", c.Verdict, len(s.ran), c.Why, c.Looks)
	}
	s = newStage(t)
	s.bad[B], s.o.Budget = 0.33, 9*time.Minute
	if c, _ = s.perform(context.Background()); c.Verdict != reports.Inconclusive || c.Reason != reports.TooFewPairs || !strings.Contains(c.Why, "the budget was up after 4 of 10 pairs") {
		t.Errorf("%s (%s): %s", c.Verdict, c.Reason, c.Why)
	}
}

// A disturbed pair is run again when there is time for that and for every pair
// that was not run yet.
func TestNoPairIsRunAgainAtTheCostOfAnother(t *testing.T) {
	for budget, attempts := range map[time.Duration]int{20 * time.Minute: 1, 22 * time.Minute: 2} {
		s := newStage(t)
		s.o.Budget = budget
		s.each = func(n int, r *reports.Result) (error, bool) {
			if n == 1 {
				r.Objectives = []reports.Objective{{Name: "recovery", Reason: reports.InstrumentDisturbed}}
			}
			return nil, false
		}
		c, _ := s.perform(context.Background())
		tried := 0
		for _, p := range c.Pairs {
			if p.Pair == 1 {
				tried++
			}
		}
		if tried != attempts || !c.Pairs[attempts-1].Counts {
			t.Errorf("with %v the disturbed pair was run %d times, want %d", budget, tried, attempts)
		}
	}
}

// How long a pair takes is learnt from those that were run.
func TestAPairThatWouldNotEndInTimeIsNotBegun(t *testing.T) {
	s := newStage(t)
	s.lasts, s.o.Budget = 2*time.Minute, 11*time.Minute
	if s.perform(context.Background()); len(s.ran) != 4 {
		t.Errorf("%d runs of 2 minutes in 11, want 2 pairs", len(s.ran))
	}
}

// An interruption ends it with what was measured, and decides nothing: who
// interrupts may have seen how it goes.
func TestAnInterruptionDecidesNothing(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	s := newStage(t)
	s.bad[B] = 0.33
	s.each = func(n int, _ *reports.Result) (error, bool) {
		if n != 16 {
			return nil, false
		}
		cancel(run.ErrInterrupted{Name: "SIGINT"})
		return context.Cause(ctx), false
	}
	c, _ := s.perform(ctx)
	if c.Verdict != reports.Inconclusive || c.Reason != reports.RunAborted || !c.Interrupted || len(c.Pairs) != 8 || c.Pairs[7].Counts || len(c.Measures) == 0 {
		t.Errorf("%s (%s), interrupted: %v, %d pairs: %s", c.Verdict, c.Reason, c.Interrupted, len(c.Pairs), c.Why)
	}
	for _, m := range c.Measures {
		if m.Verdict == reports.Fail || m.Verdict == reports.Pass {
			t.Errorf("%s is %s", m.Name, m.Verdict)
		}
	}
}

// A build that does not come up ends the comparison: it would not for the next
// pair.
func TestABuildThatDoesNotStart(t *testing.T) {
	s := newStage(t)
	s.each = func(n int, _ *reports.Result) (error, bool) {
		if n == 3 {
			return errors.New("the database is on fire"), true
		}
		return nil, false
	}
	c, _ := s.perform(context.Background())
	if c.Verdict != reports.Inconclusive || c.Reason != reports.Infrastructure || len(s.ran) != 3 || !strings.Contains(c.Why, "build "+s.ran[2]+": the database is on fire") {
		t.Errorf("%s (%s) after %d runs: %s", c.Verdict, c.Reason, len(s.ran), c.Why)
	}
}

// While it is under way the folder says so, and holds what there is.
func TestTheFolderOfAComparison(t *testing.T) {
	s := newStage(t)
	s.each = func(n int, _ *reports.Result) (error, bool) {
		if n == 5 {
			dirs, _ := filepath.Glob(filepath.Join(s.o.Out, "far", "*"))
			if len(dirs) != 1 {
				t.Fatalf("%q", dirs)
			}
			if half := written(t, dirs[0]); half.Finished || half.Verdict != reports.Inconclusive || len(half.Pairs) != 2 || half.Why != "2 of at most 10 pairs so far" {
				t.Errorf("under way: %+v", half)
			}
		}
		return nil, false
	}
	_, dir := s.perform(context.Background())
	page, err := os.ReadFile(reports.ComparisonFolder.Page(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"junit.xml", "summary.md"} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || len(data) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	os.Remove(reports.ComparisonFolder.Page(dir))
	if err := reports.ComparisonFolder.Draw(dir); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.ReadFile(reports.ComparisonFolder.Page(dir)); !bytes.Equal(page, again) || !reports.ComparisonFolder.Is(dir) || reports.ComparisonFolder.Is(filepath.Dir(dir)) {
		t.Error("drawn again it is another page, or the folder is not known")
	}
}

// A pair is told as one that counts only when the verdict is from it.
func TestAPairThatIsInterruptedAsItEndsDoesNotCount(t *testing.T) {
	s := newStage(t)
	ctx, interrupt := context.WithCancel(context.Background())
	s.each = func(n int, _ *reports.Result) (error, bool) {
		if n == 4 { // the last of the second pair, which has its result
			interrupt()
		}
		return nil, false
	}
	c, _ := s.perform(ctx)
	if !c.Interrupted || len(c.Pairs) != 2 || !c.Pairs[0].Counts || c.Pairs[1].Counts || !strings.Contains(c.Why, "after 1 of 10 pairs") {
		t.Errorf("%s; %+v", c.Why, c.Pairs)
	}
}
