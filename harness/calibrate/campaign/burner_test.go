package campaign

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"gauntlet/harness/platform/burn"
)

// TestMain lets this test's binary be the burner.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "be-a-burner":
			if err := burn.Serve(os.Stdin, os.Stdout, burn.Work{Workers: 1, Load: 10}); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		case "be-no-burner":
			os.Exit(3)
		}
	}
	os.Exit(m.Run())
}

func itself(t *testing.T, what string) []string {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{self, what}
}

func gone(pid int) bool { return syscall.Kill(pid, 0) == syscall.ESRCH }

func TestABurnerBurnsUntilItIsClosed(t *testing.T) {
	b, err := startBurner(t.Context(), itself(t, "be-a-burner"))
	if err != nil {
		t.Fatal(err)
	}
	pid := b.cmd.Process.Pid
	if gone(pid) {
		t.Error("it does not run")
	}
	if err := b.Close(); err != nil || !gone(pid) {
		t.Errorf("%v, gone %t", err, gone(pid))
	}
}

// One that dies by itself is found out: the run was not beside it.
func TestABurnerThatEndsTooEarly(t *testing.T) {
	b, err := startBurner(t.Context(), itself(t, "be-a-burner"))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-b.ended
	if err := b.Close(); err == nil || !strings.Contains(err.Error(), "ended before the run") {
		t.Errorf("%v", err)
	}
	if _, err := startBurner(t.Context(), itself(t, "be-no-burner")); err == nil || !strings.Contains(err.Error(), "did not come up") {
		t.Errorf("%v", err)
	}
}
