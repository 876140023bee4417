package chaos

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/history"
	"gauntlet/harness/platform"
)

func restartOf(service string) Fault {
	return Fault{Name: "restart", Kind: Restart, Mode: ModeAll, Change: &Change{Service: service, Strategy: "rolling"}}
}

func TestRollingRestartTakesOneAfterTheOther(t *testing.T) {
	sys := newFake(t)
	for _, r := range sys.replicas {
		r.StopGrace = 3 * time.Second
	}
	p := prepare(t, sys, restartOf("mapper"))
	e := inject(t, p)
	if !e.OneShot || !slices.Equal(e.Targets, []string{"mapper-1", "mapper-2"}) {
		t.Errorf("injected %+v", e)
	}
	h := heal(t, p)
	if !h.Back {
		t.Fatalf("healed %+v", h)
	}
	// The event spans the return of the last: no sooner than two deaths of
	// 100 ms and two starts of 20 ms after the first.
	if least := e.At + int64(240*time.Millisecond); h.Event.Until < least || h.Event.At < e.At+int64(220*time.Millisecond) || h.Event.Until < h.Event.At {
		t.Errorf("injected %+v, healed %+v", e, *h.Event)
	}
	wantProof(t, p, true, `^mapper-1 stopped at .*, back .*; mapper-2 stopped at .*, back .* s$`)
	if want := []string{"kill mapper-1 3s", "kill mapper-2 3s"}; !slices.Equal(sys.log(), want) {
		t.Errorf("calls %q, want %q", sys.log(), want)
	}
	if p.Takes() != 2*(3*time.Second+p.set.ReadyWithin) {
		t.Errorf("it takes %v", p.Takes())
	}
	if err := p.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRollingRestartStopsAtOneThatDoesNotComeBack(t *testing.T) {
	sys := newFake(t)
	sys.boot = -1
	p := prepare(t, sys, restartOf("mapper"), impatient)
	inject(t, p)
	if h := heal(t, p); h.Back || h.Event != nil {
		t.Errorf("healed %+v, though neither instant is known", h)
	}
	wantProof(t, p, false, `mapper-1 stopped at .*, not back; mapper-2 still runs as mapper-2#1, .*mapper-1 is not back, and no other was restarted`)
	if calls := sys.log(); len(calls) != 1 {
		t.Errorf("calls %q: a restart that goes on regardless takes everything down", calls)
	}
}

func TestRollingRestartStopsWhenTheRunDoes(t *testing.T) {
	sys := newFake(t)
	sys.restart = 200 * time.Millisecond
	p := prepare(t, sys, restartOf("mapper"))
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := p.Inject(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	if h := heal(t, p); h.Back || h.Event != nil {
		t.Errorf("healed %+v", h)
	}
	if calls := sys.log(); len(calls) != 1 {
		t.Errorf("calls %q after the run ended", calls)
	}
	if detail := p.Proof().Detail; strings.Contains(detail, "no other was restarted") {
		t.Errorf("a run that ended blames the replica: %s", detail)
	}
}

func TestInertRestartIsNotProven(t *testing.T) {
	sys := newFake(t)
	p := prepare(t, sys, restartOf("mapper"), inert)
	inject(t, p)
	if h := heal(t, p); h.Back || h.Event != nil {
		t.Errorf("healed %+v", h)
	}
	wantProof(t, p, false, `mapper-1 still runs as mapper-1#1`)
	if len(sys.log()) > 0 {
		t.Errorf("calls %q", sys.log())
	}
}

// What was seen decides, not the order in which it was done.
func TestRestartOfTwoAtOnceIsNotProven(t *testing.T) {
	sys := newFake(t)
	p := prepare(t, sys, restartOf("mapper"))
	inject(t, p)
	heal(t, p)
	first, second := p.victims[0].witness.(*death), p.victims[1].witness.(*death)
	second.gone = first.ready - 1
	wantProof(t, p, false, `mapper-2 stopped before mapper-1 was back$`)
}

func TestRestartIsRefusedBeforeAnyLoad(t *testing.T) {
	sys := newFake(t)
	set := Settings{Clock: history.NewClock(time.Now()), Probe: sys.probe}
	for name, c := range map[string]struct {
		sys  platform.System
		f    Fault
		want string
	}{
		"no such service": {sys, restartOf("maper"), `there is no service "maper"`},
		"cannot":          {plain{sys}, restartOf("redis"), "the platform cannot restart a replica"},
	} {
		if _, err := Prepare(t.Context(), c.sys, c.f, set); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestRestartThatFailsIsNotBack(t *testing.T) {
	sys := newFake(t)
	sys.fail["mapper-2"] = errors.New("broken")
	p := prepare(t, sys, restartOf("mapper"), impatient)
	sys.restart = 10 * time.Millisecond
	inject(t, p)
	if h := heal(t, p); h.Back {
		t.Errorf("healed %+v", h)
	}
	wantProof(t, p, false, `mapper-2 still runs as mapper-2#1.* \(broken\)`)
}
