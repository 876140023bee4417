package campaign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/run"
	"gauntlet/reports"
)

// lab carries out runs that end as they are told to, each a minute long.
type lab struct {
	t       *testing.T
	dir     string
	now     time.Time
	rows    []Row
	ends    func(row, n int) reports.Verdict
	fails   func(n int) error
	made    []string // rows, in the order in which they were run
	seeds   []int64
	missing int
}

func newLab(t *testing.T, wanted ...int) *lab {
	l := &lab{t: t, dir: t.TempDir(), now: time.Date(2026, 11, 29, 5, 0, 0, 0, time.UTC), ends: func(int, int) reports.Verdict { return reports.Pass }, fails: func(int) error { return nil }}
	for i, n := range wanted {
		name := string(rune('a' + i))
		l.rows = append(l.rows, Row{Name: name, Folder: name, Wanted: n, Read: func(_ string, r *reports.Result, e *Entry) error {
			e.Told.Objectives = r.Objectives
			return nil
		}})
	}
	return l
}

func (l *lab) options() Options {
	return Options{Folder: filepath.Join(l.dir, "runs"), Rows: l.rows, Now: func() time.Time { return l.now }, Progress: io.Discard,
		Seed: func(row, n int) int64 { return int64(100*row + n) }, Run: l.run}
}

func (l *lab) run(_ context.Context, row int, seed int64, out string) (run.Outcome, error) {
	n := len(l.made)
	l.now = l.now.Add(time.Minute)
	l.made, l.seeds = append(l.made, l.rows[row].Name), append(l.seeds, seed)
	if err := l.fails(n); err != nil {
		return run.Outcome{}, err
	}
	dir, r := l.leave(out, fmt.Sprintf("run-%s-%d", l.rows[row].Name, n), l.ends(row, n), nil)
	return run.Outcome{Result: r, Dir: dir}, nil
}

// leave is the folder of a run.
func (l *lab) leave(out, id string, v reports.Verdict, aborted *reports.Aborted) (string, *reports.Result) {
	l.t.Helper()
	dir := filepath.Join(out, "healthy", id)
	r := &reports.Result{Experiment: "healthy", Run: id, Verdict: v, Aborted: aborted, Seed: 7, StartedAt: "2026-11-29T05:00:00Z", Commit: "4f2c9e1",
		Objectives: []reports.Objective{{Name: "recovery", Verdict: v}}, Environment: reports.Environment{CPUs: 2}, Validity: reports.Validity{ExcludedRatio: 0.01}}
	if v == reports.Fail {
		r.Objectives[0].Reason = reports.LimitBroken
	}
	err := errors.Join(os.MkdirAll(dir, 0o755),
		os.WriteFile(filepath.Join(dir, "host.jsonl"), []byte(`{"from":0,"at":100,"others":0.5,"steal":0,"free":0.1,"pressure":0.3}`+"\n"), 0o644),
		run.WriteResult(dir, r, &reports.Series{}))
	if err != nil {
		l.t.Fatal(err)
	}
	return dir, r
}

func (l *lab) ledger() *Ledger {
	l.t.Helper()
	ledger, err := OpenLedger(filepath.Join(l.dir, "ledger.ndjson"))
	if err != nil {
		l.t.Fatal(err)
	}
	return ledger
}

func (l *lab) carry(change func(*Options)) error {
	l.t.Helper()
	o := l.options()
	if change != nil {
		change(&o)
	}
	ledger := l.ledger()
	defer ledger.Close()
	var err error
	l.missing, err = Carry(l.t.Context(), o, ledger)
	return err
}

func (l *lab) entries() []Entry {
	l.t.Helper()
	all, err := ReadLedger(filepath.Join(l.dir, "ledger.ndjson"))
	if err != nil {
		l.t.Fatal(err)
	}
	return all
}

func (l *lab) folders() []string {
	left, err := filepath.Glob(filepath.Join(l.dir, "runs", "*", "*", "*"))
	if err != nil {
		l.t.Fatal(err)
	}
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	return left
}

// Whatever the time allows is made, the rows side by side, and the rest by the
// next call; no run counts twice.
func TestACampaignGoesOnWhereItStopped(t *testing.T) {
	l := newLab(t, 2, 4)
	within := func(o *Options) { o.Within = 4 * time.Minute }
	for _, want := range []string{"abba", "abbabb", "abbabb"} {
		if err := l.carry(within); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(l.made, ""); got != want || l.missing != 6-len(want) {
			t.Fatalf("made %s, %d are missing, want %s", got, l.missing, want)
		}
	}
	if all := l.entries(); len(all) != 6 || all[0].Host.Processors != 2 || *all[0].Host.Pressure != 0.3 || all[0].Host.Others != 0.5 || all[0].Host.Ambiguous != 0.01 {
		t.Errorf("%+v", all)
	}
	slices.Sort(l.seeds)
	if want := []int64{0, 1, 100, 101, 102, 103}; !slices.Equal(l.seeds, want) {
		t.Errorf("seeds %v, want %v", l.seeds, want)
	}
	if left := l.folders(); len(left) > 0 {
		t.Errorf("folders of runs with nothing to see: %v", left)
	}
}

// A false alarm is counted, and its folder kept.
func TestAFalseAlarmIsKept(t *testing.T) {
	l := newLab(t, 3)
	l.ends = func(_, n int) reports.Verdict {
		return []reports.Verdict{reports.Pass, reports.Fail, reports.Inconclusive}[n]
	}
	if err := l.carry(nil); err != nil {
		t.Fatal(err)
	}
	if left := l.folders(); !slices.Equal(left, []string{"run-a-1"}) {
		t.Errorf("kept %v", left)
	}
	r := accountOf(l.entries(), "a", nil)
	if r.tally.FalseFails != 1 || r.tally.Undecided != 1 || r.quiet != 0 || r.quietOpen != 0 || !slices.Equal(r.kept, []string{"run-a-1"}) {
		t.Errorf("%+v", r)
	}
	if err := l.carry(nil); err != nil || len(l.entries()) != 3 || len(l.folders()) != 1 {
		t.Errorf("called again: %v, %d entries, %v", err, len(l.entries()), l.folders())
	}
}

// A campaign that was killed between a run and its entry loses no FAIL; what
// was cut short goes, unless it is one.
func TestWhatAKilledCampaignLeft(t *testing.T) {
	l := newLab(t, 4)
	out := filepath.Join(l.dir, "runs", "a")
	cut := &reports.Aborted{By: "signal", At: 3}
	l.leave(out, "run-whole", reports.Pass, nil)
	l.leave(out, "run-fail", reports.Fail, nil)
	l.leave(out, "run-cut", reports.Inconclusive, cut)
	l.leave(out, "run-cut-fail", reports.Fail, cut)
	if err := os.MkdirAll(filepath.Join(out, "healthy", "run-begun", "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := l.carry(nil); err != nil {
		t.Fatal(err)
	}
	var runs []string
	for _, e := range l.entries() {
		runs = append(runs, e.Run+" "+string(e.Verdict))
	}
	if want := []string{"run-cut-fail FAIL", "run-fail FAIL", "run-whole PASS", "run-a-0 PASS"}; !slices.Equal(runs, want) {
		t.Errorf("%q, want %q", runs, want)
	}
	if left := l.folders(); !slices.Equal(left, []string{"run-cut-fail", "run-fail"}) {
		t.Errorf("kept %v", left)
	}
}

// Nothing that lies among the runs keeps a campaign from going on: the copy of a
// run is left alone, and of one that ended as none does nothing can be said.
func TestWhatLiesAmongTheRuns(t *testing.T) {
	l := newLab(t, 2)
	out := filepath.Join(l.dir, "runs", "a")
	dir, _ := l.leave(out, "run-fail", reports.Fail, nil)
	l.leave(out, "run-odd", "MAYBE", nil)
	if err := os.CopyFS(filepath.Join(out, "healthy", "copy"), os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.carry(nil); err != nil {
			t.Fatal(err)
		}
	}
	var runs []string
	for _, e := range l.entries() {
		runs = append(runs, strings.TrimSpace(e.Run+" "+e.Failed))
	}
	if want := []string{"run-fail", `run-odd the run run-odd has the verdict "MAYBE", which is none`, "run-a-0"}; !slices.Equal(runs, want) {
		t.Errorf("%q, want %q", runs, want)
	}
	if left := l.folders(); !slices.Equal(left, []string{"copy", "run-fail", "run-odd"}) {
		t.Errorf("kept %v", left)
	}
}

// Runs that a full disk cuts short count as nothing, and it is told what cut
// them: their folders, which would say so, are gone.
func TestWhatCutsARunShortIsTold(t *testing.T) {
	l := newLab(t, 2)
	var told strings.Builder
	o := l.options()
	o.Progress = &told
	o.Run = func(_ context.Context, _ int, _ int64, out string) (run.Outcome, error) {
		dir, r := l.leave(out, "run-cut", reports.Inconclusive, &reports.Aborted{By: "error", Why: "no space left on device"})
		return run.Outcome{Result: r, Dir: dir}, nil
	}
	ledger := open(t, filepath.Join(l.dir, "ledger.ndjson"))
	if missing, err := Carry(t.Context(), o, ledger); err == nil || missing != 2 {
		t.Errorf("%d missing, %v", missing, err)
	}
	if want := strings.Repeat("run 1 of 2 of “a”: was cut short: no space left on device\n", mostFailures); told.String() != want {
		t.Errorf("told %q, want %q", told.String(), want)
	}
}

// What cannot be carried out is told and counts as nothing; three times in a
// row it ends the campaign.
func TestRunsThatCannotBeCarriedOut(t *testing.T) {
	l := newLab(t, 2)
	l.fails = func(n int) error {
		if n != 1 {
			return errors.New("no port is free")
		}
		return nil
	}
	err := l.carry(nil)
	if err == nil || !strings.Contains(err.Error(), "3 runs in a row") || len(l.made) != 5 {
		t.Errorf("%v after %v", err, l.made)
	}
	a := accountOf(l.entries(), "a", nil)
	if a.failed != 4 || a.tally.Runs != 1 {
		t.Errorf("%+v", a)
	}
}

// An interruption ends the campaign with its cause, and the run that it cut
// short is none.
func TestAnInterruptedCampaign(t *testing.T) {
	l := newLab(t, 5)
	ctx, cancel := context.WithCancelCause(t.Context())
	o := l.options()
	o.Run = func(ctx context.Context, row int, seed int64, out string) (run.Outcome, error) {
		if len(l.made) == 2 {
			cancel(run.ErrInterrupted{Name: "SIGINT"})
			dir, r := l.leave(out, "run-cut", reports.Inconclusive, &reports.Aborted{By: "signal"})
			return run.Outcome{Result: r, Dir: dir}, context.Cause(ctx)
		}
		return l.run(ctx, row, seed, out)
	}
	ledger := l.ledger()
	_, err := Carry(ctx, o, ledger)
	ledger.Close()
	var by run.ErrInterrupted
	if !errors.As(err, &by) || len(l.entries()) != 2 || len(l.folders()) != 0 {
		t.Errorf("%v, %d entries, %v", err, len(l.entries()), l.folders())
	}
}

// An interruption before anything was measured does not hide what it left.
func TestAnInterruptedRunTellsWhatItLeft(t *testing.T) {
	l := newLab(t, 5)
	o := l.options()
	ctx, cancel := context.WithCancelCause(t.Context())
	o.Run = func(context.Context, int, int64, string) (run.Outcome, error) {
		cancel(run.ErrInterrupted{Name: "SIGINT"})
		return run.Outcome{Unclean: errors.New("a process is left")}, context.Cause(ctx)
	}
	ledger := l.ledger()
	defer ledger.Close()
	var unclean *UncleanError
	var by run.ErrInterrupted
	if _, err := Carry(ctx, o, ledger); !errors.As(err, &unclean) || !errors.As(err, &by) {
		t.Errorf("%v, want the interruption and what is left", err)
	}
}

func TestWhatCannotBeCleanedUpEndsTheCampaign(t *testing.T) {
	l := newLab(t, 5)
	o := l.options()
	o.Run = func(ctx context.Context, row int, seed int64, out string) (run.Outcome, error) {
		done, err := l.run(ctx, row, seed, out)
		done.Unclean = errors.New("a process is left")
		return done, err
	}
	ledger := l.ledger()
	defer ledger.Close()
	var unclean *UncleanError
	if _, err := Carry(t.Context(), o, ledger); !errors.As(err, &unclean) || len(l.made) != 1 || len(l.entries()) != 1 {
		t.Errorf("%v after %v", err, l.made)
	}
}
