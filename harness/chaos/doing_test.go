package chaos

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/history"
	"gauntlet/harness/platform"
)

func killOf(app string) Fault {
	return Fault{Name: "kill", Kind: PodChaos, Action: PodKill, Mode: ModeAll, Selector: Selector{Labels: map[string]string{"app": app}}}
}

func failureOf(app string) Fault {
	f := killOf(app)
	f.Name, f.Action, f.Duration = "failure", PodFailure, time.Minute
	return f
}

// prepare prepares f on sys; readiness is waited for generously, as these
// tests say how things end and not how fast this machine is.
func prepare(t *testing.T, sys *fake, f Fault, change ...func(*Settings)) *Prepared {
	t.Helper()
	set := Settings{Clock: history.NewClock(time.Now()), Probe: sys.probe, ReadyWithin: 20 * time.Second, Seed: 7}
	for _, c := range change {
		c(&set)
	}
	p, err := Prepare(t.Context(), sys, f, set)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func impatient(s *Settings) { s.ReadyWithin = 150 * time.Millisecond }
func inert(s *Settings)     { s.Inert = true; impatient(s) }

func inject(t *testing.T, p *Prepared) history.Event {
	t.Helper()
	e, err := p.Inject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func heal(t *testing.T, p *Prepared) Healing {
	t.Helper()
	h, err := p.Heal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// wantProof fails the test unless the proof is as wanted.
func wantProof(t *testing.T, p *Prepared, proven bool, detail string) {
	t.Helper()
	e := p.Proof()
	if e.Type != history.EventProof || e.Name != p.Fault().Name || e.Proven != proven || !regexp.MustCompile(detail).MatchString(e.Detail) {
		t.Errorf("proof %+v, want proven %v and %q", e, proven, detail)
	}
}

func TestPodKill(t *testing.T) {
	for _, action := range []string{PodKill, ContainerKill} {
		sys := newFake(t)
		f := killOf("redis")
		f.Action, f.GracePeriod = action, 2*time.Second
		if action == ContainerKill {
			f.ContainerNames, f.GracePeriod = []string{"redis"}, 0
		}
		p := prepare(t, sys, f)
		e := inject(t, p)
		if e.Type != history.EventInject || e.Name != "kill" || e.Kind != "PodChaos "+action || !e.OneShot ||
			!slices.Equal(e.Targets, []string{"redis-1"}) || e.Until < e.At {
			t.Errorf("injected %+v", e)
		}
		h := heal(t, p)
		if !h.Back || h.Event == nil || h.Event.Type != history.EventHeal || h.Event.Name != "kill" {
			t.Fatalf("healed %+v", h)
		}
		// The replacement starts no sooner than 100 ms after the death and is not
		// ready for another 20 ms.
		ms := int64(time.Millisecond)
		if h.Event.At < e.At+100*ms || h.Event.Until < h.Event.At+20*ms {
			t.Errorf("injected %+v, healed %+v", e, *h.Event)
		}
		wantProof(t, p, true, `^redis-1 stopped at \d\.\d{3} s, first refused connection \d\.\d{3} s, back \d\.\d{3} s$`)
		if at := p.Proof().At; at < e.At || at > h.Event.Until {
			t.Errorf("proven at %d, injected %+v, healed %+v", at, e, *h.Event)
		}
		if err := p.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if again := heal(t, p); again.Event.At != h.Event.At || again.Event.Until != h.Event.Until {
			t.Errorf("healed again: %+v", again)
		}
		if want := []string{"kill redis-1 " + f.GracePeriod.String()}; !slices.Equal(sys.log(), want) {
			t.Errorf("calls %q, want %q", sys.log(), want)
		}
	}
}

func TestPodFailureHoldsUntilHeal(t *testing.T) {
	sys := newFake(t)
	p := prepare(t, sys, failureOf("mapper"))
	e := inject(t, p)
	if e.OneShot || !slices.Equal(e.Targets, []string{"mapper-1", "mapper-2"}) {
		t.Errorf("injected %+v", e)
	}
	held(t, p)
	if err := p.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "mapper-1 is down") || !strings.Contains(err.Error(), "mapper-2 is down") {
		t.Errorf("check while held: %v", err)
	}
	before := p.set.Clock.Now()
	h := heal(t, p)
	if !h.Back || h.Event.At < before || h.Event.Until < h.Event.At+int64(20*time.Millisecond) {
		t.Errorf("healed %+v, begun after %d", h.Event, before)
	}
	wantProof(t, p, true, `^mapper-1 stopped at .*, back .* s; mapper-2 stopped at .*, back`)
	if err := p.Check(t.Context()); err != nil {
		t.Error(err)
	}
	calls := sys.log()
	slices.Sort(calls)
	if want := []string{"hold mapper-1", "hold mapper-2", "release mapper-1", "release mapper-2"}; !slices.Equal(calls, want) {
		t.Errorf("calls %q", calls)
	}
}

func TestNothingDoneIsNotProven(t *testing.T) {
	feeble := func(t *testing.T, f Fault) *Prepared {
		sys := newFake(t)
		sys.feeble = true
		return prepare(t, sys, f, impatient)
	}
	idle := func(t *testing.T, f Fault) *Prepared {
		sys := newFake(t)
		t.Cleanup(func() {
			if len(sys.log()) > 0 {
				t.Errorf("an inert fault called %q", sys.log())
			}
		})
		return prepare(t, sys, f, inert)
	}
	for name, make := range map[string]func(*testing.T, Fault) *Prepared{"a call without effect": feeble, "inert": idle} {
		t.Run(name, func(t *testing.T) {
			for _, f := range []Fault{killOf("redis"), failureOf("redis")} {
				p := make(t, f)
				e := inject(t, p)
				if !slices.Equal(e.Targets, []string{"redis-1"}) {
					t.Errorf("injected %+v", e)
				}
				waitFor(t, func() bool { return !strings.Contains(p.Proof().Detail, " 0 connections") })
				h := heal(t, p)
				if f.OneShot() && (h.Back || h.Event != nil) {
					t.Errorf("%s: a replacement came from nowhere: %+v", f.Action, h)
				}
				if !f.OneShot() && (!h.Back || h.Event == nil) {
					t.Errorf("%s: what was never down is not back: %+v", f.Action, h)
				}
				wantProof(t, p, false, `^redis-1 still runs as redis-1#1, [1-9]\d* connections were accepted and none refused`)
				if err := p.Check(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestFailureThatIsNotHeldIsNotProven(t *testing.T) {
	sys := newFake(t)
	sys.undead = true
	p := prepare(t, sys, failureOf("redis"))
	inject(t, p)
	waitFor(t, func() bool { return strings.Contains(p.Proof().Detail, "ran again") })
	heal(t, p)
	wantProof(t, p, false, `^redis-1 ran again at .* as redis-1#2, while it was to be held down`)
}

// Either observation alone is no proof: a process that forked leaves its
// child at the address, and one that closes its port lives on.
func TestHalfADeathIsNotProven(t *testing.T) {
	reborn := newFake(t)
	reborn.reborn = true
	p := prepare(t, reborn, killOf("redis"))
	inject(t, p)
	heal(t, p)
	wantProof(t, p, false, `^redis-1 stopped at .*, \d+ connections were accepted and none refused`)

	mute := newFake(t)
	mute.mute = true
	p = prepare(t, mute, killOf("redis"), impatient)
	inject(t, p)
	heal(t, p)
	wantProof(t, p, false, `^redis-1 still runs as redis-1#1, first refused connection`)
}

// A victim may have lived through another fault since it was chosen: its new
// incarnation is not this fault's work.
func TestIncarnationIsThatOfTheInjection(t *testing.T) {
	sys := newFake(t)
	p := prepare(t, sys, killOf("redis"), inert)
	if err := sys.Kill(t.Context(), "redis-1", 0); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return p.Check(t.Context()) == nil })
	inject(t, p)
	heal(t, p)
	wantProof(t, p, false, `^redis-1 still runs as redis-1#2`)
	sys.mu.Lock()
	sys.calls = nil
	sys.mu.Unlock()
}

func TestDeadBeforeItWasTouchedIsNotProven(t *testing.T) {
	sys := newFake(t)
	sys.restart = 200 * time.Millisecond
	p := prepare(t, sys, killOf("redis"))
	sys.mu.Lock()
	sys.stop(sys.find("redis-1"))
	sys.mu.Unlock()
	inject(t, p)
	heal(t, p)
	wantProof(t, p, false, `^redis-1 was down before it was touched, came up at \d+\.\d{3} s$`)
}

func TestPrepareRefusesBeforeAnyLoad(t *testing.T) {
	sys := newFake(t)
	set := Settings{Clock: history.NewClock(time.Now()), Probe: sys.probe}
	noAddress, down := newFake(t), newFake(t)
	noAddress.find("redis-1").Address = ""
	down.stop(down.find("redis-1"))
	other := killOf("redis")
	other.Kind, other.Action = "IOChaos", ""
	for name, c := range map[string]struct {
		sys  platform.System
		f    Fault
		want string
	}{
		"no match":      {sys, killOf("redsi"), "no replica has the label app=redsi"},
		"cannot kill":   {plain{sys}, killOf("redis"), "the platform cannot kill a replica"},
		"cannot hold":   {plain{sys}, failureOf("redis"), "the platform cannot hold a replica down"},
		"other kind":    {sys, other, "not supported in this version"},
		"no address":    {noAddress, killOf("redis"), "it has no port"},
		"already down":  {down, killOf("redis"), "it is down"},
		"no containers": {sys, Fault{Name: "x", Kind: PodChaos, Action: ContainerKill, Mode: ModeOne, ContainerNames: []string{"sidecar"}}, "no container named sidecar"},
	} {
		if _, err := Prepare(t.Context(), c.sys, c.f, set); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if len(sys.log()) > 0 {
		t.Errorf("preparing called %q", sys.log())
	}
}

func TestMisuse(t *testing.T) {
	sys := newFake(t)
	p := prepare(t, sys, failureOf("redis"))
	if h := heal(t, p); h.Event != nil || !h.Back {
		t.Errorf("healed before injection: %+v", h)
	}
	wantProof(t, p, false, "never injected")
	inject(t, p)
	if _, err := p.Inject(t.Context()); err == nil {
		t.Error("injected twice")
	}
	heal(t, p)
}

// held waits until the victims of a fault with a duration are known to be
// down, as they would be after any duration worth its name.
func held(t *testing.T, p *Prepared) {
	t.Helper()
	waitFor(t, func() bool { return p.Proof().Proven })
}

// waitFor polls until done, at most 10 s.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come about within 10 s")
		}
	}
}
