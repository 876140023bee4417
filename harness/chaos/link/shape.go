package link

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

const (
	never = math.MaxInt64 // an instant that no clock shows

	segment = 1460 // bytes of a packet: an Ethernet frame less the headers of IPv4 and TCP
	stalls  = 10   // retransmissions of one segment at most

	retransmission = 200 * time.Millisecond // the least time-out of Linux (TCP_RTO_MIN)
	handshakeAgain = time.Second            // the first time-out of a SYN (RFC 6298, 2.1)
)

// after is at + ns, and never when either is.
func after(at, ns int64) int64 {
	if at == never || ns == never || at > never-ns {
		return never
	}
	return at + ns
}

// shaper says when the bytes of one stream may go on. It is a function of the
// instants it is told, of the rules and of chance, and knows no clock: what it
// shares with the link's other connections is the rates alone.
//
// The stages stand in the order of a network's: bytes wait for tokens where they
// enter (so that one connection's stall holds up no other), then travel, and
// are lost.
type shaper struct {
	rnd   *rand.Rand
	rules *rules

	delays []delayState
	losses []lossState

	travel int64 // ns of what is being offered, in delays of every kind
	last   int64 // when the bytes offered before go on: none overtakes them
}

// adopt follows other rules. What a rule that stays has drawn last is kept.
func (s *shaper) adopt(r *rules) {
	delays, losses := s.delays, s.losses
	s.rules, s.delays, s.losses, s.last = r, nil, nil, 0
	if r == nil {
		return
	}
	for _, rule := range r.all {
		if rule.Delay > 0 || rule.Jitter > 0 {
			s.delays = append(s.delays, kept(delays, rule, newDelay))
		}
		if rule.Loss > 0 {
			s.losses = append(s.losses, kept(losses, rule, newLoss))
		}
	}
}

// kept is the state for rule among states, or else a fresh one.
func kept[S interface{ of() *Rule }](states []S, rule *Rule, fresh func(*Rule) S) S {
	if i := slices.IndexFunc(states, func(s S) bool { return s.of() == rule }); i >= 0 {
		return states[i]
	}
	return fresh(rule)
}

// begin draws for what one read returned; more is by how much it is late beside.
func (s *shaper) begin(more int64) { s.travel = after(s.delay(), more) }

func (s *shaper) delay() (ns int64) {
	for i := range s.delays {
		ns = after(ns, s.delays[i].draw(s.rnd))
	}
	return ns
}

// handshake is by how much a packet of a handshake is late.
func (s *shaper) handshake() int64 { return after(s.delay(), s.stall(handshakeAgain)) }

// stall is by how much retransmissions make a segment late.
func (s *shaper) stall(rto time.Duration) (ns int64) {
	for i := range s.losses {
		ns = after(ns, s.losses[i].stall(s.rnd, rto))
	}
	return ns
}

// limited tells whether bytes wait for tokens.
func (s *shaper) limited() bool { return s.rules != nil && !s.rules.drop && len(s.rules.rates) > 0 }

// grant says how many of n bytes that are offered at the instant at get their
// tokens together, and when.
func (s *shaper) grant(at int64, n int) (int, int64) {
	for _, b := range s.rules.rates {
		n = min(n, int(min(b.bucket, math.MaxInt32)))
	}
	for _, b := range s.rules.rates {
		at = b.take(at, n)
	}
	return n, at
}

// piece says how many of n bytes that got their tokens at the instant granted go
// on together, and when.
func (s *shaper) piece(granted int64, n int) (int, int64) {
	if s.rules == nil {
		s.last = max(s.last, granted)
		return n, s.last
	}
	if s.rules.drop {
		return n, never
	}
	if len(s.losses) > 0 {
		n = min(n, segment)
	}
	s.last = max(s.last, after(after(granted, s.travel), s.stall(retransmission)))
	return n, s.last
}

// end says when the end of the stream goes on, which is no byte.
func (s *shaper) end(at int64) int64 {
	if s.rules != nil && s.rules.drop {
		return never
	}
	s.last = max(s.last, after(at, s.travel))
	return s.last
}

// rest is until when the sender is to be slowed, at the instant now: as long as
// more bytes than a rate's limit wait for its tokens.
func (s *shaper) rest() (until int64) {
	if !s.limited() {
		return 0
	}
	for _, b := range s.rules.rates {
		until = max(until, b.rest())
	}
	return until
}

// rate is a token bucket that all connections of a link share, in one direction.
type rate struct {
	rule          *Rule
	bucket, limit int64

	mu    sync.Mutex
	state rateState
}

func newSharedRate(state rateState) *rate {
	return &rate{rule: state.rule, bucket: state.bucket, limit: state.limit, state: state}
}

func (r *rate) take(at int64, n int) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state.pass(at, n)
}

func (r *rate) rest() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state.full - r.state.fill(r.bucket) - r.state.fill(r.limit)
}

// again is the bucket for what is offered again at the instant now.
func (r *rate) again(now int64) *rate {
	r.mu.Lock()
	defer r.mu.Unlock()
	return newSharedRate(r.state.from(now))
}
