package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/diagnostic"
	"gauntlet/harness/history"
	"gauntlet/harness/platform"
)

// Scale makes fake a platform.Scaler: its replicas come up after boot, and go
// at once.
func (f *fake) Scale(_ context.Context, service string, to int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fail["scale"]; err != nil {
		return err
	}
	var of []*fakeReplica
	for _, r := range f.replicas {
		if r.Service == service {
			of = append(of, r)
		}
	}
	if len(of) == to {
		return nil
	}
	f.calls = append(f.calls, fmt.Sprintf("scale %s %d", service, to))
	if f.feeble {
		return nil
	}
	for n := len(of); n < to; n++ {
		r := &fakeReplica{Replica: platform.Replica{Name: fmt.Sprintf("%s-%d", service, n+1), Service: service, Address: "127.0.0.1:0"}}
		f.start(r)
		f.replicas = append(f.replicas, r)
	}
	for _, r := range of[min(to, len(of)):] {
		f.stop(r)
		f.replicas = slices.DeleteFunc(f.replicas, func(o *fakeReplica) bool { return o == r })
	}
	return nil
}

func scaleTo(to int, lasts time.Duration) Fault {
	return Fault{Name: "scale", Kind: Scale, Mode: ModeAll, Duration: lasts, Change: &Change{Service: "mapper", To: to},
		Places: map[string]Place{"to": {File: "x.yaml", Line: 7, Column: 1}}}
}

func TestJoinStaysAndItsHealIsItsReadiness(t *testing.T) {
	sys := newFake(t)
	p := prepare(t, sys, scaleTo(4, 0))
	e := inject(t, p)
	if !e.OneShot || !slices.Equal(e.Targets, []string{"mapper-3", "mapper-4"}) {
		t.Errorf("injected %+v", e)
	}
	h := heal(t, p)
	if !h.Back || h.Event.Until < h.Event.At+int64(20*time.Millisecond) || h.Event.At < e.At {
		t.Errorf("injected %+v, healed %+v", e, h.Event)
	}
	wantProof(t, p, true, `^mapper-3 started at .* s, first accepted connection .* s, ready .* s; mapper-4 started at `)
	if err := p.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if want := []string{"scale mapper 4"}; !slices.Equal(sys.log(), want) {
		t.Errorf("calls %q, want %q", sys.log(), want)
	}
}

func TestJoinForAWhileIsUndone(t *testing.T) {
	sys := newFake(t)
	p := prepare(t, sys, scaleTo(3, time.Minute))
	e := inject(t, p)
	if e.OneShot {
		t.Errorf("injected %+v", e)
	}
	held(t, p)
	if err := p.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "mapper-3 is still there") {
		t.Errorf("before the heal: %v", err)
	}
	before := p.set.Clock.Now()
	if h := heal(t, p); !h.Back || h.Event.At < before || h.Event.Until < h.Event.At {
		t.Errorf("healed %+v", h)
	}
	wantProof(t, p, true, `^mapper-3 started at .*, gone `)
	if err := p.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if want := []string{"scale mapper 3", "scale mapper 2"}; !slices.Equal(sys.log(), want) {
		t.Errorf("calls %q, want %q", sys.log(), want)
	}
}

func TestLeaveForGood(t *testing.T) {
	sys := newFake(t)
	p := prepare(t, sys, scaleTo(1, 0))
	e := inject(t, p)
	if h := heal(t, p); !h.Back || h.Event == nil || h.Event.At < e.At {
		t.Errorf("injected %+v, healed %+v", e, h.Event)
	}
	wantProof(t, p, true, `^mapper-2 left at .* s, first refused connection .* s$`)
	if err := p.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestLeaveForAWhile(t *testing.T) {
	sys := newFake(t)
	p := prepare(t, sys, scaleTo(1, time.Minute))
	inject(t, p)
	held(t, p)
	heal(t, p)
	wantProof(t, p, true, `^mapper-2 stopped at .*, back `)
	if err := p.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestScalingThatDoesNothingIsNotProven(t *testing.T) {
	for name, change := range map[string]func(*fake) func(*Settings){
		"without effect": func(f *fake) func(*Settings) { f.feeble = true; return impatient },
		"inert":          func(*fake) func(*Settings) { return inert },
	} {
		for to, detail := range map[int]string{3: "mapper-3 never ran", 1: "mapper-2 still runs as mapper-2#1"} {
			for _, lasts := range []time.Duration{0, time.Minute} {
				sys := newFake(t)
				p := prepare(t, sys, scaleTo(to, lasts), change(sys))
				inject(t, p)
				if h := heal(t, p); lasts == 0 && h.Event != nil {
					t.Errorf("%s, to %d: healed %+v", name, to, h)
				}
				wantProof(t, p, false, detail)
			}
		}
	}
}

func TestJoinThatIsNeverReady(t *testing.T) {
	sys := newFake(t)
	p := prepare(t, sys, scaleTo(3, 0), impatient)
	p.set.Probe = func(context.Context, platform.Replica) error { return errors.New("not ready") }
	p.victims[0].witness.(*arrival).set.Probe = p.set.Probe
	inject(t, p)
	if h := heal(t, p); h.Back || h.Event != nil {
		t.Errorf("healed %+v, though neither instant is known", h)
	}
	wantProof(t, p, true, `^mapper-3 started at .*, not ready$`)
}

func TestScaleIsRefusedBeforeAnyLoad(t *testing.T) {
	sys := newFake(t)
	set := Settings{Clock: history.NewClock(time.Now()), Probe: sys.probe}
	if _, err := Prepare(t.Context(), sys, scaleTo(2, 0), set); len(diagnostic.All(err)) != 1 || diagnostic.All(err)[0].Line != 7 {
		t.Errorf("scale to what there is: %v", err)
	}
	if _, err := Prepare(t.Context(), plain{sys}, scaleTo(3, 0), set); err == nil || !strings.Contains(err.Error(), "cannot change the number") {
		t.Errorf("on a platform that cannot: %v", err)
	}
	other := scaleTo(3, 0)
	other.Change.Service = "maper"
	if _, err := Prepare(t.Context(), sys, other, set); err == nil || !strings.Contains(err.Error(), `no service "maper"`) {
		t.Errorf("an unknown service: %v", err)
	}
}
