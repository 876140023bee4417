package chaos

import (
	"context"
	"errors"
	"fmt"

	"gauntlet/harness/history"
)

// Healing is how a fault ended.
type Healing struct {
	// Event is the EventHeal. It is nil when a one-shot fault's victim did not
	// come back within Settings.ReadyWithin: neither of its instants is known.
	Event *history.Event
	// Back tells whether every victim was ready again in time. Where a fault was
	// undone and its victim was not, Event spans the undoing alone, which can only
	// make a time to recover counted from the heal longer.
	Back bool
}

// Heal undoes the fault, the half of a failed injection included, and waits
// until every victim is ready, at most Settings.ReadyWithin. Of a one-shot
// fault nothing is to undo: it waits for the replacements. An error means that
// something is not undone. Heal may then be called again, as when ctx ended
// while it waited; once it waited to the end further calls return the same.
// After an interrupt give it a context of its own: the one that was cancelled
// undoes nothing.
func (p *Prepared) Heal(ctx context.Context) (Healing, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.injected {
		return Healing{Back: true}, nil
	}
	if p.healing != nil {
		return *p.healing, nil
	}
	if err := p.undo(ctx); err != nil {
		return Healing{}, err
	}
	h := p.await(ctx)
	if ctx.Err() != nil && !h.Back {
		return h, nil
	}
	p.stop()
	p.healing = &h
	return h, nil
}

// Undo undoes what Heal would, and waits for no victim: nobody asks any more
// when they are ready. What a fault does to one victim after the other has
// ended when it returns. An error means that something is not undone.
func (p *Prepared) Undo(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.injected {
		return nil
	}
	p.stop()
	if p.turns != nil {
		select {
		case <-p.turns.over:
		case <-ctx.Done():
			return fmt.Errorf("%s %q is still under way: %w", p.fault.Title(), p.fault.Name, ctx.Err())
		}
	}
	return p.undo(ctx)
}

// undo undoes what was attempted, even where the attempt failed: what a
// cancelled call did is not known. Undoing what was not done does nothing.
func (p *Prepared) undo(ctx context.Context) error {
	if p.undone {
		return nil
	}
	if p.begin == 0 {
		p.begin = p.set.Clock.Now()
	}
	errs := make(chan error, len(p.victims))
	p.each(func(v *victim) {
		if v.undo == nil {
			return
		}
		v.witness.mayReturn() // first: it runs before undo returns
		if !v.attempted {
			return
		}
		if err := v.undo(ctx); err != nil {
			errs <- fmt.Errorf("undo %s %q on %s: %w", p.fault.Title(), p.fault.Name, v.replica.Name, err)
		}
	})
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	p.undone, p.undoIn = len(all) == 0, p.set.Clock.Now()
	return errors.Join(all...)
}

// await waits for the victims to be back.
func (p *Prepared) await(ctx context.Context) Healing {
	if p.turns == nil {
		return p.wait(ctx)
	}
	select {
	case <-p.turns.over:
	case <-ctx.Done():
		return Healing{}
	}
	if !p.turns.back || len(p.victims) == 0 {
		return Healing{}
	}
	// The last one's return is the end of it all: before, another was down.
	began, ready, ok := p.victims[len(p.victims)-1].witness.back(ctx)
	if !ok {
		return Healing{}
	}
	return Healing{Back: true, Event: &history.Event{At: began, Until: ready, Type: history.EventHeal, Name: p.fault.Name}}
}

// wait waits for the victims to be back and says when they were.
func (p *Prepared) wait(ctx context.Context) Healing {
	from := p.undoIn
	if p.fault.OneShot() {
		from = p.injectEnd
	}
	ctx, cancel := context.WithDeadline(ctx, p.set.Clock.Time(from).Add(p.set.ReadyWithin))
	defer cancel()
	var first, last int64
	back := true
	for i, v := range p.victims {
		began, ready, ok := v.witness.back(ctx)
		if i == 0 || began < first {
			first = began
		}
		if i == 0 || ready > last {
			last = ready
		}
		back = back && ok
	}
	event := &history.Event{At: first, Until: last, Type: history.EventHeal, Name: p.fault.Name}
	switch {
	case p.fault.OneShot() && (!back || len(p.victims) == 0):
		event = nil
	case !p.fault.OneShot():
		event.At = p.begin
		if !back || len(p.victims) == 0 {
			event.Until = p.undoIn
		}
	}
	return Healing{Event: event, Back: back}
}
