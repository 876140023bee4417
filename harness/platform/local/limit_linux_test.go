package local

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/platform/cgroup"
	"gauntlet/harness/procstat"
)

// Without the privilege for a quota the process is stopped in turns, and never
// left so.
func TestTheBrakeWithoutPrivilege(t *testing.T) {
	s := up(t, options(t), stack(t, "-spin"))
	r, err := s.named("web-1")
	if err != nil {
		t.Fatal(err)
	}
	const cores = 0.2
	b, err := newDuty(cores)
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Update(func() { r.brake = b })
	r.braked(r.life)
	from, err := s.Throttling("web-1")
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	eventually(t, "it is held back 15 times", func() bool {
		now, err := s.Throttling("web-1")
		return err == nil && now.Times >= 15 && now.Cores == cores && now.Total > 0
	})
	now, err := s.Throttling("web-1")
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(begun)
	if used := now.Used - from.Used; used > time.Duration(2*cores*float64(took))+100*time.Millisecond {
		t.Errorf("it used %v in %v on %v cores", used, took, cores)
	}
	pid := r.life.pid
	if err := s.Unlimit(t.Context(), "web-1"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it runs", func() bool {
		s, err := procstat.Read(pid)
		return err == nil && s.State != 'T'
	})
}

// The group is entered before it is made, and gone with the limit, with the
// system, or by Undo after the harness was killed.
func TestAControlGroupIsNeverLeft(t *testing.T) {
	tree, err := cgroup.Here()
	if err != nil || os.Getuid() != 0 {
		lacks(t, "no control groups for this user: %v", err)
	}
	var r recorder
	o := options(t)
	o.Ledger = &r
	s := up(t, o, stack(t))
	entered := func() (dirs []string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, e := range r.entries {
			if dir, ok := strings.CutPrefix(e, "undo cgroup "); ok {
				dirs = append(dirs, dir)
			}
		}
		return dirs
	}
	there := func(dir string) bool { _, err := os.Stat(dir); return err == nil }
	if err := s.Limit(t.Context(), "web-1", 0.5); err != nil {
		t.Fatal(err)
	}
	dirs := entered()
	if len(dirs) != 1 || !there(dirs[0]) {
		t.Fatalf("entered %q", dirs)
	}
	if err := s.Unlimit(t.Context(), "web-1"); err != nil || there(dirs[0]) || !slices.Contains(r.entries, "undone cgroup "+dirs[0]) {
		t.Errorf("taken away: %v, entries %q", err, r.entries)
	}
	home, err := tree.Of(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	replica, err := s.named("web-1")
	if err != nil {
		t.Fatal(err)
	}
	if g, err := tree.Of(replica.life.pid); err != nil || g != home {
		t.Errorf("web-1 is in %v and not back in %v: %v", g, home, err)
	}
	if err := s.Limit(t.Context(), "web-2", 0.5); err != nil {
		t.Fatal(err)
	}
	dir := entered()[1]
	for range 2 { // as a later gauntlet would, and another after it
		if err := Undo(t.Context(), []string{dir}); err != nil || there(dir) {
			t.Errorf("undone: %v", err)
		}
	}
	if err := s.Limit(t.Context(), "web-1", 0.5); err != nil {
		t.Fatal(err)
	}
	if err := s.Down(t.Context()); err != nil || there(dirs[0]) {
		t.Errorf("down: %v", err)
	}
	if err := Undo(t.Context(), []string{"/etc"}); err == nil {
		t.Error("Undo of a folder that is not ours")
	}
}
