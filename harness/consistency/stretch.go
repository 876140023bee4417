package consistency

import (
	"cmp"
	"slices"
)

// stretch is a part of the run in which one limit holds.
type stretch struct {
	begin, end int64
	broken     bool   // something is, or the data is not promised to have converged since
	names      string // of what is, or was before a healthy stretch
	heal       int64  // of the last of these faults
	unhealed   bool   // one of them never was
	after      int    // of a healthy stretch: the place of the broken one before it; −1 without
}

// stretches parts the run into what is healthy and what is not, in turns: from
// an injection until the time to converge has passed since the heal something is
// broken. Faults that lie over each other make one stretch.
func stretches(faults []Fault, p Promise, begin, end int64) []stretch {
	faults = slices.SortedFunc(slices.Values(faults), func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.InjectBegin, b.InjectBegin), cmp.Compare(a.Name, b.Name))
	})
	all := []stretch{{begin: begin, end: end, after: -1}}
	for _, f := range faults {
		last := &all[len(all)-1]
		s := stretch{begin: max(begin, f.InjectBegin), end: end, broken: true, names: f.Name, heal: end, unhealed: f.HealEnd == nil, after: -1}
		if f.HealEnd != nil {
			s.heal = *f.HealEnd
			if p.Convergence != Unbounded {
				s.end = min(end, max(s.begin, *f.HealEnd+int64(p.Convergence)))
			}
		}
		switch {
		case len(all) > 1 && s.begin <= all[len(all)-2].end: // before the healthy stretch behind the last fault
			was := &all[len(all)-2]
			was.names, was.heal, was.unhealed = was.names+" and "+s.names, max(was.heal, s.heal), was.unhealed || s.unhealed
			was.end = max(was.end, s.end)
			last.begin, last.names = was.end, was.names
		default:
			last.end = s.begin
			all = append(all, s, stretch{begin: s.end, end: end, names: s.names, after: len(all)})
		}
	}
	return all
}

// at is the place of the stretch that holds the instant; −1 for none.
func at(all []stretch, t int64) int {
	for i, s := range all {
		if t >= s.begin && (t < s.end || t == s.end && i == len(all)-1) {
			return i
		}
	}
	return -1
}
