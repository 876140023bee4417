package replica

import (
	"context"
	"time"

	"gauntlet/targets/mapper/entry"
)

const (
	bootstrapRetry = 50 * time.Millisecond
	// aloneAfter is how long a replica looks for Redis or a peer before it
	// serves without data: when all of a system starts, somebody is first.
	aloneAfter = 5 * time.Second
)

// bootstrap sees to a copy for a replica that starts while Redis is away.
func (s *Service) bootstrap(ctx context.Context) {
	select {
	case <-s.Truth.Tried():
	case <-ctx.Done():
		return
	}
	giveUp := time.Now().Add(aloneAfter)
	for origin(s.origin.Load()) == originNone {
		if !s.Truth.Available() && s.askPeers(ctx) {
			return
		}
		if !s.Truth.Available() && time.Now().After(giveUp) {
			s.Log.Warn("neither redis nor a peer answers: serving what the journal has")
			s.became(originAlone)
			return
		}
		if !wait(ctx, bootstrapRetry) {
			return
		}
	}
}

// askPeers loads the copy from a peer and says whether it did.
func (s *Service) askPeers(ctx context.Context) bool {
	start := time.Now()
	n := 0
	if err := s.Peers.Fetch(ctx, func(e *entry.Entry) { s.apply(e); n++ }); err != nil {
		s.Log.Debug("no snapshot from a peer", "error", err)
		return false
	}
	s.Log.Info("loaded from a peer", "entries", n, "took", time.Since(start))
	s.became(originPeer)
	return true
}

// became raises the origin; it never falls, because what was loaded stays.
func (s *Service) became(o origin) {
	for {
		old := s.origin.Load()
		if old >= int32(o) || s.origin.CompareAndSwap(old, int32(o)) {
			return
		}
	}
}

// Snapshot visits the copy for a peer that has none, and says whether there
// is anything worth having.
func (s *Service) Snapshot(visit func(*entry.Entry) bool) bool {
	if origin(s.origin.Load()) < originPeer {
		return false
	}
	s.Copy.All(visit)
	return true
}
