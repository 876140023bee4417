package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"gauntlet/harness/history"
	"gauntlet/harness/platform"
)

// Settings is what doing a fault needs from the run.
type Settings struct {
	Clock history.Clock
	// Probe is nil when the replica answers that it is ready.
	Probe func(context.Context, platform.Replica) error
	// ReadyWithin is how long a victim may take until it is ready again, counted
	// from the injection of a one-shot fault, from the undoing of any other.
	ReadyWithin time.Duration
	// Seed decides the targets, together with the fault's name: two faults of one
	// experiment draw independently.
	Seed uint64
	// Inert leaves out the deed and nothing else: targets are chosen, observed and
	// waited for, and the proof must find that nothing happened.
	Inert bool
	// Kernel is what the kernel does where the system runs.
	Kernel Kernel
}

// Prepared is a fault whose targets are chosen. Its methods may be called from
// several goroutines; they wait for each other.
type Prepared struct {
	fault   Fault
	set     Settings
	sys     platform.System
	victims []*victim

	mu            sync.Mutex
	injected      bool
	injectEnd     int64
	stop          context.CancelFunc // ends the witnesses
	turns         *turns             // nil where victims do not take turns
	undone        bool
	begin, undoIn int64 // of the heal: first undo begun, all undone
	healing       *Healing
}

// victim is a target, what is done to it, and who sees it.
type victim struct {
	replica platform.Replica // as it was when it was chosen
	act     func(context.Context) error
	undo    func(context.Context) error // nil: a one-shot fault
	leaves  bool                        // it is not to be there after the fault
	check   func(context.Context) error // whether it is as it was; nil: whether it runs and is ready
	witness witness

	attempted     bool
	err           error
	before, after int64 // around act
}

// witness observes a victim from outside, from before the deed until the
// victim is back.
type witness interface {
	// watch begins to observe in the background, until ctx ends. What it needs to
	// see of the time before the deed it has seen when it returns.
	watch(ctx context.Context)
	// acted tells it that the deed is done.
	acted()
	// mayReturn tells it that from now on the victim may run, in whatever
	// incarnation: it is being released, or the deed failed. The victim of a
	// one-shot fault may return at any time, in another incarnation.
	mayReturn()
	// back waits until the victim is ready again, or ctx ends: when it began to
	// return, and when it was ready.
	back(ctx context.Context) (began, ready int64, ok bool)
	// proof is whether the deed is known to have been done, since when, and how
	// that is known, or what was seen in its place.
	proof() (proven bool, at int64, detail string)
}

// Prepare chooses the targets of f in sys and finds out whether sys can do
// what f asks for; nothing is done yet. An error here is one before any load:
// no replica matches, one does not run or has no address, or the platform
// cannot.
func Prepare(ctx context.Context, sys platform.System, f Fault, set Settings) (*Prepared, error) {
	replicas, err := sys.Replicas(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s %q: list replicas: %w", f.Title(), f.Name, err)
	}
	p := &Prepared{fault: f, set: set, sys: sys}
	switch {
	case f.Kind == Scale:
		p.victims, err = scaleVictims(sys, f, set, replicas)
		return p, err
	case set.Kernel.takes(f):
		p.victims, err = lossVictims(sys, f, set, replicas, chance(set.Seed, f))
		return p, err
	case f.linked():
		p.victims, err = linkVictims(sys, f, set, replicas, chance(set.Seed, f))
		return p, err
	}
	names, err := Select(f, replicas, chance(set.Seed, f))
	if err != nil {
		return nil, err
	}
	for _, r := range replicas {
		if !slices.Contains(names, r.Name) {
			continue
		}
		v, err := prepareVictim(ctx, sys, f, set, r)
		if err != nil {
			return nil, fmt.Errorf("%s %q on %s: %w", f.Title(), f.Name, r.Name, err)
		}
		p.victims = append(p.victims, v)
	}
	return p, nil
}

// prepareVictim finds what does f's kind of fault.
func prepareVictim(ctx context.Context, sys platform.System, f Fault, set Settings, r platform.Replica) (*victim, error) {
	switch f.Kind {
	case PodChaos:
		return podChaos(sys, f, set, r)
	case StressChaos:
		return stressVictim(ctx, sys, f, set, r)
	case Limit:
		return limitVictim(sys, f, set, r)
	case Restart:
		return restartVictim(sys, set, r)
	}
	return nil, errors.New("not supported in this version")
}

// Fault is what is done.
func (p *Prepared) Fault() Fault { return p.fault }

// Targets names the replicas that the fault touches.
func (p *Prepared) Targets() []string {
	names := make([]string, len(p.victims))
	for i, v := range p.victims {
		names[i] = v.replica.Name
	}
	return names
}
