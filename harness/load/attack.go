package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"gauntlet/harness/history"
)

// Recorder takes the outcome of each request; history.Writer is one. It is
// called from one goroutine at a time for each attack.
type Recorder interface {
	Append(history.Op) error
}

// Attack is traffic under way. Its log is complete by construction: of the
// requests 0, 1, 2, … exactly those that are due before the end are recorded,
// once each, and those that were never handed to a worker as unsent.
type Attack struct {
	plan   Plan
	clock  history.Clock
	router Router
	wire   *wire
	floor  *floor
	tally  *tally

	vegeta   *vegeta.Attacker
	ctx      context.Context // of the requests in flight
	stop     chan struct{}   // closed by Stop
	stopOnce sync.Once
	done     chan struct{} // closed when everything is recorded
	err      error         // after done
}

// Start begins the attack: request n is sent at S(n) for as long as S(n) lies
// before the end that EndAt sets. When ctx ends, the attack stops and what is
// in flight is cut off (recorded as history.Other, of unknown effect). A plan
// of more workers than this process may open connections is an error.
func Start(ctx context.Context, clock history.Clock, plan Plan, router Router, rec Recorder) (*Attack, error) {
	if err := CheckDescriptors(plan.Workers); err != nil {
		return nil, err
	}
	transport := newTransport(plan.Workers, plan.Timeout)
	a, err := start(ctx, clock, plan, router, rec, transport)
	if err != nil {
		return nil, err
	}
	go func() {
		<-a.done
		transport.CloseIdleConnections()
	}()
	return a, nil
}

func start(ctx context.Context, clock history.Clock, plan Plan, router Router, rec Recorder, transport http.RoundTripper) (*Attack, error) {
	if err := plan.check(); err != nil {
		return nil, err
	}
	a := &Attack{
		plan: plan, clock: clock, router: router, wire: &wire{transport: transport},
		floor: newFloor(clock, plan.Workers, int64(plan.Timeout)),
		ctx:   ctx, stop: make(chan struct{}), done: make(chan struct{}),
	}
	a.tally = newTally(&a.plan, rec)
	a.vegeta = vegeta.NewAttacker(
		vegeta.Client(&http.Client{Transport: roundTripper{a}}),
		vegeta.Redirects(vegeta.NoFollow),
		vegeta.Workers(uint64(plan.Workers)), vegeta.MaxWorkers(uint64(plan.Workers)),
		vegeta.MaxBody(0),
	)
	// The request that vegeta makes only carries its number: everything else
	// about request n follows from the plan.
	blank := vegeta.NewStaticTargeter(vegeta.Target{Method: http.MethodGet, URL: "http://load.invalid/"})
	results := a.vegeta.Attack(blank, pacer{a}, 0, "")
	unwatch := context.AfterFunc(ctx, a.Stop)
	flushed := make(chan struct{})
	flushing := a.flushRegularly(flushed)
	go func() {
		for range results { // unbuffered: a slow reader here would hold up the workers
		}
		unwatch()
		close(flushing)
		<-flushed
		a.finish()
	}()
	return a, nil
}

// EndAt sets the end of the attack: no request due at or after ns (since the
// origin) is sent. It can be called at any time before that instant, and again
// to move it; without it the attack goes on until Stop. It returns the end as
// it is now, which lies after what was sent already and stays once reached.
func (a *Attack) EndAt(ns int64) int64 { return a.floor.endAt(ns) }

// Stop ends the attack now. What is in flight is waited for; what was due and
// still waits for a worker is recorded as unsent.
func (a *Attack) Stop() {
	a.stopOnce.Do(func() {
		a.floor.endAt(a.clock.Now())
		close(a.stop)
		a.vegeta.Stop()
	})
}

func (a *Attack) stopped() bool {
	select {
	case <-a.stop:
		return true
	default:
		return false
	}
}

// Wait returns when every request due before the end has its outcome in the
// record: at most two timeouts and some 20 ms after the end. Its error says
// why the record is incomplete, or that the context ended.
func (a *Attack) Wait() error {
	<-a.done
	return a.err
}

// Done is closed when Wait would return.
func (a *Attack) Done() <-chan struct{} { return a.done }

// finish records the ticks that vanished: requests that were due, and that
// vegeta handed to no worker before it ended.
func (a *Attack) finish() {
	defer close(a.done)
	end, _ := a.floor.limits()
	for n := a.floor.handed; ; n++ {
		due := a.plan.Schedule.Due(n)
		if due >= end || due == math.MaxInt64 {
			break
		}
		op := a.describe(n, due)
		op.Class, op.Sent = history.Unsent, due
		op.Done, op.Blocked = a.floor.blocked(due)
		a.tally.add(op)
	}
	a.err = a.tally.flush()
	if cause := context.Cause(a.ctx); cause != nil {
		a.err = errors.Join(a.err, fmt.Errorf("load: cut off: %w", cause))
	}
}

// describe is what is known of request n before it is sent.
func (a *Attack) describe(n uint64, due int64) history.Op {
	key := a.plan.Sampler.Key(n)
	return history.Op{
		Stream: a.plan.Stream, Seq: n, Kind: a.plan.kind(n), Key: key,
		Replica: history.NoReplica, Shard: a.plan.shard(key), Due: due,
	}
}

// roundTripper is the attack as the transport of vegeta's client. Vegeta
// numbers its requests in a header; from the number follows the rest.
type roundTripper struct{ attack *Attack }

// RoundTrip sends the request that the plan has under the number, records its
// outcome, and answers vegeta with nothing: its results are not used.
func (t roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	n, err := strconv.ParseUint(req.Header.Get("X-Vegeta-Seq"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("load: vegeta's number of a request: %w", err)
	}
	t.attack.request(n)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}
