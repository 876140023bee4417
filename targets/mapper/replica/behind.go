package replica

import (
	"context"
	"sync"
	"time"

	"gauntlet/targets/mapper/entry"
)

// This file is the defect drop-on-shutdown.

// storeBehind is the time between two batches.
const storeBehind = time.Second

// behind is what is acknowledged and only in memory.
type behind struct {
	mu   sync.Mutex
	list []*entry.Entry
}

func (b *behind) add(e *entry.Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = append(b.list, e)
}

func (b *behind) take() []*entry.Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.list
	b.list = nil
	return list
}

// ackBehind shows the write in the own copy, and leaves it to StoreBehind.
func (s *Service) ackBehind(e *entry.Entry) Durability {
	e = e.At(entry.Version{Time: s.Truth.Clock.Stamp(s.known(e.Key)), Node: s.Node})
	s.apply(e)
	s.wrong.behind.add(e)
	return InJournal
}

// StoreBehind stores what ackBehind acknowledged, in batches, until the
// context ends: what is acknowledged after that is never stored.
func (s *Service) StoreBehind(ctx context.Context) {
	for wait(ctx, storeBehind) {
		batch := newest(s.wrong.behind.take())
		if s.Truth.Available() && s.Truth.Offer(ctx, batch) == nil {
			continue
		}
		for _, e := range batch {
			if err := s.Pending.Append(e); err != nil {
				s.Log.Error("acknowledged and not stored", "key", e.Key, "error", err)
			}
		}
	}
}
