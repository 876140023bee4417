package local

import (
	"os"
	"path/filepath"
	"testing"
)

// Whatever lies in the cache, the run's programs are whole: a build that was
// cut off leaves half a binary, with the id of a whole one at its head.
func TestASpoiltCacheIsBuiltAnew(t *testing.T) {
	o := options(t)
	o.Cache = t.TempDir()
	s := up(t, o, stack(t))
	if err := s.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	seals, err := filepath.Glob(filepath.Join(o.Cache, "*.sealed"))
	if err != nil || len(seals) == 0 {
		t.Fatalf("no sealed binary in the cache: %v", err)
	}
	binary := seals[0][:len(seals[0])-len(".sealed")]
	whole, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func() error{
		"cut off":        func() error { return os.Truncate(binary, whole.Size()/2) },
		"killed midway":  func() error { return os.Remove(seals[0]) },
		"something else": func() error { return os.WriteFile(binary, []byte("not a program"), 0o755) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		o.Dir, o.RunID = t.TempDir(), runID(t)
		again := up(t, o, stack(t)) // fails when the program does not run
		if err := again.Down(t.Context()); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(binary); err != nil || info.Size() != whole.Size() {
			t.Errorf("%s: the cached binary has %v, want %d bytes (%v)", name, info, whole.Size(), err)
		}
	}
}
