// Package truth is Redis as the mapper uses it: one Lua call a write, a
// published change for each, a scan for a replica that starts, and a breaker
// that says at once when none of this can work.
package truth

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"gauntlet/targets/mapper/defect"
	"gauntlet/targets/mapper/entry"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/redis/rueidis"
)

const (
	keyPrefix   = "mapper:k:"
	sequenceKey = "mapper:seq"
	channel     = "mapper:changes"
)

// Timeout bounds one call. Slower than this is an outage: a request must be
// answered within 250 ms, and the journal needs what is left.
const Timeout = 150 * time.Millisecond

var (
	// ErrUnavailable: the call was not made.
	ErrUnavailable = errors.New("redis is away")
	// ErrRefused: Redis answered, and has done nothing.
	ErrRefused = errors.New("redis refused")
	// ErrUncertain: Redis may or may not have done it.
	ErrUncertain = errors.New("redis did not answer")
)

// Options of a Redis.
type Options struct {
	Addr string // host:port
	Node string // this replica
	Log  *slog.Logger

	ClockSkew time.Duration // of this machine; see NewClock
	Defects   defect.Set
	// Dial makes a TCP connection; nil: net.Dialer's.
	Dial func(ctx context.Context, addr string) (net.Conn, error)
}

// Redis is safe for concurrent use. It needs Run to connect.
type Redis struct {
	Options
	Clock   *Clock
	Metrics *Metrics

	client  atomic.Pointer[rueidis.Client]
	up      atomic.Bool   // there is a connection for calls
	lost    chan struct{} // has an element when it was found to be gone
	breaker circuitbreaker.CircuitBreaker[any]
	trouble trouble
	beat    atomic.Pointer[Beat]
	tried   chan struct{} // closed after the first attempt to reach Redis
	wrong   *wrong        // nil in a mapper built right
}

// New makes a Redis that is unavailable until Run has reached it.
func New(o Options) *Redis {
	r := &Redis{Options: o, Clock: NewClock(o.ClockSkew), Metrics: newMetrics(), lost: make(chan struct{}, 1), tried: make(chan struct{})}
	if !o.Defects.Empty() {
		r.wrong = newWrong()
		r.Clock.trusted = o.Defects.Has(defect.ClockSkew)
	}
	r.breaker = r.newBreaker()
	return r
}

// Available says whether a call is worth its time.
func (r *Redis) Available() bool { return r.up.Load() && r.breaker.IsClosed() }

// Tried is closed once it is known whether Redis answers at the start.
func (r *Redis) Tried() <-chan struct{} { return r.tried }

var (
	//go:embed write.lua
	writeSource string
	//go:embed offer.lua
	offerSource string

	writeScript = rueidis.NewLuaScript(writeSource)
	offerScript = rueidis.NewLuaScript(offerSource)
)

// Write stores an entry and returns it with the version that Redis gave it,
// which is above known. ErrUnavailable and ErrRefused mean that nothing was
// done. After anything else it may have been done until giveUp, Redis's time in
// microseconds, and not later: a version above giveUp is above it.
func (r *Redis) Write(ctx context.Context, e *entry.Entry, known int64) (stored *entry.Entry, giveUp int64, err error) {
	var version int64
	err = r.call(ctx, "write", func(ctx context.Context, c rueidis.Client) error {
		giveUp = r.Clock.Now() + Timeout.Microseconds()
		deadline := giveUp
		if r.Defects.Has(defect.NoRedisTimeout) {
			deadline = 0 // its writer waits for as long as it takes
		}
		args := []string{e.Key, r.Node, itoa(e.Expiry), e.Flag(), e.URL(), itoa(known), itoa(deadline),
			itoa(entry.TombstoneLife.Milliseconds()), channel, flag(r.Defects.Has(defect.ResurrectDeleted))}
		answer := writeScript.Exec(ctx, c, []string{keyPrefix + e.Key, sequenceKey}, args)
		v, err := answer.AsInt64()
		version = v
		return err
	})
	if err != nil {
		return nil, giveUp, err
	}
	return e.At(entry.Version{Time: version, Node: r.Node}), giveUp, nil
}

// Get asks Redis for one key; nil when it has never heard of it.
func (r *Redis) Get(ctx context.Context, key string) (*entry.Entry, error) {
	var e *entry.Entry
	err := r.call(ctx, "get", func(ctx context.Context, c rueidis.Client) error {
		value, err := c.Do(ctx, c.B().Get().Key(keyPrefix+key).Build()).ToString()
		if rueidis.IsRedisNil(err) {
			return nil
		}
		if err != nil {
			return err
		}
		e, err = entry.Parse(key, value)
		return err
	})
	return e, err
}

// offerTimeout is generous: nobody waits for a replay but the journal.
const offerTimeout = 2 * time.Second

// Offer stores each entry unless Redis has the same or a newer one. nil means
// that Redis has confirmed all of them. It does not move the breaker, so that a
// large replay cannot trip it.
func (r *Redis) Offer(ctx context.Context, entries []*entry.Entry) error {
	c := r.client.Load()
	if c == nil {
		return ErrUnavailable
	}
	ctx, cancel := r.bound(ctx, offerTimeout)
	defer cancel()
	calls := make([]rueidis.LuaExec, len(entries))
	for i, e := range entries {
		calls[i] = rueidis.LuaExec{Keys: []string{keyPrefix + e.Key, sequenceKey},
			Args: []string{e.Key, itoa(e.Version.Time), e.Version.Node, itoa(e.Expiry), e.Flag(), e.URL(),
				itoa(entry.TombstoneLife.Milliseconds()), channel, flag(r.Defects.Has(defect.OlderWriteWins))}}
	}
	start := time.Now()
	for i, answer := range offerScript.ExecMulti(ctx, *c, calls...) {
		if err := classify(answer.Error()); err != nil {
			r.Metrics.observe("offer", start, err)
			return fmt.Errorf("offer %s: %w", entries[i].Key, err)
		}
	}
	r.Metrics.observe("offer", start, nil)
	return nil
}

// doing is what a call does with the client.
type doing func(context.Context, rueidis.Client) error

// call makes one bounded call and tells the breaker how it went.
func (r *Redis) call(ctx context.Context, op string, do doing) error {
	if r.wrong != nil {
		return r.callWrongly(ctx, op, do)
	}
	if !r.Available() {
		return ErrUnavailable
	}
	return r.once(ctx, op, do)
}

func (r *Redis) once(ctx context.Context, op string, do doing) error {
	// A client that hangs up must not look like a Redis that fails, nor leave
	// a write half known: only the time-out ends a call.
	ctx, cancel := r.bound(context.WithoutCancel(ctx), Timeout)
	defer cancel()
	c := r.client.Load()
	if c == nil { // closed, while a request drains
		return ErrUnavailable
	}
	start := time.Now()
	err := classify(do(ctx, *c))
	r.Metrics.observe(op, start, err)
	r.record(start, err)
	return err
}

// bound limits a call's time, in which it makes no connection.
func (r *Redis) bound(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	ctx = context.WithValue(ctx, purpose{}, forCall)
	if r.Defects.Has(defect.NoRedisTimeout) {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, limit)
}

// classify wraps an error by what it says about the effect of the call.
func classify(err error) error {
	if err == nil {
		return nil
	}
	if _, said := rueidis.IsRedisErr(err); said {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	var op *net.OpError
	if errors.Is(err, errNoConnection) || errors.As(err, &op) && op.Op == "dial" {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return fmt.Errorf("%w: %w", ErrUncertain, err)
}

// Close ends all connections.
func (r *Redis) Close() {
	if c := r.client.Swap(nil); c != nil {
		(*c).Close()
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func flag(on bool) string {
	if on {
		return "1"
	}
	return "0"
}
