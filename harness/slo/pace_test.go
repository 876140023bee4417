package slo

import (
	"math"
	"testing"
	"time"

	"gauntlet/harness/history"
	"gauntlet/harness/load/shape"
	"gauntlet/reports"
)

// shaped is a shape as the run offers it.
type shaped struct{ shape.Shape }

func (s shaped) Due(span Span) int {
	schedule := s.Schedule(nil)
	return int(shape.Before(schedule, span.End) - shape.Before(schedule, span.Begin))
}

func (s shaped) Mean(span Span) float64 {
	return shape.Mean(s, time.Duration(span.Begin), time.Duration(span.End))
}

func (s shaped) Lowest(span Span, ns int64) float64 {
	return shape.Lowest(s, time.Duration(span.Begin), time.Duration(span.End), time.Duration(ns))
}

// underShape is a run of 60 s under s, with a fault from 30 to 40 s and, in
// [from, to), every k-th request bad.
func underShape(s shape.Shape, from, to float64, k uint64) Input {
	var ops []history.Op
	schedule := s.Schedule(nil)
	for n := uint64(0); schedule.Due(n) < 60*second; n++ {
		due := schedule.Due(n)
		op := history.Op{Seq: n, Kind: uint8(n % 2), Due: due, Sent: due, Done: due + 1e6}
		if t := float64(due) / 1e9; t >= from && t < to && n%k == 0 {
			op.Class = history.Refused
		}
		ops = append(ops, op)
	}
	fault := Span{30 * second, 40 * second}
	return Input{
		Samples: collect(ops), Operations: []string{"get", "put"}, Offered: shaped{s},
		Phases: Phases{Warmup: Span{0, 5 * second}, Baseline: Span{5 * second, 30 * second}, Fault: &fault, Observe: Span{40 * second, 60 * second}},
		Faults: []Fault{{Name: "f", InjectBegin: at(30), InjectEnd: at(30), HealBegin: at(40), HealEnd: at(40), Proven: true}},
		Spec:   Spec{Recovery: &Limit{Within: 5 * time.Second}, Availability: []Availability{{Ratio: 0.9}}},
	}
}

func curve(c *shape.Curve, err error) shape.Shape {
	if err != nil {
		panic(err)
	}
	return c
}

// A second without an answer is a second of full outage, and what was due in
// it is what was lost, however the rate of that second differs from that of
// the baseline.
func TestImpactIsMeasuredAtTheRateOfItsTime(t *testing.T) {
	s := time.Second
	for _, sh := range []shape.Shape{
		shape.Constant{Rate: 1000},
		curve(shape.Step{From: 200, To: 2000, By: 1800, Every: 30 * s}.Curve()),
		curve(shape.Step{From: 2000, To: 200, By: 1800, Every: 30 * s}.Curve()),
		curve(shape.Ramp{From: 100, To: 2000, Over: 60 * s}.Curve()),
		shape.Sine{Mean: 1000, Amplitude: 800, Period: 7 * s},
		curve(shape.Spike{Base: 300, Peak: 3000, At: 31 * s, For: s}.Curve()),
	} {
		for _, k := range []uint64{1, 3} {
			in := underShape(sh, 31, 32, k)
			out := Judge(in)
			var e *reports.Episode
			for i := range out.Episodes {
				if out.Episodes[i].Scope == "overall" {
					if e != nil {
						t.Errorf("%v: a second episode", sh)
					}
					e = &out.Episodes[i]
				}
			}
			if e == nil || e.RecoveredAt == nil {
				t.Fatalf("%v: %+v", sh, out.Episodes)
			}
			due := sh.Count(32*s) - sh.Count(31*s)
			want, lost := 1/float64(k), due/float64(k)
			if math.Abs(e.ImpactSeconds-want) > 0.03*want || math.Abs(e.LostRequests-lost) > 2+0.03*lost {
				t.Errorf("%v, 1 of %d: impact %.3f s of %.1f requests, want %.3f of %.1f", sh, k, e.ImpactSeconds, e.LostRequests, want, lost)
			}
			if math.Abs(e.DegradedAt-31) > 0.02 || math.Abs(*e.RecoveredAt-32) > 0.06 {
				t.Errorf("%v, 1 of %d: from %v to %v", sh, k, e.DegradedAt, *e.RecoveredAt)
			}
			if len(out.Validity.Reasons) != 0 {
				t.Errorf("%v: %v", sh, out.Validity.Reasons)
			}
		}
	}
}

// What the schedule made due and the log does not have is missing, whatever
// the rate; and a load that falls below what can be judged is not judged.
func TestAChangingRateIsHeldToItsSchedule(t *testing.T) {
	sine := shape.Sine{Mean: 500, Amplitude: 400, Period: 10 * time.Second}
	in := underShape(sine, 0, 0, 1)
	in.Samples.all = in.Samples.all[:len(in.Samples.all)*9/10]
	if out := Judge(in); len(out.Validity.Reasons) != 1 {
		t.Errorf("a tenth is missing: %v", out.Validity.Reasons)
	}
	quiet := Judge(underShape(curve(shape.Step{From: 500, To: 10, By: 490, Every: 45 * time.Second}.Curve()), 31, 32, 1))
	for _, o := range quiet.Objectives {
		if o.Name == "recovery" && (o.Verdict != reports.Inconclusive || o.Reason != reports.TooFewSamples) {
			t.Errorf("10/s at the end: %+v", o)
		}
	}
}

// H follows from the lowest rate of a scope: it holds 400 requests there too.
func TestTheHorizonIsThatOfTheLowestRate(t *testing.T) {
	j := newJudge(underShape(curve(shape.Step{From: 1000, To: 100, By: 900, Every: 45 * time.Second}.Curve()), 0, 0, 1))
	for _, sc := range j.scopes(measured)[:3] {
		want := 4 * second
		if sc.by == byOperation {
			want = 8 * second
		}
		if math.Abs(float64(sc.horizon-want)) > 0.02*float64(want) {
			t.Errorf("H of %s is %v, want %v", sc.name, time.Duration(sc.horizon), time.Duration(want))
		}
	}
}
