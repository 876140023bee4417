package observe

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"gauntlet/harness/history"
)

const (
	// ControlRate is how often the echo is asked, per second.
	ControlRate = 50
	// ControlGood is the response time of an echo that was not disturbed.
	ControlGood = 20 * time.Millisecond
	// aside is how far a disturbance is taken to reach beyond the request that
	// shows it: the echo is asked every 20 ms, so the one before was due, and
	// the next will be, within this time.
	aside = 30 * time.Millisecond
	// BusyOthers is the share of the processors above which others can have
	// been the cause.
	BusyOthers = 0.25
)

// Span is a stretch of time [Begin, End), in ns since the run's origin.
type Span struct{ Begin, End int64 }

// Masks are the stretches in which other work on the host kept processes from
// running: around every control request that was late, from 30 ms
// before it was due to 30 ms after it was done, but only while others had more
// than a quarter of the processors, on average over that stretch. What no
// sample covers counts as free of others. The spans are disjoint and ascend.
//
// The average is taken over the whole stretch, not sample by sample: a sample
// of 100 ms is exact to some 5 % (the host counts idle time in units of
// 10 ms), and what delayed a request may have happened in any part of it.
func Masks(control []history.Op, samples []Sample) []Span {
	samples = slices.Clone(samples)
	slices.SortFunc(samples, func(a, b Sample) int { return cmp.Compare(a.From, b.From) })
	var spans []Span
	for _, op := range control {
		if !Late(op) {
			continue
		}
		s := Span{op.Due - int64(aside), op.Done + int64(aside)}
		if s.End > s.Begin && othersIn(samples, s) > BusyOthers {
			spans = append(spans, s)
		}
	}
	return join(spans)
}

// Late says whether a request of the control stream shows a disturbance. One
// without an answer is as late as its time-out. One that was refused at once
// is not: it says that the echo is gone, which is no sign of a busy host.
func Late(op history.Op) bool {
	return op.Stream == history.Control && op.Response() > int64(ControlGood)
}

// othersIn is the share of the processors that others had in a span, weighted
// by time.
func othersIn(samples []Sample, in Span) float64 {
	first := sort.Search(len(samples), func(i int) bool { return samples[i].At > in.Begin })
	sum := 0.0
	for _, s := range samples[first:] {
		if s.From >= in.End {
			break
		}
		sum += s.Others * float64(max(0, min(s.At, in.End)-max(s.From, in.Begin)))
	}
	return sum / float64(in.End-in.Begin)
}

// join sorts spans and joins those that touch.
func join(spans []Span) []Span {
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Or(cmp.Compare(a.Begin, b.Begin), cmp.Compare(a.End, b.End)) })
	var out []Span
	for _, s := range spans {
		if n := len(out); n > 0 && s.Begin <= out[n-1].End {
			out[n-1].End = max(out[n-1].End, s.End)
			continue
		}
		out = append(out, s)
	}
	return out
}
