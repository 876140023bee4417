package register

import (
	"cmp"
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
	over := h.over()
	var all []Age
	for _, o := range ops {
		if o.Write {
			continue
		}
		a := Age{Read: o}
		if t, ok := over[o.Value]; ok && t < o.Invoke {
			a.Since = o.Invoke - t
		}
		all = append(all, a)
	}
	slices.SortStableFunc(all, func(a, b Age) int { return cmp.Compare(a.Read.Invoke, b.Read.Invoke) })
	return all
}

// over is since when each value is surely over; values that may still be true
// are not in it.
func (h *History) over() map[uint64]int64 {
	writes := make([]Op, 0, len(h.clusters))
	for _, c := range h.clusters {
		writes = append(writes, c.write)
	}
	slices.SortFunc(writes, func(a, b Op) int { return cmp.Compare(a.Invoke, b.Invoke) })
	earliest := make([]int64, len(writes)+1) // return of the writes from i on
	earliest[len(writes)] = Never
	for i := len(writes) - 1; i >= 0; i-- {
		earliest[i] = min(earliest[i+1], writes[i].Return)
	}
	all := map[uint64]int64{}
	for _, c := range h.clusters {
		next := sort.Search(len(writes), func(i int) bool { return writes[i].Invoke > c.first })
		if t := earliest[next]; t != Never {
			all[c.value] = t
		}
	}
	return all
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

// Sessions is every read that gave a client a value that surely came before
// one that the same client had written, or read, before.
func (h *History) Sessions(ops []Op) []Session {
	first, begun := map[uint64]int64{}, map[uint64]int64{}
	for _, c := range h.clusters {
		first[c.value], begun[c.value] = c.first, c.write.Invoke
	}
	byClient := map[int][]Op{}
	for _, o := range ops {
		byClient[o.Client] = append(byClient[o.Client], o)
	}
	var all []Session
	for _, client := range byClient {
		slices.SortFunc(client, func(a, b Op) int { return cmp.Compare(a.Return, b.Return) })
		// The latest value to begin that the client knows of when a read begins.
		var known []Op
		for _, o := range client {
			if o.Write && o.Return == Never {
				continue
			}
			if n := len(known); n == 0 || begun[o.Value] > begun[known[n-1].Value] {
				known = append(known, o)
			} else {
				known = append(known, known[n-1])
			}
		}
		returns := client[:len(known)]
		for _, o := range client {
			if o.Write {
				continue
			}
			n := sort.Search(len(returns), func(i int) bool { return returns[i].Return >= o.Invoke })
			if n == 0 {
				continue
			}
			if before := known[n-1]; begun[before.Value] > first[o.Value] {
				broken := MonotonicReads
				if before.Write {
					broken = ReadYourWrites
				}
				all = append(all, Session{o, before, broken})
			}
		}
	}
	slices.SortFunc(all, func(a, b Session) int {
		return cmp.Or(cmp.Compare(a.Read.Invoke, b.Read.Invoke), cmp.Compare(a.Read.Client, b.Read.Client))
	})
	return all
}
