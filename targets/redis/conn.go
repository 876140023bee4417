package redis

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"sync"

	"github.com/alicebob/miniredis/v2/server"
)

// The limits of what waits to be sent to one client. A client that sends
// commands but reads no replies is not read from until it has; one that does not
// read what it has subscribed to is cut off, as a real Redis does at 32 MB.
const (
	maxReplies = 1 << 20
	maxPushed  = 32 << 20
)

// conn is one client.
type conn struct {
	net.Conn
	store *store
	peer  *server.Peer
	reply bytes.Buffer // of the running command
	out   outbox
}

func newConn(c net.Conn, s *store) *conn {
	n := &conn{Conn: c, store: s}
	n.peer = server.NewPeer(bufio.NewWriter(&n.reply))
	n.out.change.L = &n.out.mu
	return n
}

// serve answers the client until it goes away or the connection is closed.
func (c *conn) serve() {
	c.store.with(func(e *engine) { e.pubsub.join(c.peer, c.push) })
	var sender sync.WaitGroup
	sender.Go(c.send)
	c.read()
	c.store.with(func(e *engine) { e.pubsub.leave(c.peer) })
	c.out.end()
	sender.Wait()
	_ = c.Close() // nothing more to say to a client that left
}

// read runs one command after the other.
func (c *conn) read() {
	r := bufio.NewReaderSize(c.Conn, 64<<10)
	for !c.peer.Closed() {
		args, err := readCommand(r)
		if errors.Is(err, errProtocol) {
			c.out.add([]byte("-" + err.Error() + "\r\n"))
		}
		if err != nil {
			return
		}
		if len(args) == 0 {
			continue
		}
		c.store.do(c.peer, args, func() {
			c.peer.Flush()
			c.out.add(c.reply.Bytes())
			c.reply.Reset()
		})
		if !c.out.wait(maxReplies) {
			return
		}
	}
}

// push queues a message; it is called while another client's command runs.
func (c *conn) push(b []byte) {
	if !c.out.push(b) {
		_ = c.Close() // the reader sees it and ends the client
	}
}

// send writes what is queued, each time after everything that had happened
// before is in the log.
func (c *conn) send() {
	for {
		b := c.out.take()
		if b == nil {
			return
		}
		if c.store.flush() != nil {
			break
		}
		if _, err := c.Write(b); err != nil {
			break
		}
		c.out.sent()
	}
	c.out.end()
	_ = c.Close()
}

// outbox is what waits to be sent to a client.
type outbox struct {
	mu     sync.Mutex
	change sync.Cond
	queue  []byte
	spare  []byte
	ended  bool
}

// add queues a reply.
func (o *outbox) add(b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = append(o.queue, b...)
	o.change.Broadcast()
}

// push queues a message, and returns false when too much is queued.
func (o *outbox) push(b []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue)+len(b) > maxPushed {
		o.ended = true
		o.change.Broadcast()
		return false
	}
	o.queue = append(o.queue, b...)
	o.change.Broadcast()
	return true
}

// take waits for something to send, and returns nil when there will be nothing.
func (o *outbox) take() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.queue) == 0 && !o.ended {
		o.change.Wait()
	}
	if len(o.queue) == 0 {
		return nil
	}
	b := o.queue
	o.queue, o.spare = o.spare[:0], b
	o.change.Broadcast()
	return b
}

// sent lets go of memory that one large reply has taken.
func (o *outbox) sent() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if cap(o.spare) > maxReplies {
		o.spare = nil
	}
}

// wait waits until no more than limit bytes are queued; false: the client is gone.
func (o *outbox) wait(limit int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.queue) > limit && !o.ended {
		o.change.Wait()
	}
	return !o.ended
}

// end lets take return what is queued, and then nothing.
func (o *outbox) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	o.change.Broadcast()
}
