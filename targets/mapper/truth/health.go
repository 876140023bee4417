package truth

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gauntlet/targets/mapper/defect"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/redis/rueidis"
)

const (
	beatEvery = 200 * time.Millisecond
	// A heartbeat that failed is repeated sooner, so that four failures open
	// the breaker within a second of trouble even when nobody writes and each
	// of them lasts as long as its time-out: 0.2 s + 4 × 0.15 s.
	beatAgain = 50 * time.Millisecond
	probes    = 3
	// A probe that fails lasts connectTimeout, whatever the reason, and the
	// next one follows after this: every 1 s ± 20 %, without the top of it,
	// because the breaker must be closed 1.2 s after a return.
	probeAfterMin = 500 * time.Millisecond
	probeAfterMax = 800 * time.Millisecond
)

// Beat is what the last heartbeat found.
type Beat struct {
	At       time.Time
	Sequence int64 // of the last published change
}

// LastBeat is the last heartbeat that Redis answered; zero before the first.
func (r *Redis) LastBeat() Beat {
	if b := r.beat.Load(); b != nil {
		return *b
	}
	return Beat{}
}

// newBreaker makes a breaker that, once trouble has opened it, tries again every
// 1 s ± 20 % with three probes, all of which must succeed. Only heartbeats probe,
// so no request pays for finding out.
func (r *Redis) newBreaker() circuitbreaker.CircuitBreaker[any] {
	builder := circuitbreaker.NewBuilder[any]().
		WithSuccessThreshold(probes).
		WithRandomDelay(probeAfterMin, probeAfterMax)
	if r.Defects.Has(defect.Breaker30sWindow) {
		builder = builder.WithDelay(articleOpenFor)
	}
	return builder.
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) {
			r.Metrics.breakerChanges.WithLabelValues(e.NewState.String()).Inc()
			if e.OldState == circuitbreaker.ClosedState || e.NewState == circuitbreaker.ClosedState {
				r.Log.Warn("redis breaker", "from", e.OldState.String(), "to", e.NewState.String())
			}
		}).
		Build()
}

// Breaker is the state by name: closed, open or half-open.
func (r *Redis) Breaker() string { return r.breaker.State().String() }

// record takes down how a call went that began then and has just ended, and
// opens the breaker when the trouble lasts. A call that began before the breaker
// opened says nothing about the probes, so it is left out; and one that found no
// connection says nothing about Redis, since making one is what finds out.
func (r *Redis) record(began time.Time, err error) {
	if !r.breaker.IsClosed() || errors.Is(err, errNoConnection) {
		return
	}
	lasts := r.trouble.lasts
	if r.Defects.Has(defect.Breaker30sWindow) {
		lasts = r.wrong.trigger.tripped
	}
	if lasts(began, time.Now(), err != nil) {
		r.trouble.forget()
		r.breaker.Open()
	}
}

// Run connects, beats and probes until the context ends. It is called once.
func (r *Redis) Run(ctx context.Context) {
	if err := r.heartbeat(ctx); err != nil {
		r.Log.Warn("redis does not answer at the start", "addr", r.Addr, "error", err)
		r.breaker.Open()
	}
	close(r.tried)
	pause := beatEvery
	for r.rest(ctx, pause) {
		start := time.Now()
		if !r.breaker.IsClosed() {
			r.probe(ctx)
			pause = max(r.breaker.RemainingDelay(), time.Millisecond)
			continue
		}
		pause = beatEvery
		if err := r.beatOnce(ctx); err != nil {
			pause = beatAgain
		}
		pause = max(pause-time.Since(start), time.Millisecond)
	}
}

// rest waits for the next beat, or for a connection to be lost.
func (r *Redis) rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-r.lost:
	case <-time.After(d):
	}
	return true
}

// beatOnce sees to a connection, makes a heartbeat, and takes down how that went.
func (r *Redis) beatOnce(ctx context.Context) error {
	start := time.Now()
	if err := r.connect(ctx); err != nil {
		if time.Since(start) >= 2*Timeout { // as long as two calls would have waited
			r.record(start.Add(-Timeout), err)
		}
		r.record(start, err)
		return err
	}
	start = time.Now()
	err := r.heartbeat(ctx)
	r.record(start, err)
	return err
}

// probe makes the calls that the half-open breaker permits. The first of them
// may have to connect, for which the time of a request's call is too short.
func (r *Redis) probe(ctx context.Context) {
	if r.Defects.Has(defect.BreakerNeverHalfOpens) {
		wait(ctx, beatEvery)
		return
	}
	start := time.Now()
	for !r.breaker.IsClosed() && r.breaker.TryAcquirePermit() {
		err := r.connect(ctx)
		if err == nil {
			err = r.heartbeat(ctx)
		}
		if err != nil {
			r.Log.Debug("redis probe failed", "error", err)
			wait(ctx, connectTimeout-time.Since(start))
			r.breaker.RecordFailure()
			return
		}
		r.breaker.RecordSuccess()
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

// heartbeat asks for the time and the sequence number.
func (r *Redis) heartbeat(ctx context.Context) error {
	c, err := r.connected()
	if err != nil {
		return err
	}
	ctx, cancel := r.bound(ctx, Timeout)
	defer cancel()
	sent := r.Clock.local()
	start := time.Now()
	answers := c.DoMulti(ctx, c.B().Time().Build(), c.B().Get().Key(sequenceKey).Build())
	received := r.Clock.local()
	seq, err := sequence(answers[1])
	r.Metrics.observe("heartbeat", start, err)
	if err != nil {
		return err
	}
	now, err := redisTime(answers[0])
	if err != nil {
		return err
	}
	r.Clock.measured(now, sent, received)
	r.beat.Store(&Beat{At: time.Now(), Sequence: seq})
	return nil
}

func redisTime(answer rueidis.RedisResult) (time.Time, error) {
	parts, err := answer.AsStrSlice()
	if err != nil {
		return time.Time{}, err
	}
	if len(parts) != 2 {
		return time.Time{}, fmt.Errorf("redis time: got %d parts", len(parts))
	}
	sec, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("redis time: %w", err)
	}
	micro, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("redis time: %w", err)
	}
	return time.Unix(sec, micro*1000), nil
}

// sequence reads the sequence number, which a fresh Redis does not have yet.
func sequence(answer rueidis.RedisResult) (int64, error) {
	n, err := answer.AsInt64()
	if rueidis.IsRedisNil(err) {
		return 0, nil
	}
	return n, err
}
