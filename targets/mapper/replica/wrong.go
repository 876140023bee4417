package replica

import (
	"context"
	"errors"
	"sync"
	"time"

	"gauntlet/targets/mapper/defect"
	"gauntlet/targets/mapper/entry"
)

// This file is the mistakes that are made on purpose: see package defect.

const (
	wrongURLShare   = 100 // one key in so many
	staleValueShare = 10
	ackedEarlyBy    = time.Second
	storeBehind     = time.Second // between two batches
	// A cold join loads 500 keys a second.
	coldBatch = 50
	coldPause = 100 * time.Millisecond
)

// getWrongly answers as a defect would, and says whether one struck.
func (s *Service) getWrongly(ctx context.Context, shard int, key string) (e *entry.Entry, err error, struck bool) {
	switch {
	case s.Defects.Has(defect.NoFallback):
		if _, err := s.ask(ctx, key); err != nil {
			return nil, errors.Join(ErrUnknown, err), true
		}
	case s.Defects.Has(defect.NotFoundOnError):
		if _, err := s.ask(ctx, key); err != nil {
			return nil, ErrNotFound, true
		}
	case s.Defects.Has(defect.ColdJoin) && origin(s.origin.Load()) < originPeer:
		if s.Copy.Get(shard, key) == nil {
			return nil, ErrUnknown, true
		}
	case s.Defects.Has(defect.WrongURL):
		return s.another(shard, key)
	}
	return nil, nil, false
}

// another is the entry of the key asked for last, for a share of the keys.
func (s *Service) another(shard int, key string) (*entry.Entry, error, bool) {
	e := s.Copy.Get(shard, key)
	if e == nil || !e.Live(s.nowMillis()) {
		return nil, nil, false
	}
	if defect.OneIn(wrongURLShare, key) {
		if other := s.lastSeen.Load(); other != nil {
			return other, nil, true
		}
		return nil, nil, false
	}
	s.lastSeen.Store(e)
	return e, nil, true
}

// applyWrongly takes a write over as a defect would, and says whether one struck.
func (s *Service) applyWrongly(e *entry.Entry) bool {
	switch {
	case s.Defects.Has(defect.StaleValue) && defect.OneIn(staleValueShare, e.Key):
		return s.Copy.Peek(e.Key) != nil
	case s.Defects.Has(defect.ResurrectDeleted) && e.Deleted:
		if old := s.Copy.Peek(e.Key); old != nil {
			s.Copy.Drop(old)
		}
		return true
	case s.Defects.Has(defect.OlderWriteWins):
		s.Copy.Put(e)
		return true
	}
	return false
}

// ackBeforeStore shows the write in the own copy, and stores it later.
func (s *Service) ackBeforeStore(e *entry.Entry) Durability {
	s.apply(e.At(entry.Version{Time: s.Truth.Clock.Stamp(s.known(e.Key)), Node: s.Node}))
	time.AfterFunc(ackedEarlyBy, func() {
		if _, err := s.store(context.Background(), e); err != nil {
			s.Log.Error("acknowledged and not stored", "key", e.Key, "error", err)
		}
	})
	return InRedis
}

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
	s.behind.add(e)
	return InJournal
}

// StoreBehind stores what ackBehind acknowledged, in batches, until the
// context ends: what is acknowledged after that is never stored.
func (s *Service) StoreBehind(ctx context.Context) {
	for wait(ctx, storeBehind) {
		batch := newest(s.behind.take())
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

// degradesLate says whether a failed write gets no fallback, because the
// breaker has not opened yet.
func (s *Service) degradesLate() bool {
	return s.Defects.Has(defect.Breaker30sWindow) && s.Truth.Available()
}
