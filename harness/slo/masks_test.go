package slo

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

// masked says that others held the run up all through these spans.
func masked(spans ...Span) func(*Input) { return maskedFor(1, spans...) }

// maskedFor says that they did for a share of them.
func maskedFor(share float64, spans ...Span) func(*Input) {
	return func(in *Input) {
		for _, s := range spans {
			in.Masks = append(in.Masks, Mask{s, share})
		}
	}
}

// span is from and to in seconds.
func span(from, to float64) Span { return Span{*at(from), *at(to)} }

// What measurement.md §3 says of masks, objective by objective: what is bad
// under them may be anybody's fault, so that it can leave a verdict open, and
// neither make nor save one that rests on what they do not cover. What was good
// in spite of them is good.
func TestMasks(t *testing.T) {
	disturbed := reports.InstrumentDisturbed
	broken := reports.LimitBroken
	everything := masked(span(0, 30))
	for name, cases := range map[string][]verdictCase{
		"steadyState": {
			{name: "all that is bad is masked", marks: marks(down(1, 1.2)), change: masked(span(0.9, 1.3)), verdict: inc, reason: disturbed, why: []string{"with all of them good it is PASS, with all of them bad FAIL"}},
			{name: "the little that is bad is masked", marks: marks(down(1, 1.01)), change: masked(span(0.9, 1.3)), verdict: pass},
			{name: "all is masked and good", change: everything, verdict: pass},
			{name: "all is masked, a fifth bad", marks: marks(fails(0, 5, 5, history.Timeout)), change: everything, verdict: inc, reason: disturbed},
			{name: "so much is in doubt that too little is left", marks: marks(down(0, 4.5)), change: masked(span(0, 4.5)), verdict: inc, reason: disturbed, why: []string{"not counting"}},
			{name: "bad outside of the masks", marks: marks(down(1, 1.2)), change: masked(span(2, 3)), verdict: fail, reason: broken, why: []string{"200 of 5000"}},
			{name: "bad within and outside", marks: marks(down(1, 1.4)), change: masked(span(1.1, 1.2)), verdict: fail, reason: broken},
			{name: "one operation bad, masked", marks: marks(only(1, down(1, 1.5))), change: masked(span(0.9, 1.6)), verdict: inc, reason: disturbed},
			{name: "masks after the baseline", marks: marks(down(1, 1.2)), change: masked(span(5, 30)), verdict: fail, reason: broken},
		},
		"recovery": {
			{name: "an outage beside the masks", marks: marks(down(5.002, 9)), change: masked(span(12, 14), span(20, 22)), verdict: fail, reason: broken},
			{name: "an outage beside the masks, in time", marks: marks(down(5.002, 6)), change: masked(span(12, 14), span(20, 22)), verdict: pass},
			{name: "an outage masked for a tenth", marks: marks(down(5.002, 9)), change: masked(span(6, 6.4)), verdict: fail, reason: broken, why: []string{"recovered 4 s after"}},
			{name: "a mask over its end", marks: marks(down(5.002, 8.5)), change: masked(span(7.5, 9)), verdict: inc, reason: reports.IntervalSpansLimit},
			{name: "a short outage, wholly masked", marks: marks(down(14, 15)), change: masked(span(13, 16)), verdict: pass},
			{name: "a long outage, wholly masked", marks: marks(down(14, 18)), change: masked(span(13, 19)), verdict: inc, reason: disturbed},
			{name: "a long outage, masked for two thirds", marks: marks(down(14, 20)), change: masked(span(15, 19)), verdict: inc, reason: disturbed, why: []string{"more than half of what was bad in it"}},
			{name: "a baseline half masked, all good", marks: marks(down(5.002, 9)), change: masked(span(1, 3.5)), verdict: fail, reason: broken},
			{name: "a baseline wholly masked", marks: marks(down(5.002, 9)), change: masked(span(0, 5)), verdict: fail, reason: broken},
			{name: "masked throughout, all good", change: everything, verdict: pass},
			{name: "masked throughout, too slow", marks: marks(down(5.002, 9)), change: everything, verdict: inc, reason: disturbed},
			{name: "blips under masks", marks: marks(down(12, 12.03), down(20, 20.05)), change: masked(span(11.9, 12.1), span(19.9, 20.1)), verdict: pass},
		},
		"availability": {
			{name: "an outage beside the masks", marks: marks(down(6, 7)), change: all(available("", 0.99), masked(span(8, 9))), verdict: fail, reason: broken},
			{name: "an outage under a mask", marks: marks(down(6, 7)), change: all(available("", 0.99), masked(span(5.5, 7.5))), verdict: inc, reason: disturbed, why: []string{"with all of them bad FAIL"}},
			{name: "kept even with what is masked", marks: marks(down(6, 7)), change: all(available("", 0.9), masked(span(5.5, 7.5))), verdict: pass},
			{name: "masked throughout, all good", change: all(available("", 0.999), everything), verdict: pass},
			{name: "masked throughout, broken", marks: marks(down(6, 7)), change: all(available("", 0.99), everything), verdict: inc, reason: disturbed},
		},
		"residual": {
			{name: "limps beside the masks", marks: marks(down(5.002, 6), fails(6, 30, 100, history.Status5xx)), change: all(available("", 0.999), masked(span(20, 21))), verdict: fail, reason: broken},
			{name: "limps under the masks", marks: marks(down(5.002, 6), fails(12, 28, 110, history.Status5xx)), change: all(available("", 0.999), masked(span(11, 29))), verdict: inc, reason: disturbed},
			{name: "an outage under a mask at the end", marks: marks(down(27, 29.5)), change: all(available("", 0.9), masked(span(26.9, 29.6))), verdict: inc, reason: disturbed},
			{name: "masked throughout, all good", change: all(available("", 0.999), everything), verdict: pass},
		},
	} {
		for _, c := range cases {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				c.check(t, name)
			})
		}
	}
}

// Masks where nothing is bad change no verdict: a busy host alone neither
// fails a run nor leaves it open. Masks as the control stream makes them are
// many and short.
func TestMasksOverGoodRequestsChangeNothing(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 7))
		in := trial(1000, down(5.002, 6))
		available("", 0.9)(&in)
		want := Judge(in).Objectives
		for from := 0.0; from < 30; from += r.ExpFloat64() {
			if s := span(from, from+0.06+r.Float64()*0.2); s.End < 4*second || s.Begin > 9*second {
				in.Masks = append(in.Masks, Mask{s, 1})
			}
		}
		for i, o := range Judge(in).Objectives {
			if o.Verdict != want[i].Verdict || o.Verdict != pass {
				t.Errorf("seed %d: %s is %s: %s", seed, o.Name, o.Verdict, o.Why)
			}
		}
		in.Spec.Recovery.Within = 900 * time.Millisecond
		if o := objective(t, Judge(in), "recovery"); o.Verdict != fail {
			t.Errorf("seed %d: %s: %s", seed, o.Verdict, o.Why)
		}
	}
}

// slow makes every nth request due in [from, to) s take so many ms.
func slow(from, to float64, nth uint64, took int64) mark {
	return func(op *history.Op) {
		if t := float64(op.Due) / 1e9; t >= from && t < to && op.Seq%nth == 0 {
			op.Done = op.Due + took*ms
			if took >= int64(timeout)/ms {
				op.Class = history.Timeout
			}
		}
	}
}

// Only what could change class is left out (§3): a request that took longer
// than the limit and the hold-up together did so by itself, an error that did
// not wait is one, and nobody's processor makes an answer wrong.
func TestWhatAHoldUpExcuses(t *testing.T) {
	half := int64(goodLatency) / ms / 2
	for _, c := range []struct {
		name    string
		op      history.Op
		share   float64 // of the time from 0 to 10 s
		excused bool
	}{
		{"slow, held up all the time", history.Op{Done: 400 * ms}, 1, true},
		{"slow, by as much as it can have waited", history.Op{Done: 500 * ms}, 0.5, true},
		{"slow, by more", history.Op{Done: 502 * ms}, 0.5, false},
		{"slow, the generator late and the rest held up", history.Op{Sent: 100 * ms, Done: 550 * ms}, 0.4, true},
		{"the same, without the hold-up", history.Op{Sent: 100 * ms, Done: 550 * ms}, 0, false},
		{"the same, with too few workers", history.Op{Sent: 100 * ms, Done: 550 * ms, Blocked: ms}, 0.4, false},
		{"a time-out, held up all the time", history.Op{Class: history.Timeout, Done: 2000 * ms}, 1, true},
		{"a time-out, held up for a part", history.Op{Class: history.Timeout, Done: 2000 * ms}, 0.8, false},
		{"an error at once, under a mask", history.Op{Class: history.Status5xx, Done: ms}, 1, true},
		{"an error at once, on a busy host", history.Op{Class: history.Status5xx, Done: ms}, 0.4, false},
		{"an error that waited for half of its time", history.Op{Class: history.Reset, Done: half * ms}, 0.5, true},
		{"a wrong answer", history.Op{Class: history.WrongAnswer, Done: 400 * ms}, 1, false},
		{"an error after all masks", history.Op{Due: 10 * second, Sent: 10 * second, Done: 10*second + ms, Class: history.EOF}, 1, false},
	} {
		in := Input{Samples: collect([]history.Op{c.op})}
		if c.share > 0 {
			maskedFor(c.share, span(0, 10))(&in)
		}
		if got := newJudge(in).held; c.share > 0 && got[0] != c.excused || c.share == 0 && got != nil {
			t.Errorf("%s: %v, want %v", c.name, got, c.excused)
		}
	}
}

// A host that is busy all the time, as others' work makes it, hides no defect:
// a time-out, an error that comes at once and a wrong answer are what they are.
func TestABusyHostHidesNoDefect(t *testing.T) {
	busy := maskedFor(0.4, span(0, 30))
	for _, c := range []verdictCase{
		{name: "hangs", marks: marks(slow(6, 14, 1, 2000)), verdict: fail, reason: reports.LimitBroken},
		{name: "one replica hangs", marks: marks(slow(6, 14, 3, 2000)), verdict: fail, reason: reports.LimitBroken},
		{name: "fails at once", marks: marks(fails(6, 14, 1, history.Status5xx)), verdict: fail, reason: reports.LimitBroken},
		{name: "answers wrongly", marks: marks(fails(6, 14, 1, history.WrongAnswer)), verdict: fail, reason: reports.LimitBroken},
		{name: "is four times as slow as it may be", marks: marks(slow(6, 14, 1, 1000)), verdict: fail, reason: reports.LimitBroken},
		{name: "is a little too slow", marks: marks(slow(6, 14, 1, 300)), verdict: inc, reason: reports.InstrumentDisturbed},
	} {
		c.change = busy
		t.Run(c.name, func(t *testing.T) { c.check(t, "recovery") })
		c.change = all(busy, available("", 0.999))
		t.Run(c.name+", availability", func(t *testing.T) { c.check(t, "availability") })
	}
}

func TestHoldUpsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []Mask
		at := int64(0)
		for range rapid.IntRange(0, 12).Draw(t, "masks") {
			at += rapid.Int64Range(0, 300).Draw(t, "gap") * ms
			end := at + rapid.Int64Range(1, 500).Draw(t, "length")*ms
			all = append(all, Mask{Span{at, end}, rapid.Float64Range(0.01, 1).Draw(t, "share")})
			at = end
		}
		instant := func(name string) int64 { return rapid.Int64Range(-second, 12*second).Draw(t, name) }
		a, b, c := instant("a"), instant("b"), instant("c")
		a, b = min(a, b), max(a, b)
		b, c = min(b, c), max(b, c)
		a, b = min(a, b), max(a, b)
		h := HoldUps(all)
		ab, bc, ac := h.In(Span{a, b}), h.In(Span{b, c}), h.In(Span{a, c})
		var want float64
		for _, m := range all {
			want += m.Share * float64(max(0, min(m.End, c)-max(m.Begin, a)))
		}
		if ab < 0 || bc < 0 || ac > c-a || max(ab+bc-ac, ac-ab-bc) > 2 || math.Abs(float64(ac)-want) > float64(len(all)+2) {
			t.Fatalf("%v: %d and %d of %d, want %.0f", all, ab, bc, ac, want)
		}
	})
}

// At every instant the largest of the shares holds.
func TestMasksOverEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []Mask
		for range rapid.IntRange(0, 12).Draw(t, "masks") {
			begin := rapid.Int64Range(0, 40).Draw(t, "begin")
			end := begin + rapid.Int64Range(-3, 20).Draw(t, "length")
			all = append(all, Mask{Span{begin, end}, rapid.SampledFrom([]float64{0, 0.25, 0.5, 1}).Draw(t, "share")})
		}
		got := disjoint(all)
		share := func(masks []Mask, at int64) (most float64, times int) {
			for _, m := range masks {
				if m.Begin <= at && at < m.End {
					most, times = max(most, m.Share), times+1
				}
			}
			return most, times
		}
		for at := range int64(64) {
			want, _ := share(all, at)
			if have, times := share(got, at); have != want || times > 1 {
				t.Fatalf("%v are %v: %v from %d masks at %d, want %v", all, got, have, times, at, want)
			}
		}
		if !slices.IsSortedFunc(got, func(a, b Mask) int { return cmp.Compare(a.Begin, b.Begin) }) {
			t.Fatalf("%v do not ascend", got)
		}
	})
}

// Where the requests in doubt decide what counts, good can come out worse than
// bad: the sentence says why.
func TestGoodThatReadsWorseThanBadIsExplained(t *testing.T) {
	verdicts := func(all ...reports.Verdict) []reports.Objective {
		out := make([]reports.Objective, len(all))
		for i, v := range all {
			out[i] = reports.Objective{Name: "residual", Verdict: v}
		}
		return out
	}
	const because = "since they also tell which requests count"
	for _, c := range []struct {
		views []reports.Objective
		want  bool
	}{
		{verdicts(reports.Pass, reports.Inconclusive, reports.Pass), true},
		{verdicts(reports.Pass, reports.Pass, reports.Fail), false},
		{verdicts(reports.Pass, reports.Inconclusive, reports.Inconclusive), false},
	} {
		o := agree(c.views, soundness{due: 1000, held: 5})
		if o.Reason != reports.InstrumentDisturbed || strings.Contains(o.Why, because) != c.want {
			t.Errorf("%v: %s, %q", c.views, o.Reason, o.Why)
		}
	}
}
