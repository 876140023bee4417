package chaos

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"gauntlet/harness/history"
	"gauntlet/harness/platform"
)

// limited is a fake whose replicas can be limited. Its processor time is not
// measured but made up from the looks at it: rate cores while it is limited.
type limited struct {
	*fake
	mu      sync.Mutex
	cores   float64 // 0: none
	useless bool    // the limit is accepted and not in force
	needs   float64 // cores that the replica would use
	leaky   float64 // cores that it uses beyond its limit
	begun   time.Time
	held    int64
}

func (l *limited) Limit(_ context.Context, _ string, cores float64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cores = cores
	if l.useless {
		l.cores = 0
	}
	return nil
}

func (l *limited) Unlimit(context.Context, string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cores = 0
	return nil
}

func (l *limited) Throttling(string) (platform.Throttling, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rate := l.needs
	if l.cores > 0 && l.needs > l.cores {
		rate = l.cores + l.leaky
		l.held++
	}
	return platform.Throttling{How: "a fake", Cores: l.cores, Times: l.held, Total: time.Duration(l.held) * time.Millisecond,
		Used: time.Duration(rate * float64(time.Since(l.begun)))}, nil
}

func TestLimitIsProvenByWhatItTook(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*limited)
		inert  bool
		proven bool
		detail string
	}{
		"held back":       {proven: true, detail: `^redis-1 had a limit of 0.5 cores by a fake \(before: none\), was held back \d+ times for .*, used 0\.[45]\d cores over 2s at most$`},
		"never needed it": {change: func(l *limited) { l.needs = 0.3 }, detail: `never needed more than 0.3\d cores, so that nothing was taken from it: raise the load`},
		"not in force":    {change: func(l *limited) { l.useless = true }, detail: `had a limit of 0 cores, not of 0.5, in \d+ of \d+ looks`},
		"leaks":           {change: func(l *limited) { l.leaky = 0.3 }, detail: `which is more than it may$`},
		"inert":           {inert: true, detail: `had a limit of 0 cores, not of 0.5`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sys := &limited{fake: newFake(t), needs: 1, begun: time.Now()}
			if c.change != nil {
				c.change(sys)
			}
			f := Fault{Name: "half", Kind: Limit, Mode: ModeOne, Duration: time.Minute, Change: &Change{Service: "redis", Cores: 0.5}}
			p, err := Prepare(t.Context(), sys, f, Settings{Clock: clockNow(), Probe: sys.probe, ReadyWithin: 20 * time.Second, Seed: 7, Inert: c.inert})
			if err != nil {
				t.Fatal(err)
			}
			// Its use is compared from the beginning of the limit on.
			sys.mu.Lock()
			sys.begun = time.Now()
			sys.mu.Unlock()
			inject(t, p)
			w := p.victims[0].witness.(*squeeze)
			waitFor(t, func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.most >= 0 || w.loose > 20 })
			if h := heal(t, p); !h.Back || h.Event == nil {
				t.Errorf("healed %+v", h)
			}
			wantProof(t, p, c.proven, c.detail)
			if err := p.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLimitIsRefusedBeforeAnyLoad(t *testing.T) {
	sys := newFake(t)
	f := Fault{Name: "half", Kind: Limit, Mode: ModeOne, Duration: time.Minute, Change: &Change{Service: "redis", Cores: 0.5}}
	if _, err := Prepare(t.Context(), plain{sys}, f, Settings{Clock: clockNow(), Probe: sys.probe}); err == nil || !strings.Contains(err.Error(), "the platform cannot limit a replica") {
		t.Errorf("%v", err)
	}
}

func clockNow() history.Clock { return history.NewClock(time.Now()) }
