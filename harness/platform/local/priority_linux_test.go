package local

import (
	"os"
	"slices"
	"strconv"
	"testing"

	"gauntlet/harness/platform"
	"gauntlet/harness/platform/priority"
)

// threadLevels are the nice levels of the threads of a process.
func threadLevels(t *testing.T, pid int) (all []int) {
	t.Helper()
	threads, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range threads {
		tid, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if level, err := priority.Of(tid); err == nil && !slices.Contains(all, level) {
			all = append(all, level)
		}
	}
	return all
}

// A harness that has raised itself hands that on to no replica, also to none
// that it starts again, and to no burner.
func TestTheSystemIsNotRaised(t *testing.T) {
	t.Setenv(burnerVariable, "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	usual, err := priority.Of(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	o := options(t)
	o.Burner = []string{self, "burn"}
	s := up(t, o, stack(t))
	lower, err := priority.Raise()
	if err != nil {
		lacks(t, "cannot raise the harness: %v", err)
	}
	t.Cleanup(func() {
		if err := lower(); err != nil {
			t.Error(err)
		}
	})
	replica, err := s.named("web-1")
	if err != nil {
		t.Fatal(err)
	}
	old := view(t, s, "web-1").Incarnation
	if err := s.Kill(t.Context(), "web-1", 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it runs again", func() bool {
		now := view(t, s, "web-1")
		return now.State == platform.Running && now.Incarnation != old
	})
	if err := s.Stress(t.Context(), "web-1", platform.Stress{Workers: 1, Load: 50}); err != nil {
		t.Fatal(err)
	}
	replica.mu.Lock()
	pids := map[string]int{"the replica": replica.life.pid, "the burner": replica.burner.cmd.Process.Pid}
	replica.mu.Unlock()
	for what, pid := range pids {
		if got := threadLevels(t, pid); !slices.Equal(got, []int{usual}) {
			t.Errorf("%s has threads at %v, want %d", what, got, usual)
		}
	}
	if got := threadLevels(t, os.Getpid()); slices.Contains(got, usual) {
		t.Errorf("the harness itself has threads at %v", got)
	}
}
