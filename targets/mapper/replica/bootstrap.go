package replica

import (
	"context"
	"time"

	"gauntlet/targets/mapper/entry"
	"gauntlet/targets/mapper/peers"
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

// askPeers loads the copy from a peer, however old, and says whether it did.
func (s *Service) askPeers(ctx context.Context) bool {
	if !s.copyPeer(ctx, nil) {
		return false
	}
	s.became(originPeer)
	return true
}

// copyPeer takes over the copy of a peer that has all changes since then, and
// says whether there was one.
func (s *Service) copyPeer(ctx context.Context, since *peers.Since) bool {
	start := time.Now()
	n := 0
	if err := s.Peers.Fetch(ctx, since, func(e *entry.Entry) { s.apply(e); n++ }); err != nil {
		s.Log.Debug("no snapshot from a peer", "error", err)
		return false
	}
	s.Log.Info("loaded from a peer", "entries", n, "took", time.Since(start))
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

// coversWait is for changes that a joining replica knows of and that are still
// on their way to this one.
const (
	coversWait  = time.Second
	coversRetry = 5 * time.Millisecond
)

// Covers says whether the copy is worth giving to a peer: loaded, and, when
// the peer says since when it follows the changes itself, with all before.
func (s *Service) Covers(ctx context.Context, since *peers.Since) bool {
	if origin(s.origin.Load()) < originPeer {
		return false
	}
	if since == nil {
		return true
	}
	for end := time.Now().Add(coversWait); ; {
		f := s.following.Load()
		switch {
		case f == nil || f.runID != since.RunID || !s.complete.Load():
			return false
		case f.applied.Load() >= since.Sequence:
			return true
		case time.Now().After(end) || !wait(ctx, coversRetry):
			return false
		}
	}
}

// Snapshot visits the copy for a peer.
func (s *Service) Snapshot(visit func(*entry.Entry) bool) { s.Copy.All(visit) }
