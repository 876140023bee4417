package register_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/register"
)

// The test binary plays the other processes of a test itself: what it does is
// said by role, in the environment.
const role = "REGISTER_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "sleeper":
		time.Sleep(time.Minute) // the bound, should a test forget it
	case "owner":
		check(own())
	case "reaper":
		rep, err := register.Reap(context.Background())
		check(err)
		for _, r := range rep.Runs {
			fmt.Println(r.Info.ID, len(r.Killed), len(r.Removed))
		}
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// own enters a run and then goes on starting processes, some entered and some
// only labelled, and making folders, until it is killed.
func own() error {
	folder := os.Getenv("REGISTER_TEST_FOLDER")
	e, err := register.Open(context.Background(), register.Options{ID: os.Getenv("REGISTER_TEST_ID"), Folder: folder, Command: "test"})
	if err != nil {
		return err
	}
	fmt.Println("open")
	for n := range 20 {
		sub := filepath.Join(folder, "data-"+strconv.Itoa(n))
		if err := e.Folder(sub); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(sub, "file"), []byte("x"), 0o600); err != nil {
			return err
		}
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), role+"=sleeper", e.Label())
		if err := c.Start(); err != nil {
			return err
		}
		if n%2 == 0 {
			continue // labelled only, as a child that died with its parent between start and entry
		}
		start, err := register.StartTime(c.Process.Pid)
		if err != nil {
			return err
		}
		if err := e.Process(c.Process.Pid, start); err != nil {
			return err
		}
	}
	fmt.Println("done")
	time.Sleep(time.Minute)
	return nil
}

// freshRegister gives the test a register of its own.
func freshRegister(t *testing.T) {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
}

// other starts the test binary in a role, and ends it with the test.
func other(t *testing.T, what string, env ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(append(os.Environ(), role+"="+what), env...)
	c.Stderr = os.Stderr
	t.Cleanup(func() {
		if c.Process != nil && c.ProcessState == nil {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	})
	return c
}

// owner starts an owner of run id and returns once it has printed the word.
func owner(t *testing.T, id, folder, until string) *exec.Cmd {
	t.Helper()
	c := other(t, "owner", "REGISTER_TEST_ID="+id, "REGISTER_TEST_FOLDER="+folder)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { killLabelled(id) })
	for s := bufio.NewScanner(out); s.Scan(); {
		if s.Text() == until {
			return c
		}
	}
	t.Fatalf("the owner of run %s ended before it was %q", id, until)
	return nil
}

func kill(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
}

// labelled lists the processes of a run, independently of the code under test.
func labelled(id string) []int {
	var pids []int
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err == nil && slices.Contains(strings.Split(string(b), "\x00"), "GAUNTLET_RUN="+id) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(f)))
			pids = append(pids, pid)
		}
	}
	return pids
}

func killLabelled(id string) {
	for _, pid := range labelled(id) {
		if p, err := os.FindProcess(pid); err == nil {
			_ = p.Kill()
		}
	}
}

// inRegister lists the ids in the register, from its folders.
func inRegister(t *testing.T) []string {
	t.Helper()
	root, err := register.Root()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	list, _ := os.ReadDir(filepath.Join(root, "runs"))
	for _, e := range list {
		ids = append(ids, e.Name())
	}
	return ids
}

func contents(t *testing.T, folder string) []string {
	t.Helper()
	list, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// journalLine is a line of a journal as it stands on disk.
func journalLine(t *testing.T, kind string, args ...string) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{"kind": kind, "args": args})
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

// dead puts the entry of a dead run into the register, with this journal.
func dead(t *testing.T, id, folder, journal string) {
	t.Helper()
	e, err := register.Open(t.Context(), register.Options{ID: id, Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	root, err := register.Root()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, "runs", id, "journal")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(journal); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	saved, err := os.ReadFile(filepath.Join(root, "runs", id, "info.json"))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_ = e.Close() // frees the locks; what it leaves or not is put back below
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"journal": whole, "info.json": saved} {
		if err := os.WriteFile(filepath.Join(root, "runs", id, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
