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

// slow is a write that took long, from when it was sent until its outcome was
// known, ns.
type slow struct{ sent, done int64 }

// slowest are the writes that took long, as they came.
type slowest []slow

func (all *slowest) add(op history.Op) {
	if took := op.Done - op.Sent; op.Effect != history.NoEffect && took >= int64(leastSlow) {
		*all = append(*all, slow{op.Sent, op.Done})
	}
}

// detoured are the writes, by when they ended, that others may have made the
// system take another way than it would have: held up for most of its time, and
// for longer than an answer may be old, a write may have been given up on within
// the system and kept aside, as it is in a fault. What gave up on one (a breaker
// that is open now) keeps the next ones aside too, quick as they are.
func (r *Registers) detoured(writes slowest) (all slowest) {
	if r.HeldUp == nil || !r.Promise.converges() {
		return nil
	}
	for _, w := range writes {
		took := w.done - w.sent
		if took > int64(r.Promise.Healthy) && 2*r.HeldUp(w.sent, w.done) >= took {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b slow) int { return cmp.Compare(a.done, b.done) })
	return all
}

// during says whether one of them was under way in [from, to]; they are in order
// of their ends.
func (all slowest) during(from, to int64) bool {
	i, _ := slices.BinarySearchFunc(all, from, func(w slow, t int64) int { return cmp.Compare(w.done, t) })
	return slices.ContainsFunc(all[i:], func(w slow) bool { return w.sent <= to })
}
