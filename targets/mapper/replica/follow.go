package replica

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"gauntlet/targets/mapper/defect"
	"gauntlet/targets/mapper/entry"
	"gauntlet/targets/mapper/peers"
	"gauntlet/targets/mapper/truth"
)

const (
	followRetry = 50 * time.Millisecond
	lagCheck    = 500 * time.Millisecond
	// resyncPause between batches keeps a copy that is only being brought up
	// to date from taking the machine away from requests.
	resyncPause = 5 * time.Millisecond
)

// following is how far the changes of a Redis process are applied.
type following struct {
	runID   string
	applied atomic.Int64 // a sequence number
}

// errMissed: a change was published that did not arrive.
var errMissed = errors.New("missed a change")

// follow keeps the copy current for as long as Redis can be reached.
func (s *Service) follow(ctx context.Context) {
	for wait(ctx, followRetry) {
		if !s.Truth.Available() {
			continue
		}
		stream, err := s.Truth.Subscribe(ctx)
		if err != nil { // tells the breaker too: soon this is not even tried
			s.Log.Debug("push stream", "error", err)
			continue
		}
		err = s.session(ctx, stream)
		stream.Close()
		s.complete.Store(false)
		s.recent.hold()
		if ctx.Err() == nil {
			s.stats.resyncs.Add(1)
			s.Log.Warn("push stream ended, will load again", "reason", err)
		}
	}
}

// session follows one push stream, and loads the copy beside it: what is
// written after the subscription is pushed, what was written before is
// scanned, and what comes twice is told apart by its version.
func (s *Service) session(ctx context.Context, stream *truth.Stream) error {
	ctx, cancel := context.WithCancel(ctx)
	progress := &following{runID: stream.RunID}
	progress.applied.Store(stream.Base)
	s.following.Store(progress)
	loaded := make(chan error, 1)
	go func() { loaded <- s.load(ctx, stream) }()
	defer func() { // the load uses what only one session may
		cancel()
		if loaded != nil {
			<-loaded
		}
	}()
	ticks := time.NewTicker(lagCheck)
	defer ticks.Stop()
	applied, before, expected := stream.Base, stream.Base, stream.Base
	for {
		select {
		case c := <-stream.Changes:
			if c.Sequence > applied+1 {
				return fmt.Errorf("%w: %d came after %d", errMissed, c.Sequence, applied)
			}
			applied = max(applied, c.Sequence)
			s.take(c)
			progress.applied.Store(applied)
		case err := <-loaded:
			loaded = nil
			if err != nil {
				return err
			}
			s.became(originRedis)
			s.complete.Store(true)
		case <-ticks.C: // catches a stream that fell silent
			if applied < expected && applied == before {
				return fmt.Errorf("%w: at %d, published %d", errMissed, applied, expected)
			}
			before, expected = applied, s.Truth.LastBeat().Sequence
		case err := <-stream.Ended:
			return fmt.Errorf("%w: %v", truth.ErrStreamEnded, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take applies a pushed change.
func (s *Service) take(c truth.Change) {
	s.apply(c.Entry)
	s.recent.add(c.Entry, time.Now())
}

// load offers a new Redis process what the old one may have lost, and then
// takes over everything that was written before the stream began.
func (s *Service) load(ctx context.Context, stream *truth.Stream) error {
	if held := newest(s.recent.take()); len(held) > 0 && (stream.RunID == "" || stream.RunID != s.runID) {
		if err := s.offer(ctx, held); err != nil {
			s.recent.giveBack(held)
			return err
		}
		s.Log.Info("offered the last writes to a new redis process", "entries", len(held))
	}
	s.runID = stream.RunID
	switch {
	case s.Defects.Has(defect.ColdJoin):
		return s.scan(ctx, coldBatch, coldPause)
	case origin(s.origin.Load()) != originNone:
		return s.scan(ctx, truth.ScanBatch, resyncPause)
	case s.copyPeer(ctx, &peers.Since{Sequence: stream.Base, RunID: stream.RunID}):
		return nil
	}
	return s.scan(ctx, truth.ScanBatch, 0)
}

// scan reads everything that Redis has.
func (s *Service) scan(ctx context.Context, batch int64, pause time.Duration) error {
	start := time.Now()
	n := 0
	err := s.Truth.Scan(ctx, batch, pause, func(e *entry.Entry) { s.apply(e); n++ })
	if err == nil {
		s.Log.Info("loaded from redis", "entries", n, "took", time.Since(start))
	}
	return err
}
