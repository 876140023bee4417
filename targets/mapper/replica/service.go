// Package replica is one mapper: a full copy of all mappings in memory, kept
// current by Redis's push, and a journal for what Redis cannot take just now.
// It decides where an answer comes from and what an acknowledgement means.
package replica

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"gauntlet/targets/mapper/defect"
	"gauntlet/targets/mapper/entry"
	"gauntlet/targets/mapper/journal"
	"gauntlet/targets/mapper/peers"
	"gauntlet/targets/mapper/shards"
	"gauntlet/targets/mapper/truth"

	"golang.org/x/sync/singleflight"
)

// Pending is where acknowledged writes wait for Redis.
type Pending interface {
	Append(*entry.Entry) error
	Oldest(n int) ([]journal.Record, error)
	Trim(through uint64) error
	Depth() int
}

// Snapshots is where a copy comes from while Redis is away.
type Snapshots interface {
	// Fetch visits every entry of a peer that has data, new enough.
	Fetch(ctx context.Context, since *peers.Since, visit func(*entry.Entry)) error
}

// Options of a Service.
type Options struct {
	Node    string
	Copy    *shards.Map
	Truth   *truth.Redis
	Pending Pending
	Peers   Snapshots
	Defects defect.Set
	Log     *slog.Logger
}

// origin is where the copy came from.
type origin int32

const (
	originNone  origin = iota // nothing loaded yet
	originAlone               // nobody to load from: only the own journal
	originPeer
	originRedis
)

// Service is safe for concurrent use.
type Service struct {
	Options
	defective bool // saves the cached read a look at every defect

	origin    atomic.Int32
	complete  atomic.Bool // loaded from Redis and no change missed since
	recent    recent
	following atomic.Pointer[following] // nil before the first session
	runID     string                    // of the Redis process last followed; only the follower uses it
	loads     singleflight.Group
	wake      chan struct{} // something is pending
	stats     stats
	wrong     wrong // the state of the defects
}

// New makes a Service. It answers from what its copy has at once, but is
// ready only after Run has loaded it.
func New(o Options) *Service {
	return &Service{Options: o, defective: !o.Defects.Empty(), wake: make(chan struct{}, 1), stats: newStats()}
}

// Run follows Redis, loads the copy and writes the journal back, until the
// context ends.
func (s *Service) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.follow(ctx) })
	wg.Go(func() { s.bootstrap(ctx) })
	wg.Go(func() { s.writeBack(ctx) })
	wg.Go(func() { s.sweep(ctx) })
	wg.Wait()
}

// Ready says whether the copy is loaded: from Redis; with Redis away, from a
// peer; and only if neither answers, not at all.
func (s *Service) Ready() bool {
	if s.defective {
		return s.readyWrongly()
	}
	return s.loaded()
}

func (s *Service) loaded() bool {
	return origin(s.origin.Load()) != originNone
}

// beatLease is how old the last heartbeat may be for the push stream to be
// trusted: a connection can be dead without being closed.
const beatLease = time.Second

// Current says whether what the copy does not have does not exist.
func (s *Service) Current() bool {
	return s.complete.Load() && time.Since(s.Truth.LastBeat().At) < beatLease
}

// apply takes a write over into the copy.
func (s *Service) apply(e *entry.Entry) {
	if s.defective && s.applyWrongly(e) {
		return
	}
	s.Copy.Apply(e)
}

// Restore takes a journal's entry over at the start, before any request.
func (s *Service) Restore(e *entry.Entry) { s.apply(e) }

// nowMillis is Redis's time in milliseconds, by which keys expire.
func (s *Service) nowMillis() int64 { return s.Truth.Clock.Now() / 1000 }

const sweepEvery = time.Minute

// sweep forgets the keys whose end is long past.
func (s *Service) sweep(ctx context.Context) {
	every := sweepEvery
	if s.Defects.Has(defect.UnlockedMap) {
		every = sweepOften
	}
	for wait(ctx, every) {
		if n := s.Copy.Sweep(s.nowMillis()); n > 0 {
			s.Log.Info("swept", "entries", n)
		}
	}
}

// wait sleeps and says whether the context still lives.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
