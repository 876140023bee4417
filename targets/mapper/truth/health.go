package truth

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
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
	beatAgain      = 50 * time.Millisecond
	failuresToOpen = 4
	failuresOf     = 10
	probes         = 3
	// connectTimeout bounds making a connection, which takes two round trips:
	// with 100 ± 30 ms between, Redis can still be reached anew.
	connectTimeout = 300 * time.Millisecond
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

// newBreaker opens after four failures of ten and tries again every 1 s ± 20 %
// with three probes, all of which must succeed. Only heartbeats probe, so no
// request pays for finding out.
func (r *Redis) newBreaker() circuitbreaker.CircuitBreaker[any] {
	builder := circuitbreaker.NewBuilder[any]().
		WithFailureThresholdRatio(failuresToOpen, failuresOf).
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

// record tells the breaker how a request's call went. A call that began
// before the breaker opened says nothing about the probes, so it is left out.
func (r *Redis) record(err error) {
	switch {
	case !r.breaker.IsClosed():
	case r.Defects.Has(defect.Breaker30sWindow):
		if r.wrong.trigger.tripped(time.Now(), err != nil) {
			r.breaker.Open()
		}
	case err != nil:
		r.breaker.RecordFailure()
	default:
		r.breaker.RecordSuccess()
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
	for wait(ctx, pause) {
		start := time.Now()
		if !r.breaker.IsClosed() {
			r.probe(ctx)
			pause = max(r.breaker.RemainingDelay(), time.Millisecond)
			continue
		}
		err := r.heartbeat(ctx)
		r.record(err)
		pause = max(beatEvery-time.Since(start), time.Millisecond)
		if err != nil {
			pause = max(beatAgain-time.Since(start), time.Millisecond)
		}
	}
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

// connect sees to a connection that answers.
func (r *Redis) connect(ctx context.Context) error {
	c, err := r.connected()
	if err != nil {
		return err
	}
	ctx, cancel := r.bound(ctx, connectTimeout)
	defer cancel()
	return classify(c.Do(ctx, c.B().Ping().Build()).Error())
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

// connected returns the client, making it when there is none yet: rueidis
// refuses to make one while Redis is away, and reconnects by itself later.
func (r *Redis) connected() (rueidis.Client, error) {
	if c := r.client.Load(); c != nil {
		return *c, nil
	}
	options := rueidis.ClientOption{
		InitAddress:       []string{r.Addr},
		ClientName:        "mapper-" + r.Node,
		ForceSingleClient: true,
		DisableCache:      true, // the copy is the cache
		DisableRetry:      true, // the journal is the retry
		// Always through the pipeline: otherwise a lone call that times out
		// closes its connection, and slowness would become an outage.
		AlwaysPipelining:   true,
		PipelineMultiplex:  1,
		BlockingPoolSize:   8, // only the push stream takes one
		ReadBufferEachConn: 64 << 10, WriteBufferEachConn: 64 << 10,
		Dialer: net.Dialer{Timeout: connectTimeout, KeepAlive: time.Second},
		// A connection without an answer for this long is dropped: the way to
		// notice a Redis that is gone without closing its connections.
		ConnWriteTimeout: time.Second,
		DialCtxFn:        r.Metrics.dial,
	}
	if r.Defects.Has(defect.NoRedisTimeout) {
		options.ConnWriteTimeout, options.Dialer.Timeout = never, never
	}
	c, err := rueidis.NewClient(options)
	if err != nil {
		return nil, classify(err)
	}
	r.client.Store(&c)
	return c, nil
}

// gauge of open connections, kept by counting dials and closes.
type countedConn struct {
	net.Conn
	open   *atomic.Int64
	closed atomic.Bool
}

func (c *countedConn) Close() error {
	if !c.closed.Swap(true) {
		c.open.Add(-1)
	}
	return c.Conn.Close()
}
