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

	delays  []delayState
	losses  []lossState
	silence []cause // of what a partition keeps back

	travel  []cause // of what is being offered: its delays of every kind
	last    int64   // when the bytes offered before go on: none overtakes them
	lastWhy []cause // and why so late
}

// adopt follows other rules. What a rule that stays has drawn last is kept.
func (s *shaper) adopt(r *rules) {
	delays, losses := s.delays, s.losses
	s.rules, s.delays, s.losses, s.silence, s.last = r, nil, nil, nil, 0
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
		if rule.Drop {
			s.silence = also(s.silence, rule, never)
		}
	}
}

// kept is the state for rule among states, or else a fresh one.
func kept[S interface{ of() *active }](states []S, rule *active, fresh func(*active) S) S {
	if i := slices.IndexFunc(states, func(s S) bool { return s.of() == rule }); i >= 0 {
		return states[i]
	}
	return fresh(rule)
}

// begin draws for what one read returned; more is what makes it late beside.
func (s *shaper) begin(more []cause) { s.travel = both(more, s.delay()) }

func (s *shaper) delay() (why []cause) {
	for i := range s.delays {
		why = also(why, s.delays[i].rule, s.delays[i].draw(s.rnd))
	}
	return why
}

// handshake is by how much a packet of a handshake is late.
func (s *shaper) handshake() int64 { return total(s.stall(s.delay(), handshakeAgain)) }

// stall is why with the retransmissions that make a segment late.
func (s *shaper) stall(why []cause, rto time.Duration) []cause {
	for i := range s.losses {
		why = also(why, s.losses[i].rule, s.losses[i].stall(s.rnd, rto))
	}
	return why
}

// limited tells whether bytes wait for tokens.
func (s *shaper) limited() bool { return s.rules != nil && !s.rules.drop && len(s.rules.rates) > 0 }

// grant says how many of n bytes that are offered at the instant at get their
// tokens together, when, and why so late.
func (s *shaper) grant(at int64, n int) (granted int, when int64, why []cause) {
	for _, b := range s.rules.rates {
		n = min(n, int(min(b.bucket, math.MaxInt32)))
	}
	for _, b := range s.rules.rates {
		then := b.take(at, n)
		why = also(why, b.rule, then-at)
		at = then
	}
	return n, at, why
}

// piece says how many of n bytes that got their tokens at the instant granted go
// on together, when, and why so late; waited is why they were not granted before.
func (s *shaper) piece(granted int64, n int, waited []cause) (gone int, when int64, why []cause) {
	if s.rules == nil {
		s.last = max(s.last, granted)
		return n, s.last, nil
	}
	if s.rules.drop {
		return n, never, s.silence
	}
	if len(s.losses) > 0 {
		n = min(n, segment)
	}
	travel := s.stall(s.travel, retransmission)
	if at := after(granted, total(travel)); at >= s.last {
		s.last, s.lastWhy = at, both(waited, travel)
	}
	return n, s.last, s.lastWhy // no sooner than those ahead, and then for their reasons
}

// end says when the end of the stream goes on, which is no byte.
func (s *shaper) end(at int64) int64 {
	if s.rules != nil && s.rules.drop {
		return never
	}
	s.last = max(s.last, after(at, total(s.travel)))
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
	rule          *active
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
