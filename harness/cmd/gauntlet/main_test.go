package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gauntlet/reports"
)

// The test binary is gauntlet itself when it is called by that name, so that
// the tests go through the real command line, exit codes included.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"gauntlet": func() { os.Exit(Main(os.Args[1:], os.Stdout, os.Stderr)) },
		"target":   serveTarget,
	})
}

// TestCommandLine runs the scripts in testdata/script: one file for each
// thing that a user does or gets wrong.
func TestCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
			e.Setenv("REPO", root(t))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": code},
	})
}

// code runs gauntlet and demands an exit code: code 2 validate x.yaml.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N arguments of gauntlet")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("gauntlet", args[1:]...)
	got := 0
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		got = exited.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// root is the folder of the module.
func root(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// command is gauntlet in a process of its own, with a register of its own.
func command(t testing.TB, state string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("gauntlet", args...) // testscript.Main put it on PATH
	cmd.Dir = root(t)
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+state)
	return cmd
}

// ended is what a finished gauntlet left.
type ended struct {
	code           int
	stdout, stderr string
}

func execute(t testing.TB, state string, args ...string) ended {
	t.Helper()
	cmd := command(t, state, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return ended{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

func result(t testing.TB, text string) *reports.Result {
	t.Helper()
	var r reports.Result
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("not a result: %v\n%s", err, text)
	}
	return &r
}
