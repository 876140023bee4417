package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gauntlet/harness/platform"
)

// restartVictim is what a rolling restart does to r: SIGTERM, SIGKILL when the
// service's grace is over, and a replacement at once. Its witness is that of a
// death, for a restart is one.
func restartVictim(sys platform.System, set Settings, r platform.Replica) (*victim, error) {
	killer, ok := sys.(platform.Killer)
	if !ok {
		return nil, errors.New("the platform cannot restart a replica")
	}
	if r.State != platform.Running {
		return nil, fmt.Errorf("it is %s, and only what runs can be restarted", r.State)
	}
	if r.Address == "" {
		return nil, errors.New("it has no port: without a connection that is refused nothing proves its restart")
	}
	return &victim{replica: r, witness: newDeath(sys, set, r, true),
		act: func(ctx context.Context) error { return killer.Kill(ctx, r.Name, r.StopGrace) }}, nil
}

// takesTurns tells whether the victims are hit one after the other, each when
// the one before is back, and not all at once.
func (f Fault) takesTurns() bool { return f.Kind == Restart }

// turns is the progress of a fault whose victims take turns.
type turns struct {
	over   chan struct{} // closed when nobody's turn comes any more
	back   bool          // after over: every victim had its turn and is back
	stayed string        // after over: the victim that is not back, "" for none
}

// isOver tells whether nobody's turn comes any more.
func (t *turns) isOver() bool {
	select {
	case <-t.over:
		return true
	default:
		return false
	}
}

// whoStayed is the victim that did not come back, as far as it is known.
func (t *turns) whoStayed() string {
	if !t.isOver() {
		return ""
	}
	return t.stayed
}

// takeTurns gives the first victim its turn, and the others theirs in the
// background, so that the injection is over when the first is down. A victim
// that does not come back is the last one: a restart that goes on regardless
// would take the whole service down.
func (p *Prepared) takeTurns(ctx, watching context.Context) {
	t := &turns{over: make(chan struct{})}
	p.turns = t
	if len(p.victims) == 0 {
		t.back = true
		close(t.over)
		return
	}
	p.turn(ctx, watching, p.victims[0])
	go func() {
		defer close(t.over)
		for i, v := range p.victims {
			if i > 0 {
				p.turn(ctx, watching, v)
			}
			if !p.isBack(ctx, v) {
				if ctx.Err() == nil { // else nobody waited for it
					t.stayed = v.replica.Name
				}
				return
			}
			if ctx.Err() != nil && i+1 < len(p.victims) {
				return
			}
		}
		t.back = true
	}()
}

// turn is one victim's.
func (p *Prepared) turn(ctx, watching context.Context, v *victim) {
	v.witness.watch(watching)
	p.do(ctx, v)
}

// isBack waits until the victim is, at most for as long as it may take.
func (p *Prepared) isBack(ctx context.Context, v *victim) bool {
	ctx, cancel := context.WithDeadline(ctx, p.set.Clock.Time(v.after).Add(p.set.ReadyWithin))
	defer cancel()
	_, _, ok := v.witness.back(ctx)
	return ok && v.err == nil
}

// Within is how long a one-shot fault may take at the longest, from when it
// begins until its victims are back or are given up, each of which may take
// returns to be ready again; 0 for a fault that is undone. replicas are those
// that it chooses from.
func (f Fault) Within(replicas []platform.Replica, returns time.Duration) time.Duration {
	switch {
	case !f.OneShot():
		return 0
	case f.Change == nil:
		return f.GracePeriod + returns
	}
	of, _ := ofService(f, replicas) // none where it is refused
	if f.takesTurns() {
		return inTurns(of, returns)
	}
	grace := time.Duration(0)
	for _, r := range of[min(f.Change.To, len(of)):] { // those that leave are asked to end
		grace = max(grace, r.StopGrace)
	}
	return grace + returns
}

// inTurns is how long victims that take turns may take: each as long as it is
// given to end, and then to return.
func inTurns(victims []platform.Replica, returns time.Duration) (sum time.Duration) {
	for _, r := range victims {
		sum += r.StopGrace + returns
	}
	return sum
}

// Takes is Fault.Within of the victims that were chosen, from the end of the
// injection.
func (p *Prepared) Takes() time.Duration {
	if !p.fault.OneShot() {
		return 0
	}
	if !p.fault.takesTurns() {
		return p.set.ReadyWithin
	}
	victims := make([]platform.Replica, len(p.victims))
	for i, v := range p.victims {
		victims[i] = v.replica
	}
	return inTurns(victims, p.set.ReadyWithin)
}

// together is the victim that went down before the one whose turn it was had
// come back, from what was seen of both; "" when they took turns.
func (p *Prepared) together() string {
	var before *death
	for _, v := range p.victims {
		d, ok := v.witness.(*death)
		if !ok {
			return ""
		}
		d.mu.Lock()
		gone := d.gone
		d.mu.Unlock()
		if before != nil && gone != 0 {
			before.mu.Lock()
			ready := before.ready
			before.mu.Unlock()
			if ready == 0 || gone < ready {
				return fmt.Sprintf("%s stopped before %s was back", d.victim.Name, before.victim.Name)
			}
		}
		before = d
	}
	return ""
}
