package link

import (
	"errors"
	"hash/fnv"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// edge is an open link.
type edge struct {
	proxy  *Proxy
	pair   Pair
	http   bool
	target atomic.Pointer[string]

	accepted, failed  atomic.Int64
	forward, backward side

	mu        sync.Mutex
	listener  net.Listener // nil while new connections are refused
	address   string       // that it listens on
	held      *port        // the address, while new connections are refused
	refusing  bool
	closed    bool
	connected map[*connection]bool
}

// side is one direction of a link.
type side struct {
	rules  atomic.Pointer[rules]
	counts streamCounts
	seed   uint64
}

func newEdge(p *Proxy, o Opening, l net.Listener) *edge {
	e := &edge{proxy: p, pair: o.Pair, http: o.HTTP, listener: l, address: l.Addr().String(), connected: map[*connection]bool{}}
	e.target.Store(&o.Target)
	h := fnv.New64a()
	h.Write([]byte(o.Pair.String()))
	e.forward.seed = p.seed ^ h.Sum64()
	e.backward.seed = e.forward.seed + 1
	return e
}

func (e *edge) side(d Direction) *side {
	if d == Forward {
		return &e.forward
	}
	return &e.backward
}

// accept serves what comes to l until l is closed.
func (e *edge) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(5 * time.Millisecond) // out of file descriptors: some will be free
			continue
		}
		e.serve(c.(*net.TCPConn))
	}
}

func (e *edge) serve(client *net.TCPConn) {
	c := newConnection(e, client, uint64(e.accepted.Add(1)))
	e.mu.Lock()
	if e.refusing || e.closed {
		e.mu.Unlock()
		c.end(reset)
		return
	}
	e.connected[c] = true
	e.mu.Unlock()
	e.proxy.clock.running.Go(c.serve)
}

func (e *edge) remove(c *connection) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.connected, c)
}

// connections are those that are open.
func (e *edge) connections() []*connection {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Collect(maps.Keys(e.connected))
}

// poke makes every connection look at the rules again.
func (e *edge) poke() {
	for _, c := range e.connections() {
		c.poke()
	}
}

// breakOff resets the connections that exist, on behalf of r.
func (e *edge) breakOff(r *active) {
	for _, c := range e.connections() {
		c.breakOff(reset, &e.side(r.Direction).counts, &r.done)
	}
}

// refuse stops listening: the kernel then refuses new connections, and resets
// those that were not accepted yet. The port stays taken, so that nobody else
// gets it meanwhile.
func (e *edge) refuse() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refusing || e.closed {
		return
	}
	e.refusing = true
	e.listener.Close()
	e.listener = nil
	e.held, _ = hold(e.address)
}

// admit listens again.
func (e *edge) admit() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.refusing || e.closed {
		return nil
	}
	l, err := e.listenAgain()
	if err != nil {
		return err
	}
	e.refusing, e.listener, e.held = false, l, nil
	e.proxy.clock.running.Go(func() { e.accept(l) })
	return nil
}

func (e *edge) listenAgain() (net.Listener, error) {
	if e.held != nil {
		return e.held.listen()
	}
	return net.Listen("tcp", e.address)
}

// close ends the link.
func (e *edge) close() {
	e.mu.Lock()
	e.closed = true
	if e.listener != nil {
		e.listener.Close()
	}
	if e.held != nil {
		e.held.close()
	}
	e.mu.Unlock()
	for _, c := range e.connections() {
		c.end(ended)
	}
}

func (e *edge) read() Counters {
	e.mu.Lock()
	n := len(e.connected)
	e.mu.Unlock()
	return Counters{
		Accepted: e.accepted.Load(), Failed: e.failed.Load(), Open: int64(n),
		Forward: e.forward.counts.read(), Backward: e.backward.counts.read(),
	}
}
