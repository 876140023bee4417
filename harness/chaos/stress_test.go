package chaos

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"gauntlet/harness/platform"
)

// strained is a fake whose replicas can be stressed. Its times are not
// measured but made up from the looks at it.
type strained struct {
	*fake
	mu      sync.Mutex
	work    *platform.Stress // nil: no burner
	begun   time.Time        // of the burner
	burns   float64          // cores that the burner uses
	holds   int64
	waits   float64 // seconds a second that the replica waits while it is stressed
	waited  time.Duration
	last    time.Time
	useless bool
}

func (s *strained) Stress(_ context.Context, _ string, w platform.Stress) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun = time.Now(); !s.useless {
		s.work = &w
	}
	return nil
}

func (s *strained) Relieve(context.Context, string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.work = nil
	return nil
}

func (s *strained) Stressing(string) (platform.Stressing, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rate := 0.001 // what it waits of itself
	t := platform.Stressing{}
	if s.work != nil {
		rate = s.waits
		t.How, t.Held, t.Used = "of a fake", s.holds, time.Duration(s.burns*float64(time.Since(s.begun)))
	}
	now := time.Now()
	s.waited += time.Duration(rate * float64(now.Sub(s.last)))
	t.Waited, s.last = s.waited, now
	return t, nil
}

func TestStressIsProvenByWhatItTook(t *testing.T) {
	cpu, memory := Stress{CPUWorkers: 2, CPULoad: 50}, Stress{MemoryWorkers: 1, MemoryBytes: 64 << 20}
	for name, c := range map[string]struct {
		stress Stress
		change func(*strained)
		inert  bool
		proven bool
		detail string
	}{
		"processor":      {stress: cpu, proven: true, detail: `^redis-1: a burner of a fake used \d+\.\d s of the processor \(of \d+\.\d s asked for\), and redis-1 waited \d{3}\.\d ms a second for one, before \d\.\d ms$`},
		"no contention":  {stress: cpu, change: func(s *strained) { s.waits = 0 }, detail: `no longer than before: nothing was taken from it$`},
		"idle burner":    {stress: cpu, change: func(s *strained) { s.burns = 0.01 }, detail: `a burner of a fake used 0\.0 s`},
		"memory":         {stress: memory, proven: true, detail: `^redis-1: a burner of a fake held 64 MiB \(of 64 MiB asked for\)$`},
		"memory missing": {stress: memory, change: func(s *strained) { s.holds = 1 << 20 }, detail: `held 1 MiB \(of 64 MiB asked for\)$`},
		"no burner":      {stress: cpu, change: func(s *strained) { s.useless = true }, detail: `^redis-1 had no burner beside it$`},
		"inert":          {stress: cpu, inert: true, detail: `^redis-1 had no burner beside it$`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sys := &strained{fake: newFake(t), burns: 0.8, holds: 64 << 20, waits: 0.2, last: time.Now()}
			if c.change != nil {
				c.change(sys)
			}
			f := Fault{Name: "stress", Kind: StressChaos, Mode: ModeOne, Duration: time.Minute, Stress: &c.stress, Selector: Selector{Labels: map[string]string{"app": "redis"}}}
			p, err := Prepare(t.Context(), sys, f, Settings{Clock: clockNow(), Probe: sys.probe, ReadyWithin: 20 * time.Second, Seed: 7, Inert: c.inert})
			if err != nil {
				t.Fatal(err)
			}
			inject(t, p)
			w := p.victims[0].witness.(*strain)
			waitFor(t, func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.loud.over > 300*time.Millisecond })
			if h := heal(t, p); !h.Back || h.Event == nil {
				t.Errorf("healed %+v", h)
			}
			wantProof(t, p, c.proven, c.detail)
		})
	}
}

// calm is a machine that keeps the platform from stressing anybody.
type calm struct{ *strained }

func (calm) CanStress(context.Context) error {
	return errors.New("here are control groups of version 2")
}

func TestStressThatCannotBeDone(t *testing.T) {
	sys := newFake(t)
	f := Fault{Name: "stress", Kind: StressChaos, Mode: ModeOne, Duration: time.Minute, Stress: &Stress{CPUWorkers: 1, CPULoad: 100}, Selector: Selector{Labels: map[string]string{"app": "redis"}}}
	if _, err := Prepare(t.Context(), plain{sys}, f, Settings{Clock: clockNow(), Probe: sys.probe}); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	here := calm{&strained{fake: sys}}
	if _, err := Prepare(t.Context(), here, f, Settings{Clock: clockNow(), Probe: sys.probe}); err == nil || !strings.Contains(err.Error(), "redis-1: here are control groups of version 2") {
		t.Errorf("%v", err)
	}
	for _, s := range []Stress{{MemoryShare: 50}, {MemoryWorkers: 1, MemoryBytes: leastHeld - 1}, {CPUWorkers: 5000, CPULoad: 1}} {
		f.Stress = &s
		if c := CapabilityOf(Local, Kernel{}, f); c.Level != Refused || c.Field == "" {
			t.Errorf("%+v: %+v", s, c)
		}
	}
	f.Stress = &Stress{CPUWorkers: 1, CPULoad: 100}
	if c := CapabilityOf(Local, Kernel{}, f); c.Level != Approximate {
		t.Errorf("%+v", c)
	}
}

// What the burner takes for itself is told beside what it is asked for.
func TestStressOfMemoryTellsWhatComesOnTop(t *testing.T) {
	f := Fault{Kind: StressChaos, Mode: ModeOne, Duration: time.Minute, Stress: &Stress{MemoryWorkers: 1, MemoryBytes: leastHeld}, Selector: Selector{Labels: map[string]string{"app": "redis"}}}
	if c := CapabilityOf(Local, Kernel{}, f); c.Level == Refused || !strings.Contains(strings.Join(c.Notes, "\n"), "9 MiB for itself") {
		t.Errorf("%s, notes %q", c, c.Notes)
	}
	f.Stress = &Stress{CPUWorkers: 1, CPULoad: 50}
	if c := CapabilityOf(Local, Kernel{}, f); len(c.Notes) > 0 {
		t.Errorf("of the processor alone: %q", c.Notes)
	}
}
