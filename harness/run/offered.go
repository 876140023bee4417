package run

import (
	"time"

	"gauntlet/harness/load"
	"gauntlet/harness/load/shape"
	"gauntlet/harness/slo"
)

// offered is what a load whose rate changes made due, for the judge.
type offered struct {
	shape    shape.Shape
	schedule shape.Schedule
}

// offer is what the judge must know of the load's rate: the one that it has
// all the time, or what its schedule made due.
func (t *trial) offer() (rate float64, changing slo.Offered) {
	s := t.exp.Load.Rate
	if c, constant := s.(shape.Constant); constant {
		return c.Rate, nil
	}
	return 0, offered{s, s.Schedule(load.Arrivals(t.facts.Seed))}
}

// asked is the rate that the experiment asks for, on average over the phases
// that were reached, and in words how it changes.
func (t *trial) asked() (rate float64, changing string) {
	s := t.exp.Load.Rate
	if c, constant := s.(shape.Constant); constant {
		return c.Rate, ""
	}
	end := int64(0)
	for _, p := range t.spans {
		end = max(end, p.end)
	}
	return shape.Mean(s, 0, time.Duration(end)), s.String()
}

func (o offered) Due(span slo.Span) int {
	return int(shape.Before(o.schedule, span.End) - shape.Before(o.schedule, span.Begin))
}

func (o offered) Mean(span slo.Span) float64 {
	return shape.Mean(o.shape, time.Duration(span.Begin), time.Duration(span.End))
}

func (o offered) Lowest(span slo.Span, ns int64) float64 {
	return shape.Lowest(o.shape, time.Duration(span.Begin), time.Duration(span.End), time.Duration(ns))
}
