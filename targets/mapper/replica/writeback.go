package replica

import (
	"context"
	"slices"
	"time"

	"gauntlet/targets/mapper/entry"
)

const (
	replayBatch = 500
	// replayRate bounds one replica's write-back, in entries a second.
	replayRate = 10_000
	// replayRest is how long it rests for each batch, in times that the batch
	// took: the slower Redis and the disk are, the more they are left alone.
	replayRest  = 2
	replayRetry = 200 * time.Millisecond
)

// rest is the pause after a batch that took so long.
func rest(took time.Duration) time.Duration {
	return max(replayRest*took, replayBatch*time.Second/replayRate-took)
}

// writeBack moves what is pending to Redis whenever it can be reached.
func (s *Service) writeBack(ctx context.Context) {
	for {
		for s.Pending.Depth() > 0 && s.Truth.Available() {
			start := time.Now()
			err := s.writeBackBatch(ctx)
			pause := rest(time.Since(start))
			if err != nil {
				if ctx.Err() != nil {
					return
				}
				s.Log.Warn("write-back", "error", err)
				pause = replayRetry
			}
			if !wait(ctx, pause) {
				return
			}
		}
		select {
		case <-s.wake:
		case <-time.After(replayRetry): // Redis may have come back
		case <-ctx.Done():
			return
		}
	}
}

// writeBackBatch offers the oldest entries and forgets them once Redis has
// confirmed all of them.
func (s *Service) writeBackBatch(ctx context.Context) error {
	records, err := s.Pending.Oldest(replayBatch)
	if err != nil || len(records) == 0 {
		return err
	}
	entries := make([]*entry.Entry, len(records))
	for i, r := range records {
		entries[i] = r.Entry
	}
	if err := s.Truth.Offer(ctx, newest(entries)); err != nil {
		return err
	}
	s.stats.replayed.Add(uint64(len(records)))
	return s.Pending.Trim(records[len(records)-1].Seq)
}

// newest leaves the last version of each key: the others would lose anyway.
func newest(entries []*entry.Entry) []*entry.Entry {
	place := make(map[string]int, len(entries))
	var out []*entry.Entry
	for _, e := range entries {
		i, seen := place[e.Key]
		switch {
		case !seen:
			place[e.Key] = len(out)
			out = append(out, e)
		case e.Newer(out[i]):
			out[i] = e
		}
	}
	return out
}

// offer sends entries in batches, as gently as the write-back.
func (s *Service) offer(ctx context.Context, entries []*entry.Entry) error {
	for batch := range slices.Chunk(entries, replayBatch) {
		start := time.Now()
		if err := s.Truth.Offer(ctx, batch); err != nil {
			return err
		}
		if !wait(ctx, rest(time.Since(start))) {
			return ctx.Err()
		}
	}
	return nil
}

// Flush writes back what is pending until nothing is or the context ends. It
// is for an orderly stop, after Run; what is left stays in the journal.
func (s *Service) Flush(ctx context.Context) {
	for s.Pending.Depth() > 0 && s.Truth.Available() && ctx.Err() == nil {
		if err := s.writeBackBatch(ctx); err != nil {
			s.Log.Warn("flush at the end; the rest stays in the journal", "error", err)
			return
		}
	}
}
