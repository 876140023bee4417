package replica

import (
	"context"
	"time"

	"gauntlet/targets/mapper/entry"
	"gauntlet/targets/mapper/journal"
)

const (
	replayBatch = 200
	// replayRate bounds one replica's write-back: three of them leave Redis
	// most of its time, and 17 minutes of a tenth of 1,000 requests/s, shared
	// by three, are gone in 7 s.
	replayRate  = 5000 // entries a second
	replayRetry = 200 * time.Millisecond
)

// writeBack moves what is pending to Redis whenever it can be reached.
func (s *Service) writeBack(ctx context.Context) {
	for {
		for s.Pending.Depth() > 0 && s.Truth.Available() {
			pause := replayBatch * time.Second / replayRate
			if err := s.writeBackBatch(ctx); err != nil {
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
	if err := s.Truth.Offer(ctx, newest(records)); err != nil {
		return err
	}
	s.stats.replayed.Add(uint64(len(records)))
	return s.Pending.Trim(records[len(records)-1].Seq)
}

// newest leaves the last version of each key: the others would lose anyway.
func newest(records []journal.Record) []*entry.Entry {
	place := make(map[string]int, len(records))
	var out []*entry.Entry
	for _, r := range records {
		i, seen := place[r.Entry.Key]
		switch {
		case !seen:
			place[r.Entry.Key] = len(out)
			out = append(out, r.Entry)
		case r.Entry.Newer(out[i]):
			out[i] = r.Entry
		}
	}
	return out
}

// offer sends entries in batches.
func (s *Service) offer(ctx context.Context, entries []*entry.Entry) error {
	for len(entries) > 0 {
		n := min(replayBatch, len(entries))
		if err := s.Truth.Offer(ctx, entries[:n]); err != nil {
			return err
		}
		entries = entries[n:]
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
