package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const roleVariable = "CHILD_TEST_ROLE"

// TestMain lets this test's binary be a child.
func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "":
		os.Exit(m.Run())
	case "ready":
		fmt.Println("here")
		io.Copy(io.Discard, os.Stdin)
	case "silent":
		io.Copy(io.Discard, os.Stdin)
		time.Sleep(time.Minute) // killed long before
	case "fails":
		fmt.Fprint(os.Stderr, strings.Repeat("x", 100_000), "\n", "the port is taken\n")
		os.Exit(3)
	}
}

func start(ctx context.Context, role string) (*Child, error) {
	return Start(ctx, []string{os.Args[0]}, roleVariable+"="+role)
}

func gone(pid int) bool { return syscall.Kill(pid, 0) == syscall.ESRCH }

func TestAChildEndsWithItsStdin(t *testing.T) {
	c, err := start(t.Context(), "ready")
	if err != nil {
		t.Fatal(err)
	}
	if ended, _ := c.Ended(); c.Said != "here" || ended || gone(c.PID) {
		t.Errorf("said %q, ended %t", c.Said, ended)
	}
	if err := c.Close(); err != nil || !gone(c.PID) {
		t.Errorf("%v, gone %t", err, gone(c.PID))
	}
}

func TestAChildThatEndsTooEarly(t *testing.T) {
	c, err := start(t.Context(), "ready")
	if err != nil {
		t.Fatal(err)
	}
	c.Kill()
	<-c.ended
	if ended, err := c.Ended(); !ended || err == nil || c.Close() == nil {
		t.Errorf("ended %t: %v", ended, err)
	}
}

// What is kept is the end, however it was written.
func TestTheEndOfWhatWasSaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var kept tail
		var all []byte
		for _, p := range rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 2*mostSaid), 0, 6).Draw(t, "written") {
			if n, err := kept.Write(p); n != len(p) || err != nil {
				t.Fatalf("%d of %d bytes written: %v", n, len(p), err)
			}
			all = append(all, p...)
		}
		if want := all[max(0, len(all)-mostSaid):]; !bytes.Equal(kept, want) {
			t.Fatalf("%d bytes kept of %d, or others", len(kept), len(all))
		}
	})
}

func TestAChildThatDoesNotComeUp(t *testing.T) {
	if _, err := start(t.Context(), "fails"); err == nil || !strings.HasPrefix(err.Error(), "it did not come up: exit status 3; it said: xxx") ||
		!strings.HasSuffix(err.Error(), "x\nthe port is taken") || len(err.Error()) > mostSaid+100 {
		t.Errorf("one that fails: %v", err)
	}
	if _, err := Start(t.Context(), []string{"/nowhere/gauntlet"}); err == nil {
		t.Error("no error of a command that is not there")
	}
	gaveUp := errors.New("nobody waits any more")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(100*time.Millisecond, func() { cancel(gaveUp) })
	if _, err := start(ctx, "silent"); !errors.Is(err, gaveUp) {
		t.Errorf("one that says nothing: %v", err)
	}
}
