package calibrate

import (
	"math"
	"slices"
)

// Registers is what was wrong with what registers answered, as far as the times
// at which requests were sent and answered prove it.
type Registers struct {
	Stale      int `json:"stale"`      // reads whose value was surely over
	Disordered int `json:"disordered"` // reads that broke a guarantee to their client; registers without an order where one order is promised
}

// never is when a write was answered that was not.
const never = math.MaxInt64

// contact is a request of a register: when it was sent and answered, as its
// client knows it, and of which value, as whoever made the history knows it. A
// value is a number; 0 is nothing.
type contact struct {
	sent, done int64 // done: never, of a write that was not acknowledged
	value      int
	write      bool // of nothing: a delete
	session    int  // a client through one replica
}

// evidence is every contact with one register. What it proves is found by
// comparing each with each, straight from the definitions: nothing here is
// shared with the checker that is measured, and it need not be fast.
type evidence []contact

// known is from when on it is certain that what c wrote or was given was there:
// its write was acknowledged, or somebody had seen it.
func (e evidence) known(c contact) int64 {
	at := int64(never)
	switch {
	case c.value != 0:
		for _, o := range e {
			if o.value == c.value {
				at = min(at, o.done)
			}
		}
		return at
	case c.write:
		return c.done
	}
	// Nothing is there before the first write, and after each delete: a read may
	// have seen any delete that had begun.
	at = math.MinInt64
	for _, o := range e {
		if o.write && o.value == 0 && o.sent <= c.done {
			at = max(at, o.done)
		}
	}
	return at
}

// begun is when what c wrote or was given was sent.
func (e evidence) begun(c contact) int64 {
	if c.write {
		return c.sent
	}
	for _, o := range e {
		if o.write && o.value == c.value && c.value != 0 {
			return o.sent
		}
	}
	return math.MinInt64
}

// over is when the value of a read was first surely over: another was
// acknowledged whose write was sent when this one was known already.
// Acknowledgements before from are left out; never, when there is none.
func (e evidence) over(read contact, from int64) int64 {
	known, at := e.known(read), int64(never)
	for _, o := range e {
		if o.write && o.sent > known && o.done >= from && (o.value != 0 || read.value != 0) {
			at = min(at, o.done)
		}
	}
	return at
}

// age is how long the value of a read had surely been over when it was sent, ns.
func (e evidence) age(read contact, from int64) int64 {
	return read.sent - min(read.sent, e.over(read, from))
}

// back says that a read gave a session less than it had written or read before.
func (e evidence) back(read contact) bool {
	known := e.known(read)
	return slices.ContainsFunc(e, func(o contact) bool {
		return o.session == read.session && o.done < read.sent && e.begun(o) > known
	})
}

// term is what is promised of the answers, and when something was broken; ns.
// Without a fault inject is never.
type term struct {
	begin, end             int64 // of what is judged
	inject, heal           int64
	healthy, broken        int64 // ages; never: no limit
	convergence            int64 // after the heal; never: none
	sessions, linearizable bool
}

// converged is when the data must have.
func (t term) converged() int64 {
	if t.inject == never || t.convergence == never {
		return never
	}
	return t.heal + t.convergence
}

// found is what evidence proves.
type found struct {
	Registers
	late, left bool // some answer was too old; some was so by what a fault left behind
}

// prove holds the contacts of one register to the promise.
func (f *found) prove(e evidence, t term) {
	for _, c := range e {
		if c.write {
			continue
		}
		ever := e.age(c, math.MinInt64)
		if ever > 0 {
			f.Stale++
		}
		if t.sessions && e.back(c) {
			f.Disordered++
		}
		switch must := t.converged(); {
		case c.sent < t.begin || c.sent > t.end:
		case c.sent < t.inject:
			f.late = f.late || ever > t.healthy
		case c.sent < must:
			f.late = f.late || ever > t.broken
		default:
			f.late = f.late || e.age(c, must) > t.healthy
			f.left = f.left || ever > t.healthy && c.sent-ever <= must
		}
	}
}

// broken are the objectives that must FAIL.
func (f found) broken() []string {
	var all []string
	for _, o := range []struct {
		name string
		so   bool
	}{{"staleness", f.late}, {"convergence", f.left}, {"order", f.Disordered > 0}} {
		if o.so {
			all = append(all, o.name)
		}
	}
	return all
}
