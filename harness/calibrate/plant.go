package calibrate

import (
	"math"
	"slices"

	"gauntlet/harness/history"
)

// plant breaks a promise in a history that keeps all of them.
type plant func(p *played)

// older plants values that were over into a share of the reads: those that fit,
// of what would be wrong with the read then. A value is taken only when its own
// write was acknowledged, so that nothing else that is planted makes the proof
// of it void.
func older(share float64, fits func(t term, x wrong) bool) plant {
	return func(p *played) {
		for i := range p.requests {
			q := &p.requests[i]
			if q.op.Kind != reads || q.op.Class == history.Timeout || p.r.Float64() >= share {
				continue
			}
			choice := slices.DeleteFunc(p.wrongs(q), func(x wrong) bool { return !fits(p.term(), x) })
			if len(choice) > 0 && p.mayBreak(q.op.Key) {
				q.give(choice[p.r.IntN(len(choice))].value)
				p.broke[q.op.Key]++
			}
		}
	}
}

// mayBreak: where one order is promised a register has it or not, and is broken
// once.
func (p *played) mayBreak(key uint32) bool {
	return !p.promise.Linearizable || p.broke[key] == 0
}

// wrong is what would be wrong with a read of an older value. That it was over,
// and that its session knew better, is once as the acknowledgement of its own
// write proves it, which nothing that is planted later changes, and once as it
// could be proven at the most, by who saw it before.
type wrong struct {
	value           int
	sent            int64
	over, mayOver   int64 // when it was over
	back, mayBeBack bool
	gone            bool // it was deleted, and not written over
}

// age is how old the read is.
func (x wrong) age() int64 { return x.sent - x.over }

// most is how old it could be said to be.
func (x wrong) most() int64 { return x.sent - x.mayOver }

// wrongs are what would be wrong with a read, by value that it could be given.
func (p *played) wrongs(q *request) (all []wrong) {
	e := p.evidence(q.op.Key)
	now, _ := q.contact()
	for _, w := range e {
		if !w.write || w.value == 0 || w.done >= now.sent {
			continue
		}
		x, known := wrong{value: w.value, sent: now.sent, over: never, mayOver: never}, e.known(w)
		for _, o := range e {
			if o.write && o.sent > known {
				x.mayOver = min(x.mayOver, o.done)
			}
			if o.write && o.sent > w.done && o.done < x.over {
				x.over, x.gone = o.done, o.value == 0
			}
			if o.session == now.session && o.done < now.sent {
				begun := e.begun(o)
				x.back, x.mayBeBack = x.back || begun > w.done, x.mayBeBack || begun > known
			}
		}
		if x.over < now.sent {
			all = append(all, x)
		}
	}
	return all
}

// tooOld is an answer that is older than promised while nothing is broken, by
// what was written since then, to a client that cannot know.
func tooOld(t term, x wrong) bool {
	healthy := x.sent >= t.begin && x.sent < t.inject || x.sent >= t.converged() && x.mayOver >= t.converged()
	return healthy && !x.mayBeBack && x.age() > t.healthy
}

// tooOldBroken is one that is older than promised while something is.
func tooOldBroken(t term, x wrong) bool {
	return x.sent >= t.inject && x.sent < t.converged() && !x.mayBeBack && x.age() > t.broken
}

// goneBack is an answer that is young enough, to a client that knew better.
func goneBack(t term, x wrong) bool { return x.back && x.most() <= t.healthy }

// disordered is an answer that is young enough, and still over.
func disordered(t term, x wrong) bool { return x.most() <= t.healthy }

// resurrected is one whose value was deleted.
func resurrected(t term, x wrong) bool { return x.gone && x.most() <= t.healthy }

// closest plants one value, where what fits comes nearest to a limit, of a share
// of the reads.
func closest(share float64, fits func(term, wrong) bool, distance func(term, wrong) int64) plant {
	return func(p *played) {
		var at *request
		value, least := 0, int64(never)
		for i := range p.requests {
			q := &p.requests[i]
			if q.op.Kind != reads || q.op.Class == history.Timeout || p.r.Float64() >= share {
				continue
			}
			for _, x := range p.wrongs(q) {
				if d := distance(p.term(), x); fits(p.term(), x) && d < least {
					at, value, least = q, x.value, d
				}
			}
		}
		if at != nil {
			at.give(value)
			p.broke[at.op.Key]++
		}
	}
}

// justTooOld is one that is hardly older than promised.
func justTooOld() plant {
	return closest(0.2, tooOld, func(t term, x wrong) int64 { return x.age() - t.healthy })
}

// justLeft is one that is too old by what was written in a fault, hardly after
// the data must have converged.
func justLeft() plant {
	left := func(t term, x wrong) bool {
		return x.sent >= t.converged() && x.sent < t.converged()+t.healthy && x.over < t.converged() && x.age() > t.healthy && !x.mayBeBack
	}
	return closest(0.3, left, func(t term, x wrong) int64 { return x.sent - t.converged() })
}

// justKept are one that is hardly as old as promised, and one that is as old as
// can be, hardly before the data must have converged.
func justKept() plant {
	young := func(t term, x wrong) bool {
		healthy := x.sent >= t.begin && x.sent < t.inject || x.sent >= t.converged()
		return healthy && !x.mayBeBack && x.most() <= t.healthy
	}
	early := func(t term, x wrong) bool {
		return x.sent >= t.inject && x.sent < t.converged() && !x.mayBeBack && x.age() > t.healthy
	}
	one := closest(0.2, young, func(t term, x wrong) int64 { return t.healthy - x.most() })
	other := closest(0.3, early, func(t term, x wrong) int64 { return t.converged() - x.sent })
	return func(p *played) { one(p); other(p) }
}

// inverted plants reads in a share of the registers of which one sees a write
// that is under way, and the next one, somebody else's, does not: no answer is
// over, and there is no order.
func inverted(share float64) plant {
	return func(p *played) {
		for key := range uint32(registerKeys) {
			if p.r.Float64() >= share {
				continue
			}
			if w, before, ok := p.slowWrite(key); ok {
				p.insert(key, w.sent+milli, w.value, 0)
				p.insert(key, w.sent+3*milli, before, 1)
				p.broke[key]++
			}
		}
		p.sort()
	}
}

// slowWrite is an acknowledged write of a value that took its time, and a value
// whose write was acknowledged before, with no other write beside.
func (p *played) slowWrite(key uint32) (slow contact, before int, ok bool) {
	e := p.evidence(key)
	for _, w := range e {
		if !w.write || w.value == 0 || w.done == never || w.done-w.sent < 10*milli {
			continue
		}
		last := contact{done: math.MinInt64}
		alone := true
		for _, o := range e {
			if o.write && o.value != w.value && o.sent <= w.done {
				alone = alone && o.done < w.sent
				if o.sent > last.sent {
					last = o
				}
			}
		}
		if alone && last.value != 0 {
			return w, last.value, true
		}
	}
	return slow, 0, false
}

// insert adds a read of 1 ms.
func (p *played) insert(key uint32, at int64, value, client int) {
	seq := 2 * uint64(len(p.requests)*registerClients+client)
	q := request{op: history.Op{Stream: history.Register, Seq: seq, Key: key, Attempts: 1, Due: at, Sent: at, Done: at + milli}, session: client * dataReplicas}
	q.give(value)
	p.requests = append(p.requests, q)
}
