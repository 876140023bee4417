package consistency

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gauntlet/harness/consistency/register"
	"gauntlet/harness/history"
	"gauntlet/reports"
)

// bothLimits promises 100 ms while nothing is broken, and 10 s in a fault.
func bothLimits(q *Question) { q.Registers.Promise.Fault = 10 * time.Second }

// What an answer may be in a fault is no excuse, and no example, for what it is
// while nothing is broken: here one of a second, and one of 8 s that is allowed.
func TestAReadIsHeldToItsOwnLimit(t *testing.T) {
	allowed := []history.Op{wrote99(100_000, 19), wrote99(100_009, 20), read99(100_002, 28, history.WriteOf(100_000), 1)}
	broke := []history.Op{wrote99(100_017, 40), wrote99(100_025, 41), read99(100_010, 42, history.WriteOf(100_017), 1)}
	for i := range broke {
		broke[i].Key = 101
	}
	for _, c := range []struct {
		name                      string
		ops                       []history.Op
		verdict, measured, margin string
		why, examples, picture    string
		low, high                 float64
		heldUp                    int64
	}{
		{"both", append(slices.Clone(allowed), broke...), "FAIL limit-broken", "999 ms", "−899 %",
			"1 of 1378 reads of registers were staler than promised: r-101, read through m-2 at 42.000 s, still had the value of write 100017, 999 ms after write 100025 was acknowledged, where 100 ms is promised.",
			"[r-101, read through m-2 at 42.000 s, still had the value of write 100017, 999 ms after write 100025 was acknowledged]", "r-101", 999, 999, 0},
		{"what is allowed", allowed, "PASS ", "7999 ms", "+20 %", "The worst of 1377 reads of registers: r-99, read through m-2 at 28.000 s, still had the value of write 100000, 7999 ms after write 100009 was acknowledged, where 10000 ms is promised.",
			"[]", "r-99", 7999, 7999, 0},
		{"nothing", nil, "PASS ", "0 ms", "+100 %", "None of 1376 reads", "[]", "", 0, 0, 0},
		{"one that others may have made", append(slices.Clone(allowed), broke...), "INCONCLUSIVE instrument-disturbed", "999 ms", "−899 %", "1 of 1378 reads of registers were staler than promised while others held the run up, which may have made them so: r-101,",
			"[]", "r-101", 0, 999, second},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := asking(bothLimits, heldUp(41, c.heldUp))
			checker := NewChecker()
			for _, op := range planted(c.ops...) {
				checker.Add(op)
			}
			counts, all := checker.Check(q)
			o := all[slices.IndexFunc(all, func(o reports.Objective) bool { return o.Name == "staleness" })]
			if got := string(o.Verdict) + " " + o.Reason; got != c.verdict || o.Measured != c.measured || o.Margin != c.margin || math.Abs(*o.Low-c.low) > 0.01 || math.Abs(*o.High-c.high) > 0.01 {
				t.Errorf("%s, measured %s [%v, %v], margin %s", got, o.Measured, *o.Low, *o.High, o.Margin)
			}
			if !strings.HasPrefix(o.Why, c.why) {
				t.Errorf("%q, want %q", o.Why, c.why)
			}
			if got := fmt.Sprint(counts.Examples); got != c.examples {
				t.Errorf("examples %s, want %s", got, c.examples)
			}
			if p := checker.Picture(q); (p == nil) != (c.picture == "") || p != nil && p.Key != c.picture {
				t.Errorf("the picture is %+v, want one of %q", p, c.picture)
			}
		})
	}
}

// Reads of healthy times say nothing of what a fault may do, nor the other way
// round: each limit takes reads of its own.
func TestEachLimitTakesReads(t *testing.T) {
	short := func(q *Question) {
		*q.Faults[0].HealEnd = 20*second + 500*ms
		q.Registers.Promise.Convergence = 500 * time.Millisecond
	}
	without := func(q *Question) { q.Faults, q.Planned = nil, 0 }
	late := func(q *Question) { q.Registers.Begin = 20 * second }
	ending := func(q *Question) { q.Registers.End = 35 * second }
	for _, c := range []struct {
		name   string
		change []func(*Question)
		why    string // of too few; "" of a PASS
	}{
		{"enough of both", []func(*Question){bothLimits}, ""},
		{"a short fault", []func(*Question){bothLimits, short}, "22 reads of registers say how old the answers were while something was; it takes 50."},
		{"a short fault without a limit", []func(*Question){short}, ""},
		{"no fault", []func(*Question){bothLimits, without}, ""},
		{"hardly anything but a fault", []func(*Question){bothLimits, late, ending}, "0 reads of registers say how old the answers were while nothing was broken; it takes 50."},
	} {
		_, objectives := ask(planted(), asking(c.change...))
		o := objectives["staleness"]
		want := map[bool]string{true: "PASS ", false: "INCONCLUSIVE too-few-samples"}[c.why == ""]
		if got := string(o.Verdict) + " " + o.Reason; got != want || c.why != "" && o.Why != c.why {
			t.Errorf("%s: %s, %q; want %s, %q", c.name, got, o.Why, want, c.why)
		}
	}
}

// What the faults were for is open for the reason for which they were withheld.
func TestWhyTheFaultsWereWithheld(t *testing.T) {
	withheld := func(q *Question) {
		q.Faults, q.Planned, q.Withheld = nil, 1, Withheld{reports.InstrumentDisturbed, "It cannot be told whether the baseline was steady."}
	}
	_, objectives := ask(planted(), asking(bothLimits, withheld))
	for _, name := range []string{"staleness", "convergence", "order"} {
		if o := objectives[name]; o.Verdict != inc || o.Reason != reports.InstrumentDisturbed || o.Why != "It cannot be told whether the baseline was steady." {
			t.Errorf("%s: %s %s, %q", name, o.Verdict, o.Reason, o.Why)
		}
	}
	_, objectives = ask(planted(), asking(withheld))
	if o := objectives["staleness"]; o.Verdict != pass {
		t.Errorf("staleness, which a fault may take from it: %s %s, %q", o.Verdict, o.Reason, o.Why)
	}
}

// A client that never wrote shows nothing of reading what it wrote.
func TestAGuaranteeTakesReadsThatItIsAbout(t *testing.T) {
	var ops []history.Op
	for _, op := range planted() {
		if writer := op.Seq%8 < 4; writer == (op.Kind == put) {
			ops = append(ops, op)
		}
	}
	for _, c := range []struct {
		session []string
		want    string
		why     string
	}{
		{[]string{register.MonotonicReads}, "PASS ", "Every one of "},
		{register.Guarantees, "PASS ", "Every one of "},
		{[]string{register.ReadYourWrites}, "INCONCLUSIVE too-few-samples", "0 reads followed something"},
	} {
		_, objectives := ask(ops, asking(func(q *Question) { q.Registers.Promise.Session = c.session }))
		o := objectives["order"]
		if got := string(o.Verdict) + " " + o.Reason; got != c.want || !strings.HasPrefix(o.Why, c.why) {
			t.Errorf("%v: %s, %q; want %s, %q", c.session, got, o.Why, c.want, c.why)
		}
	}
}

// The level is what was seen, whether or not anybody promised it: with a
// guarantee broken that is not promised it is not that of both.
func TestTheLevelIsTrueWhateverIsPromised(t *testing.T) {
	a, b := uint64(100_000), uint64(100_009) // clients 0 and 1
	back := []history.Op{wrote99(a, 10), wrote99(b, 11), read99(100_002, 11.01, history.WriteOf(b), 1), read99(100_010, 11.05, history.WriteOf(a), 1)}
	stale := []history.Op{wrote99(a, 10), wrote99(b, 11), read99(100_002, 11.05, history.WriteOf(a), 1)}
	early := []history.Op{wrote99(a, 10), read99(100_002, 9, history.WriteOf(a), 1)}
	for _, c := range []struct {
		name    string
		ops     []history.Op
		promise []string
		level   string
		broken  int
		order   string
	}{
		{"a client that goes back, where none may", back, register.Guarantees, levelBounded, 1, "FAIL limit-broken"},
		{"where it may", back, []string{register.ReadYourWrites}, levelBounded, 1, "PASS "},
		{"where nothing is promised to it", back, nil, levelBounded, 1, ""},
		{"one that never knew better", stale, []string{register.ReadYourWrites}, levelSession, 0, "PASS "},
		{"nothing", nil, []string{register.ReadYourWrites}, levelLinearizable, 0, "PASS "},
		{"clocks that differ", early, []string{register.ReadYourWrites}, "", 0, "INCONCLUSIVE instrument-disturbed"},
	} {
		counts, objectives := ask(planted(c.ops...), asking(func(q *Question) { q.Registers.Promise.Session = c.promise }))
		broken := 0
		for _, w := range counts.WorstKeys {
			broken += w.Broken
		}
		order := ""
		if o, ok := objectives["order"]; ok {
			order = string(o.Verdict) + " " + o.Reason
		}
		if counts.Level != c.level || broken != c.broken || order != c.order || (counts.DeltaMs == nil) != (c.level == "") {
			t.Errorf("%s: %q, %d broken, order %s; want %q, %d, %s", c.name, counts.Level, broken, order, c.level, c.broken, c.order)
		}
	}
}

// No fault speaks for another: what each left behind takes reads of its own.
// Registers rest from 25 to 45 s here.
func TestEveryHealTakesRestedReads(t *testing.T) {
	fault := func(name string, inject, heal int64) Fault {
		heal *= second
		return Fault{Name: name, InjectBegin: inject * second, HealEnd: &heal}
	}
	down := fault("down", 20, 30)
	for _, c := range []struct {
		name   string
		faults []Fault
		want   string
		why    string
	}{
		{"the last alone", []Fault{down}, "PASS ", "No read after a heal was older than 100 ms."},
		{"one before it that nothing rested after", []Fault{fault("early", 6, 7), down}, "INCONCLUSIVE too-few-samples", "0 reads were of registers that nobody had written since the heal of early; it takes 5 to say that they converged."},
		{"one behind it that nothing rested after", []Fault{down, fault("late", 46, 47)}, "INCONCLUSIVE too-few-samples", "0 reads were of registers that nobody had written since the heal of late; it takes 5"},
		{"two with their own", []Fault{fault("first", 24, 26), fault("second", 33, 35)}, "PASS ", "No read after a heal"},
		{"two that lie over each other", []Fault{fault("first", 20, 28), down}, "PASS ", "No read after a heal"},
		{"two with the time to converge between them", []Fault{fault("first", 20, 26), fault("second", 30, 32)}, "PASS ", "No read after a heal"},
	} {
		_, objectives := ask(planted(), asking(func(q *Question) { q.Faults, q.Planned = c.faults, len(c.faults) }))
		o := objectives["convergence"]
		if got := string(o.Verdict) + " " + o.Reason; got != c.want || !strings.HasPrefix(o.Why, c.why) {
			t.Errorf("%s: %s, %q; want %s, %q", c.name, got, o.Why, c.want, c.why)
		}
	}
}

// Whatever the ages, what is told is the read that is worst against its limit:
// overdrawn when one is, and only then.
func TestTheMarginIsOverdrawnWhenALimitIsBroken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ops []history.Op
		left := 100.0 // of the worst, %
		for i, at := range []struct {
			acked float64 // s
			limit int64   // ms
		}{{14, 100}, {22, 500}, {50, 100}} {
			age, seq := rapid.Int64Range(1, 2*at.limit).Draw(t, "age, ms"), uint64(100_000+8*i)
			ops = append(ops, wrote99(seq, at.acked-0.5), wrote99(seq+1, at.acked), read99(seq+2, at.acked+0.001+float64(age)/1000, history.WriteOf(seq), 2))
			left = min(left, float64(100*(at.limit-age))/float64(at.limit))
		}
		q := asking(func(q *Question) { q.Registers.Promise.Fault = 500 * time.Millisecond })
		_, objectives := ask(planted(ops...), q)
		o := objectives["staleness"]
		if want := reports.Margin(left, 100); o.Margin != want || (o.Verdict == fail) != (left < 0) || (o.Verdict == pass) != (left >= 0) {
			t.Fatalf("%s, margin %s, want %s: %s", o.Verdict, o.Margin, want, o.Why)
		}
	})
}
