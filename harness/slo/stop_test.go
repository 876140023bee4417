package slo

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"gauntlet/harness/history"
)

var twentyFor3s = Stop{Below: 0.2, For: 3 * time.Second}

// watch gives the guard 100 requests a second until the instant of the end (s);
// each ends when it was due, good or not as asked.
func watch(stop Stop, end float64, good func(at float64) bool) (h Halt, ok bool) {
	g := NewGuard(stop, rules)
	for i := range int(end * 100) {
		at := int64(i) * second / 100
		op := history.Op{Due: at, Sent: at, Done: at}
		if !good(float64(at) / 1e9) {
			op.Class = history.Refused
		}
		if met, now := g.Add(op); now {
			if ok {
				panic("the condition is met twice")
			}
			h, ok = met, true
		}
	}
	return h, ok
}

func TestWhenARunIsStopped(t *testing.T) {
	every := func(k int) func(float64) bool {
		return func(at float64) bool { return int(at*100+0.5)%k == 0 }
	}
	for name, c := range map[string]struct {
		good     func(at float64) bool
		from, to float64 // when it is found, s; 0: never
	}{
		"all is well":               {func(float64) bool { return true }, 0, 0},
		"down from the beginning":   {func(float64) bool { return false }, 3, 3.05},
		"down later":                {func(at float64) bool { return at < 10 }, 12.4, 12.7}, // 80 % of the window and its interval
		"too short an outage":       {func(at float64) bool { return at < 10 || at >= 12 }, 0, 0},
		"a tenth is good":           {every(10), 3, 3.05},
		"a half is good":            {every(2), 0, 0},
		"a fifth: it spans":         {every(5), 0, 0},
		"down twice, never for 3 s": {func(at float64) bool { return int(at)%4 < 2 }, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h, ok := watch(twentyFor3s, 20, c.good)
			if ok != (c.to > 0) {
				t.Fatalf("met: %v (%s)", ok, h)
			}
			if at := float64(h.At) / 1e9; ok && (at < c.from || at > c.to) {
				t.Errorf("met at %.3f s, want %.3f to %.3f", at, c.from, c.to)
			}
		})
	}
}

// What the generator was late for, and what is no request of the load, ends no
// run; one that it could not send for want of a free worker is the target's.
func TestWhatStopsNoRun(t *testing.T) {
	const timeout = 2 * second
	for name, c := range map[string]struct {
		op   history.Op
		want bool
	}{
		"refused":               {history.Op{Class: history.Refused}, true},
		"late by the generator": {history.Op{Sent: second, Done: second}, false},
		"slow":                  {history.Op{Done: second}, true},
		"never sent by it":      {history.Op{Class: history.Unsent, Sent: timeout, Done: timeout}, false},
		"never sent for want":   {history.Op{Class: history.Unsent, Sent: timeout, Done: timeout, Blocked: timeout}, true},
		"a question":            {history.Op{Stream: history.Durability, Class: history.Refused}, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewGuard(twentyFor3s, Rules{GoodLatency: 250 * time.Millisecond, Timeout: time.Duration(timeout)})
			met := false
			for i := range int64(1000) {
				op := c.op
				at := i * second / 100
				op.Due, op.Sent, op.Done = at, at+op.Sent, at+op.Done
				_, now := g.Add(op)
				met = met || now
			}
			if met != c.want {
				t.Errorf("met: %v", met)
			}
		})
	}
}

// A few requests of a thin load are no evidence; many are.
func TestAThinLoadIsNotStoppedByChance(t *testing.T) {
	for n, want := range map[int]bool{3: false, 10: false, 40: true} {
		g := NewGuard(Stop{Below: 0.2, For: 3 * time.Second}, rules)
		met := false
		for i := range 2 * n {
			at := int64(i) * 3 * second / int64(n)
			_, now := g.Add(history.Op{Due: at, Sent: at, Done: at, Class: history.EOF})
			met = met || now
		}
		if met != want {
			t.Errorf("%d bad requests in the window: met %v", n, met)
		}
	}
}

// An outcome that comes about when its window is over is none of the present.
func TestWhatIsTooLateStopsNoRun(t *testing.T) {
	g := NewGuard(twentyFor3s, rules)
	for i := range int64(2000) {
		at := i * second / 100
		late := history.Op{Due: at, Sent: at, Done: at - (parts+1)*g.width, Class: history.Refused}
		for _, op := range []history.Op{{Due: at, Sent: at, Done: at}, late, late, late, late, late} {
			if h, met := g.Add(op); met {
				t.Fatalf("met at %d: %s", h.At, h)
			}
		}
	}
}

// The guard finds what a plain count over every window finds, whatever the order
// of outcomes that ended within a part of each other.
func TestGuardAgreesWithCounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stop := Stop{Below: rapid.Float64Range(0.05, 0.95).Draw(t, "below"), For: time.Duration(rapid.Int64Range(1000, 5000).Draw(t, "for")) * time.Millisecond}
		n := rapid.IntRange(0, 400).Draw(t, "requests")
		good := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "good")
		gaps := rapid.SliceOfN(rapid.Int64Range(0, 400), n, n).Draw(t, "gaps in ms")
		g := NewGuard(stop, rules)
		var dones []int64
		at, met := int64(0), false
		var h Halt
		for i := range n {
			at += gaps[i] * ms
			dones = append(dones, at)
			op := history.Op{Due: at, Sent: at, Done: at}
			if !good[i] {
				op.Class = history.Timeout
			}
			if halt, now := g.Add(op); now {
				h, met = halt, true
			}
		}
		want, first := false, int64(0)
		for p := int64(parts); n > 0 && p <= dones[n-1]/g.width && !want; p++ {
			// It is looked at where an outcome begins a part.
			begins := false
			var window tally
			for i, d := range dones {
				if part := d / g.width; part == p {
					begins = true
				} else if part >= p-parts && part < p {
					window.add(!good[i])
				}
			}
			_, high := Wilson(window.good(), window.n)
			if begins && high < stop.Below {
				want, first = true, p*g.width
			}
		}
		if met != want || met && h.At != first {
			t.Fatalf("met %v at %d, want %v at %d", met, h.At, want, first)
		}
	})
}
