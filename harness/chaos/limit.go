package chaos

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"gauntlet/harness/platform"
)

// limitVictim is what a limit does to r: it may use less of the processor for
// as long as the fault lasts.
func limitVictim(sys platform.System, f Fault, set Settings, r platform.Replica) (*victim, error) {
	limiter, ok := sys.(platform.Limiter)
	if !ok {
		return nil, errors.New("the platform cannot limit a replica")
	}
	if r.State != platform.Running {
		return nil, fmt.Errorf("it is %s, and only what runs can be limited", r.State)
	}
	return &victim{
		replica: r,
		act:     func(ctx context.Context) error { return limiter.Limit(ctx, r.Name, f.Change.Cores) },
		undo:    func(ctx context.Context) error { return limiter.Unlimit(ctx, r.Name) },
		witness: &squeeze{sys: sys, limiter: limiter, set: set, name: r.Name, cores: f.Change.Cores},
	}, nil
}

const (
	// squeezeWindow is over how long its use is compared with the limit: the
	// kernel gives a share for each tenth of a second, so that over a shorter time
	// the share of the tenths at both ends would look like too much.
	squeezeWindow = 2 * time.Second
	// squeezeSlack is how much more than the limit may be measured, and
	// squeezeSlice what may come on top in cores: the kernel hands the share out in
	// slices of 5 ms, which a small limit is soon beyond.
	squeezeSlack = 1.1
	squeezeSlice = 0.02
)

// squeeze is the witness of a limit. It is proven from the replica's side by
// three observations: the limit is what the replica's own control group says,
// it was held back, and it used no more. A limit that the replica never came up
// to took nothing from it, and proves nothing about how it does without.
type squeeze struct {
	sys     platform.System
	limiter platform.Limiter
	set     Settings
	name    string
	cores   float64

	mu      sync.Mutex
	before  float64 // the limit before; 0: none
	was     platform.Throttling
	since   int64 // acted was called
	free    bool  // mayReturn was called
	window  []use // of the present life, the last squeezeWindow
	seen    int   // looks while it was limited
	loose   int   // of them, those that found another limit
	other   float64
	times   int64
	total   time.Duration
	most    float64 // cores used over a window, the highest; negative: no window was whole
	first   int64   // when it was first held back
	lookErr error
	how     string
}

// use is the processor time of a replica at an instant.
type use struct {
	at   int64
	used time.Duration
}

func (s *squeeze) watch(ctx context.Context) {
	s.most = -1
	if t, err := s.limiter.Throttling(s.name); err == nil {
		s.before, s.was = t.Cores, t
	} else {
		s.lookErr = err
	}
	go func() {
		for rest(ctx, lookSlowly, nil, nil) {
			t, err := s.limiter.Throttling(s.name)
			s.note(t, err, s.set.Clock.Now())
		}
	}()
}

func (s *squeeze) acted() {
	t, err := s.limiter.Throttling(s.name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since = s.set.Clock.Now(); err == nil {
		s.was = t
	}
}

func (s *squeeze) mayReturn() {
	t, err := s.limiter.Throttling(s.name)
	s.note(t, err, s.set.Clock.Now()) // the last look at it as it is limited
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = true
}

// note takes down a look at the replica while it is limited.
func (s *squeeze) note(t platform.Throttling, err error, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since == 0 || s.free {
		return
	}
	if err != nil { // it is down, and will be looked at in its next life
		s.lookErr, s.window = err, nil
		return
	}
	s.seen++
	s.how = t.How
	if math.Abs(t.Cores-s.cores) > s.cores/100 {
		s.loose, s.other = s.loose+1, t.Cores
	}
	if t.Times < s.was.Times || t.Used < s.was.Used { // another life
		s.was, s.window = platform.Throttling{}, nil
	}
	if t.Times > s.was.Times {
		s.times, s.total = s.times+t.Times-s.was.Times, s.total+max(0, t.Total-s.was.Total)
		if s.first == 0 {
			s.first = now
		}
	}
	s.was = t
	s.measure(use{now, t.Used})
}

// measure compares the use with that of a window before.
func (s *squeeze) measure(now use) {
	s.window = append(s.window, now)
	for len(s.window) > 1 && now.at-s.window[1].at >= int64(squeezeWindow) {
		s.window = s.window[1:]
	}
	if oldest := s.window[0]; now.at-oldest.at >= int64(squeezeWindow) {
		s.most = max(s.most, float64(now.used-oldest.used)/float64(now.at-oldest.at))
	}
}

// back waits until the limit is gone and the replica ready.
func (s *squeeze) back(ctx context.Context) (began, ready int64, ok bool) {
	return freed(ctx, s.sys, s.set, s.name, s.isLifted)
}

// isLifted says that the replica may use what it could before, or more.
func (s *squeeze) isLifted() bool {
	t, err := s.limiter.Throttling(s.name)
	return err == nil && (t.Cores == 0 || t.Cores > s.cores && (s.before == 0 || t.Cores >= s.before*0.99))
}

func (s *squeeze) proof() (proven bool, at int64, detail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	inForce := s.seen > 0 && s.loose == 0
	within := s.most <= s.cores*squeezeSlack+squeezeSlice
	was := "none"
	if s.before > 0 {
		was = fmt.Sprintf("%.3g cores", s.before)
	}
	switch {
	case s.seen == 0:
		add("was not seen limited")
	case !inForce:
		add("had a limit of %.3g cores, not of %.3g, in %d of %d looks", s.other, s.cores, s.loose, s.seen)
	default:
		add("had a limit of %.3g cores by %s (before: %s)", s.cores, s.how, was)
	}
	switch {
	case s.times > 0:
		add("was held back %d times for %.1f s, first at %s", s.times, s.total.Seconds(), seconds(s.first))
	case inForce && s.most >= 0:
		add("never needed more than %.2f cores, so that nothing was taken from it: raise the load or lower the limit", s.most)
	case inForce:
		add("was never held back")
	}
	if s.most >= 0 && s.times > 0 {
		add("used %.2f cores over %v at most", s.most, squeezeWindow)
	}
	if !within {
		add("which is more than it may")
	}
	if s.before > 0 && s.before <= s.cores {
		add("could not use more before")
	}
	if s.lookErr != nil && s.seen == 0 {
		add("%v", s.lookErr)
	}
	proven = inForce && within && s.times > 0 && (s.before == 0 || s.before > s.cores)
	at = s.first
	if !proven {
		at = s.set.Clock.Now()
	}
	return proven, at, s.name + " " + strings.Join(all, ", ")
}
