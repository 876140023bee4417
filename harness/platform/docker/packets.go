package docker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"gauntlet/harness/chaos/link"
	"gauntlet/harness/platform"
	"gauntlet/harness/platform/netfilter"
	"gauntlet/harness/topology"
)

// packets is what is dropped on its way between containers.
type packets struct {
	mu    sync.Mutex
	drops map[string]*dropping
	made  int
}

// Connections implements platform.Dropper.
func (s *system) Connections() []link.Pair {
	var all []link.Pair
	s.stack.Pairs(func(p topology.Pair, _ topology.Link) {
		if p.FromIndex >= 0 {
			all = append(all, link.Pair{Source: p.Source(), Destination: p.Destination(), Port: p.Port})
		}
	})
	return all
}

// Drop implements platform.Dropper.
func (s *system) Drop(ctx context.Context, name string, streams []platform.Stream, share float64) error {
	d, err := s.enterDrop(name, streams, share)
	if err == nil {
		err = s.begin(ctx, d)
	}
	if err != nil {
		return fmt.Errorf("drop packets: %w", err)
	}
	return nil
}

// enterDrop plans a Drop and enters its undo. Whatever becomes of it from then
// on, it is there to be undone.
func (s *system) enterDrop(name string, streams []platform.Stream, share float64) (*dropping, error) {
	s.packets.mu.Lock()
	defer s.packets.mu.Unlock()
	if s.packets.drops[name] != nil {
		return nil, fmt.Errorf("%q drops packets already", name)
	}
	s.packets.made++
	d := &dropping{prefix: fmt.Sprintf("%s-%d-", prefix(s.o.RunID), s.packets.made), share: share, ends: map[*replica]*end{}}
	for _, asked := range streams {
		t, err := s.stretch(asked)
		if err != nil {
			return nil, err
		}
		t.rule = fmt.Sprintf("%s%d", d.prefix, len(d.streams))
		d.streams = append(d.streams, t)
		d.ends[t.sender], d.ends[t.receiver] = &end{}, &end{}
	}
	if s.o.Ledger != nil {
		if err := s.o.Ledger.Undo(RulesUndoKind, s.o.RunID, s.engine.DaemonHost(), d.prefix); err != nil {
			return nil, err
		}
	}
	if s.packets.drops == nil {
		s.packets.drops = map[string]*dropping{}
	}
	s.packets.drops[name] = d
	return d, nil
}

// Undrop implements platform.Dropper.
func (s *system) Undrop(ctx context.Context, name string) error {
	d := s.dropOf(name)
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		return nil
	}
	for r, at := range d.ends {
		if !at.there() {
			continue
		}
		if err := at.space.Remove(ctx, d.prefix); err != nil {
			return fmt.Errorf("drop no packets any more in the network namespace of %s: %w", r.name, err)
		}
	}
	return s.forget(name, d)
}

func (s *system) dropOf(name string) *dropping {
	s.packets.mu.Lock()
	defer s.packets.mu.Unlock()
	return s.packets.drops[name]
}

// allDrops is every Drop that is under way, by its name.
func (s *system) allDrops() map[string]*dropping {
	s.packets.mu.Lock()
	defer s.packets.mu.Unlock()
	return maps.Clone(s.packets.drops)
}

// forget lets go of a Drop of which no rule is left. Its lock is held.
func (s *system) forget(name string, d *dropping) error {
	if d.over {
		return nil
	}
	d.over = true
	for _, at := range d.ends {
		at.close()
	}
	s.packets.mu.Lock()
	delete(s.packets.drops, name)
	s.packets.mu.Unlock()
	if s.o.Ledger == nil {
		return nil
	}
	return s.o.Ledger.Undone(RulesUndoKind, s.o.RunID, s.engine.DaemonHost(), d.prefix)
}

// forgetPackets lets go of every Drop: with the containers their namespaces
// have gone, and the rules in them.
func (s *system) forgetPackets() error {
	var errs []error
	for name, d := range s.allDrops() {
		d.mu.Lock()
		errs = append(errs, s.forget(name, d))
		d.mu.Unlock()
	}
	return errors.Join(errs...)
}

// Dropped implements platform.Dropper. What was counted in the lives before is
// part of it.
func (s *system) Dropped(ctx context.Context, name string) ([]platform.Dropped, error) {
	d := s.dropOf(name)
	if d == nil {
		return nil, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		return nil, nil
	}
	if d.broken != nil {
		return nil, d.broken
	}
	counts := map[*replica]map[string]netfilter.Count{}
	resent := map[*replica]int64{}
	for r, at := range d.ends {
		var err error
		if counts[r], err = at.counts(ctx); err == nil {
			resent[r], err = at.resent()
		}
		if err != nil {
			return nil, fmt.Errorf("count packets in the network namespace of %s: %w", r.name, err)
		}
	}
	all := make([]platform.Dropped, len(d.streams))
	for i, t := range d.streams {
		now := counts[t.receiver][t.rule]
		all[i] = platform.Dropped{Stream: t.Stream, Packets: t.sums.Met + now.Met, Lost: t.sums.Dropped + now.Dropped, Resent: resent[t.sender]}
	}
	return all, nil
}

// startedAgain puts the rules that a replica took along when it died, and
// those that know it by an address which it has no longer.
func (s *system) startedAgain(r *replica) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for _, d := range s.allDrops() {
		d.mu.Lock()
		if err := s.resume(ctx, d, r); err != nil {
			d.broken = errors.Join(d.broken, fmt.Errorf("no packets are dropped since %s was started again: %w", r.name, err))
		}
		d.mu.Unlock()
	}
}
