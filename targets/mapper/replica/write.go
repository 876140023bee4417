package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gauntlet/targets/mapper/defect"
	"gauntlet/targets/mapper/entry"
	"gauntlet/targets/mapper/journal"
	"gauntlet/targets/mapper/truth"
)

// Durability is what an acknowledged write rests on.
type Durability string

const (
	InRedis   Durability = "redis"
	InJournal Durability = "journal"
)

var (
	// ErrRefused: the write surely has no effect.
	ErrRefused = errors.New("write refused")
	// ErrUncertain: the write may or may not have an effect.
	ErrUncertain = errors.New("outcome of the write is unknown")
)

// maxOffset between this machine's clock and Redis's: beyond it the versions
// of journal writes are not to be trusted against those of Redis.
const maxOffset = 250 * time.Millisecond

// Write stores a PUT or a DELETE, in Redis if it answers in time, and else in
// the journal. It returns once the write survives the death of any process.
func (s *Service) Write(ctx context.Context, e *entry.Entry) (Durability, error) {
	if s.defective {
		return s.writeWrongly(ctx, e)
	}
	return s.store(ctx, e)
}

func (s *Service) store(ctx context.Context, e *entry.Entry) (Durability, error) {
	known := s.known(e.Key)
	stored, giveUp, err := s.Truth.Write(ctx, e, known)
	if err == nil {
		s.apply(stored)
		s.recent.add(stored, time.Now())
		s.stats.writes[InRedis].Add(1)
		return InRedis, nil
	}
	surely := errors.Is(err, truth.ErrUnavailable) || errors.Is(err, truth.ErrRefused)
	if s.Defects.Has(defect.NoFallback) || s.degradesLate() {
		return "", refusal(surely, err)
	}
	if !surely {
		// Redis may still do it until then; the journal's version must be
		// above, or the two would differ about which is the last write.
		known = max(known, giveUp)
	}
	if err := s.toJournal(e, known); err != nil {
		untouched := errors.Is(err, journal.ErrFull) || errors.Is(err, journal.ErrClosed) || errors.Is(err, errClock)
		return "", refusal(surely && untouched, err)
	}
	return InJournal, nil
}

// known is the version of a key that this replica has seen; 0 for none.
func (s *Service) known(key string) int64 {
	if e := s.Copy.Peek(key); e != nil {
		return e.Version.Time
	}
	return 0
}

var errClock = errors.New("clock differs too much from Redis's")

func (s *Service) toJournal(e *entry.Entry, floor int64) error {
	if o := s.Truth.Clock.Offset(); o.Abs() > maxOffset {
		return fmt.Errorf("%w: by %v", errClock, o)
	}
	e = e.At(entry.Version{Time: s.Truth.Clock.Stamp(floor), Node: s.Node})
	if err := s.Pending.Append(e); err != nil {
		return err
	}
	s.apply(e)
	s.stats.writes[InJournal].Add(1)
	select {
	case s.wake <- struct{}{}:
	default:
	}
	s.waitUntil(e.Version.Time)
	return nil
}

// waitUntil holds an acknowledgement back until its version is in the past:
// otherwise a write acknowledged after it, by another replica, could have a
// lower one. Versions are ahead only after a call that Redis may still do, and
// by no more than that call's time-out.
func (s *Service) waitUntil(version int64) {
	ahead := time.Duration(version-s.Truth.Clock.Now()) * time.Microsecond
	if ahead > 0 {
		time.Sleep(min(ahead, truth.Timeout))
	}
}

func refusal(surely bool, err error) error {
	if surely {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return fmt.Errorf("%w: %w", ErrUncertain, err)
}
