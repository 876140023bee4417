package slo

import (
	"math/rand/v2"
	"testing"
	"time"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

func masked(spans ...Span) func(*Input) { return func(in *Input) { in.Masks = spans } }

// span is from and to in seconds.
func span(from, to float64) Span { return Span{*at(from), *at(to)} }

// What measurement.md §3 says of masks, objective by objective: what they
// cover may be anybody's fault, so that it can leave a verdict open, and
// neither make nor save one that rests on what they do not cover.
func TestMasks(t *testing.T) {
	disturbed := reports.InstrumentDisturbed
	broken := reports.LimitBroken
	everything := masked(span(0, 30))
	for name, cases := range map[string][]verdictCase{
		"steadyState": {
			{name: "all that is bad is masked", marks: marks(down(1, 1.2)), change: masked(span(0.9, 1.3)), verdict: inc, reason: disturbed, why: []string{"with all of them good it is PASS, with all of them bad FAIL"}},
			{name: "the little that is bad is masked", marks: marks(down(1, 1.01)), change: masked(span(0.9, 1.3)), verdict: pass},
			{name: "all is masked and good", change: everything, verdict: inc, reason: disturbed},
			{name: "all is masked, a fifth bad", marks: marks(fails(0, 5, 5, history.Timeout)), change: everything, verdict: inc, reason: disturbed},
			{name: "so much is masked that too little is left", marks: marks(down(1, 1.2)), change: masked(span(0, 4.5)), verdict: inc, reason: disturbed},
			{name: "bad outside of the masks", marks: marks(down(1, 1.2)), change: masked(span(2, 3)), verdict: fail, reason: broken, why: []string{"200 of 4000"}},
			{name: "bad within and outside", marks: marks(down(1, 1.4)), change: masked(span(1.1, 1.2)), verdict: fail, reason: broken},
			{name: "one operation bad, masked", marks: marks(only(1, down(1, 1.5))), change: masked(span(0.9, 1.6)), verdict: inc, reason: disturbed},
			{name: "masks after the baseline", marks: marks(down(1, 1.2)), change: masked(span(5, 30)), verdict: fail, reason: broken},
		},
		"recovery": {
			{name: "an outage beside the masks", marks: marks(down(5.002, 9)), change: masked(span(12, 14), span(20, 22)), verdict: fail, reason: broken},
			{name: "an outage beside the masks, in time", marks: marks(down(5.002, 6)), change: masked(span(12, 14), span(20, 22)), verdict: pass},
			{name: "an outage masked for a tenth", marks: marks(down(5.002, 9)), change: masked(span(6, 6.4)), verdict: fail, reason: broken, why: []string{"recovered 4 s after"}},
			{name: "a mask over its end", marks: marks(down(5.002, 8.5)), change: masked(span(7.5, 9)), verdict: inc, reason: reports.IntervalSpansLimit},
			{name: "a short outage, wholly masked", marks: marks(down(12, 13)), change: masked(span(11, 14)), verdict: inc, reason: disturbed},
			{name: "a baseline half masked, all good", marks: marks(down(5.002, 9)), change: masked(span(1, 3.5)), verdict: fail, reason: broken},
			{name: "a baseline wholly masked", marks: marks(down(5.002, 9)), change: masked(span(0, 5)), verdict: inc, reason: disturbed},
			{name: "masked throughout, all good", change: everything, verdict: inc, reason: disturbed},
			{name: "masked throughout, too slow", marks: marks(down(5.002, 9)), change: everything, verdict: inc, reason: disturbed},
			{name: "blips under masks", marks: marks(down(12, 12.03), down(20, 20.05)), change: masked(span(11.9, 12.1), span(19.9, 20.1)), verdict: pass},
		},
		"availability": {
			{name: "an outage beside the masks", marks: marks(down(6, 7)), change: all(available("", 0.99), masked(span(8, 9))), verdict: fail, reason: broken},
			{name: "an outage under a mask", marks: marks(down(6, 7)), change: all(available("", 0.99), masked(span(5.5, 7.5))), verdict: inc, reason: disturbed, why: []string{"with all of them bad FAIL"}},
			{name: "kept even with what is masked", marks: marks(down(6, 7)), change: all(available("", 0.9), masked(span(5.5, 7.5))), verdict: pass},
			{name: "masked throughout, all good", change: all(available("", 0.999), everything), verdict: inc, reason: disturbed},
			{name: "masked throughout, broken", marks: marks(down(6, 7)), change: all(available("", 0.99), everything), verdict: inc, reason: disturbed},
		},
		"residual": {
			{name: "limps beside the masks", marks: marks(down(5.002, 6), fails(6, 30, 100, history.Status5xx)), change: all(available("", 0.999), masked(span(20, 21))), verdict: fail, reason: broken},
			{name: "limps under the masks", marks: marks(down(5.002, 6), fails(12, 28, 110, history.Status5xx)), change: all(available("", 0.999), masked(span(11, 29))), verdict: inc, reason: disturbed},
			{name: "an outage under a mask at the end", marks: marks(down(27, 29.5)), change: all(available("", 0.9), masked(span(26.9, 29.6))), verdict: inc, reason: disturbed},
			{name: "masked throughout, all good", change: all(available("", 0.999), everything), verdict: inc, reason: disturbed},
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
				in.Masks = append(in.Masks, s)
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
