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
	// mostFree is the share of the processors that may be free on a host of
	// which a thread waits because of others: with more of it free it waits for
	// something else, as a quota.
	mostFree = 0.10
)

// Span is a stretch of time [Begin, End), in ns since the run's origin.
type Span struct{ Begin, End int64 }

// Mask is a stretch in which others kept the run from the processors: for at
// most Share of it, in (0, 1], one of its processes can have been kept waiting.
type Mask struct {
	Span
	Share float64
}

// Masks are the stretches in which other work on the host kept the run from
// the processors, as its two witnesses tell. They may lie over each other.
func Masks(control []history.Op, samples []Sample) []Mask {
	samples = slices.Clone(samples)
	slices.SortFunc(samples, func(a, b Sample) int { return cmp.Compare(a.From, b.From) })
	return append(late(control, samples), starved(samples)...)
}

// late masks around every control request that was late, from 30 ms before it
// was due to 30 ms after it was done, but only while others had more than a
// quarter of the processors, on average over that stretch. What no sample
// covers counts as free of others.
//
// The average is taken over the whole stretch, not sample by sample: a sample
// of 100 ms is exact to some 5 % (the host counts idle time in units of
// 10 ms), and what delayed a request may have happened in any part of it.
func late(control []history.Op, samples []Sample) (all []Mask) {
	for _, op := range control {
		if !Late(op) {
			continue
		}
		s := Span{op.Due - int64(aside), op.Done + int64(aside)}
		if s.End > s.Begin && mean(samples, s, others) > BusyOthers {
			all = append(all, Mask{s, 1})
		}
	}
	return all
}

// starved masks where a thread of the system was ready to run and others ran:
// while they had more than a quarter of the processors, and less than a tenth
// was free for it to run on. A wait is told when it ends, so that it may have
// begun by its own length before the sample that tells of it.
//
// A request that the thread held up waited for no longer than the thread did,
// and nobody can be kept waiting by others for longer than they ran: the share
// is the less of both.
func starved(samples []Sample) (all []Mask) {
	for _, s := range samples {
		if s.Waited <= 0 || s.At <= s.From {
			continue
		}
		in := Span{s.From - s.Waited, s.At}
		taken := mean(samples, in, others)
		if taken <= BusyOthers || mean(samples, in, func(s Sample) float64 { return 1 - s.Free }) <= 1-mostFree {
			continue
		}
		share := min(1, float64(s.Waited)/float64(s.At-s.From), taken*float64(s.Processors))
		if share > 0 {
			all = append(all, Mask{in, share})
		}
	}
	return all
}

// Late says whether a request of the control stream shows a disturbance. One
// without an answer is as late as its time-out. One that was refused at once
// is not: it says that the echo is gone, which is no sign of a busy host.
func Late(op history.Op) bool {
	return op.Stream == history.Control && op.Response() > int64(ControlGood)
}

func others(s Sample) float64 { return s.Others }

// mean is the mean of a share over a span, weighted by time; it is 0 where
// there is no sample.
func mean(samples []Sample, in Span, share func(Sample) float64) float64 {
	first := sort.Search(len(samples), func(i int) bool { return samples[i].At > in.Begin })
	sum := 0.0
	for _, s := range samples[first:] {
		if s.From >= in.End {
			break
		}
		sum += share(s) * float64(max(0, min(s.At, in.End)-max(s.From, in.Begin)))
	}
	return sum / float64(in.End-in.Begin)
}
