package register_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"gauntlet/harness/register"
)

// write makes a file with everything above it.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, os.ErrNotExist)
}

func TestFolderIsEnteredOnlyWhenItIsTheRuns(t *testing.T) {
	freshRegister(t)
	run, scratch, out := t.TempDir(), t.TempDir(), t.TempDir()
	write(t, filepath.Join(run, "foreign", "file"), "")
	write(t, filepath.Join(run, "other", ".gauntlet-run"), "another\n")
	write(t, filepath.Join(run, "file"), "")
	for link, to := range map[string]string{"link": out, "inner": filepath.Join(run, "foreign")} {
		if err := os.Symlink(to, filepath.Join(run, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(run, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	e, err := register.Open(t.Context(), register.Options{ID: "run", Folder: run, Scratch: []string{scratch}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, c := range []struct {
		path string
		ok   bool
	}{
		{filepath.Join(run, "new", "deep"), true},
		{filepath.Join(run, "empty"), true},
		{filepath.Join(run, "empty"), true}, // its own already
		{filepath.Join(scratch, "cache"), true},
		{run, false},
		{filepath.Join(run, ".."), false},
		{filepath.Join(run, "..", filepath.Base(run)+"-sibling"), false},
		{out, false},
		{"new", false},
		{filepath.Join(run, "foreign"), false},
		{filepath.Join(run, "other"), false},
		{filepath.Join(run, "file"), false},
		{filepath.Join(run, "link"), false},
		{filepath.Join(run, "link", "x"), false},
		{filepath.Join(run, "inner"), false},
	} {
		if err := e.Folder(c.path); (err == nil) != c.ok {
			t.Errorf("Folder(%s): %v, want ok=%v", c.path, err, c.ok)
		}
	}
	if got := contents(t, out); len(got) != 0 {
		t.Errorf("a folder outside now holds %v", got)
	}
}

// What a journal says is not enough to remove a folder: it can be old, and the
// folder somebody else's by now.
func TestReapNeverRemovesAWrongFolder(t *testing.T) {
	type layout = func(t *testing.T, run, out string) (entered string, mustStay string)
	for name, lay := range map[string]layout{
		"unmarked": func(t *testing.T, run, _ string) (string, string) {
			write(t, filepath.Join(run, "d", "file"), "")
			return filepath.Join(run, "d"), filepath.Join(run, "d", "file")
		},
		"marked by another": func(t *testing.T, run, _ string) (string, string) {
			write(t, filepath.Join(run, "d", ".gauntlet-run"), "another\n")
			return filepath.Join(run, "d"), filepath.Join(run, "d")
		},
		"marker is a link": func(t *testing.T, run, out string) (string, string) {
			write(t, filepath.Join(out, "mark"), "run\n")
			write(t, filepath.Join(run, "d", "file"), "")
			if err := os.Symlink(filepath.Join(out, "mark"), filepath.Join(run, "d", ".gauntlet-run")); err != nil {
				t.Fatal(err)
			}
			return filepath.Join(run, "d"), filepath.Join(run, "d", "file")
		},
		"outside": func(t *testing.T, _, out string) (string, string) {
			write(t, filepath.Join(out, "d", ".gauntlet-run"), "run\n")
			return filepath.Join(out, "d"), filepath.Join(out, "d")
		},
		"outside by dots": func(t *testing.T, run, out string) (string, string) {
			write(t, filepath.Join(out, "d", ".gauntlet-run"), "run\n")
			return run + "/../" + filepath.Base(out) + "/d", filepath.Join(out, "d")
		},
		"the run folder": func(t *testing.T, run, _ string) (string, string) {
			write(t, filepath.Join(run, ".gauntlet-run"), "run\n")
			return run, run
		},
		"replaced by a link out": func(t *testing.T, run, out string) (string, string) {
			write(t, filepath.Join(out, ".gauntlet-run"), "run\n")
			if err := os.Symlink(out, filepath.Join(run, "d")); err != nil {
				t.Fatal(err)
			}
			return filepath.Join(run, "d"), filepath.Join(out, ".gauntlet-run")
		},
		"below a link out": func(t *testing.T, run, out string) (string, string) {
			write(t, filepath.Join(out, "d", ".gauntlet-run"), "run\n")
			if err := os.Symlink(out, filepath.Join(run, "l")); err != nil {
				t.Fatal(err)
			}
			return filepath.Join(run, "l", "d"), filepath.Join(out, "d", ".gauntlet-run")
		},
	} {
		t.Run(name, func(t *testing.T) {
			freshRegister(t)
			run, out := t.TempDir(), t.TempDir()
			entered, mustStay := lay(t, run, out)
			dead(t, "run", run, journalLine(t, "folder", entered))
			if _, err := register.Reap(t.Context()); err == nil {
				t.Error("reaped without a word")
			}
			if !exists(mustStay) {
				t.Errorf("%s was removed", mustStay)
			}
		})
	}
}

func TestReapDoesNotFollowLinksOutOfAFolder(t *testing.T) {
	freshRegister(t)
	run, out := t.TempDir(), t.TempDir()
	write(t, filepath.Join(out, "precious"), "")
	write(t, filepath.Join(run, "d", ".gauntlet-run"), "run\n")
	if err := os.Symlink(out, filepath.Join(run, "d", "link")); err != nil {
		t.Fatal(err)
	}
	dead(t, "run", run, journalLine(t, "folder", filepath.Join(run, "d")))
	if _, err := register.Reap(t.Context()); err != nil {
		t.Error(err)
	}
	if exists(filepath.Join(run, "d")) || !exists(filepath.Join(out, "precious")) {
		t.Error("want the folder gone and what its link points to untouched")
	}
}
