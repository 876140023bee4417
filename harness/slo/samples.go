package slo

import (
	"cmp"
	"math"
	"slices"
	"time"

	"gauntlet/harness/history"
)

// sample is one request of the load, as small as judging allows: 24 bytes, so
// that a million requests are 24 MB.
type sample struct {
	due       int64
	slip      uint32 // µs, rounded up, saturating at 71 minutes
	replica   uint16 // history.NoReplica when it reached none
	shard     uint16 // 0: not known, else the shard plus one
	operation uint8
	class     history.Class
	flags     uint8
}

const (
	flagBad       uint8 = 1 << iota // bad by done − due
	flagAmbiguous                   // good but for the generator's lateness
	flagUnsent                      // never sent, for the generator's reasons
)

func (s *sample) bad() bool       { return s.flags&flagBad != 0 }
func (s *sample) ambiguous() bool { return s.flags&flagAmbiguous != 0 }

// Rules say when a request is bad.
type Rules struct {
	GoodLatency time.Duration // of a good response, from its due time
	Timeout     time.Duration // a request not sent by due + Timeout never is
}

// flags classifies a request (§3, §4). The generator's own lateness is
// g = slip − blocked; a request is ambiguous when done − due makes it bad and
// done − due − g would not. For a request never sent, Blocked is the part of
// done − due in which every worker was busy: it is the generator's fault when
// that part alone is shorter than the timeout.
func (r Rules) flags(op history.Op) uint8 {
	switch {
	case op.Class == history.Unsent && op.Blocked < int64(r.Timeout):
		return flagBad | flagAmbiguous | flagUnsent
	case op.Class != history.OK:
		return flagBad
	case op.Response() <= int64(r.GoodLatency):
		return 0
	}
	lateness := max(0, op.Slip()-max(0, op.Blocked))
	if op.Response()-lateness <= int64(r.GoodLatency) {
		return flagBad | flagAmbiguous
	}
	return flagBad
}

// Collector gathers the load's requests, in any order. It is not safe for
// concurrent use.
type Collector struct {
	rules   Rules
	samples []sample
}

// NewCollector makes an empty collector that classifies by rules.
func NewCollector(rules Rules) *Collector { return &Collector{rules: rules} }

// Add takes one request; those of other streams than Load are ignored.
func (c *Collector) Add(op history.Op) {
	if op.Stream != history.Load {
		return
	}
	c.samples = append(c.samples, sample{
		due:       op.Due,
		slip:      uint32(min((max(op.Slip(), 0)+999)/1000, math.MaxUint32)),
		replica:   op.Replica,
		shard:     op.Shard,
		operation: op.Kind,
		class:     op.Class,
		flags:     c.rules.flags(op),
	})
}

// Samples hands over what was collected, by due time; the collector is empty
// afterwards. Requests due at the same instant have a fixed order, so that
// the order in which they were added never matters.
func (c *Collector) Samples() *Samples {
	s := &Samples{all: c.samples, rules: c.rules}
	c.samples = nil
	slices.SortFunc(s.all, func(a, b sample) int {
		if a.due != b.due {
			return cmp.Compare(a.due, b.due)
		}
		return cmp.Or(cmp.Compare(a.flags, b.flags), cmp.Compare(a.class, b.class),
			cmp.Compare(a.operation, b.operation), cmp.Compare(a.replica, b.replica),
			cmp.Compare(a.shard, b.shard), cmp.Compare(a.slip, b.slip))
	})
	return s
}

// Samples are the load's requests by due time. They are not changed by being
// judged.
type Samples struct {
	all   []sample
	rules Rules
}

// Len is the number of requests.
func (s *Samples) Len() int { return len(s.all) }

// between is the requests due in [from, to).
func (s *Samples) between(from, to int64) []sample {
	at := func(t int64) int {
		i, _ := slices.BinarySearchFunc(s.all, t, func(s sample, t int64) int { return cmp.Compare(s.due, t) })
		return i
	}
	lo, hi := at(from), at(to)
	if hi < lo {
		return nil
	}
	return s.all[lo:hi]
}

// view is one way to take the requests that are in doubt (§3): leave them
// out, or take all of them as good, or all as bad.
type view uint8

const (
	measured view = iota // ambiguous and masked requests are excluded
	kindly               // as good
	harshly              // as bad
)

// judge says how the view takes a request.
func (v view) judge(s *sample, masked bool) (bad, judged bool) {
	if !masked && !s.ambiguous() { // nearly all
		return s.bad(), true
	}
	doubtful := s.ambiguous() || s.bad()
	switch {
	case v == measured:
		return s.bad(), false
	case doubtful:
		return v == harshly, true
	}
	return s.bad(), true
}

// masks says whether an instant lies in one of several spans; instants must
// be asked for in ascending order.
type masks struct{ left []Span }

// newMasks begins asking; spans must be disjoint and ascending (see tidy).
func newMasks(spans []Span) masks { return masks{spans} }

func (m *masks) cover(t int64) bool {
	for len(m.left) > 0 && m.left[0].End <= t {
		m.left = m.left[1:]
	}
	return len(m.left) > 0 && m.left[0].Begin <= t
}

// tidy sorts spans and joins those that touch.
func tidy(spans []Span) []Span {
	sorted := slices.Clone(spans)
	slices.SortFunc(sorted, func(a, b Span) int { return cmp.Or(cmp.Compare(a.Begin, b.Begin), cmp.Compare(a.End, b.End)) })
	var out []Span
	for _, s := range sorted {
		if s.End <= s.Begin {
			continue
		}
		if n := len(out); n > 0 && s.Begin <= out[n-1].End {
			out[n-1].End = max(out[n-1].End, s.End)
			continue
		}
		out = append(out, s)
	}
	return out
}
