package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gauntlet/harness/history"
	"gauntlet/harness/platform"
)

// Proof says whether the fault is known to have worked on every target, from
// what was seen of the victims, never from what the platform's call returned.
// It is complete after Heal.
func (p *Prepared) Proof() history.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	event := history.Event{Type: history.EventProof, Name: p.fault.Name, Proven: len(p.victims) > 0}
	if !p.injected {
		event.Proven, event.At, event.Detail = false, p.set.Clock.Now(), "it was never injected"
		return event
	}
	if len(p.victims) == 0 {
		event.At, event.Detail = p.injectEnd, fmt.Sprintf("%s of %d %% drew no target with this seed", p.fault.Mode, p.fault.Value)
		return event
	}
	var details []string
	for _, v := range p.victims {
		proven, at, detail := v.witness.proof()
		if err := p.trouble(v); err != nil {
			detail += fmt.Sprintf(" (%v)", err)
			proven = proven && !errors.Is(err, platform.ErrDown) // whatever was seen of it, another did it
		}
		event.Proven = event.Proven && proven
		event.At = max(event.At, at)
		details = append(details, detail)
	}
	if p.fault.takesTurns() {
		if both := p.together(); both != "" {
			event.Proven, details = false, append(details, both)
		} else if stayed := p.turns.whoStayed(); stayed != "" {
			details = append(details, stayed+" is not back, and no other was restarted after it")
		}
	}
	event.Detail = strings.Join(details, "; ")
	return event
}

// trouble is what went wrong with the deed on v, as far as it is known.
func (p *Prepared) trouble(v *victim) error {
	if p.turns != nil && !p.turns.isOver() {
		return nil
	}
	return v.err
}

// Check is whether the system is as it was before the fault: an error names
// every target that does not run or is not ready.
func (p *Prepared) Check(ctx context.Context) error {
	replicas, err := p.sys.Replicas(ctx)
	if err != nil {
		return fmt.Errorf("after %s %q: list replicas: %w", p.fault.Title(), p.fault.Name, err)
	}
	var errs []error
	for _, v := range p.victims {
		var err error
		switch {
		case v.leaves:
			err = isListed(replicas, v.replica.Name)
		case v.check != nil:
			err = v.check(ctx)
		default:
			err = p.check(ctx, replicas, v.replica.Name)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("after %s %q: %s %w", p.fault.Title(), p.fault.Name, v.replica.Name, err))
		}
	}
	return errors.Join(errs...)
}

// isListed is what keeps a replica that is to be gone from being so.
func isListed(replicas []platform.Replica, name string) error {
	if slices.ContainsFunc(replicas, func(r platform.Replica) bool { return r.Name == name }) {
		return errors.New("is still there")
	}
	return nil
}

// check is what keeps the replica from being as it was.
func (p *Prepared) check(ctx context.Context, replicas []platform.Replica, name string) error {
	for _, r := range replicas {
		if r.Name != name {
			continue
		}
		if r.State != platform.Running {
			return fmt.Errorf("is %s", r.State)
		}
		if err := p.set.Probe(ctx, r); err != nil {
			return fmt.Errorf("is not ready: %w", err)
		}
		return nil
	}
	return errors.New("is gone")
}
