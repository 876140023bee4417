package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gauntlet/harness/platform"
	"gauntlet/harness/platform/conformance"
	"gauntlet/harness/procstat"
	"gauntlet/harness/topology"
)

// cache is shared by the tests of this package, so that the subject is linked
// once.
var cache = filepath.Join("..", "..", "..", ".cache", "bin")

// patience bounds every wait of these tests.
const patience = 60 * time.Second

var tests atomic.Int64

// runID is a label of this test's own, under which nothing may be left.
func runID(t *testing.T) string {
	t.Helper()
	id := fmt.Sprintf("test-%d-%d", os.Getpid(), tests.Add(1))
	t.Cleanup(func() {
		if left := labelled(id); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	return id
}

// labelled is the living processes with the label of the run.
func labelled(id string) []int {
	var found []int
	for _, pid := range allProcesses() {
		environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if err == nil && strings.Contains("\x00"+string(environment), "\x00GAUNTLET_RUN="+id+"\x00") {
			if s, err := procstat.Read(pid); err == nil && s.State != 'Z' {
				found = append(found, pid)
			}
		}
	}
	return found
}

// up brings up the stack, and down when the test is over.
func up(t *testing.T, o Options, stack topology.Stack) *System {
	t.Helper()
	s, err := New(o).Up(t.Context(), stack)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Down(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s.(*System)
}

// options are those of most tests.
func options(t *testing.T) Options {
	return Options{RunID: runID(t), Dir: t.TempDir(), Cache: cache}
}

// stack is the suite's system with arguments for its web service.
func stack(t *testing.T, webArgs ...string) topology.Stack {
	return conformance.Stack(t, topology.Options{Args: map[string][]string{"web": webArgs}})
}

// view is one replica as it is now.
func view(t *testing.T, s *System, name string) platform.Replica {
	t.Helper()
	replicas, err := s.Replicas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(replicas, func(r platform.Replica) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("no replica %s", name)
	}
	return replicas[i]
}

// eventually asks until done, at most for patience.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not after %v: %s", patience, what)
		}
	}
}

// wants fails unless err says all of the words.
func wants(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q lacks %q", err, w)
		}
	}
}

// lacks skips the test, since this machine lacks what it needs; with CI=true
// that is a failure.
func lacks(t *testing.T, what string, about ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(what, about...)
	}
	t.Skipf(what, about...)
}
