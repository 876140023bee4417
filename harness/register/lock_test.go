package register_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/platform"
	"gauntlet/harness/register"
)

var _ platform.Ledger = (*register.Entry)(nil)

func TestASecondRunIsRefusedOrWaits(t *testing.T) {
	onLinux(t)
	freshRegister(t)
	first := owner(t, "first", t.TempDir(), "done")
	second := register.Options{ID: "second", Folder: t.TempDir()}

	_, err := register.Open(t.Context(), second)
	var running *register.RunningError
	if !errors.As(err, &running) || running.Info.ID != "first" || running.Info.PID != first.Process.Pid {
		t.Fatalf("opened beside a run under way: %v", err)
	}
	for _, part := range []string{"first", running.Info.Folder, "--wait"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}

	second.Wait = true
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := register.Open(ctx, second); !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &running) {
		t.Errorf("waited beyond its time: %v", err)
	}

	opened := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		e, err := register.Open(ctx, second)
		if err == nil {
			err = e.Close()
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		t.Fatalf("did not wait: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	kill(t, first) // its 20 children live on, and must not hold its lock
	if len(labelled("first")) == 0 {
		t.Error("no child of the first run lives: this shows nothing about inheritance")
	}
	if err := <-opened; err != nil {
		t.Error(err)
	}
	if _, err := register.Reap(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCloseLeavesNoEntry(t *testing.T) {
	freshRegister(t)
	o := register.Options{ID: "run", Folder: t.TempDir()}
	for range 2 { // the second shows that both locks are free again
		e, err := register.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Undo("rule", "x"); err != nil {
			t.Fatal(err)
		}
		if err := e.Undone("rule", "x"); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Errorf("closed twice: %v", err)
		}
		if ids := inRegister(t); len(ids) > 0 {
			t.Errorf("the register still holds %v", ids)
		}
		if err := e.Undo("rule", "y"); !errors.Is(err, register.ErrClosed) {
			t.Errorf("entered after the end: %v", err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	freshRegister(t)
	for name, o := range map[string]register.Options{
		"no id":             {Folder: "/run"},
		"a path as id":      {ID: "../x", Folder: "/run"},
		"a hidden id":       {ID: ".x", Folder: "/run"},
		"a relative folder": {ID: "x", Folder: "run"},
		"the whole disk":    {ID: "x", Folder: "/"},
		"scratch on root":   {ID: "x", Folder: "/run", Scratch: []string{"/tmp/.."}},
	} {
		if e, err := register.Open(t.Context(), o); err == nil {
			t.Errorf("%s: opened", name)
			_ = e.Close()
		}
	}
}
