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
	response  uint32 // from due time to outcome, likewise
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
	flagBlocked                     // some of its slip was for want of a free worker
)

func (s *sample) bad() bool       { return s.flags&flagBad != 0 }
func (s *sample) ambiguous() bool { return s.flags&flagAmbiguous != 0 }

// lateness is what the generator itself was late, ns; of a request that waited
// for a worker as well nothing is known for sure.
func (s *sample) lateness() int64 {
	if s.flags&flagBlocked != 0 {
		return 0
	}
	return int64(s.slip) * 1000
}

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

// Expect makes room for n requests in all, which saves the copies that growing
// leaves behind: of a million requests some 50 MB. It is no limit.
// (slices.Grow would pay for the room twice where the race detector keeps the
// compiler from seeing through it.)
func (c *Collector) Expect(n int) {
	if n > cap(c.samples) {
		c.samples = append(make([]sample, 0, n), c.samples...)
	}
}

// Add takes one request; those of other streams than Load are ignored.
func (c *Collector) Add(op history.Op) {
	if op.Stream != history.Load {
		return
	}
	c.samples = append(c.samples, c.rules.sample(op))
}

// sample is what judging needs of a request.
func (r Rules) sample(op history.Op) sample {
	flags := r.flags(op)
	if op.Blocked > 0 {
		flags |= flagBlocked
	}
	return sample{
		due:       op.Due,
		slip:      micros(op.Slip()),
		response:  micros(op.Response()),
		replica:   op.Replica,
		shard:     op.Shard,
		operation: op.Kind,
		class:     op.Class,
		flags:     flags,
	}
}

func micros(ns int64) uint32 { return uint32(min((max(ns, 0)+999)/1000, math.MaxUint32)) }

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
			cmp.Compare(a.shard, b.shard), cmp.Compare(a.slip, b.slip), cmp.Compare(a.response, b.response))
	})
	return s
}

// Samples are the load's requests by due time. They are not changed by being
// judged.
type Samples struct {
	all   []sample
	rules Rules
}

// within is the indices of the requests due in a span.
func (s *Samples) within(in Span) (from, to int) {
	at := func(t int64) int {
		i, _ := slices.BinarySearchFunc(s.all, t, func(s sample, t int64) int { return cmp.Compare(s.due, t) })
		return i
	}
	from = at(in.Begin)
	return from, max(from, at(in.End))
}
