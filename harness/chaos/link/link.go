// Package link is the edge proxy: it stands between one replica and another,
// passes bytes on without changing them, and, while a fault is active, delays,
// slows, withholds or breaks off what passes, each direction by itself.
//
// It knows nothing of services, faults or platforms: an edge is a Pair, a
// fault is a name with its Rules. On a laptop it runs in the harness, before
// containers in a container of the harness's own binary; Control is what both
// look like.
package link

import (
	"context"
	"time"
)

// Pair names a link: the connections that Source makes to Port of Destination.
type Pair struct {
	Source      string `json:"source"`      // a replica, or Client
	Destination string `json:"destination"` // a replica
	Port        int    `json:"port"`        // the destination's own port, by which the Compose file calls it
}

// Client is the Source of what the load generator sends.
const Client = "client"

// Opening is a link to be opened.
type Opening struct {
	Pair
	Listen string `json:"listen"` // host:port that the proxy listens on; port 0: any that is free
	Target string `json:"target"` // host:port that it passes connections on to

	// HTTP makes the proxy follow HTTP/1.1 messages from a connection's first
	// byte, which HTTP rules need: where a message begins cannot be told in the
	// middle of a stream. What no rule meets passes byte for byte; it costs some
	// microseconds a message. What turns out not to be HTTP, and what follows an
	// upgrade or a CONNECT, passes unread, and no HTTP rule meets it.
	HTTP bool `json:"http,omitempty"`
}

// Direction says which bytes of a link are meant.
type Direction string

// The directions.
const (
	Forward  Direction = "forward"  // from the source to the destination: requests
	Backward Direction = "backward" // from the destination to the source: answers
)

// Rule is what a fault does to one direction of a link. What is zero is not
// done. Several rules for the same direction, of one fault or of several, are
// done together.
type Rule struct {
	Pair
	Direction Direction `json:"direction"`

	// Delay makes every byte late by Delay + d, d uniform in [−Jitter, +Jitter],
	// never less than 0 and never before the bytes that went ahead of it (a
	// stream has an order, so bytes that follow each other within the jitter wait
	// for the latest). One draw is made for what one read returned, up to 64 KiB.
	// With Correlation ρ (0 … 1) a draw is ρ·last + (1−ρ)·new, as netem has it:
	// the mean stays, the spread falls by √((1−ρ)/(1+ρ)).
	//
	// A new connection waits for its handshake first, as on a slow network: once
	// in each direction, so that its first answer takes twice the round trip.
	Delay       time.Duration `json:"delay,omitempty"`
	Jitter      time.Duration `json:"jitter,omitempty"`
	Correlation float64       `json:"correlation,omitempty"`

	// Loss makes a share (0 … 1) of segments of up to 1,460 bytes late as a lost
	// packet would: by a retransmission time-out (200 ms, doubled for each further
	// loss of the same segment, ten times at most; 1 s at first for a handshake, by
	// RFC 6298), and all that follow with it. A segment is lost with probability
	// LossCorrelation·(1 if the one before was lost, else 0) + (1−LossCorrelation)·Loss:
	// the share stays Loss and neighbours correlate as asked. (netem's own formula
	// loses far less than asked as soon as it correlates.) With 1 nothing passes
	// until the fault ends.
	Loss            float64 `json:"loss,omitempty"`
	LossCorrelation float64 `json:"lossCorrelation,omitempty"`

	Rate   int64 `json:"rate,omitempty"`   // bytes per second, through a token bucket
	Bucket int64 `json:"bucket,omitempty"` // bytes that may go at once; 0: 10 ms of Rate; at least 1,460 (a packet)
	Limit  int64 `json:"limit,omitempty"`  // bytes that may wait for tokens before the sender is slowed; 0: 100 ms of Rate, at least 64 KiB; Window at most

	// Drop is silence: what was sent and what is sent stays unsent until the
	// fault ends, on existing connections too; new connections are not answered.
	// A proxy in user space cannot keep the kernel from completing a handshake, so
	// connecting succeeds; the destination is not dialled until the fault ends, and
	// never when the source has given up by then.
	Drop bool `json:"drop,omitempty"`
	// Reject resets existing connections and refuses new ones. Either direction
	// does: the kernel refuses while the proxy does not listen.
	Reject bool `json:"reject,omitempty"`
	// Reset breaks off the existing connections once, with a RST, when the fault
	// begins.
	Reset bool `json:"reset,omitempty"`

	HTTP *HTTP `json:"http,omitempty"`
}

// Window is how many bytes may wait in one direction of one connection: what
// is beyond stays with its sender, as behind a full receive window. A delay of d
// thus passes at most Window/d bytes per second.
const Window = 4 << 20

// Applied brackets the instant at which rules took effect, or ceased to: every
// byte taken up before From went by the old, every one after Until by the new.
// What was waiting goes on by the new rules, counted from its own arrival: it
// leaves at once when nothing is left to wait for.
//
// The instants are wall-clock times of the proxy's host. A proxy elsewhere on
// the same host shares that clock; that nobody sets it during a run is assumed.
type Applied struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// Counters are what a link has seen since it was opened. They are exact; only
// Bytes and the connections count what passes without a fault.
type Counters struct {
	Accepted int64 `json:"accepted"` // connections
	Failed   int64 `json:"failed"`   // of them, those to which the destination did not answer
	Open     int64 `json:"open"`     // connections now

	Forward  Stream `json:"forward"`
	Backward Stream `json:"backward"`
}

// Stream counts one direction.
type Stream struct {
	Bytes    int64         `json:"bytes"`    // passed on
	Delayed  int64         `json:"delayed"`  // of them, those that a rule made late
	Held     time.Duration `json:"held"`     // the time from arriving to leaving, summed over chunks that a rule made late
	Chunks   int64         `json:"chunks"`   // over which Held is summed
	Withheld int64         `json:"withheld"` // bytes that a partition kept back
	Refused  int64         `json:"refused"`  // connections left unanswered by a Drop; those that the kernel refuses are not seen
	Reset    int64         `json:"reset"`    // connections broken off by a Reset, a Reject or an HTTP Abort
	Changed  int64         `json:"changed"`  // HTTP messages aborted, delayed, replaced or patched
	Skipped  int64         `json:"skipped"`  // HTTP messages whose body a patch met and could not change: not JSON, compressed or too long

	// By is the same of what the rules of one fault did, for each that is in force,
	// since it was applied: what two of them made late together is counted for
	// both, with what each asked for as its Held. An HTTP Abort counts when it is
	// decided, and Bytes not at all.
	By map[string]Stream `json:"by,omitempty"`
}

// side is the direction d.
func (c *Counters) side(d Direction) *Stream {
	if d == Forward {
		return &c.Forward
	}
	return &c.Backward
}

// add counts done for the fault.
func (s *Stream) add(fault string, done Stream) {
	if s.By == nil {
		s.By = map[string]Stream{}
	}
	s.By[fault] = s.By[fault].Plus(done)
}

// Plus is the sum of both, without By.
func (s Stream) Plus(o Stream) Stream {
	return Stream{Bytes: s.Bytes + o.Bytes, Delayed: s.Delayed + o.Delayed, Held: s.Held + o.Held, Chunks: s.Chunks + o.Chunks,
		Withheld: s.Withheld + o.Withheld, Refused: s.Refused + o.Refused, Reset: s.Reset + o.Reset, Changed: s.Changed + o.Changed, Skipped: s.Skipped + o.Skipped}
}

// Control applies rules, in this process or in another.
type Control interface {
	// Apply makes the rules of the fault take effect, in place of those that it
	// had, on connections that exist as well. A rule that cannot be done is an
	// error, and then nothing is changed.
	Apply(ctx context.Context, fault string, rules []Rule) (Applied, error)
	// Clear ends what the fault does. Clearing what is not there does nothing. An
	// error says which links could not be restored.
	Clear(ctx context.Context, fault string) (Applied, error)
	// Counters are those of every link.
	Counters(ctx context.Context) (map[Pair]Counters, error)
}

// Edges opens links, in this process or in another. *Proxy and *Remote are
// Edges and Control.
type Edges interface {
	// Open begins to listen, and returns the address that it listens on.
	Open(ctx context.Context, o Opening) (address string, err error)
	// Retarget passes new connections on to target from now on: the destination
	// has another address. Existing connections stay.
	Retarget(ctx context.Context, pair Pair, target string) error
}
