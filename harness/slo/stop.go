package slo

import (
	"fmt"
	"time"

	"gauntlet/harness/history"
)

// Stop is a condition that ends a run before its time: that less than Below of
// the requests were good, over a stretch of For.
type Stop struct {
	Below float64       // in (0, 1)
	For   time.Duration // ≥ 1 s
}

// Halt says that a stop condition was met.
type Halt struct {
	At        int64 // ns since the origin: the end of the window
	Good, All int   // requests in it
	Stop      Stop
}

// String is what was seen and what was asked, in words.
func (h Halt) String() string {
	return fmt.Sprintf("over %s %s of %d requests were good, and the run is to end below %s",
		duration(int64(h.Stop.For)), percent(ratio(h.Good, h.All)), h.All, percent(h.Stop.Below))
}

// parts is how many parts the window slides by. A condition that begins to
// hold is found at most a part after For.
const parts = 60

// Guard looks for a stop condition in the outcomes of a load as they become
// known: it ends what does harm, and decides nothing about the objectives.
//
// The window lies over the instants at which requests ended, since nothing is
// known of one before. It lies within the run as a whole, so that the first
// moments decide nothing. The condition is met when the whole Wilson interval
// of the good share is below: of a thin load a few bad requests end nothing.
// Requests whose outcome the generator's own lateness decides are left out: a
// run does not end for what its instrument did.
type Guard struct {
	stop   Stop
	rules  Rules
	width  int64            // of a part, ns
	counts [parts + 1]tally // by part modulo their number: the whole window, and the part under way
	newest int64            // the part under way
	met    bool
}

// NewGuard looks for stop among requests that are good or bad by rules.
func NewGuard(stop Stop, rules Rules) *Guard {
	return &Guard{stop: stop, rules: rules, width: (int64(stop.For) + parts - 1) / parts}
}

// Add takes one outcome; those of other streams than Load are ignored. They come
// about in the order in which they ended: one that is later than the window is
// long counts no more. ok is true once, when the condition is met.
func (g *Guard) Add(op history.Op) (h Halt, ok bool) {
	flags := g.rules.flags(op)
	part := op.Done / g.width
	if op.Stream != history.Load || flags&flagAmbiguous != 0 || op.Done < 0 || part <= g.newest-int64(len(g.counts)) {
		return Halt{}, false
	}
	if part > g.newest {
		h, ok = g.advance(part)
	}
	g.counts[part%int64(len(g.counts))].add(flags&flagBad != 0)
	return h, ok
}

// advance begins a part, and looks at the window that ends where it begins.
func (g *Guard) advance(part int64) (h Halt, ok bool) {
	for p := max(g.newest, part-int64(len(g.counts))) + 1; p <= part; p++ {
		g.counts[p%int64(len(g.counts))] = tally{}
	}
	g.newest = part
	if g.met || part < parts {
		return Halt{}, false
	}
	var all tally
	for _, c := range g.counts {
		all.n, all.bad = all.n+c.n, all.bad+c.bad
	}
	_, high := Wilson(all.good(), all.n)
	g.met = high < g.stop.Below
	return Halt{At: part * g.width, Good: all.good(), All: all.n, Stop: g.stop}, g.met
}
