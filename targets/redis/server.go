package redis

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"
)

// DefaultLogLimit is how far the log grows, in bytes, before it is replaced by a
// base: a few hundred thousand writes, loaded in about a second.
const DefaultLogLimit = 64 << 20

// sweepEvery is how late a key that nobody asks for may be removed. A key that
// is asked for is never seen after its time.
const sweepEvery = 100 * time.Millisecond

// Options say where a server listens and where it keeps its data.
type Options struct {
	Port     int    // on 127.0.0.1; 0 takes a free one
	Dir      string // is made when it is missing
	LogLimit int64  // bytes; 0 is DefaultLogLimit
}

// Server is a Redis that listens.
type Server struct {
	listener net.Listener
	store    *store

	mu    sync.Mutex
	conns map[*conn]bool // nil once closing
	done  sync.WaitGroup
	fatal chan error
	stop  chan struct{}
}

// Listen loads what Dir holds and then begins to listen. It fails when a file in
// Dir is not what was written, naming the file and the place, and when another
// process uses Dir.
func Listen(o Options) (*Server, error) {
	if o.LogLimit == 0 {
		o.LogLimit = DefaultLogLimit
	}
	var id [20]byte
	if _, err := rand.Read(id[:]); err != nil {
		return nil, err
	}
	s := &Server{conns: map[*conn]bool{}, fatal: make(chan error, 1), stop: make(chan struct{})}
	f := &facts{runID: hex.EncodeToString(id[:]), port: o.Port, dir: o.Dir, pid: os.Getpid(), started: time.Now(), clients: s.clients}
	var err error
	if s.store, err = openStore(f, o.LogLimit); err != nil {
		return nil, err
	}
	if s.listener, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port))); err != nil {
		return nil, errors.Join(err, s.store.close())
	}
	f.port = s.listener.Addr().(*net.TCPAddr).Port // nobody is answered yet
	return s, nil
}

// Addr is host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Keys is how many keys there are.
func (s *Server) Keys() (n int) {
	s.store.with(func(e *engine) { n = len(e.keys.index) })
	return n
}

// Serve answers clients until ctx ends, and then stops: commands that are
// running are finished and answered, and the log is synced. It stops with an
// error as soon as the log cannot be written: rather no Redis than one that
// forgets what it acknowledged.
func (s *Server) Serve(ctx context.Context) error {
	s.done.Go(s.sweep)
	s.done.Go(s.accept)
	var err error
	select {
	case <-ctx.Done():
	case err = <-s.fatal:
	}
	return errors.Join(err, s.close())
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.fail(fmt.Errorf("accept: %w", err))
			return
		}
		n := newConn(c, s.store)
		if !s.enter(n) {
			_ = c.Close() // closing already
			return
		}
		s.done.Go(func() {
			n.serve()
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.conns, n)
		})
	}
}

func (s *Server) enter(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		return false
	}
	s.conns[c] = true
	return true
}

func (s *Server) clients() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// sweep removes keys in time, and looks after the log.
func (s *Server) sweep() {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-t.C:
			s.store.sweep()
			if err := s.store.flush(); err != nil {
				s.fail(err)
				return
			}
		}
	}
}

func (s *Server) fail(err error) {
	select {
	case s.fatal <- err:
	default: // one is enough
	}
}

func (s *Server) close() error {
	err := s.listener.Close()
	close(s.stop)
	s.mu.Lock()
	for c := range s.conns {
		// Ends the reading of further commands; the queued replies still go out.
		_ = c.SetReadDeadline(time.Unix(1, 0))
		_ = c.SetWriteDeadline(time.Now().Add(time.Second))
	}
	s.conns = nil
	s.mu.Unlock()
	s.done.Wait()
	return errors.Join(err, s.store.close())
}
