package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"gauntlet/harness/history"
	"gauntlet/harness/platform"
)

// Inject does the fault to every target at once. The event spans from the
// instant before the first deed to the instant after the last; where targets
// take turns, to the instant after the first. It is valid,
// and Heal is to be called, whether or not there is an error: some targets may
// be hit and others not. That a target was down already is no error: the fault
// goes on, and its Proof says why there is none.
func (p *Prepared) Inject(ctx context.Context) (history.Event, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.injected {
		return history.Event{}, fmt.Errorf("%s %q: injected twice", p.fault.Title(), p.fault.Name)
	}
	p.injected = true
	watching, stop := context.WithTimeout(context.WithoutCancel(ctx), p.patience())
	p.stop = stop
	now := p.set.Clock.Now()
	event := history.Event{At: now, Until: now, Type: history.EventInject, Name: p.fault.Name,
		Kind: p.fault.Title(), Targets: p.Targets(), OneShot: p.fault.OneShot()}
	hit := p.victims
	if p.fault.takesTurns() {
		p.takeTurns(ctx, watching)
		hit = hit[:min(1, len(hit))]
	} else {
		p.each(func(v *victim) { v.witness.watch(watching) })
		p.each(func(v *victim) { p.do(ctx, v) })
	}
	var errs []error
	for i, v := range hit {
		if i == 0 || v.before < event.At {
			event.At = v.before
		}
		event.Until = max(event.Until, v.after)
		if v.err != nil && !errors.Is(v.err, platform.ErrDown) {
			errs = append(errs, fmt.Errorf("inject %s %q into %s: %w", p.fault.Title(), p.fault.Name, v.replica.Name, v.err))
		}
	}
	p.injectEnd = event.Until
	return event, errors.Join(errs...)
}

// patience bounds the witnesses of a fault that nobody heals: it is longer
// than any fault that somebody does.
func (p *Prepared) patience() time.Duration {
	return p.fault.GracePeriod + p.fault.Duration + p.Takes() + 2*p.set.ReadyWithin + time.Hour
}

// do does the deed to one victim, between two stamps.
func (p *Prepared) do(ctx context.Context, v *victim) {
	v.before = p.set.Clock.Now()
	if !p.set.Inert {
		v.attempted = true
		v.err = v.act(ctx)
	}
	v.after = p.set.Clock.Now()
	v.witness.acted()
	if v.err != nil && v.undo == nil {
		v.witness.mayReturn() // whatever became of it, there may be no replacement to wait for
	}
}

// each runs f for every victim, at once, and waits.
func (p *Prepared) each(f func(*victim)) {
	var all sync.WaitGroup
	for _, v := range p.victims {
		all.Go(func() { f(v) })
	}
	all.Wait()
}
