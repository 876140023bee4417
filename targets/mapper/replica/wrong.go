package replica

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"gauntlet/targets/mapper/defect"
	"gauntlet/targets/mapper/entry"
)

// This file is the mistakes that are made on purpose: see package defect.

const (
	wrongURLShare   = 100 // one key in so many
	staleValueShare = 10
	ackedEarlyBy    = time.Second
	// A cold join loads 500 keys a second.
	coldBatch = 50
	coldPause = 100 * time.Millisecond
	// sweepOften is how often a map without a lock is looked through.
	sweepOften = 100 * time.Millisecond
	// stuckShard is the one that the article's metrics found.
	stuckShard = 41
	// readyLimit is a Redis that is well, to one who has never seen it far away.
	readyLimit = 100 * time.Millisecond
	// watchEvery is seldom enough for thousands of watchers to cost little: what
	// they take is goroutines.
	watchEvery = 100 * time.Millisecond
)

// wrong is the state of the defects.
type wrong struct {
	lastSeen atomic.Pointer[entry.Entry]
	behind   behind
	stuck    sync.RWMutex  // of stuckShard
	broken   atomic.Bool   // the writer's connection
	audit    chan struct{} // nil: nobody listens, and who sends waits for ever
}

var errBroken = errors.New("the writer's connection is broken")

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
	case s.Defects.Has(defect.OneShardStuck) && shard == stuckShard:
		s.wrong.stuck.RLock()
		defer s.wrong.stuck.RUnlock()
	case s.Defects.Has(defect.GoroutineLeak):
		go func() { s.wrong.audit <- struct{}{} }()
	}
	return nil, nil, false
}

// writeWrongly stores as a defect would.
func (s *Service) writeWrongly(ctx context.Context, e *entry.Entry) (Durability, error) {
	switch {
	case s.Defects.Has(defect.AckBeforeStore):
		return s.ackBeforeStore(e), nil
	case s.Defects.Has(defect.DropOnShutdown):
		return s.ackBehind(e), nil
	case s.Defects.Has(defect.OneShardStuck) && s.Copy.Shard(e.Key) == stuckShard:
		s.wrong.stuck.Lock()
		d, err := s.store(ctx, e)
		if err != nil || d != InRedis {
			return d, err // the mistake: the way out that is rarely taken
		}
		s.wrong.stuck.Unlock()
		return d, nil
	case s.Defects.Has(defect.WritesStayBroken) && s.wrong.broken.Load() && s.Truth.Available():
		return "", refusal(true, errBroken)
	}
	d, err := s.store(ctx, e)
	switch {
	case d != InJournal:
	case s.Defects.Has(defect.WritesStayBroken):
		s.wrong.broken.Store(true)
	case s.Defects.Has(defect.LeakAfterRecovery):
		go s.watch(e)
	}
	return d, err
}

// watch waits until a journal write is in Redis, and then for another state of
// the entry than it can ever see: that of before it got its version.
func (s *Service) watch(e *entry.Entry) {
	for range time.Tick(watchEvery) {
		if now := s.Copy.Peek(e.Key); now != nil && now.Version == e.Version {
			return
		}
	}
}

// readyWrongly says what a defect would.
func (s *Service) readyWrongly() bool {
	switch {
	case s.Defects.Has(defect.ColdJoin):
		return true
	case s.Defects.Has(defect.FlappingReadiness):
		return s.loaded() && s.Truth.AnswersWithin(readyLimit)
	}
	return s.loaded()
}

// another is the entry of the key asked for last, for a share of the keys.
func (s *Service) another(shard int, key string) (*entry.Entry, error, bool) {
	e := s.Copy.Get(shard, key)
	if e == nil || !e.Live(s.nowMillis()) {
		return nil, nil, false
	}
	if defect.OneIn(wrongURLShare, key) {
		if other := s.wrong.lastSeen.Load(); other != nil {
			return other, nil, true
		}
		return nil, nil, false
	}
	s.wrong.lastSeen.Store(e)
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

// degradesLate says whether a failed write gets no fallback, because the
// breaker has not opened yet.
func (s *Service) degradesLate() bool {
	return s.Defects.Has(defect.Breaker30sWindow) && s.Truth.Breaker() == "closed"
}
