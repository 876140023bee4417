package observe

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gauntlet/harness/history"
)

// asked is a control request in ms.
func asked(due, done int64) history.Op {
	return history.Op{Stream: history.Control, Due: due * 1e6, Sent: due * 1e6, Done: done * 1e6}
}

// shares are samples of 100 ms from 0 on.
func shares(others ...float64) (all []Sample) {
	for i, o := range others {
		all = append(all, Sample{From: int64(i) * 1e8, At: int64(i+1) * 1e8, Others: o})
	}
	return all
}

func TestMasks(t *testing.T) {
	failed := asked(200, 201)
	failed.Class = history.Refused
	timedOut := asked(200, 1200)
	timedOut.Class = history.Timeout
	load := asked(200, 300)
	load.Stream = history.Load
	busy, own := shares(.9, .9, .9, .9), shares(.1, .1, .1, .1)
	for _, c := range []struct {
		name    string
		control []history.Op
		samples []Sample
		want    []Span // in ms
	}{
		{"late while others ran", []history.Op{asked(200, 230)}, busy, []Span{{170, 260}}},
		{"late, but the processors were the run's own", []history.Op{asked(200, 230)}, own, nil},
		{"in time while others ran", []history.Op{asked(200, 220)}, busy, nil},
		{"exactly a quarter is not more than it", []history.Op{asked(200, 230)}, shares(.25, .25, .25, .25), nil},
		{"the average decides", []history.Op{asked(200, 230)}, shares(0, 0, .5, .5), []Span{{170, 260}}},
		{"the average of the stretch only", []history.Op{asked(200, 230)}, shares(.9, 0, .3, .9), nil},
		{"what was not sampled counts as free", []history.Op{asked(200, 230)}, shares(0, .7), nil},
		{"without samples nothing is masked", []history.Op{asked(200, 230)}, nil, nil},
		{"a gap masks nothing", []history.Op{asked(200, 230)}, []Sample{{Gap: "why"}}, nil},
		{"a time-out", []history.Op{timedOut}, shares(.9, .9, .9, .9, .9, .9, .9, .9, .9, .9, .9, .9, .9), []Span{{170, 1230}}},
		{"an echo that is gone is no sign", []history.Op{failed}, busy, nil},
		{"requests of the load do not mask", []history.Op{load}, busy, nil},
		{"two late ones", []history.Op{asked(220, 250), asked(200, 230)}, busy, []Span{{190, 280}, {170, 260}}},
	} {
		var got []Span
		for _, m := range Masks(c.control, c.samples) {
			got = append(got, Span{m.Begin / 1e6, m.End / 1e6})
			if m.Share != 1 {
				t.Errorf("%s: a share of %v", c.name, m.Share)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Whatever happened, a mask lies around a late control request, and nothing is
// masked while the processors were the run's own.
func TestMasksOnlyWhereBothWitnessesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var control []history.Op
		for _, due := range rapid.SliceOfN(rapid.Int64Range(0, 5000), 0, 40).Draw(t, "due") {
			control = append(control, asked(due, due+rapid.Int64Range(0, 200).Draw(t, "response")))
		}
		others := rapid.SliceOfN(rapid.Float64Range(0, 1), 52, 52).Draw(t, "others")
		masks := Masks(control, shares(others...))
		for _, m := range masks {
			if !slices.ContainsFunc(control, func(op history.Op) bool { return Late(op) && op.Due > m.Begin && op.Done < m.End }) {
				t.Fatalf("%v is around no late request", m)
			}
			first, end := max(0, m.Begin/1e8), min(m.End/1e8+1, 52)
			if slices.Max(others[first:end]) <= BusyOthers {
				t.Fatalf("%v while others were idle", m)
			}
		}
		for i := range others {
			others[i] = min(others[i], BusyOthers)
		}
		if quiet := Masks(control, shares(others...)); len(quiet) > 0 {
			t.Fatalf("%v on a host that was ours", quiet)
		}
	})
}

// hosts are samples of 100 ms from 0 on of two processors, none of them free.
func hosts(others float64, waited ...time.Duration) (all []Sample) {
	for i, w := range waited {
		all = append(all, Sample{From: int64(i) * 1e8, At: int64(i+1) * 1e8, Others: others, Processors: 2, Waited: int64(w)})
	}
	return all
}

// The second witness: threads of the system that were ready and did not run.
func TestAStarvedSystemIsMasked(t *testing.T) {
	free := func(samples []Sample, share float64) []Sample {
		for i := range samples {
			samples[i].Free = share
		}
		return samples
	}
	quiet := func(samples []Sample, from int) []Sample {
		for i := range samples[from:] {
			samples[from+i].Others, samples[from+i].Free = 0, 0.8
		}
		return samples
	}
	for _, c := range []struct {
		name    string
		samples []Sample
		want    []Mask // in ms
	}{
		{"one wait of 400 ms", hosts(.7, 0, 0, 0, 0, 0, 400*ms), []Mask{{Span{100, 600}, 1}}},
		{"waits of 30 ms", hosts(.7, 0, 0, 30*ms), []Mask{{Span{170, 300}, .3}}},
		{"the processors were the run's own", hosts(.2, 0, 0, 0, 0, 0, 400*ms), nil},
		{"exactly a quarter is not more than it", hosts(.25, 0, 0, 0, 0, 0, 400*ms), nil},
		{"no longer than others ran", hosts(.3, 0, 0, 0, 0, 0, 400*ms), []Mask{{Span{100, 600}, .6}}},
		{"others ran, and nothing waited", hosts(.9, 0, 0, 0), nil},
		{"processors were free: it waited for something else", free(hosts(.7, 0, 0, 0, 0, 0, 400*ms), .15), nil},
		{"hardly any were free", free(hosts(.7, 0, 0, 0, 0, 0, 400*ms), .05), []Mask{{Span{100, 600}, 1}}},
		{"others ran for the end of it only", quiet(hosts(.7, 400*ms, 0, 0, 0, 0, 400*ms), 1), nil},
		{"nothing is known of the time before", hosts(.3, 400*ms), nil},
		{"a run of before there was the witness", shares(.9, .9, .9), nil},
	} {
		got := Masks(nil, c.samples)
		for i := range got {
			got[i].Span = Span{got[i].Begin / 1e6, got[i].End / 1e6}
		}
		if !slices.EqualFunc(got, c.want, func(a, b Mask) bool { return a.Span == b.Span && math.Abs(a.Share-b.Share) < 1e-9 }) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Whatever is written down, nobody is blamed for more than he did.
func TestOthersAreBlamedForNoMoreThanTheyRan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var samples []Sample
		for i := range rapid.IntRange(1, 30).Draw(t, "samples") {
			others := rapid.Float64Range(0, 1).Draw(t, "others")
			samples = append(samples, Sample{
				From: int64(i) * 1e8, At: int64(i+1) * 1e8, Others: others, Free: rapid.Float64Range(0, 1-others).Draw(t, "free"),
				Processors: rapid.IntRange(0, 4).Draw(t, "processors"), Waited: rapid.Int64Range(0, 1e9).Draw(t, "waited"),
			})
		}
		for _, m := range Masks(nil, samples) {
			ran := mean(samples, m.Span, others)
			most := slices.MaxFunc(samples, func(a, b Sample) int { return int(a.Waited - b.Waited) }).Waited
			switch {
			case m.Share <= 0 || m.Share > 1 || m.End <= m.Begin:
				t.Fatalf("%+v", m)
			case ran <= BusyOthers || m.Share > 4*ran+1e-9:
				t.Fatalf("%+v, and others had %v of the processors", m, ran)
			case m.End-m.Begin > most+1e8:
				t.Fatalf("%+v, and no thread waited for more than %v", m, time.Duration(most))
			}
		}
	})
}

func TestWarnings(t *testing.T) {
	pressed := func(from int64, p float64) Sample { return Sample{From: from, At: from + 10, Pressure: &p} }
	in := Span{100, 200}
	for _, c := range []struct {
		name    string
		samples []Sample
		want    []string // one warning each
	}{
		{"quiet while it mattered", []Sample{pressed(50, .9), pressed(150, .39), pressed(300, .9), {From: 120, At: 130}}, nil},
		{"pressed", []Sample{pressed(150, .55), pressed(160, .41)}, []string{"55 %"}},
		{"nothing is told", []Sample{{Gap: "no /proc"}}, []string{"no /proc"}},
		{"short stalls", []Sample{{From: 150, At: 160, Ready: 20e6, Pause: 3e6}}, nil},
		{"stalls", []Sample{{From: 150, At: 160, Ready: 31e6}, {From: 160, At: 170, Pause: 45e6}, {From: 200, At: 210, Pause: 2e9}}, []string{"still for up to 45ms", "waited for up to 31ms"}},
	} {
		got := Summarize(c.samples, in).Warnings()
		if !slices.EqualFunc(got, c.want, strings.Contains) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestSecondsOfTheHost(t *testing.T) {
	p := func(v float64) *float64 { return &v }
	got := Means([]Sample{
		{From: -1e8, At: 5e8, Others: 0.2, Pressure: p(0.1)},
		{From: 5e8, At: 15e8, Others: 0.6, Ready: 5, Pause: 3, Pressure: p(0.5)},
		{From: 2e9, At: 2e9, Gap: "away"},
		{From: 3e9, At: 31e8, Others: 0.9, Ready: 2},
		{From: 9e9, At: 91e8, Others: 1},
	}, 5)
	want := []Second{{true, 0.4, p(0.5), 5, 3}, {true, 0.6, p(0.5), 5, 3}, {}, {true, 0.9, nil, 2, 0}, {}}
	for i, w := range want {
		g := got[i]
		if g.Covered != w.Covered || math.Abs(g.Others-w.Others) > 1e-9 || (g.Pressure == nil) != (w.Pressure == nil) || w.Pressure != nil && *g.Pressure != *w.Pressure || g.Ready != w.Ready || g.Pause != w.Pause {
			t.Errorf("second %d: %+v, want %+v", i, g, w)
		}
	}
}
