package link

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// dialTimeout bounds how long a destination may take to answer a connection; a
// client that waits that long has its own time-out.
const dialTimeout = 30 * time.Second

// connection is one connection of a source and, once it is answered, the one to
// the destination.
type connection struct {
	edge              *edge
	client            *net.TCPConn
	forward, backward *stream

	messages   *messages     // nil: bytes
	wake       chan struct{} // the rules changed, while it is not answered
	unanswered atomic.Bool   // because of a Drop, which may have ended meanwhile
	passedOn   atomic.Int32  // directions that have ended

	ctx    context.Context // ends with the connection
	cancel context.CancelFunc

	mu     sync.Mutex
	server *net.TCPConn
	over   bool
}

func newConnection(e *edge, client *net.TCPConn, number uint64) *connection {
	c := &connection{edge: e, client: client, wake: make(chan struct{}, 1)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.forward = newStream(e, Forward, number, c)
	c.backward = newStream(e, Backward, number, c)
	c.backward.connect(client)
	if e.http {
		c.messages = newMessages()
	}
	return c
}

// serve carries the connection until it ends.
func (c *connection) serve() {
	reading := false
	if c.forward.rules.Load().shaping() || c.backward.rules.Load().shaping() {
		// A source that gives up waiting is noticed by reading from it.
		reading = true
		c.edge.proxy.clock.running.Go(func() { c.pump(c.client, c.forward) })
		if !c.handshake() {
			return
		}
		if c.unanswered.Load() && gone(c.client) {
			c.end(reset)
			return
		}
	}
	if !c.dial() {
		return
	}
	c.edge.proxy.clock.running.Go(func() { c.pump(c.server, c.backward) })
	if !reading {
		c.pump(c.client, c.forward)
	}
}

// dial connects to the destination. One that refuses, or does not answer, costs
// the client its connection: it sees a reset where it would have been refused.
func (c *connection) dial() bool {
	d := net.Dialer{Timeout: dialTimeout}
	to, err := d.DialContext(c.ctx, "tcp", *c.edge.target.Load())
	if err != nil {
		if c.ctx.Err() == nil {
			c.edge.failed.Add(1)
		}
		c.end(reset)
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		to.Close()
		return false
	}
	c.server = to.(*net.TCPConn)
	c.unanswered.Store(false)
	c.forward.connect(c.server)
	return true
}

// handshake waits for as long as the rules make a new connection wait, and
// tells whether it is still wanted then.
func (c *connection) handshake() bool {
	alarm := c.edge.proxy.clock.alarm()
	defer alarm.stop()
	began := c.edge.proxy.clock.now()
	var f, b *rules
	ready := int64(never)
	for first := true; c.ctx.Err() == nil; first = false {
		if nf, nb := c.forward.rules.Load(), c.backward.rules.Load(); first || nf != f || nb != b {
			f, b = nf, nb
			if c.silenced(f, b) {
				began, ready = never, never
			} else {
				began = min(began, c.edge.proxy.clock.now())
				ready = after(after(began, c.forward.handshake()), c.backward.handshake())
			}
		}
		if ready <= c.edge.proxy.clock.now() {
			return true
		}
		alarm.wait(ready, c.wake)
	}
	return false
}

// silenced tells whether a partition leaves the connection without an answer,
// and counts it once.
func (c *connection) silenced(f, b *rules) bool {
	silent := false
	for _, d := range []struct {
		rules *rules
		count *streamCounts
	}{{f, c.forward.count}, {b, c.backward.count}} {
		if d.rules != nil && d.rules.drop {
			silent = true
			if !c.unanswered.Load() {
				d.count.refused.Add(1)
				for _, r := range d.rules.all {
					if r.Drop {
						r.done.refused.Add(1)
					}
				}
			}
		}
	}
	if silent {
		c.unanswered.Store(true)
	}
	return silent
}

// pump passes what one side sends to s until it ends.
func (c *connection) pump(from *net.TCPConn, s *stream) {
	r := newReader(from, &c.edge.proxy.pool)
	if c.messages != nil {
		newParser(c, s, r).run()
	} else {
		c.pass(r, s)
	}
	r.release()
	if r.ended && r.broken() {
		s.finish(reset)
	}
}

// pass passes on what r reads.
func (c *connection) pass(r *reader, s *stream) {
	for {
		data, err := r.next()
		if err != nil {
			c.left(s, err)
			return
		}
		if err := s.send(data); err != nil {
			c.broke(s)
			return
		}
	}
}

// left passes on how the sender of s ended. A source that ends before it was
// answered, while a partition keeps the answer from it, has given up: the
// destination never hears of it.
func (c *connection) left(s *stream, err error) {
	end := reset
	if errors.Is(err, io.EOF) {
		end = ended
	}
	if s == c.forward && c.unanswered.Load() {
		c.end(end)
		return
	}
	s.finish(end)
}

// passed implements carrier.
func (c *connection) passed(s *stream, end ending) {
	switch {
	case end == aborted:
		c.breakOff(reset, s.count)
	case end == reset:
		c.end(reset)
	default:
		s.to.CloseWrite()
		if c.passedOn.Add(1) == 2 {
			c.end(ended)
		}
	}
}

// broke implements carrier: who no longer takes has broken the connection off.
// What a destination said before is still passed on (it may be why); that it
// broke off is read after that, or else was the last to be known of it. Of a
// source that is gone the destination hears at once.
func (c *connection) broke(s *stream) {
	switch {
	case !s.close():
	case s == c.backward:
		c.forward.finish(reset)
	case c.passedOn.Add(1) == 2:
		c.end(reset)
	}
}

// end closes both sides, in order or else with a RST.
func (c *connection) end(how ending) { c.breakOff(how) }

// breakOff closes both sides; when that is because of a rule, it is counted.
func (c *connection) breakOff(how ending, counts ...*streamCounts) {
	c.mu.Lock()
	if c.over {
		c.mu.Unlock()
		return
	}
	c.over = true
	for _, count := range counts {
		count.reset.Add(1)
	}
	server := c.server
	c.mu.Unlock()
	c.cancel()
	for _, side := range []*net.TCPConn{c.client, server} {
		if side == nil {
			continue
		}
		if how != ended {
			side.SetLinger(0)
		}
		side.Close()
	}
	c.forward.close()
	c.backward.close()
	c.poke()
	c.edge.remove(c)
}

// poke makes the connection look at the rules again.
func (c *connection) poke() {
	signal(c.wake)
	c.forward.poke()
	c.backward.poke()
}
