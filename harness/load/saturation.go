package load

// saturation remembers when every worker was busy, so that the slip of a
// request can be split: the part that passed with no worker free, and the
// rest, which is the generator's own lateness.
//
// It keeps T(t), the time before t with every worker busy, at the beginnings
// of cells of width ns, as far back as a slip can be (due + timeout). T is
// exact within and after the last such interval, which is what any request
// sees that did not wait through several; for older t it is interpolated
// within a cell, an error of at most width.
type saturation struct {
	base  int64 // before it nothing was busy
	width int64
	cells []int64 // T at base + i·width, in place i mod len
	top   int64   // the latest i that is in cells
	total int64   // T now

	from, until int64 // the last interval with every worker busy
}

// handOver is how long a worker may be free between two requests, in ns, for
// it to count as busy throughout: the tick that waits for it needs some
// microseconds to be handed over, and a thousand of these in a row are the
// queue's doing. What takes longer is the generator's own lateness.
const handOver = 200_000

// newSaturation remembers as far back as span ns.
func newSaturation(base, span int64) *saturation {
	const most = 1 << 15
	width := max(span/most+1, 100_000)
	return &saturation{base: base, width: width, cells: make([]int64, span/width+2), from: base, until: base}
}

// add tells of an interval with every worker busy. Intervals come in order.
func (s *saturation) add(from, until int64) {
	if until <= from {
		return
	}
	begin := from
	if s.total > 0 && from-s.until <= handOver {
		from, begin = s.until, s.from
	}
	last := (until - s.base) / s.width
	for i := max(s.top+1, last-int64(len(s.cells))+1); i <= last; i++ {
		s.cells[i%int64(len(s.cells))] = s.total + max(0, s.base+i*s.width-from)
	}
	s.top = max(s.top, last)
	s.total += until - from
	s.from, s.until = begin, until
}

// blocked is how much of the time from due to now passed with every worker
// busy, for a request that gets a worker now.
func (s *saturation) blocked(due, now int64) int64 {
	if now <= due {
		return 0
	}
	waited := s.total - s.before(due)
	if waited > 0 && now-s.until <= handOver {
		waited += now - s.until
	}
	return min(waited, now-due)
}

// before is T(t).
func (s *saturation) before(t int64) int64 {
	switch {
	case t >= s.until:
		return s.total
	case t >= s.from:
		return s.total - (s.until - t)
	case t <= s.base:
		return 0
	}
	i := max((t-s.base)/s.width, s.top-int64(len(s.cells))+1, 0)
	left, atLeft := s.base+i*s.width, s.cells[i%int64(len(s.cells))]
	right, atRight := s.from, s.total-(s.until-s.from)
	if i < s.top && left+s.width < s.from {
		right, atRight = left+s.width, s.cells[(i+1)%int64(len(s.cells))]
	}
	if t <= left || right <= left {
		return atLeft
	}
	return atLeft + int64(float64(atRight-atLeft)*float64(t-left)/float64(right-left))
}
