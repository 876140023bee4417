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
	// stream has an order). Correlation of each draw with the one before: 0 … 1.
	Delay       time.Duration `json:"delay,omitempty"`
	Jitter      time.Duration `json:"jitter,omitempty"`
	Correlation float64       `json:"correlation,omitempty"`

	// Loss makes a share (0 … 1) of segments of up to 1,460 bytes late as a lost
	// packet would: by a retransmission time-out (200 ms, doubled for each further
	// loss of the same segment). Correlation as above.
	Loss            float64 `json:"loss,omitempty"`
	LossCorrelation float64 `json:"lossCorrelation,omitempty"`

	Rate   int64 `json:"rate,omitempty"`   // bytes per second, through a token bucket
	Bucket int64 `json:"bucket,omitempty"` // bytes that may go at once; 0: 10 ms of Rate, at least 1,460

	DripBytes int           `json:"dripBytes,omitempty"` // so many bytes at a time,
	DripEvery time.Duration `json:"dripEvery,omitempty"` // and so long between them

	// Drop is silence: what was sent and what is sent stays unsent until the
	// fault ends, on existing connections too; new connections are not answered.
	Drop bool `json:"drop,omitempty"`
	// Reject resets existing connections and refuses new ones.
	Reject bool `json:"reject,omitempty"`
	// Reset breaks off the existing connections once, with a RST, when the fault
	// begins.
	Reset bool `json:"reset,omitempty"`

	HTTP *HTTP `json:"http,omitempty"`
}

// Applied brackets the instant at which rules took effect, or ceased to: for
// every byte read before From it was the old, for every one read after Until
// the new.
type Applied struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// Counters are what a link has seen since it was opened. Only what passes
// while a fault is active counts towards the fault.
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
	Held     time.Duration `json:"held"`     // the time by which, summed over chunks
	Chunks   int64         `json:"chunks"`   // over which Held is summed
	Withheld int64         `json:"withheld"` // bytes that a partition kept back
	Refused  int64         `json:"refused"`  // connections refused or left unanswered
	Reset    int64         `json:"reset"`    // connections broken off
	Changed  int64         `json:"changed"`  // HTTP messages aborted, delayed, replaced or patched
}

// Control applies rules, in this process or in another.
type Control interface {
	// Apply makes the rules of the fault take effect, in place of those that it
	// had, on connections that exist as well.
	Apply(ctx context.Context, fault string, rules []Rule) (Applied, error)
	// Clear ends what the fault does. Clearing what is not there does nothing.
	Clear(ctx context.Context, fault string) (Applied, error)
	// Counters are those of every link.
	Counters(ctx context.Context) (map[Pair]Counters, error)
}
