package slo

import (
	"math"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

// killed is a run whose fault is a kill: the replacement starts milliseconds
// later, and it takes returns seconds until it first answers ready.
func killed(returns float64, marks ...mark) Input {
	in := trial(1000, marks...)
	in.Faults = []Fault{{Name: "kill", Kind: "PodChaos pod-kill", OneShot: true, Proven: true,
		InjectBegin: at(5), InjectEnd: at(5.002), HealBegin: at(5.006), HealEnd: at(5 + returns)}}
	return in
}

// slips makes the generator send one request late, without changing what
// became of it.
func slips(due float64, by time.Duration) mark {
	return func(op *history.Op) {
		if op.Due == int64(due*1e9) {
			op.Sent, op.Done = op.Sent+int64(by), op.Done+int64(by)
		}
	}
}

// The replacement of what was killed starts long before the service is well
// again, and before the first bad request of a thin operation: the clock
// starts at the kill all the same.
func TestAKillIsCountedFromTheKill(t *testing.T) {
	put := only(1, down(5.002, 5.8))
	for name, in := range map[string]Input{
		"sharp":                         killed(0.715, down(5.003, 5.8)),
		"one slip of 20 ms":             killed(0.715, down(5.003, 5.8), slips(6, 20*time.Millisecond)),
		"first noticed after the start": killed(0.715, down(5.008, 5.8)),
		"a thin operation":              killed(0.715, put),
	} {
		in.Spec.Recovery.Within = 500 * time.Millisecond
		j := Judge(in)
		o := objective(t, j, "recovery")
		r := j.Recovery.FromInject
		if o.Verdict != fail || o.Reason != reports.LimitBroken || r.Seconds == nil || math.Abs(*r.Seconds-0.8) > 0.011 || r.Low < 0.76 || *r.High > 0.84 {
			t.Errorf("%s: %s, from inject %v in [%v, %v]", name, o.Verdict, *r.Seconds, r.Low, *r.High)
		}
		wants(t, o.Why, "after kill was injected at 5.000 s")
	}
}

// What the return itself breaks, long after the kill, counts from the return.
func TestTheReturnOfAVictimIsNotUndone(t *testing.T) {
	in := killed(7.5, down(5.003, 5.5), down(12.1, 16))
	in.Faults[0].HealBegin = at(12)
	o := objective(t, Judge(in), "recovery")
	if o.Verdict != fail || *o.Low < 3.85 {
		t.Errorf("%s, at least %v: %s", o.Verdict, *o.Low, o.Why)
	}
	wants(t, o.Why, "after the victim of kill came back at 12.000 s (a relapse, kill)")

	in = killed(0.7, down(5.003, 8))
	in.Spec.Recovery.From = "heal"
	wants(t, objective(t, Judge(in), "recovery").Why, "after the victim of kill came back at 5.700 s")
	in = killed(0.7)
	in.Spec.Recovery.From = "heal"
	wants(t, objective(t, Judge(in), "recovery").Why, "not degraded when the victim of kill came back")
	in.Faults[0].HealBegin, in.Faults[0].HealEnd = nil, nil
	wants(t, objective(t, Judge(in), "recovery").Why, "the victim of kill did not come back")
}

// A heal lasts until its victims are ready, which may be after the recovery:
// an episode that it causes has a lower bound all the same.
func TestAHealThatTakesLongBoundsWhatItCauses(t *testing.T) {
	in := trial(1000, down(10.1, 14))
	in.Faults[0].HealEnd = at(14.5)
	o := objective(t, Judge(in), "recovery")
	if o.Verdict != fail || *o.Low < 3.85 || *o.Low > 4 {
		t.Errorf("%s, at least %v: %s", o.Verdict, *o.Low, o.Why)
	}
}

// Whichever edge an episode came from, its time from there lies within the
// bounds.
func TestBoundsHoldForEveryPossibleOrigin(t *testing.T) {
	sc := &scope{horizon: 2 * second}
	held := []Fault{{InjectBegin: at(10), InjectEnd: at(10.002), HealBegin: at(11), HealEnd: at(11.5)}}
	kill := []Fault{{OneShot: true, InjectBegin: at(10), InjectEnd: at(10.002), HealBegin: at(10.006), HealEnd: at(10.7)}}
	two := []Fault{held[0], {InjectBegin: at(12), InjectEnd: at(12.1)}}
	for _, c := range []struct {
		name           string
		faults         []Fault
		onset, slack   float64
		kind           originKind
		begin          float64
		earliest, last float64
	}{
		{"a kill before its replacement", kill, 10.003, 0.02, fromInjection, 10, 10, 10.002},
		{"a kill, noticed after its replacement", kill, 10.05, 0.02, fromInjection, 10, 10, 10.002},
		{"a kill, late within H", kill, 11.9, 0.02, fromInjection, 10, 10, 10.002},
		{"a replacement only", kill, 12.003, 0.001, fromHeal, 10.006, 10.006, 10.7},
		{"a short fault's injection or heal", held, 10.01, 1.1, fromInjection, 10, 10, 11.11},
		{"a heal, before it was done", held, 11.1, 0.01, fromHeal, 11, 11, 11.11},
		{"a heal, after it was done", held, 12.5, 0.01, fromHeal, 11, 11, 11.5},
		{"the injection after the heal", two, 11.999, 0.01, fromInjection, 12, 11, 12.1},
		{"the injection after the heal, surely", two, 12.001, 0.01, fromInjection, 12, 12, 12.1},
		{"an injection just behind", kill, 9.995, 0.007, fromInjection, 10, 10, 10.002},
	} {
		e := &episode{scope: sc, degraded: *at(c.onset), degradedLow: *at(c.onset - c.slack), degradedHigh: *at(c.onset + c.slack), recovered: *at(14), recoveredLow: *at(13.9), recoveredHigh: *at(14.1), stopped: true}
		o := attribute(e, c.faults)
		if o.origin.kind != c.kind || o.origin.begin != *at(c.begin) || o.origin.earliest != *at(c.earliest) || math.Abs(float64(o.origin.latest-*at(c.last))) > 1e3 {
			t.Errorf("%s: %+v", c.name, o.origin)
		}
		m := o.since(*at(30))
		if *m.high != e.recoveredHigh-*at(c.earliest) || m.low != e.recoveredLow-o.origin.latest || m.low > *m.at || *m.at > *m.high {
			t.Errorf("%s: %d in [%d, %d]", c.name, *m.at, m.low, *m.high)
		}
	}
}

func wants(t *testing.T, why, part string) {
	t.Helper()
	if !strings.Contains(why, part) {
		t.Errorf("why is %q, want %q in it", why, part)
	}
}
