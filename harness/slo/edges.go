package slo

import (
	"slices"
)

// within is how far below the best a split point's log-likelihood may lie and
// still belong to the 95 % interval of an edge (§4). Wilks' 3.84/2 is for
// smooth parameters; 3.7 is what covers a split point 95 times in 100.
const within = 3.7

// edge is a split between two requests: best is the first request after it,
// low and high the first and last candidates of the interval.
type edge struct{ best, low, high int }

// refine finds both edges of an episode again with the episode's own bad
// share in place of p1: a full outage then has edges as sharp as its
// requests. Requests before lo belong to an earlier episode; the onset is
// looked for up to H before the CUSUM's.
func (s *series) refine(e evidence, r raw, lo int, horizon int64) (onset, end edge) {
	own := evidenceBetween(e.p0, s.ownShare(e, r))
	end = s.bestEnd(own, r.first, r.close)
	left := max(lo, s.at(s.due[r.first]-horizon))
	onset = s.bestOnset(own, left, end.best)
	if onset.best < r.first {
		return onset, s.bestEnd(own, onset.best, r.close)
	}
	return onset, end
}

func (s *series) ownShare(e evidence, r raw) float64 {
	bad := 0
	for _, b := range s.bad[r.first:r.top] {
		if b {
			bad++
		}
	}
	own := share(bad, r.top-r.first)
	if own <= e.p0*1.01 {
		return e.p1 // cannot separate the two; the declared alternative does
	}
	return own
}

// bestEnd is the split k in (from, to] that maximises the evidence of
// [from, k): of equals the earliest, so that the last request within is bad.
func (s *series) bestEnd(e evidence, from, to int) edge {
	sum, most := 0.0, 0.0
	best := from + 1
	for i := from; i < to; i++ {
		if sum += e.of(s.bad[i]); sum > most || i == from {
			most, best = sum, i+1
		}
	}
	k := edge{best: best, low: best, high: best}
	sum = 0
	for i := from; i < to; i++ {
		if sum += e.of(s.bad[i]); sum >= most-within {
			k.low, k.high = min(k.low, i+1), max(k.high, i+1)
		}
	}
	return k
}

// bestOnset is the split k in [from, to) that maximises the evidence of
// [k, to): of equals the latest, so that the first request within is bad.
func (s *series) bestOnset(e evidence, from, to int) edge {
	sum, most := 0.0, 0.0
	best := to - 1
	for i := to - 1; i >= from; i-- {
		if sum += e.of(s.bad[i]); sum > most || i == to-1 {
			most, best = sum, i
		}
	}
	k := edge{best: best, low: best, high: best}
	sum = 0
	for i := to - 1; i >= from; i-- {
		if sum += e.of(s.bad[i]); sum >= most-within {
			k.low, k.high = min(k.low, i), max(k.high, i)
		}
	}
	return k
}

// interval is the time of an edge: it happened after the request before the
// split was due and not later than the one behind it. The ends are those of
// the range judged where there is no such request.
func (s *series) interval(e edge) (at, low, high int64) {
	after := func(k int) int64 {
		if k >= len(s.due) {
			return s.whole.End
		}
		return s.due[k]
	}
	low = s.whole.Begin
	if e.low > 0 {
		low = s.due[e.low-1]
	}
	return after(e.best), low, after(e.high)
}

// slack is how much lateness may have moved an edge at t (§3): the largest
// slip, and every excluded gap, within ±H of it.
func (s *series) slack(t, horizon int64) int64 {
	var slip uint32
	for _, v := range s.slip[s.at(t-horizon):s.at(t+horizon+1)] {
		slip = max(slip, v)
	}
	return int64(slip)*1000 + s.gaps(t-horizon, t+horizon)
}

// gaps is the time in [from, to] that excluded requests leave open: each
// stands for the time to its neighbour.
func (s *series) gaps(from, to int64) int64 {
	n := among(s.excluded(), Span{from, to + 1})
	rate := s.scope.rateIn(Span{from, to})
	if n == 0 || rate <= 0 {
		return 0
	}
	return int64(float64(n) * float64(second) / rate)
}

// among is how many of the instants, which ascend, lie in a span.
func among(instants []int64, in Span) int {
	lo, _ := slices.BinarySearch(instants, in.Begin)
	hi, _ := slices.BinarySearch(instants, in.End)
	return max(0, hi-lo)
}

// at is the index of the first judged request due at or after t.
func (s *series) at(t int64) int {
	i, _ := slices.BinarySearch(s.due, t)
	return i
}
