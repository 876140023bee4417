package slo

import (
	"cmp"
	"iter"
	"slices"
	"sort"

	"gauntlet/harness/history"
)

// Mask is a stretch in which others kept the run from the processors: for at
// most Share of it, in (0, 1], a process of the run can have been kept waiting.
type Mask struct {
	Span
	Share float64
}

// disjoint is the same masks in order and without overlap: where several lie
// over each other the largest share counts, since they tell of the same
// processors.
func disjoint(all []Mask) []Mask {
	left := slices.SortedFunc(slices.Values(all), func(a, b Mask) int { return cmp.Compare(a.Begin, b.Begin) })
	var edges []int64
	for _, m := range left {
		edges = append(edges, m.Begin, m.End)
	}
	slices.Sort(edges)
	var out []Mask
	var open []Mask
	for i := range max(0, len(edges)-1) {
		s := Span{edges[i], edges[i+1]}
		for len(left) > 0 && left[0].Begin <= s.Begin {
			open, left = append(open, left[0]), left[1:]
		}
		open = slices.DeleteFunc(open, func(m Mask) bool { return m.End <= s.Begin })
		share := 0.0
		for _, m := range open {
			share = max(share, m.Share)
		}
		if s.End <= s.Begin || share <= 0 {
			continue
		}
		if n := len(out); n > 0 && out[n-1].End == s.Begin && out[n-1].Share == share {
			out[n-1].End = s.End
			continue
		}
		out = append(out, Mask{s, min(1, share)})
	}
	return out
}

// HeldUp tells for how long others can have held the run up.
type HeldUp struct {
	masks  []Mask  // disjoint and ascending
	before []int64 // held up before each of them begins, ns
}

// HoldUps adds masks up.
func HoldUps(all []Mask) HeldUp {
	all = disjoint(all)
	h := HeldUp{masks: all, before: make([]int64, len(all)+1)}
	for i, m := range all {
		h.before[i+1] = h.before[i] + m.within(m.Span)
	}
	return h
}

// within is the part of the mask's hold-up that can lie in a span.
func (m Mask) within(s Span) int64 {
	return int64(m.Share * float64(max(0, min(m.End, s.End)-max(m.Begin, s.Begin))))
}

// until is the hold-up before t.
func (h HeldUp) until(t int64) int64 {
	i := sort.Search(len(h.masks), func(i int) bool { return h.masks[i].End > t })
	if i == len(h.masks) {
		return h.before[i]
	}
	return h.before[i] + h.masks[i].within(Span{h.masks[i].Begin, t})
}

// In is the hold-up within a span, ns: at most its length.
func (h HeldUp) In(s Span) int64 { return h.until(s.End) - h.until(s.Begin) }

// excuses says whether a bad request could have been a good one, had nobody
// held it up for h (ns) between its due time and its outcome.
//
// A slow one must then have been fast enough; that is the rule for the
// generator's own lateness as well, and the two add up. An error has no such
// sum: to wait makes one only where something within the system gave up, so
// that it must have waited for most of its time. A wrong answer is not made by
// waiting.
func (r Rules) excuses(s *sample, h int64) bool {
	if h <= 0 {
		return false
	}
	took := int64(s.response) * 1000
	switch s.class {
	case history.WrongAnswer:
		return false
	case history.OK, history.Timeout, history.Unsent:
		return took-s.lateness()-h <= int64(r.GoodLatency)
	}
	return 2*h >= took
}

// held says whether others may have made a request bad.
func (r Rules) held(s *sample, up HeldUp) bool {
	return s.bad() && !s.ambiguous() && r.excuses(s, up.In(Span{s.due, s.due + int64(s.response)*1000}))
}

// InDoubt says whether the generator's own lateness, or what others did, decides
// whether a request was good.
func (r Rules) InDoubt(op history.Op, up HeldUp) bool {
	s := r.sample(op)
	return s.ambiguous() || r.held(&s, up)
}

// held is Rules.held of every sample; nil when there was nobody to do it.
func (s *Samples) held(up HeldUp) []bool {
	if len(up.masks) == 0 {
		return nil
	}
	all := make([]bool, len(s.all))
	for i := range s.all {
		all[i] = s.rules.held(&s.all[i], up)
	}
	return all
}

// requests are those due in a span, each with whether it is in doubt: whether
// the generator's lateness or other work on the host decides its outcome.
func (j *judge) requests(in Span) iter.Seq2[*sample, bool] {
	return func(yield func(*sample, bool) bool) {
		from, to := j.Samples.within(in)
		for i := from; i < to; i++ {
			s := &j.Samples.all[i]
			if !yield(s, s.ambiguous() || j.held != nil && j.held[i]) {
				return
			}
		}
	}
}

// view is one way to take the requests that are in doubt (§3): leave them
// out, or take all of them as good, or all as bad.
type view uint8

const (
	measured view = iota // excluded
	kindly               // good
	harshly              // bad
)

// judge says how the view takes a request.
func (v view) judge(s *sample, doubtful bool) (bad, judged bool) {
	if !doubtful { // nearly all
		return s.bad(), true
	}
	return v == harshly, v != measured
}
