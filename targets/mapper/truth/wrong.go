package truth

import (
	"context"
	"errors"
	"sync"
	"time"

	"gauntlet/targets/mapper/defect"
)

// This file is the mistakes that are made on purpose: see package defect.

const (
	// never is longer than any run: the time-outs of one who sets none.
	never = 24 * time.Hour
	// poolSize suffices for any load while a call takes a millisecond, and
	// for 20 calls a second once it takes 100.
	poolSize = 2
	// stormTries are made of each call, one right after the other.
	stormTries = 10
	// articleOpenFor, articleShare and articleWindow are the article's breaker.
	articleOpenFor = time.Minute
	articleShare   = 0.15
	articleWindow  = 30 * time.Second
)

// wrong is the state of the defects.
type wrong struct {
	pool    chan struct{}
	trigger articleTrigger
}

func newWrong() *wrong { return &wrong{pool: make(chan struct{}, poolSize)} }

// callWrongly makes a call as a defect would.
func (r *Redis) callWrongly(ctx context.Context, op string, do doing) error {
	switch {
	case r.Defects.Has(defect.RetryStorm):
		return r.storm(ctx, op, do)
	case !r.Available():
		return ErrUnavailable
	case r.Defects.Has(defect.PoolExhaustion):
		r.wrong.pool <- struct{}{} // the call's time-out begins only after it
		defer func() { <-r.wrong.pool }()
	}
	return r.once(ctx, op, do)
}

// storm tries again at once, and does not ask the breaker.
func (r *Redis) storm(ctx context.Context, op string, do doing) error {
	if r.client.Load() == nil {
		return ErrUnavailable
	}
	var uncertain error
	for range stormTries - 1 {
		err := r.once(ctx, op, do)
		if err == nil || (errors.Is(err, ErrRefused) && uncertain == nil) {
			return err
		}
		if errors.Is(err, ErrUncertain) {
			uncertain = err // an earlier try may have been done
		}
	}
	err := r.once(ctx, op, do)
	if err != nil && uncertain != nil {
		return uncertain
	}
	return err
}

// AnswersWithin asks Redis, without the breaker: only flapping-readiness does.
func (r *Redis) AnswersWithin(limit time.Duration) bool {
	c := r.client.Load()
	if c == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return (*c).Do(ctx, (*c).B().Ping().Build()).Error() == nil
}

// articleTrigger opens the article's breaker: "the share of failures is above
// 15 % for 30 s on end", judged second by second.
type articleTrigger struct {
	mu            sync.Mutex
	second        time.Time // the start of the one that is counted
	calls, failed float64
	since         time.Time // of the trouble; zero without
}

// tripped counts a call, and says whether the trouble has lasted.
func (a *articleTrigger) tripped(_, now time.Time, failed bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.second) >= time.Second {
		switch {
		case a.failed <= articleShare*a.calls:
			a.since = time.Time{}
		case a.since.IsZero():
			a.since = a.second
		}
		a.second, a.calls, a.failed = now, 0, 0
	}
	a.calls++
	if failed {
		a.failed++
	}
	return !a.since.IsZero() && now.Sub(a.since) >= articleWindow
}
