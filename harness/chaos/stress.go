package chaos

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"gauntlet/harness/platform"
)

// stressable is a platform that can tell, before any load, that this machine
// keeps it from stressing anybody.
type stressable interface {
	CanStress(ctx context.Context) error
}

// stressVictim is what a StressChaos does to r: a burner beside it for as long
// as the fault lasts.
func stressVictim(ctx context.Context, sys platform.System, f Fault, set Settings, r platform.Replica) (*victim, error) {
	stresser, ok := sys.(platform.Stresser)
	if !ok {
		return nil, errors.New("the platform cannot stress a replica")
	}
	if s, ok := sys.(stressable); ok {
		if err := s.CanStress(ctx); err != nil {
			return nil, err
		}
	}
	if r.State != platform.Running {
		return nil, fmt.Errorf("it is %s, and only what runs can be stressed", r.State)
	}
	work := platform.Stress{Workers: f.Stress.CPUWorkers, Load: f.Stress.CPULoad, Memory: f.Stress.MemoryBytes}
	return &victim{
		replica: r,
		act:     func(ctx context.Context) error { return stresser.Stress(ctx, r.Name, work) },
		undo:    func(ctx context.Context) error { return stresser.Relieve(ctx, r.Name) },
		witness: &strain{sys: sys, stresser: stresser, set: set, name: r.Name, work: work},
	}, nil
}

// leastBurnt is the part of the processor time asked for that a burner must
// have used: it shares its processors with what it is to disturb.
const leastBurnt = 0.1

// strain is the witness of a stress. Of the processor it is proven by two
// observations: the burner used processor time, and the replica's threads
// waited for a processor longer than they did before, both as the kernel
// counts them. Of memory it is proven by what the burner holds.
type strain struct {
	sys      platform.System
	stresser platform.Stresser
	set      Settings
	name     string
	work     platform.Stress

	mu      sync.Mutex
	calm    pace // before the deed
	loud    pace // while it lasts
	first   look // of calm or loud, the one under way
	loudly  bool // acted was called
	free    bool // mayReturn was called
	since   int64
	how     string
	used    time.Duration
	held    int64
	lookErr error
}

// look is a replica's waiting at an instant.
type look struct {
	at     int64
	waited time.Duration
	known  bool
}

// pace is how long it waited over how long.
type pace struct {
	waited time.Duration
	over   time.Duration
}

// share is the waiting in seconds for each second.
func (p pace) share() float64 {
	if p.over <= 0 {
		return 0
	}
	return float64(p.waited) / float64(p.over)
}

// calmFor is for how long a replica is looked at before it is stressed.
const calmFor = time.Second

// watch takes the time that it needs to know how the replica was before.
func (s *strain) watch(ctx context.Context) {
	s.note()
	rest(ctx, calmFor, nil, nil)
	s.note()
	go func() {
		for rest(ctx, lookSlowly, nil, nil) {
			s.note()
		}
	}()
}

// note takes down a look at the burner and the replica.
func (s *strain) note() {
	t, err := s.stresser.Stressing(s.name)
	now := s.set.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free {
		return
	}
	if err != nil { // it is down: its waiting begins anew in its next life
		s.lookErr, s.first = err, look{}
		return
	}
	if s.loudly {
		s.how, s.used, s.held = t.How, max(s.used, t.Used), max(s.held, t.Held)
	}
	if s.first.known && t.Waited >= s.first.waited {
		into := &s.calm
		if s.loudly {
			into = &s.loud
		}
		into.waited += t.Waited - s.first.waited
		into.over += time.Duration(now - s.first.at)
	}
	s.first = look{at: now, waited: t.Waited, known: true}
}

func (s *strain) acted() {
	s.note() // what was until now was before
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loudly, s.since = true, s.set.Clock.Now()
}

func (s *strain) mayReturn() {
	s.note()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = true
}

// back waits until the burner is gone and the replica ready.
func (s *strain) back(ctx context.Context) (began, ready int64, ok bool) {
	return freed(ctx, s.sys, s.set, s.name, s.isRelieved)
}

func (s *strain) isRelieved() bool {
	t, err := s.stresser.Stressing(s.name)
	return err == nil && t.How == ""
}

func (s *strain) proof() (proven bool, at int64, detail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at = s.set.Clock.Now()
	if s.how == "" {
		detail = s.name + " had no burner beside it"
		if s.lookErr != nil {
			detail += fmt.Sprintf(" (%v)", s.lookErr)
		}
		return false, at, detail
	}
	proven = true
	var all []string
	if s.work.Workers > 0 {
		asked := time.Duration(float64(s.work.Workers*s.work.Load) / 100 * float64(s.loud.over))
		waitsMore := s.loud.share() > s.calm.share()
		proven = s.used >= time.Duration(leastBurnt*float64(asked)) && s.used > 0 && waitsMore
		all = append(all, fmt.Sprintf("a burner %s used %.1f s of the processor (of %.1f s asked for)", s.how, s.used.Seconds(), asked.Seconds()),
			fmt.Sprintf("and %s waited %.1f ms a second for one, before %.1f ms", s.name, s.loud.share()*1e3, s.calm.share()*1e3))
		if !waitsMore {
			all = append(all, "which is no longer than before: nothing was taken from it")
		}
	}
	if s.work.Memory > 0 {
		holds := s.held >= s.work.Memory
		proven = proven && holds
		all = append(all, fmt.Sprintf("a burner %s held %d MiB (of %d MiB asked for)", s.how, s.held>>20, s.work.Memory>>20))
	}
	if proven {
		at = s.since
	}
	return proven, at, s.name + ": " + strings.Join(all, ", ")
}
