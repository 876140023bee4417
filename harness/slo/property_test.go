package slo

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

// anyTrial is a run with a few outages, limps and late stretches at random.
func anyTrial(t *rapid.T) (Input, []history.Op) {
	var ms []mark
	for range rapid.IntRange(0, 4).Draw(t, "troubles") {
		from := rapid.Float64Range(0, 29).Draw(t, "from")
		to := from + rapid.Float64Range(0.01, 6).Draw(t, "length")
		nth := uint64(rapid.SampledFrom([]int{1, 3, 20, 100}).Draw(t, "nth"))
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			ms = append(ms, fails(from, to, nth, history.Status5xx))
		case 1:
			ms = append(ms, late(from, to, nth))
		default:
			ms = append(ms, unsent(from, to, nth, time.Duration(rapid.Int64Range(0, int64(2*timeout)).Draw(t, "blocked"))))
		}
	}
	in := trial(300, ms...)
	in.Spec.Recovery.From = rapid.SampledFrom([]string{"inject", "heal", "both"}).Draw(t, "clock")
	in.Spec.Availability = []Availability{{"", 0.99}, {"put", 0.9}}
	in.Faults[0].Proven = rapid.Bool().Draw(t, "proven")
	in.Aborted = rapid.IntRange(0, 9).Draw(t, "aborted") == 0
	if rapid.IntRange(0, 3).Draw(t, "masked") == 0 {
		in.Masks = []Mask{{Span{7 * second, 8 * second}, 1}}
	}
	return in, operations(300, 30, ms...)
}

func TestOrderOfInputDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, ops := anyTrial(t)
		want := Judge(in)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		r.Shuffle(len(ops), func(i, k int) { ops[i], ops[k] = ops[k], ops[i] })
		in.Samples = collect(ops)
		if got := Judge(in); !reflect.DeepEqual(got, want) {
			t.Fatalf("shuffled: %+v\nwant %+v", got, want)
		}
	})
}

// A run that begins later has the same judgement, later.
func TestShiftingTimeShiftsTheJudgement(t *testing.T) {
	const shift = 1000 * second
	move := func(p *int64) *int64 { return pointer(*p + shift) }
	rapid.Check(t, func(t *rapid.T) {
		in, ops := anyTrial(t)
		want := Judge(in)
		for i := range ops {
			ops[i].Due, ops[i].Sent, ops[i].Done = ops[i].Due+shift, ops[i].Sent+shift, ops[i].Done+shift
		}
		in.Samples = collect(ops)
		for _, s := range []*Span{&in.Phases.Baseline, in.Phases.Fault, &in.Phases.Observe} {
			s.Begin, s.End = s.Begin+shift, s.End+shift
		}
		for i := range in.Masks {
			in.Masks[i].Span = Span{in.Masks[i].Begin + shift, in.Masks[i].End + shift}
		}
		f := &in.Faults[0]
		f.InjectBegin, f.InjectEnd, f.HealBegin, f.HealEnd = move(f.InjectBegin), move(f.InjectEnd), move(f.HealBegin), move(f.HealEnd)
		got := Judge(in)
		if !reflect.DeepEqual(got.Recovery, want.Recovery) || !reflect.DeepEqual(got.Availability, want.Availability) || len(got.Episodes) != len(want.Episodes) {
			t.Fatalf("shifted: %+v\nwant %+v", got, want)
		}
		for i, e := range got.Episodes {
			if math.Abs(e.DegradedAt-want.Episodes[i].DegradedAt-1000) > 2e-6 || math.Abs(e.RecoveredHigh-want.Episodes[i].RecoveredHigh-1000) > 2e-6 {
				t.Fatalf("episode %+v, want %+v and 1000 s", e, want.Episodes[i])
			}
		}
		for i, o := range got.Objectives {
			if w := want.Objectives[i]; o.Name != w.Name || o.Verdict != w.Verdict || o.Reason != w.Reason || o.Measured != w.Measured {
				t.Fatalf("objective %+v, want %+v", o, w)
			}
		}
	})
}

func TestGoodRequestsNeverLowerAvailability(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, ops := anyTrial(t)
		before := Judge(in).Availability["overall"]
		for range rapid.IntRange(1, 500).Draw(t, "more") {
			due := rapid.Int64Range(5*second, 30*second-1).Draw(t, "due")
			ops = append(ops, history.Op{Due: due, Sent: due, Done: due + ms})
		}
		in.Samples = collect(ops)
		if after := Judge(in).Availability["overall"]; after.Ratio < before.Ratio-1e-12 || after.Low < before.Low-1e-12 {
			t.Fatalf("availability fell from %+v to %+v", before, after)
		}
	})
}

// With everything ambiguous nothing on timing is decided.
func TestEverythingAmbiguousDecidesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, ops := anyTrial(t)
		for i := range ops {
			late(0, 31, 1)(&ops[i])
			ops[i].Class, ops[i].Blocked = history.OK, 0
		}
		in.Samples = collect(ops)
		for _, o := range Judge(in).Objectives {
			if o.Verdict != reports.Inconclusive {
				t.Fatalf("%s is %s: %s", o.Name, o.Verdict, o.Why)
			}
		}
	})
}

// What is true of every judgement.
func TestJudgementsAreSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, _ := anyTrial(t)
		check(t, Judge(in))
	})
}

type fataler interface{ Fatalf(string, ...any) }

func check(t fataler, j Judgement) {
	for _, o := range j.Objectives {
		if (o.Verdict == reports.Pass) != (o.Reason == "") || (o.Verdict == reports.Fail) != (o.Reason == reports.LimitBroken) || o.Why == "" || strings.Contains(o.Why, "%!") {
			t.Fatalf("objective %+v", o)
		}
		if o.Low != nil && o.High != nil && *o.Low > *o.High {
			t.Fatalf("interval of %+v: %v to %v", o, *o.Low, *o.High)
		}
	}
	for i, e := range j.Episodes {
		if e.DegradedLow > e.DegradedAt || e.DegradedAt > e.DegradedHigh || e.RecoveredLow > e.RecoveredHigh || e.RecoveredAt != nil && (*e.RecoveredAt < e.DegradedAt || *e.RecoveredAt > e.RecoveredHigh || *e.RecoveredAt < e.RecoveredLow) ||
			e.Depth < 0 || e.Depth > 1 || e.ImpactSeconds < 0 || math.IsNaN(e.ImpactSeconds) || e.Breadth < 1 {
			t.Fatalf("episode %d: %+v", i, e)
		}
	}
	for _, r := range j.FaultRecoveries {
		if r == nil {
			continue
		}
		for _, d := range []reports.Duration{r.FromInject, r.FromHeal} {
			if d.Seconds != nil && (d.Low > *d.Seconds || d.High != nil && *d.Seconds > *d.High) || d.Low < 0 {
				t.Fatalf("recovery %+v", *r)
			}
		}
	}
}

// FuzzJudge feeds small inputs of any kind; whatever they are, there is a
// judgement, and it is sound.
func FuzzJudge(f *testing.F) {
	f.Add([]byte("seed"), int64(5e9), int64(6e9), int64(10e9), 1000.0, uint8(0))
	f.Add([]byte(strings.Repeat("\x01\x00\xff\x7f", 400)), int64(0), int64(1), int64(2), 0.0, uint8(255))
	f.Fuzz(func(t *testing.T, data []byte, inject, heal, end int64, rate float64, bits uint8) {
		const most = int64(1) << 50
		inject, heal, end = inject%most, heal%most, end%most
		c := NewCollector(rules)
		due := int64(0)
		for ; len(data) >= 4 && c != nil; data = data[4:] {
			due += int64(int16(binary.LittleEndian.Uint16(data))) * 10_000
			op := history.Op{Due: due, Sent: due + int64(data[2])*ms, Kind: data[2] % 3, Class: history.Class(data[3] % 11), Replica: uint16(data[3]) % 5, Shard: uint16(data[2] % 4)}
			op.Done = op.Sent + int64(data[3])*2*ms
			repeat := 1 + int(data[2]>>3)*4
			for k := range repeat {
				op.Due += int64(k) * ms
				op.Sent, op.Done = op.Sent+int64(k)*ms, op.Done+int64(k)*ms
				c.Add(op)
			}
		}
		in := Input{
			Samples: c.Samples(), Operations: []string{"get", "put"}, Rate: rate, PlannedEnd: end, Aborted: bits&1 != 0,
			Phases: Phases{Baseline: Span{0, inject}, Observe: Span{heal, end}},
			Spec:   Spec{Recovery: &Limit{Within: time.Second, From: []string{"inject", "heal", "both", ""}[bits>>1&3]}, Availability: []Availability{{"", 0.99}, {"put", 0.9}, {"x", 0.5}}},
			Masks:  []Mask{{Span{heal, end}, 1}, {Span{inject, heal}, 0.7}, {Span{inject, end}, 0.3}},
		}
		if bits&8 != 0 {
			in.Phases.Fault = &Span{inject, heal}
			in.Faults = []Fault{{Name: "a", InjectBegin: &inject, HealBegin: &heal, Proven: bits&16 != 0}, {Name: "b", InjectBegin: &heal, InjectEnd: &end, Proven: true}}
		}
		check(t, Judge(in))
	})
}
