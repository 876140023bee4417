package register

import (
	"cmp"
	"slices"
	"sort"
)

// succession is writes in the order in which they began.
type succession struct {
	ops      []Op
	earliest []int // of those from i on, the one that was acknowledged first
}

func successionOf(ops []Op) succession {
	slices.SortFunc(ops, func(a, b Op) int { return cmp.Or(cmp.Compare(a.Invoke, b.Invoke), cmp.Compare(a.Value, b.Value)) })
	s := succession{ops: ops, earliest: make([]int, len(ops))}
	for i := len(ops) - 1; i >= 0; i-- {
		s.earliest[i] = i
		if i+1 < len(ops) && ops[s.earliest[i+1]].Return < ops[i].Return {
			s.earliest[i] = s.earliest[i+1]
		}
	}
	return s
}

// after is the write that was acknowledged first of those that began after t,
// acknowledgements before from left out.
func (s succession) after(t, from int64) (Op, bool) {
	next := sort.Search(len(s.ops), func(i int) bool { return s.ops[i].Invoke > t })
	if next == len(s.ops) {
		return Op{}, false
	}
	first := s.ops[s.earliest[next]]
	if first.Return < from {
		first.Return = Never
		for _, o := range s.ops[next:] {
			if o.Return >= from && o.Return < first.Return {
				first = o
			}
		}
	}
	return first, first.Return != Never
}

// deletions is deletes in the order in which they began.
type deletions struct {
	ops    []Op
	latest []int64 // acknowledgement among those up to i
}

func (d *deletions) settle() {
	slices.SortFunc(d.ops, func(a, b Op) int { return cmp.Compare(a.Invoke, b.Invoke) })
	d.latest = make([]int64, len(d.ops))
	for i, o := range d.ops {
		d.latest[i] = o.Return
		if i > 0 {
			d.latest[i] = max(d.latest[i], d.latest[i-1])
		}
	}
}

// until is when the last delete that began up to t was acknowledged; long ago
// when there was none.
func (d *deletions) until(t int64) int64 {
	n := sort.Search(len(d.ops), func(i int) bool { return d.ops[i].Invoke > t })
	if n == 0 {
		return -1 << 63
	}
	return d.latest[n-1]
}
