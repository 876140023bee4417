package replica

import (
	"context"
	"errors"

	"gauntlet/targets/mapper/entry"
)

var (
	// ErrNotFound: the key does not exist. Either the copy would have it, or
	// Redis said so.
	ErrNotFound = errors.New("no such key")
	// ErrUnknown: nobody who could know whether the key exists can be asked.
	ErrUnknown = errors.New("cannot tell whether the key exists")
)

// Get is where a key points to. A key that the copy has never waits for
// Redis, however stale it may be. The shard is that of the copy's Shard.
func (s *Service) Get(ctx context.Context, shard int, key string) (*entry.Entry, error) {
	if s.defective {
		if e, err, wrong := s.getWrongly(ctx, shard, key); wrong {
			return e, err
		}
	}
	e := s.Copy.Get(shard, key)
	if e == nil {
		var err error
		if e, err = s.miss(ctx, key); err != nil {
			return nil, err
		}
	}
	// A key that ended is known to be gone: that is an answer like a URL is.
	if (e.Deleted || e.Expiry != 0) && !e.Live(s.nowMillis()) {
		return nil, ErrNotFound
	}
	return e, nil
}

// miss answers for a key that the copy does not have.
func (s *Service) miss(ctx context.Context, key string) (*entry.Entry, error) {
	if s.Current() {
		return nil, ErrNotFound
	}
	e, err := s.ask(ctx, key)
	switch {
	case err != nil:
		return nil, errors.Join(ErrUnknown, err)
	case e == nil:
		return nil, ErrNotFound
	}
	s.apply(e)
	return e, nil
}

// ask reads a key from Redis, once for all who ask at the same time. nil
// means that Redis does not have it.
func (s *Service) ask(ctx context.Context, key string) (*entry.Entry, error) {
	s.stats.asked.Add(1)
	v, err, _ := s.loads.Do(key, func() (any, error) { return s.Truth.Get(ctx, key) })
	if err != nil {
		return nil, err
	}
	return v.(*entry.Entry), nil
}
