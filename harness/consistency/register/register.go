// Package register judges what was read from and written to a single key
// whose writes all write different values: whether one order explains all of
// it, and if none does, how stale the answers were.
//
// With unique values a read names the write that it saw, and then
// linearizability needs no search: the operations of one value form a cluster,
// and all that matters of a cluster is when its first operation ended and when
// its last one began, its zone (P. Gibbons, E. Korach, Testing Shared Memories,
// SIAM J. Comput. 26, 1997). The smallest staleness that explains a history
// follows the same way (W. Golab, X. Li, M. Shah, Analyzing Consistency
// Properties for Fun and Profit, PODC 2011).
package register

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Op is one operation on the key. A began before B and was over before B began
// when A.Return < B.Invoke; otherwise they may have taken effect in any order.
type Op struct {
	Invoke int64 // ns
	Return int64 // ns, ≥ Invoke; Never of a write that may take effect at any later time
	Value  uint64
	Write  bool // of Initial: a delete
	Client int  // of those that Sessions tells apart
}

func (o Op) deletes() bool { return o.Write && o.Value == Initial }

// Initial is the value that a key has before it is written, and again when it
// was deleted.
const Initial uint64 = 0

// Never is the Return of a write whose outcome is not known.
const Never = math.MaxInt64

// Mistake is something about the history that no order and no staleness
// explains.
type Mistake struct {
	Op   Op
	What string
}

func (m *Mistake) Error() string {
	return fmt.Sprintf("value %d at %d … %d ns: %s", m.Op.Value, m.Op.Invoke, m.Op.Return, m.What)
}

// cluster is what is known of one value.
type cluster struct {
	value uint64
	write Op
	read  bool
	first int64 // when the first of its operations ended
	last  int64 // when the last of its reads began; math.MinInt64 without one
}

// start is when the last operation of the cluster began, its reads allowed to
// be stale by delta: a read may then return what was true up to delta before
// it began, as if it had begun sooner.
func (c *cluster) start(delta int64) int64 {
	if c.last == math.MinInt64 {
		return c.write.Invoke
	}
	return max(c.write.Invoke, c.last-delta)
}

// History is the clusters of a key.
type History struct {
	clusters []cluster
	at       map[uint64]int // the cluster of each value
	stores   succession     // writes of values
	writes   succession     // deletes as well
	deletes  deletions
}

// New sorts the operations of one key by value. The error is a *Mistake: a
// value that nobody wrote, one written twice, or one read before its write
// began.
func New(ops []Op) (*History, error) {
	n := 1
	for _, o := range ops {
		if o.Write {
			n++
		}
	}
	h := &History{clusters: make([]cluster, 0, n), at: make(map[uint64]int, n)}
	stores, writes := make([]Op, 0, n), make([]Op, 0, n)
	at := h.at
	enter := func(w Op) {
		at[w.Value] = len(h.clusters)
		h.clusters = append(h.clusters, cluster{value: w.Value, write: w, first: w.Return, last: math.MinInt64})
	}
	enter(Op{Invoke: math.MinInt64, Return: math.MinInt64, Value: Initial, Write: true})
	for _, o := range ops {
		if !o.Write {
			continue
		}
		writes = append(writes, o)
		if o.deletes() {
			h.deletes.ops = append(h.deletes.ops, o)
			continue
		}
		if _, twice := at[o.Value]; twice {
			return nil, &Mistake{o, "the value is written twice"}
		}
		enter(o)
		stores = append(stores, o)
	}
	h.stores, h.writes = successionOf(stores), successionOf(writes)
	h.deletes.settle()
	for _, o := range ops {
		if o.Write {
			continue
		}
		i, ok := at[o.Value]
		if !ok {
			return nil, &Mistake{o, "nobody wrote it"}
		}
		c := &h.clusters[i]
		if o.Return < c.write.Invoke {
			return nil, &Mistake{o, "it was read before it was written"}
		}
		c.read = true
		c.first, c.last = min(c.first, o.Return), max(c.last, o.Invoke)
	}
	// A write of unknown outcome that nobody saw may never have happened.
	h.clusters = slices.DeleteFunc(h.clusters, func(c cluster) bool { return !c.read && c.write.Return == Never })
	slices.SortFunc(h.clusters, func(a, b cluster) int { return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.value, b.value)) })
	clear(h.at)
	for i := range h.clusters {
		h.at[h.clusters[i].value] = i
	}
	return h, nil
}

// Deleted says whether the key was deleted. A read of nothing then does not
// name the write that it saw, so that zones cannot tell of an order: see Search.
func (h *History) Deleted() bool { return len(h.deletes.ops) > 0 }

// Conflict is two values of which neither can come before the other: some
// operation of each was over before some operation of the other began.
type Conflict struct{ A, B uint64 }

// Linearizable tells whether one order explains every operation, and if not,
// two values that cannot be ordered. It takes n·log n steps for n operations,
// and is for a history without deletes, as Staleness is.
func (h *History) Linearizable() (Conflict, bool) { return h.ordered(0) }

// ordered is Linearizable with reads that may be stale by delta.
//
// Clusters a and b conflict when a.first < b.start and b.first < a.start: the
// same whether their zones run forward (first < start) or backward. Two
// backward zones never do. So it is enough to look for a forward zone that
// another zone, forward or backward, conflicts with; as long as the forward
// zones seen so far do not conflict they are disjoint, and in order.
func (h *History) ordered(delta int64) (Conflict, bool) {
	// In order of first, the forward zone that reaches furthest among those
	// before: whoever conflicts with any of them conflicts with it, or has been
	// found already.
	var reach *cluster
	for i := range h.clusters {
		c := &h.clusters[i]
		start := c.start(delta)
		// reach.first ≤ c.first < reach.start: one half; the other is reach.first < start.
		if reach != nil && c.first < reach.start(delta) && reach.first < start {
			return Conflict{reach.value, c.value}, false
		}
		if c.first < start && (reach == nil || start > reach.start(delta)) {
			reach = c
		}
	}
	return Conflict{}, true
}

// Staleness is the smallest delta (ns, ≥ 0) with which one order explains
// everything: every read returned what was true at some instant from delta
// before it began until it ended. 0 is linearizable. Every history that New
// accepts has one.
func (h *History) Staleness() int64 {
	if h.explained(0) {
		return 0
	}
	// What is enough is not known, so the step doubles until it is.
	low, high := int64(0), int64(1)
	for !h.explained(high) {
		low, high = high, high*2
	}
	for high-low > 1 {
		if middle := low + (high-low)/2; h.explained(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

func (h *History) explained(delta int64) bool {
	_, ok := h.ordered(delta)
	return ok
}
