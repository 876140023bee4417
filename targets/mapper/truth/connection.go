package truth

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"gauntlet/targets/mapper/defect"

	"github.com/redis/rueidis"
)

// connectTimeout bounds each of the two round trips that making a connection
// takes, one to be accepted and one to agree on the protocol. With 100 ± 30 ms
// between, both together are longer than a call may last.
const connectTimeout = 300 * time.Millisecond

// purpose is the key of what a context is for, by which dial knows who asks for
// a connection. A stream's context has none: it takes a connection of its own.
type purpose struct{}

const (
	forCall   = iota // of a request, a heartbeat, a replay: it takes the connection that there is
	forKeeper        // to make that connection
)

// errNoConnection: the call was not made, as there is no connection for it yet.
var errNoConnection = errors.New("no connection to redis yet")

// dial makes connections and counts them. None is made on behalf of a call: it
// would have to be ready within the call's time, which a Redis that is far away
// cannot keep, and every call would begin anew. The keeper makes it instead.
func (r *Redis) dial(ctx context.Context, addr string, d *net.Dialer, _ *tls.Config) (net.Conn, error) {
	if ctx.Value(purpose{}) == forCall {
		r.up.Store(false)
		select {
		case r.lost <- struct{}{}:
		default: // it is known
		}
		return nil, errNoConnection
	}
	open := r.Dial
	if open == nil {
		open = func(ctx context.Context, addr string) (net.Conn, error) { return d.DialContext(ctx, "tcp", addr) }
	}
	conn, err := open(ctx, addr)
	if err != nil {
		r.Metrics.dials.WithLabelValues("error").Inc()
		return nil, err
	}
	r.Metrics.dials.WithLabelValues("ok").Inc()
	r.Metrics.open.Add(1)
	return &countedConn{Conn: conn, open: &r.Metrics.open}, nil
}

// connect sees to a connection for calls. One that there is already is not
// tried out: that is what a heartbeat is for.
func (r *Redis) connect(ctx context.Context) error {
	c, err := r.connected()
	if err != nil || r.up.Load() {
		return err
	}
	ctx = context.WithValue(ctx, purpose{}, forKeeper)
	ctx, cancel := context.WithTimeout(ctx, 2*connectTimeout+Timeout)
	defer cancel()
	// Calls that are on their way and have not seen that it is gone would wait for
	// all of this: let them be turned away first.
	wait(ctx, time.Millisecond)
	for {
		err = c.Do(ctx, c.B().Ping().Build()).Error()
		if !errors.Is(err, errNoConnection) || !wait(ctx, time.Millisecond) { // a call had just asked for the same
			break
		}
	}
	if err == nil {
		r.up.Store(true)
	}
	return classify(err)
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
		PipelineMultiplex:  -1, // one connection for all calls, which is there or not
		BlockingPipeline:   -1, // so that a large replay takes it too
		BlockingPoolSize:   8,  // only the push stream takes one
		ReadBufferEachConn: 64 << 10, WriteBufferEachConn: 64 << 10,
		Dialer: net.Dialer{Timeout: connectTimeout, KeepAlive: time.Second},
		// A connection without an answer for this long is dropped: the way to
		// notice a Redis that is gone without closing its connections.
		ConnWriteTimeout: time.Second,
		DialCtxFn:        r.dial,
	}
	if r.Defects.Has(defect.NoRedisTimeout) {
		options.ConnWriteTimeout, options.Dialer.Timeout = never, never
	}
	c, err := rueidis.NewClient(options)
	if err != nil {
		return nil, classify(err)
	}
	r.client.Store(&c)
	r.up.Store(true)
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
