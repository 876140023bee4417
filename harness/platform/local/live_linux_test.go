package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// recorder is a Ledger and the listener of states.
type recorder struct {
	mu      sync.Mutex
	entries []string // "folder volumes", "process 17@4711"
	states  []string // "web-1 starting"
	fail    error
}

func (r *recorder) Process(pid int, start uint64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, fmt.Sprintf("process %d@%d", pid, start))
	return r.fail
}

func (r *recorder) Folder(path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := os.Stat(path); err == nil && filepath.Base(path) != folderBinaries {
		return errors.New("entered after it was made: " + path)
	}
	r.entries = append(r.entries, "folder "+filepath.Base(path))
	return nil
}

func (r *recorder) Undo(kind string, args ...string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, "undo "+kind+" "+strings.Join(args, " "))
	return r.fail
}

func (r *recorder) Undone(kind string, args ...string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, "undone "+kind+" "+strings.Join(args, " "))
	return nil
}

func (r *recorder) state(replica, state string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at.IsZero() || time.Since(at) > patience {
		state += " at " + at.String()
	}
	r.states = append(r.states, replica+" "+state)
}

// of is the states of a replica.
func (r *recorder) of(replica string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var mine []string
	for _, s := range r.states {
		if state, ok := strings.CutPrefix(s, replica+" "); ok {
			mine = append(mine, state)
		}
	}
	return mine
}

func TestEverythingIsEnteredAndTold(t *testing.T) {
	var r recorder
	o := options(t)
	o.Ledger, o.OnState = &r, r.state
	s := up(t, o, stack(t))
	if err := s.Kill(t.Context(), "web-1", 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second life of web-1 is told", func() bool { return len(r.of("web-1")) == 3 })
	r.mu.Lock()
	for _, want := range []string{"folder volumes", "folder work", "folder bin",
		"process " + view(t, s, "web-1").Incarnation, "process " + view(t, s, "store-1").Incarnation} {
		if !slices.Contains(r.entries, want) {
			t.Errorf("%q is not among %q", want, r.entries)
		}
	}
	r.mu.Unlock()
	if err := s.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := r.of("web-1"), []string{"starting", "down", "starting", "down"}; !slices.Equal(got, want) {
		t.Errorf("states of web-1: %v, want %v", got, want)
	}
	if got, want := r.of("store-1"), []string{"starting", "down"}; !slices.Equal(got, want) {
		t.Errorf("states of store-1: %v, want %v", got, want)
	}
}

// What could not be entered must not run.
func TestAProcessThatCannotBeEnteredIsEnded(t *testing.T) {
	r := recorder{fail: errors.New("the disk is full")}
	o := options(t)
	o.Ledger = &r
	_, err := New(o).Up(t.Context(), stack(t))
	wants(t, err, "store-1", "the disk is full")
}

// A port that another program takes between its choice and the start costs
// another try, not the run.
func TestATakenPortCostsAnotherTry(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() { // whoever it is, it does not answer
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	taken := l.Addr().(*net.TCPAddr).Port
	o := options(t)
	picker, first := newPortPicker(), true
	o.pick = func() (int, error) {
		if first {
			first = false
			return taken, nil
		}
		return picker.pick()
	}
	s := up(t, o, stack(t))
	if got := view(t, s, "store-1").Address; got == loopback(taken) {
		t.Errorf("store-1 is said to be at %s, which is another's", got)
	}
	lines, err := s.Tail("store-1", 100)
	if err != nil || !strings.Contains(strings.Join(lines, "\n"), "address already in use") {
		t.Errorf("%q, %v: the port was not even tried", lines, err)
	}
}

func TestACrashLoopIsSlowedAndCanBeHeld(t *testing.T) {
	var r recorder
	o := options(t)
	o.OnState = r.state
	s := up(t, o, stack(t))
	// From now on every life of web-1 is a short one: its address is taken from
	// it as soon as it is down.
	if err := s.Hold(t.Context(), "web-1"); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", view(t, s, "web-1").Address)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Release(t.Context(), "web-1"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "five lives", func() bool { return len(r.of("web-1")) >= 12 })
	begun := time.Now()
	if err := s.Hold(t.Context(), "web-1"); err != nil {
		t.Fatal(err)
	}
	lives := len(r.of("web-1"))
	l.Close()
	if got := view(t, s, "web-1").State; got != platform.Down {
		t.Errorf("held in a crash loop: %s", got)
	}
	if err := s.Release(t.Context(), "web-1"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "web-1 is back", func() bool { return platform.Probe(t.Context(), view(t, s, "web-1")) == nil })
	if took := time.Since(begun); took > longestDelay+patience/2 {
		t.Errorf("a release waited %v", took)
	}
	if got := len(r.of("web-1")); got > lives+2 {
		t.Errorf("%d changes of state after the release", got-lives)
	}
}

func TestWhatIsNeverReadyIsNamedWithItsOutput(t *testing.T) {
	o := options(t)
	o.StartTimeout = 2 * time.Second
	_, err := New(o).Up(t.Context(), stack(t, "-unready"))
	wants(t, err, "web-1 is not ready after 2s", "503", "web-1 runs as process", "web-1.log")
}

func TestADyingServiceIsGivenUpEarly(t *testing.T) {
	o := options(t)
	o.StartTimeout = 10 * patience
	begun := time.Now()
	_, err := New(o).Up(t.Context(), stack(t, "-unready", "-die-after", "50ms"))
	wants(t, err, "ended 3 times before it was ready (exit status 3)")
	if took := time.Since(begun); took > patience {
		t.Errorf("it took %v", took)
	}
}

// redis-server stands for every program that is not ours; without it the
// substitute must be taken, which is told.
func TestASubstituteRunsAndIsTold(t *testing.T) {
	system := stack(t)
	system.Services[0].Local = &topology.Local{Command: []string{"no-such-store"}, Substitute: system.Services[0].Local}
	s := up(t, options(t), system)
	if got, want := s.Substitutes(), "store: no-such-store is not installed; ran ../internal/subject (embedded substitute)"; len(got) != 1 || got[0] != want {
		t.Errorf("substitutes %q, want %q", got, want)
	}
}

func TestABuildFailureShowsTheCompilersWords(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module broken\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() { undefinedHere() }\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	o := options(t)
	system := topology.Stack{File: "c.yml", Dir: dir, Services: []topology.Service{{Name: "a", Replicas: 1, Local: &topology.Local{Package: "."}}}}
	_, err := New(o).Up(t.Context(), system)
	wants(t, err, "building . in "+dir, "main.go:3:15: undefined: undefinedHere")
	if entries, _ := os.ReadDir(o.Dir); len(entries) != 0 {
		t.Errorf("left after a failed build: %v", entries)
	}
}

// A replica that restarts is the program that the run began with.
func TestABinaryOfTheRunIsNotReplaced(t *testing.T) {
	o := options(t)
	o.Cache = t.TempDir()
	dir := t.TempDir()
	source := func(text string) {
		t.Helper()
		main := "package main\n\nfunc main() { println(\"" + text + "\") }\n"
		for name, text := range map[string]string{"go.mod": "module tiny\n\ngo 1.26\n", "main.go": main} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	build := func(o Options) string {
		t.Helper()
		binary, err := o.buildOne(t.Context(), dir, ".")
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(binary)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	source("first")
	first := build(o)
	source("second")
	later := o
	later.Dir = t.TempDir()
	if build(later) == first {
		t.Error("the changed package was not built again")
	}
	kept, err := os.ReadFile(filepath.Join(o.Dir, folderBinaries, binaryName(dir, ".")))
	if err != nil || string(kept) != first {
		t.Errorf("the first run's binary changed under it (%v)", err)
	}
}

func TestABuildCanBeCancelled(t *testing.T) {
	o := options(t)
	o.Cache = t.TempDir()
	unlock, err := lockFile(t.Context(), filepath.Join(o.Cache, binaryName("/x", "./y")+".lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := o.buildOne(ctx, "/x", "./y"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for another's build: %v", err)
	}
}
