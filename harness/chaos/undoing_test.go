package chaos

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestVictimThatNeverComesBack(t *testing.T) {
	for _, f := range []Fault{killOf("redis"), failureOf("redis")} {
		sys := newFake(t)
		sys.boot = -1
		p := prepare(t, sys, f, impatient)
		e := inject(t, p)
		held(t, p)
		h := heal(t, p)
		if h.Back {
			t.Errorf("%s: back", f.Action)
		}
		if f.OneShot() && h.Event != nil {
			t.Errorf("%s: healed %+v, though neither instant is known", f.Action, h.Event)
		}
		if !f.OneShot() && (h.Event == nil || h.Event.At < e.Until || h.Event.Until < h.Event.At) {
			t.Errorf("%s: the undoing is %+v", f.Action, h.Event)
		}
		wantProof(t, p, true, `first refused connection .*, not back$`)
		if err := p.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "redis-1 is not ready") {
			t.Errorf("check: %v", err)
		}
	}
}

func TestHalfDoneInjectionIsUndone(t *testing.T) {
	for _, deadly := range []bool{false, true} { // whether the call that fails has hit the victim
		sys := newFake(t)
		broken := errors.New("broken")
		sys.fail["mapper-2"], sys.deadly = broken, deadly
		p := prepare(t, sys, failureOf("mapper"))
		e, err := p.Inject(t.Context())
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), "mapper-2") || !slices.Equal(e.Targets, []string{"mapper-1", "mapper-2"}) {
			t.Errorf("injected %+v: %v", e, err)
		}
		if deadly {
			held(t, p)
		}
		if !heal(t, p).Back {
			t.Error("not back")
		}
		if err := p.Check(t.Context()); err != nil {
			t.Error(err)
		}
		wantProof(t, p, deadly, "mapper-2 ")
	}
}

func TestFailedKillHasNoReplacementToWaitFor(t *testing.T) {
	sys := newFake(t)
	sys.fail["mapper-2"] = errors.New("broken")
	p := prepare(t, sys, killOf("mapper"))
	if _, err := p.Inject(t.Context()); err == nil {
		t.Error("no error")
	}
	if !heal(t, p).Back {
		t.Error("not back")
	}
	wantProof(t, p, false, `mapper-1 stopped .*; mapper-2 still runs as mapper-2#1`)
}

func TestHealAfterCancellation(t *testing.T) {
	sys := newFake(t)
	p := prepare(t, sys, failureOf("redis"))
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := p.Inject(ctx); err != nil {
		t.Fatal(err)
	}
	held(t, p)
	cancel()
	if h, err := p.Heal(ctx); err == nil && h.Back && p.Check(t.Context()) != nil {
		t.Error("a cancelled Heal says it healed")
	}
	if !heal(t, p).Back {
		t.Error("not back")
	}
	wantProof(t, p, true, "back")
}

// That a victim takes its time to be back is no reason to say that something is
// not undone.
func TestUndoWaitsForNobody(t *testing.T) {
	sys := newFake(t)
	sys.boot = -1
	p := prepare(t, sys, failureOf("redis"))
	if err := p.Undo(t.Context()); err != nil {
		t.Errorf("undone before it was done: %v", err)
	}
	inject(t, p)
	held(t, p)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if h, err := p.Heal(ctx); err != nil || h.Back || h.Event == nil {
		t.Errorf("healed %+v: %v", h, err)
	}
	for range 2 {
		if err := p.Undo(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if calls := sys.log(); !slices.Equal(calls, []string{"hold redis-1", "release redis-1"}) {
		t.Errorf("calls %q", calls)
	}
	wantProof(t, p, true, "not back")
}

// What is done to one victim after the other goes on in the background: it must
// not meet a system that goes down.
func TestUndoEndsARestart(t *testing.T) {
	sys := newFake(t)
	sys.boot = -1
	p := prepare(t, sys, restartOf("mapper"))
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := p.Inject(ctx); err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := p.Undo(ended); err == nil || !strings.Contains(err.Error(), "still under way") {
		t.Errorf("undone while it goes on: %v", err)
	}
	cancel()
	if err := p.Undo(t.Context()); err != nil || !p.turns.isOver() {
		t.Errorf("undone: %v", err)
	}
}

func TestHealAgainAfterItFailed(t *testing.T) {
	sys := newFake(t)
	sys.stubborn = 2
	p := prepare(t, sys, failureOf("mapper"))
	inject(t, p)
	held(t, p)
	_, err := p.Heal(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no processes left") {
		t.Fatalf("healed: %v", err)
	}
	if !heal(t, p).Back {
		t.Error("not back")
	}
	wantProof(t, p, true, "mapper-1 .* back .*mapper-2 .* back")
}

func TestCancelledInTheMiddleOfInject(t *testing.T) {
	sys := newFake(t)
	sys.hang = true
	p := prepare(t, sys, failureOf("mapper"))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for len(sys.log()) < 2 && t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
	}()
	if _, err := p.Inject(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("injected: %v", err)
	}
	if !heal(t, p).Back {
		t.Error("not back")
	}
	if err := p.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
