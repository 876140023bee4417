package link

import (
	"bytes"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
)

// ending is how a stream ends.
type ending byte

const (
	open    ending = iota // it does not
	ended                 // in order: a FIN
	reset                 // broken off: a RST
	aborted               // that, by a rule
)

// carrier is told what becomes of a stream.
type carrier interface {
	passed(s *stream, end ending) // its end is due
	broke(s *stream)              // who it goes to takes no more
}

// chunk is what waits in a stream: bytes, or its end.
type chunk struct {
	data     []byte
	end      ending
	holds    []*active // rules that hold up the message that begins here
	arrived  int64     // when it was read
	offered  int64     // from when it travels: arrived, or the end of a handshake
	granted  int64     // when it has its tokens; 0: it has none yet
	due      int64     // when it goes on
	late     bool      // because of a rule
	why      []cause   // of being late
	withheld bool      // counted as such
}

// maxChunks bounds how many chunks wait, each of which costs some 150 bytes
// beside its data.
const maxChunks = 1 << 16

// stream is one direction of a connection. Who reads from the sender passes
// bytes on itself while no rule holds them up and nothing waits; otherwise they
// wait in a queue, and drain passes them on when they are due.
type stream struct {
	clock   *clock
	rules   *atomic.Pointer[rules]
	count   *streamCounts
	carrier carrier
	wake    chan struct{} // for drain: the rules changed, or the stream is closed
	room    chan struct{} // for the reader: that, or something left the queue

	mu      sync.Mutex
	to      *net.TCPConn // nil until there is a connection
	shaper  shaper
	queue   []chunk
	waiting int  // bytes in the queue, and in drain's hands
	running bool // drain is
	closed  bool
}

// newStream is the direction d of the link's connection of that number.
func newStream(e *edge, d Direction, number uint64, c carrier) *stream {
	side := e.side(d)
	return &stream{
		clock: &e.proxy.clock, rules: &side.rules, count: &side.counts, carrier: c,
		wake: make(chan struct{}, 1), room: make(chan struct{}, 1),
		shaper: shaper{rnd: rand.New(rand.NewPCG(side.seed, number))},
	}
}

// connect says to whom the stream goes. What waits for that begins its travel
// now: before, there was only a handshake.
func (s *stream) connect(to *net.TCPConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = to
	now := s.clock.now()
	for i := range s.queue {
		s.queue[i].offered = now
	}
	s.offerAgain()
	s.start()
}

// handshake is by how many ns a packet of a new connection's handshake is late.
func (s *stream) handshake() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.follow()
	return s.shaper.handshake()
}

// send passes data on, or copies it to be passed on later; it returns when more
// may come. Holds are the rules that hold it up as the beginning of a message.
// One goroutine sends.
func (s *stream) send(data []byte, holds ...*active) error {
	to, err := s.straight()
	if err != nil {
		return err
	}
	if to != nil && len(holds) == 0 {
		// Counted before: who has seen them arrive sees them counted.
		s.count.bytes.Add(int64(len(data)))
		n, err := to.Write(data)
		if err != nil {
			s.count.bytes.Add(int64(n - len(data)))
		}
		return err
	}
	return s.enqueue(data, holds)
}

// straight is to whom what is sent now goes at once; nil when it has to wait.
func (s *stream) straight() (*net.TCPConn, error) {
	if s.rules.Load().shaping() {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, net.ErrClosed
	}
	if len(s.queue) > 0 || s.running {
		return nil, nil
	}
	return s.to, nil
}

// enqueue makes data wait, and returns when there is room for more.
func (s *stream) enqueue(data []byte, holds []*active) error {
	if err := s.put(data, holds); err != nil {
		return err
	}
	alarm := s.clock.alarm()
	defer alarm.stop()
	for {
		until, full := s.full()
		if !full {
			return nil
		}
		alarm.wait(until, s.room)
	}
}

func (s *stream) put(data []byte, holds []*active) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	s.follow()
	now := s.clock.now()
	s.waiting += len(data)
	s.offer(chunk{data: bytes.Clone(data), holds: holds, arrived: now, offered: now})
	s.start()
	return nil
}

// full tells whether the reader has to wait, and until when at least: never
// when it is for the queue to become shorter.
func (s *stream) full() (until int64, full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, false
	}
	if s.waiting >= Window || len(s.queue) >= maxChunks {
		return never, true
	}
	s.follow()
	until = s.shaper.rest()
	return until, until > s.clock.now()
}

// finish passes on that the stream ends, after what waits; holds are the rules
// that hold it up.
func (s *stream) finish(end ending, holds ...*active) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.follow()
	if len(holds) == 0 && s.to != nil && len(s.queue) == 0 && !s.running && !s.rules.Load().shaping() {
		s.mu.Unlock()
		s.carrier.passed(s, end)
		return
	}
	now := s.clock.now()
	s.offer(chunk{end: end, holds: holds, arrived: now, offered: now})
	s.start()
	s.mu.Unlock()
}

// follow makes what waits go on by the present rules.
func (s *stream) follow() {
	r := s.rules.Load()
	if r == s.shaper.rules {
		return
	}
	if !r.sameRates(s.shaper.rules) {
		for i := range s.queue {
			s.queue[i].granted = 0
		}
	}
	s.shaper.adopt(r)
	s.offerAgain()
}

func (s *stream) offerAgain() {
	waiting := s.queue
	s.queue = make([]chunk, 0, len(waiting))
	s.shaper.last = 0
	for _, c := range waiting {
		s.offer(c)
	}
}

// offer puts c at the end of the queue, in as many pieces as the rules cut it
// into. Pieces of what one read returned share one draw.
func (s *stream) offer(c chunk) {
	now := s.clock.now()
	if n := len(s.queue); n == 0 || s.queue[n-1].arrived != c.arrived {
		s.shaper.begin(s.held(c))
	}
	if c.end != open {
		c.due = s.shaper.end(c.offered)
		s.queue = append(s.queue, c)
		return
	}
	s.withhold(&c)
	for left := c.data; len(left) > 0; {
		p, n, why := c, len(left), []cause(nil)
		if p.granted == 0 && s.shaper.limited() {
			n, p.granted, why = s.shaper.grant(max(c.offered, now), n)
		}
		n, p.due, why = s.shaper.piece(max(p.granted, c.offered), n, why)
		p.data, left = left[:n], left[n:]
		if p.due > now {
			p.late, p.why = true, since(c.why, why)
		}
		s.append(p)
	}
}

// append puts a piece at the end of the queue, or to the one before when they
// were cut from the same data and go on together.
func (s *stream) append(p chunk) {
	if n := len(s.queue); n > 0 {
		if last := &s.queue[n-1]; last.due == p.due && last.arrived == p.arrived && last.granted == p.granted && last.end == open && slices.Equal(last.why, p.why) && adjacent(last.data, p.data) {
			last.data = last.data[:len(last.data)+len(p.data)]
			last.late = last.late || p.late
			return
		}
	}
	s.queue = append(s.queue, p)
}

// adjacent tells whether b begins in memory where a ends.
func adjacent(a, b []byte) bool {
	return cap(a) > len(a) && len(b) > 0 && &a[:len(a)+1][len(a)] == &b[0]
}

// held is what holds up the message that begins with c: those of its rules that
// are still in force.
func (s *stream) held(c chunk) (why []cause) {
	if s.shaper.rules == nil {
		return nil
	}
	for _, r := range c.holds {
		if slices.Contains(s.shaper.rules.http, r) {
			why = also(why, r, int64(r.HTTP.Delay))
		}
	}
	return why
}

// withhold counts what a partition keeps back, once.
func (s *stream) withhold(c *chunk) {
	if r := s.shaper.rules; r != nil && r.drop && !c.withheld {
		c.withheld = true
		s.count.withheld.Add(int64(len(c.data)))
		for _, w := range s.shaper.silence {
			w.rule.done.withheld.Add(int64(len(c.data)))
		}
	}
}

// start lets drain run while something waits and has somewhere to go.
func (s *stream) start() {
	if s.running || s.closed || s.to == nil || len(s.queue) == 0 {
		return
	}
	s.running = true
	s.clock.running.Go(s.drain)
}

// close forgets what waits, makes everybody who serves the stream leave, and
// tells whether it was open.
func (s *stream) close() bool {
	s.mu.Lock()
	was := !s.closed
	s.closed, s.queue, s.waiting = true, nil, 0
	s.mu.Unlock()
	s.poke()
	return was
}

// poke makes the stream look at the rules again.
func (s *stream) poke() {
	signal(s.wake)
	signal(s.room)
}

// signal makes who waits for c, or who will, look again.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
