// Package script says when a server misbehaves, and how. A script is a small
// YAML file; its times count from the first request that it is for.
//
//	seed: 7
//	events:
//	  - {at: 10s, for: 3s, do: fail}                       # every request
//	  - {at: 20s, for: 6s, do: fail, share: 5%}            # one of twenty, at random
//	  - {at: 30s, for: 3s, do: delay, by: 400ms, jitter: 50ms}
//	  - {at: 40s, for: 3s, do: hang, drain: 5000/s}        # answers when it is over, 5,000 a second
//	  - {at: 50s, for: 4s, do: reset, flap: 400ms}         # 400 ms down, 400 ms up
//	  - {at: 60s, for: 6s, do: blackhole, ramp: 1s}        # a share that rises for a second, and falls for one
//	  - {at: 70s, for: 3s, do: fail, on: third-2}          # one replica
//	  - {at: 80s, for: 2s, do: lose, only: put, every: 10s, times: 3, shift: 1s}
//	  - {at: 120s, for: 5s, do: stale, by: 2s, keys: r-}   # as of two seconds ago; keys that begin with r-
//	  - {at: 130s, for: 5s, do: lag, by: 300ms}            # writes are acknowledged at once and seen 300 ms later
package script

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// Deed is what a server does to a request instead of answering it.
type Deed string

// The deeds.
const (
	Fail      Deed = "fail"      // answers 503, at once
	Delay     Deed = "delay"     // answers rightly, later
	Hang      Deed = "hang"      // answers rightly when the event is over
	Reset     Deed = "reset"     // resets the connection
	Blackhole Deed = "blackhole" // never answers
	Stale     Deed = "stale"     // answers with the value before the last, or with that of a while ago
	Lag       Deed = "lag"       // acknowledges a write at once, and lets it be seen later
	Lose      Deed = "lose"      // acknowledges a write and forgets it
	Wrong     Deed = "wrong"     // answers with another key's value
)

var deeds = []Deed{Fail, Delay, Hang, Reset, Blackhole, Stale, Lag, Lose, Wrong}

// Operation is what a request asks for.
type Operation string

// The operations.
const (
	Get Operation = "get"
	Put Operation = "put"
)

// Script is a script as it was written, checked.
type Script struct {
	Seed   uint64 // of everything random
	Events []Event
}

// Event is one entry of a script.
type Event struct {
	At, For time.Duration // of the first time; For > 0
	Do      Deed
	By      time.Duration // how much later a delayed answer comes, or a write is seen; how far behind a stale answer is, 0: one value
	Jitter  time.Duration // of By, to either side, uniform
	Share   float64       // of the requests, in (0, 1]
	Ramp    time.Duration // the share rises from 0 for so long, and falls to 0 at the end
	Flap    time.Duration // so long down, so long up, in turns; 0: down throughout
	Drain   float64       // how many of the requests that hung are answered per second; 0: all at once
	Only    Operation     // "": every operation
	Keys    string        // how the keys begin; "": every key
	On      string        // the replica by name; "": every replica
	Every   time.Duration // from the beginning of one time to that of the next
	Times   int           // ≥ 1
	Shift   time.Duration // each time begins up to so much later, uniform
}

// Stretch is a stretch of time [From, To), from the script's begin, in which a
// server misbehaves.
type Stretch struct {
	Event
	Number   int // of the event, in the script's order
	From, To time.Duration
}

// Stretches are all stretches of the script that a replica is to follow, by
// time. The same seed gives the same ones.
func (s *Script) Stretches(replica string) []Stretch {
	var all []Stretch
	for n, e := range s.Events {
		if e.On != "" && e.On != replica {
			continue
		}
		for i := range max(1, e.Times) {
			from := e.At + time.Duration(i)*e.Every
			from += time.Duration(s.chance(uint64(n), uint64(i), "shift") * float64(e.Shift))
			all = append(all, e.stretches(n, from)...)
		}
	}
	slices.SortStableFunc(all, func(a, b Stretch) int { return cmp.Compare(a.From, b.From) })
	return all
}

// stretches are those of the event when it begins at from.
func (e Event) stretches(number int, from time.Duration) []Stretch {
	end := from + e.For
	if e.Flap <= 0 {
		return []Stretch{{Event: e, Number: number, From: from, To: end}}
	}
	var all []Stretch
	for at := from; at < end; at += 2 * e.Flap {
		all = append(all, Stretch{Event: e, Number: number, From: at, To: min(end, at+e.Flap)})
	}
	return all
}

// Meets says whether a request of the operation on a key that comes at an
// instant, by its id, is one that the stretch is for. Whether its share takes it
// depends on the seed, the event and the id alone, so that a run whose requests
// come in another order breaks the same ones.
func (s *Script) Meets(x Stretch, at time.Duration, op Operation, key, id string) bool {
	if at < x.From || at >= x.To || x.Only != "" && x.Only != op || !strings.HasPrefix(key, x.Keys) {
		return false
	}
	share := x.shareAt(at)
	return share >= 1 || s.chance(uint64(x.Number), uint64(x.From), id) < share
}

// shareAt is the share of the requests at an instant within.
func (x Stretch) shareAt(at time.Duration) float64 {
	if x.Ramp <= 0 {
		return x.Share
	}
	slope := float64(min(at-x.From, x.To-at)) / float64(x.Ramp)
	return x.Share * min(1, slope)
}

// Memory is how far back an answer can be asked for: the longest By of what is
// stale.
func (s *Script) Memory() time.Duration {
	longest := time.Duration(0)
	for _, e := range s.Events {
		if e.Do == Stale {
			longest = max(longest, e.By)
		}
	}
	return longest
}

// Lateness is how much later than usual the answer to a request comes that is
// delayed, or a write is seen that lags, never negative.
func (s *Script) Lateness(x Stretch, id string) time.Duration {
	swing := 2*s.chance(uint64(x.Number), uint64(x.From), "late "+id) - 1
	return max(0, x.By+time.Duration(swing*float64(x.Jitter)))
}

// chance is a number in [0, 1) that follows from the seed and what is asked.
func (s *Script) chance(a, b uint64, what string) float64 {
	key := make([]byte, 0, 24+len(what))
	for _, n := range []uint64{s.Seed, a, b} {
		key = binary.LittleEndian.AppendUint64(key, n)
	}
	return float64(xxhash.Sum64(append(key, what...))>>11) / math.Exp2(53)
}
