package register

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// Age is how stale a read surely was.
type Age struct {
	Read Op
	// Since is how long (ns, ≥ 0) before the read began a value that came after
	// the one it returned had been acknowledged; 0: the value may have been true.
	Since int64
}

// Ages is the age of every read, in the order in which they began. A value is
// surely over once a write is acknowledged that began when the value was
// already seen, or acknowledged itself.
//
// No age is above Staleness, which also counts what only several reads together
// show: an age is about one read, so that it belongs to an instant of the run.
func (h *History) Ages(ops []Op) []Age {
	var all []Age
	for _, o := range ops {
		if o.Write {
			continue
		}
		a := Age{Read: o}
		if by, ok := h.Over(o, math.MinInt64); ok && by.Return < o.Invoke {
			a.Since = o.Invoke - by.Return
		}
		all = append(all, a)
	}
	slices.SortStableFunc(all, func(a, b Age) int { return cmp.Compare(a.Read.Invoke, b.Read.Invoke) })
	return all
}

// Over is the write with which what a read returned was surely over, the first
// of those that were acknowledged at from or later; false when there is none.
func (h *History) Over(read Op, from int64) (by Op, ok bool) {
	if read.Value != Initial {
		return h.writes.after(h.last(read), from)
	}
	// A delete after a delete leaves nothing as well: only a value ends it.
	return h.stores.after(h.last(read), from)
}

// last is the instant after which whatever began comes after what the read
// returned: by then it had been seen, or acknowledged. Of nothing, it is when
// the last delete was acknowledged that the read may have seen.
func (h *History) last(read Op) int64 {
	if read.Value == Initial {
		return h.deletes.until(read.Return)
	}
	return h.clusters[h.at[read.Value]].first
}

// begun is the instant before which nothing that was over by then comes after
// what the operation wrote or returned: its write began.
func (h *History) begun(o Op) int64 {
	if o.Write {
		return o.Invoke
	}
	return h.clusters[h.at[o.Value]].write.Invoke
}

// Session is a broken promise to one client.
type Session struct {
	Read   Op     // what it was given
	Before Op     // what it had written, or read, before
	Broken string // ReadYourWrites or MonotonicReads
}

// The session guarantees (D. Terry et al., Session Guarantees for Weakly
// Consistent Replicated Data, PDIS 1994) that a client can see on one key.
const (
	ReadYourWrites = "read-your-writes"
	MonotonicReads = "monotonic-reads"
)

// Guarantees are all of them.
var Guarantees = []string{ReadYourWrites, MonotonicReads}

// guarantee is what a client is owed once it has made the operation.
func (o Op) guarantee() string {
	if o.Write {
		return ReadYourWrites
	}
	return MonotonicReads
}

// Sessions is every read that gave a client a value that surely came before
// one that the same client had written (where read-your-writes is among the
// guarantees), or read (monotonic-reads), before. A read is told once, with the
// latest value that the client knew by one of them. Followed is how many reads
// could have been among them: the client had done something before that one of
// the guarantees is about.
func (h *History) Sessions(ops []Op, guarantees []string) (all []Session, followed int) {
	byClient := map[int][]Op{}
	for _, o := range ops {
		byClient[o.Client] = append(byClient[o.Client], o)
	}
	for _, client := range byClient {
		slices.SortFunc(client, func(a, b Op) int { return cmp.Compare(a.Return, b.Return) })
		// The latest value to begin that the client knows of when a read begins.
		var returns, known []Op
		for _, o := range client {
			if o.Write && o.Return == Never || !slices.Contains(guarantees, o.guarantee()) {
				continue
			}
			returns = append(returns, o)
			if n := len(known); n == 0 || h.begun(o) > h.begun(known[n-1]) {
				known = append(known, o)
			} else {
				known = append(known, known[n-1])
			}
		}
		for _, o := range client {
			if o.Write {
				continue
			}
			n := sort.Search(len(returns), func(i int) bool { return returns[i].Return >= o.Invoke })
			if n == 0 {
				continue
			}
			followed++
			if before := known[n-1]; h.begun(before) > h.last(o) {
				all = append(all, Session{o, before, before.guarantee()})
			}
		}
	}
	slices.SortFunc(all, func(a, b Session) int {
		return cmp.Or(cmp.Compare(a.Read.Invoke, b.Read.Invoke), cmp.Compare(a.Read.Client, b.Read.Client))
	})
	return all, followed
}
