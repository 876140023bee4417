package observe

import (
	"slices"
	"strings"
	"testing"

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
		{"masks that touch are one", []history.Op{asked(220, 250), asked(200, 230)}, busy, []Span{{170, 280}}},
	} {
		got := Masks(c.control, c.samples)
		for i := range got {
			got[i] = Span{got[i].Begin / 1e6, got[i].End / 1e6}
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
		last := int64(-1 << 62)
		for _, m := range masks {
			if m.Begin <= last || m.End <= m.Begin {
				t.Fatalf("%v are not disjoint and ascending", masks)
			}
			last = m.End
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

func TestWarnings(t *testing.T) {
	pressed := func(from int64, p float64) Sample { return Sample{From: from, At: from + 10, Pressure: &p} }
	in := Span{100, 200}
	if got := Warnings([]Sample{pressed(50, .9), pressed(150, .39), pressed(300, .9), {From: 120, At: 130}}, in); len(got) != 0 {
		t.Errorf("%q of a host that was quiet while it mattered", got)
	}
	if got := Warnings([]Sample{pressed(150, .55)}, in); len(got) != 1 || !strings.Contains(got[0], "55 %") {
		t.Errorf("%q, want one that says 55 %%", got)
	}
	if got := Warnings([]Sample{{Gap: "no /proc"}}, in); len(got) != 1 || !strings.Contains(got[0], "no /proc") {
		t.Errorf("%q, want one that says why", got)
	}
}
