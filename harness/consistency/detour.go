package consistency

import (
	"cmp"
	"slices"
	"time"

	"gauntlet/harness/history"
)

// leastSlow is the response time from which a write is remembered, whatever
// stream it is of: nobody promises answers that are never older than that.
const leastSlow = 20 * time.Millisecond

// slow is an acknowledged write that took long, from when it was sent until that
// was there, ns.
type slow struct{ sent, done int64 }

// slowest are the writes that took long, as they came.
type slowest []slow

func (all *slowest) add(op history.Op) {
	if took := op.Done - op.Sent; op.Effect == history.Acknowledged && took >= int64(leastSlow) {
		*all = append(*all, slow{op.Sent, op.Done})
	}
}

// leastHeldUp is the part of a write's time that others must have held the run up
// for. It is small, since what is known is the hold-up of the process that waited
// longest: a write waits in one after the other, the generator, a replica, the
// store, and what gives up within the system knows but the sum.
const leastHeldUp = 0.1

// detoured are the writes, by when they ended, that others may have made the
// system take another way than it would have: a write that took longer than an
// answer may be old, while others held the run up, may have been given up on
// within the system and kept aside, as it is in a fault. What gave up on one (a
// breaker that is open now) keeps the next ones aside too, quick as they are.
func (r *Registers) detoured(writes slowest) (all slowest) {
	if r.HeldUp == nil || r.Promise.Healthy == Unbounded {
		return nil
	}
	for _, w := range writes {
		took := w.done - w.sent
		if took > int64(r.Promise.Healthy) && float64(r.HeldUp(w.sent, w.done)) >= leastHeldUp*float64(took) {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b slow) int { return cmp.Compare(a.done, b.done) })
	return all
}

// unsaid is the time to converge of a target that promises none.
const unsaid = 10 * time.Second

// aside is for how long what was kept aside may be unseen, ns: until the data
// must have converged.
func (p Promise) aside() int64 {
	if p.Convergence == Unbounded {
		return int64(unsaid)
	}
	return int64(p.Convergence)
}

// during says whether one of them was under way in [from, to]; they are in order
// of their ends.
func (all slowest) during(from, to int64) bool {
	i, _ := slices.BinarySearchFunc(all, from, func(w slow, t int64) int { return cmp.Compare(w.done, t) })
	return slices.ContainsFunc(all[i:], func(w slow) bool { return w.sent <= to })
}
