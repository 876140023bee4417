package slo

import (
	"strings"
	"testing"
	"time"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

const (
	ms          = int64(time.Millisecond)
	goodLatency = 250 * time.Millisecond
	timeout     = 2 * time.Second
)

var rules = Rules{GoodLatency: goodLatency, Timeout: timeout}

// mark changes the i-th request of a hand-built history.
type mark func(op *history.Op)

// fails makes every nth request due in [from, to) s end with class.
func fails(from, to float64, nth uint64, class history.Class) mark {
	return func(op *history.Op) {
		if t := float64(op.Due) / 1e9; t >= from && t < to && op.Seq%nth == 0 {
			op.Class = class
		}
	}
}

func down(from, to float64) mark { return fails(from, to, 1, history.Refused) }

// late makes the generator send every nth request due in [from, to) s so late
// that its answer is good from its sending and bad from its due time.
func late(from, to float64, nth uint64) mark {
	return func(op *history.Op) {
		if t := float64(op.Due) / 1e9; t >= from && t < to && op.Seq%nth == 0 {
			op.Sent, op.Done = op.Due+300*ms, op.Due+301*ms
		}
	}
}

// unsent makes every nth request expire before it was sent, blocked for that
// long.
func unsent(from, to float64, nth uint64, blocked time.Duration) mark {
	return func(op *history.Op) {
		if t := float64(op.Due) / 1e9; t >= from && t < to && op.Seq%nth == 0 {
			op.Class, op.Sent, op.Done, op.Blocked = history.Unsent, op.Due, op.Due+int64(timeout)+ms, int64(blocked)
		}
	}
}

func only(kind uint8, m mark) mark {
	return func(op *history.Op) {
		if op.Kind == kind {
			m(op)
		}
	}
}

// operations is a history at rate from 0 to the end (s): every tenth request a
// put, three replicas in turn, answered in 2 ms.
func operations(rate, end float64, marks ...mark) []history.Op {
	ops := make([]history.Op, int(rate*end))
	for i := range ops {
		due := int64(float64(i) * 1e9 / rate)
		ops[i] = history.Op{Seq: uint64(i), Due: due, Sent: due, Done: due + 2*ms, Replica: uint16(i % 3)}
		if i%10 == 9 {
			ops[i].Kind = 1
		}
		for _, m := range marks {
			m(&ops[i])
		}
	}
	return ops
}

func collect(ops []history.Op) *Samples {
	c := NewCollector(rules)
	for _, op := range ops {
		c.Add(op)
	}
	return c.Samples()
}

func at(s float64) *int64 { return pointer(int64(s * 1e9)) }

// trial is the input that every case begins with: baseline 0…5 s, a proven
// fault injected at 5 s and healed at 10 s, observe to 30 s; recovery within
// 3 s of the injection.
func trial(rate float64, marks ...mark) Input {
	return Input{
		Samples: collect(operations(rate, 30, marks...)), Operations: []string{"get", "put"}, Replicas: []string{"m-1", "m-2", "m-3"}, Rate: rate,
		Phases: Phases{Baseline: Span{0, 5 * second}, Fault: &Span{5 * second, 10 * second}, Observe: Span{10 * second, 30 * second}},
		Faults: []Fault{{Name: "down", Proven: true, InjectBegin: at(5), InjectEnd: at(5.001), HealBegin: at(10), HealEnd: at(10.001)}},
		Spec:   Spec{Recovery: &Limit{Within: 3 * time.Second, From: "inject"}},
	}
}

func objective(t *testing.T, j Judgement, name string) reports.Objective {
	t.Helper()
	for _, o := range j.Objectives {
		if o.Name == name {
			return o
		}
	}
	t.Fatalf("no objective %s in %v", name, j.Objectives)
	return reports.Objective{}
}

type verdictCase struct {
	name      string
	rate      float64 // 0: 1000
	marks     []mark
	change    func(*Input)
	objective string
	verdict   reports.Verdict
	reason    string
	why       []string // what the sentence must hold
}

func marks(all ...mark) []mark { return all }

func limited(d time.Duration, from string) func(*Input) {
	return func(in *Input) { in.Spec.Recovery = &Limit{Within: d, From: from} }
}

func available(operation string, ratio float64) func(*Input) {
	return func(in *Input) { in.Spec.Availability = append(in.Spec.Availability, Availability{operation, ratio}) }
}

func unproven(in *Input) { in.Faults[0].Proven = false }
func aborted(in *Input)  { in.Aborted = true }
func noFault(in *Input) {
	in.Faults, in.Phases.Fault, in.Phases.Observe.Begin = nil, nil, 5*second
}

// endsAt cuts the run off.
func endsAt(s float64) func(*Input) {
	return func(in *Input) { in.Phases.Fault.End, in.Phases.Observe = int64(s*1e9), Span{} }
}

func all(changes ...func(*Input)) func(*Input) {
	return func(in *Input) {
		for _, c := range changes {
			c(in)
		}
	}
}

const (
	pass = reports.Pass
	fail = reports.Fail
	inc  = reports.Inconclusive
)

var recoveryCases = []verdictCase{
	{name: "recovers in time", marks: marks(down(5.002, 6)), verdict: pass, why: []string{"recovered 1 s after down was injected at 5.000 s", "998 refused"}},
	{name: "never degraded", verdict: pass, why: []string{"never degraded by down"}},
	{name: "a small episode is not gated on", marks: marks(down(20, 20.09)), verdict: pass, why: []string{"never degraded"}},
	{name: "too slow", marks: marks(down(5.002, 9)), verdict: fail, reason: reports.LimitBroken, why: []string{"recovered 4 s after", "limit is 3 s", "from 5.002 s to 9.000 s"}},
	{name: "one operation too slow", marks: marks(only(1, down(5.002, 9))), verdict: fail, reason: reports.LimitBroken, why: []string{"all of operation put"}},
	{name: "one replica of three too slow", marks: marks(fails(5.002, 9, 3, history.Timeout)), verdict: fail, reason: reports.LimitBroken, why: []string{"timeout", "through m-1"}},
	{name: "a relapse is too slow", marks: marks(down(5.002, 6), down(15, 19)), verdict: fail, reason: reports.LimitBroken, why: []string{"relapse", "from 15.000 s"}},
	{name: "what follows the heal is held too", marks: marks(down(10.002, 14)), verdict: fail, reason: reports.LimitBroken, why: []string{"after down was undone at 10.000 s"}},
	{name: "down before the injection, and long after", marks: marks(down(4.96, 9)), verdict: fail, reason: reports.LimitBroken, why: []string{"recovered 4 s after down was injected"}},
	{name: "the interval spans the limit", marks: marks(down(5.002, 9)), change: limited(3999500*time.Microsecond, "inject"), verdict: inc, reason: reports.IntervalSpansLimit, why: []string{"spans the limit"}},
	{name: "unproven, not degraded", change: unproven, verdict: inc, reason: reports.FaultUnproven, why: []string{"down is not known to have worked"}},
	{name: "one of a group unproven, too slow", marks: marks(down(5.002, 9)), change: func(in *Input) {
		in.Faults = append(in.Faults, Fault{Name: "beside", InjectBegin: at(5.5), InjectEnd: at(5.501)})
	}, verdict: inc, reason: reports.FaultUnproven, why: []string{"beside is not known to have worked"}},
	{name: "unproven, too slow", marks: marks(down(5.002, 9)), change: unproven, verdict: inc, reason: reports.FaultUnproven},
	{name: "never injected", change: func(in *Input) { in.Faults = []Fault{{Name: "down"}} }, verdict: inc, reason: reports.FaultUnproven},
	{name: "one of two never injected", change: func(in *Input) { in.Faults = append(in.Faults, Fault{Name: "later"}) }, verdict: inc, reason: reports.FaultUnproven},
	{name: "one of two never injected, and too slow", marks: marks(down(5.002, 9)), change: func(in *Input) { in.Faults = append(in.Faults, Fault{Name: "later"}) }, verdict: fail, reason: reports.LimitBroken},
	{name: "too thin to judge", rate: 10, verdict: inc, reason: reports.TooFewSamples},
	{name: "no baseline", change: func(in *Input) { in.Phases.Baseline = Span{5 * second, 5 * second} }, verdict: inc, reason: reports.TooFewSamples},
	{name: "no request after the injection", change: func(in *Input) { in.Rate = 0; in.Samples = collect(operations(1000, 5)) }, verdict: inc, reason: reports.TooFewSamples},
	{name: "ends in an episode within the limit", marks: marks(down(28.5, 30)), verdict: inc, reason: reports.ObserveTooShort, why: []string{"at least 1.5 s"}},
	{name: "ends within H of an episode", marks: marks(down(27, 28.5)), verdict: inc, reason: reports.ObserveTooShort},
	{name: "ends in an episode beyond the limit", marks: marks(down(5.002, 30)), verdict: fail, reason: reports.LimitBroken, why: []string{"not seen to recover"}},
	{name: "ends within H of an episode beyond the limit", marks: marks(down(24, 28.5)), verdict: fail, reason: reports.LimitBroken},
	{name: "never degraded, but for less than H", change: func(in *Input) { in.Phases.Observe = Span{}; in.Phases.Fault.End = 6 * second }, verdict: inc, reason: reports.ObserveTooShort},
	{name: "a tenth and more ambiguous", marks: marks(late(5, 30, 7)), verdict: inc, reason: reports.InstrumentDisturbed, why: []string{"lateness"}},
	{name: "a hundredth and more not sent by the generator", marks: marks(unsent(0, 30, 50, 0)), verdict: inc, reason: reports.InstrumentDisturbed, why: []string{"did not send 600 of 30000"}},
	{name: "a hundredth and more not in the log", change: func(in *Input) { in.Samples = collect(operations(1000, 28)) }, verdict: inc, reason: reports.InstrumentDisturbed},
	{name: "it depends on late requests", marks: marks(late(5.1, 8.06, 2)), change: limited(2*time.Second, "inject"), verdict: inc, reason: reports.InstrumentDisturbed, why: []string{"sent late"}},
	{name: "late requests that change nothing", marks: marks(down(5.002, 6), late(20, 20.2, 1)), verdict: pass},
	{name: "blocked by the target is the target's", marks: marks(unsent(5.002, 9, 1, timeout+2*time.Millisecond)), verdict: fail, reason: reports.LimitBroken, why: []string{"unsent"}},
	{name: "half masked", marks: marks(down(5.002, 9)), change: masked(span(5.5, 8.5)), verdict: inc, reason: reports.InstrumentDisturbed},
	{name: "wholly masked", marks: marks(down(5.002, 9)), change: masked(span(4, 10)), verdict: inc, reason: reports.InstrumentDisturbed},
	{name: "aborted, good so far", marks: marks(down(5.002, 6)), change: aborted, verdict: inc, reason: reports.RunAborted},
	{name: "aborted before the injection", change: all(aborted, func(in *Input) { in.Faults = []Fault{{Name: "down"}} }), verdict: inc, reason: reports.RunAborted},
	{name: "aborted, broken already", marks: marks(down(5.002, 9)), change: aborted, verdict: fail, reason: reports.LimitBroken},
	{name: "from heal: down while the fault lasts", marks: marks(down(5.002, 11)), change: limited(3*time.Second, "heal"), verdict: pass, why: []string{"after down was undone at 10.001 s"}},
	{name: "from heal: too slow", marks: marks(down(5.002, 14)), change: limited(3*time.Second, "heal"), verdict: fail, reason: reports.LimitBroken, why: []string{"undone"}},
	{name: "from heal: a later relapse", marks: marks(down(5.002, 11), down(16, 20)), change: limited(3*time.Second, "heal"), verdict: fail, reason: reports.LimitBroken},
	{name: "from heal: never degraded then", marks: marks(down(5.002, 6)), change: limited(3*time.Second, "heal"), verdict: pass, why: []string{"not degraded when down was undone"}},
	{name: "from heal: never healed", change: all(limited(3*time.Second, "heal"), func(in *Input) { in.Faults[0].HealBegin, in.Faults[0].HealEnd = nil, nil }), verdict: inc, reason: reports.ObserveTooShort, why: []string{"not undone"}},
	{name: "both: from inject too slow", marks: marks(down(5.002, 11)), change: limited(3*time.Second, "both"), verdict: fail, reason: reports.LimitBroken, why: []string{"injected"}},
	{name: "one-shot without a return, from inject", marks: marks(down(5.002, 6)), change: func(in *Input) { in.Faults[0].OneShot, in.Faults[0].HealBegin, in.Faults[0].HealEnd = true, nil, nil }, verdict: pass},
	{name: "no fault in the file: nothing happens", change: noFault, verdict: pass, why: []string{"No episode"}},
	{name: "no fault in the file: too long", marks: marks(down(12, 16)), change: noFault, verdict: fail, reason: reports.LimitBroken},
	{name: "no fault in the file: short", marks: marks(down(12, 13)), change: noFault, verdict: pass, why: []string{"recovered 1 s after its onset"}},
	{name: "no fault in the file: before observe", marks: marks(down(1, 1.2)), change: all(noFault, limited(100*time.Millisecond, "inject")), verdict: pass, why: []string{"No episode"}},
	{name: "no fault in the file: open at the end", marks: marks(down(29, 30)), change: noFault, verdict: inc, reason: reports.ObserveTooShort},
	{name: "no fault in the file: no observe", change: all(noFault, func(in *Input) { in.Phases.Observe = Span{} }), verdict: inc, reason: reports.TooFewSamples},
}

var availabilityCases = []verdictCase{
	{name: "kept", marks: marks(down(5.002, 5.01)), change: available("", 0.999), verdict: pass},
	{name: "broken", marks: marks(fails(5.002, 9, 3, history.Status5xx)), change: available("", 0.999), verdict: fail, reason: reports.LimitBroken, why: []string{"1332 5xx", "through m-1"}},
	{name: "slow is bad", marks: marks(func(op *history.Op) {
		if op.Due > 8*second {
			op.Done = op.Due + 300*ms
		}
	}), change: available("", 0.999), verdict: fail, reason: reports.LimitBroken, why: []string{"slow"}},
	{name: "spans the target", marks: marks(fails(5, 30, 1000, history.EOF)), change: available("", 0.999), verdict: inc, reason: reports.IntervalSpansLimit},
	{name: "too few to show it", change: available("", 0.9999), verdict: inc, reason: reports.TooFewSamples, why: []string{"cannot show 99.99 %"}},
	{name: "an operation that never came", change: available("delete", 0.9), objective: "availability:delete", verdict: inc, reason: reports.TooFewSamples},
	{name: "one operation broken", marks: marks(only(1, down(5.002, 9))), change: available("put", 0.99), objective: "availability:put", verdict: fail, reason: reports.LimitBroken, why: []string{"operation put"}},
	{name: "the other operation kept", marks: marks(only(1, down(5.002, 9))), change: available("get", 0.99), objective: "availability:get", verdict: pass},
	{name: "unproven", change: all(unproven, available("", 0.999)), verdict: inc, reason: reports.FaultUnproven},
	{name: "unproven, and broken all the same", marks: marks(down(5, 9)), change: all(unproven, available("", 0.999)), verdict: fail, reason: reports.LimitBroken},
	{name: "never injected", change: all(available("", 0.9), func(in *Input) { in.Faults = []Fault{{Name: "down"}} }), verdict: inc, reason: reports.FaultUnproven},
	{name: "depends on late requests", marks: marks(late(6, 6.2, 1)), change: available("", 0.999), verdict: inc, reason: reports.InstrumentDisturbed},
	{name: "too many late requests", marks: marks(late(5, 30, 7)), change: available("", 0.5), verdict: inc, reason: reports.InstrumentDisturbed},
	{name: "depends on masked requests", marks: marks(down(6, 6.2)), change: all(available("", 0.999), masked(span(5.9, 6.3))), verdict: inc, reason: reports.InstrumentDisturbed},
	{name: "too few because most are in doubt", rate: 3000, marks: marks(down(6, 29)), change: all(available("", 0.9999), masked(span(6, 29))), verdict: inc, reason: reports.InstrumentDisturbed, why: []string{"other work on the host"}},
	{name: "too few, also with those in doubt", marks: marks(late(6, 6.2, 1)), change: available("", 0.9999), verdict: inc, reason: reports.TooFewSamples},
	{name: "aborted", change: all(available("", 0.99), aborted), verdict: inc, reason: reports.RunAborted},
	{name: "aborted, broken so far, the rest not known", marks: marks(down(5, 9)), change: all(available("", 0.99), aborted), verdict: inc, reason: reports.RunAborted},
	{name: "aborted, broken whatever might have come", marks: marks(down(5, 9)), change: all(available("", 0.99), aborted, func(in *Input) { in.PlannedEnd = 60 * second }), verdict: fail, reason: reports.LimitBroken},
	{name: "aborted, could still have been kept", marks: marks(down(5, 5.1)), change: all(available("", 0.999), aborted, func(in *Input) { in.PlannedEnd = 600 * second }), verdict: inc, reason: reports.RunAborted},
	{name: "without faults, observe counts", marks: marks(down(0, 0.04)), change: all(noFault, available("", 0.999)), verdict: pass},
	{name: "without faults and observe", change: all(noFault, available("", 0.9), func(in *Input) { in.Phases.Observe = Span{} }), verdict: inc, reason: reports.TooFewSamples},
}

var residualCases = []verdictCase{
	{name: "nothing left", marks: marks(down(5.002, 6)), change: available("", 0.9), verdict: pass},
	{name: "limps on at 1 %", marks: marks(down(5.002, 6), fails(6, 30, 100, history.Status5xx)), change: available("", 0.999), verdict: fail, reason: reports.LimitBroken, why: []string{"After recovery, from 8.0"}},
	{name: "limps on within what availability allows", marks: marks(down(5.002, 6), fails(6, 30, 100, history.Status5xx)), change: available("", 0.9), verdict: pass},
	{name: "spans the limit", marks: marks(fails(5, 30, 330, history.EOF)), change: available("", 0.999), verdict: inc, reason: reports.IntervalSpansLimit},
	{name: "too few afterwards", marks: marks(down(5.002, 5.9)), change: all(available("", 0.999), endsAt(8.5)), verdict: inc, reason: reports.TooFewSamples},
	{name: "an operation that never came", change: available("delete", 0.999), verdict: inc, reason: reports.TooFewSamples},
	{name: "not recovered", marks: marks(down(5.002, 29)), change: available("", 0.1), verdict: inc, reason: reports.ObserveTooShort},
	{name: "without faults, all of observe", marks: marks(fails(5, 6, 100, history.EOF)), change: all(noFault, available("", 0.999)), verdict: pass, why: []string{"from 5.000 s on, 10 of 25000"}},
	{name: "unproven", change: all(unproven, available("", 0.9)), verdict: inc, reason: reports.FaultUnproven},
	{name: "depends on late requests", marks: marks(late(12, 30, 100)), change: available("", 0.999), verdict: inc, reason: reports.InstrumentDisturbed},
	{name: "aborted", change: all(aborted, available("", 0.9)), verdict: inc, reason: reports.RunAborted},
	{name: "an operation without a baseline is held to that of a good one", marks: marks(func(op *history.Op) {
		if op.Due < 5*second {
			op.Kind = 0
		}
	}, only(1, fails(6, 30, 9, history.Status5xx))), change: available("put", 0.999), verdict: fail, reason: reports.LimitBroken, why: []string{"operation put"}},
	{name: "the worst scope counts", marks: marks(only(1, fails(6, 30, 3, history.Status5xx))), change: all(available("get", 0.999), available("put", 0.9)), verdict: inc, reason: reports.ObserveTooShort, why: []string{"operation put"}},
}

var steadyCases = []verdictCase{
	{name: "steady", marks: marks(fails(0, 5, 200, history.EOF)), verdict: pass},
	{name: "more than 1 % bad", marks: marks(fails(0, 5, 50, history.EOF)), verdict: fail, reason: reports.LimitBroken, why: []string{"of 5000", "eof"}},
	{name: "one operation more than 1 % bad", marks: marks(only(1, down(0, 0.2))), verdict: fail, reason: reports.LimitBroken, why: []string{"operation put"}},
	{name: "a burst among few, above 1 %", marks: marks(only(1, down(1, 1.07))), verdict: inc, reason: reports.IntervalSpansLimit, why: []string{"7 of 500", "operation put", "spans the limit"}},
	{name: "a burst among few, and aborted", marks: marks(only(1, down(1, 1.07))), change: aborted, verdict: inc, reason: reports.RunAborted},
	{name: "too few", rate: 100, verdict: inc, reason: reports.TooFewSamples},
	{name: "just enough", rate: 200, verdict: pass},
	{name: "one operation more than 1 %, and all hardly less", marks: marks(only(0, fails(0, 4.5, 110, history.EOF)), only(1, down(1, 1.07))), verdict: inc, reason: reports.IntervalSpansLimit, why: []string{"7 of 500", "operation put"}},
	{name: "none", change: func(in *Input) { in.Samples = collect(nil) }, verdict: inc, reason: reports.InstrumentDisturbed},
	{name: "none was due", change: func(in *Input) { in.Samples, in.Rate = collect(nil), 0 }, verdict: inc, reason: reports.TooFewSamples},
	{name: "late requests decide", marks: marks(late(1, 1.1, 1)), verdict: inc, reason: reports.InstrumentDisturbed},
	{name: "masked requests decide", marks: marks(down(1, 1.2)), change: masked(span(0.9, 1.3)), verdict: inc, reason: reports.InstrumentDisturbed, why: []string{"other work on the host"}},
	{name: "bad beyond what is masked", marks: marks(down(1, 1.2)), change: masked(span(1.1, 1.3)), verdict: fail, reason: reports.LimitBroken},
	{name: "too few because most are in doubt", marks: marks(down(0, 4.5)), change: masked(span(0, 4.5)), verdict: inc, reason: reports.InstrumentDisturbed, why: []string{"other work on the host"}},
	{name: "late requests later do not matter", marks: marks(late(6, 30, 2)), verdict: pass},
	{name: "the generator did not send", marks: marks(unsent(0, 5, 60, 0)), verdict: inc, reason: reports.InstrumentDisturbed},
	{name: "aborted in the baseline", change: func(in *Input) {
		in.Aborted, in.Phases.Fault, in.Phases.Observe, in.Phases.Baseline.End = true, nil, Span{}, 2*second
	}, verdict: inc, reason: reports.RunAborted},
	{name: "aborted later", change: aborted, verdict: inc, reason: reports.RunAborted},
	{name: "aborted later, and broken before", marks: marks(fails(0, 5, 50, history.EOF)), change: aborted, verdict: fail, reason: reports.LimitBroken},
}

func TestVerdicts(t *testing.T) {
	for name, cases := range map[string][]verdictCase{"recovery": recoveryCases, "availability": availabilityCases, "residual": residualCases, "steadyState": steadyCases} {
		for _, c := range cases {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				c.check(t, name)
			})
		}
	}
}

func (c verdictCase) check(t *testing.T, name string) {
	if c.rate == 0 {
		c.rate = 1000
	}
	if c.objective != "" {
		name = c.objective
	}
	in := trial(c.rate, c.marks...)
	if c.change != nil {
		c.change(&in)
	}
	o := objective(t, Judge(in), name)
	if o.Verdict != c.verdict || o.Reason != c.reason {
		t.Errorf("%s %s, want %s %s\n%+v", o.Verdict, o.Reason, c.verdict, c.reason, o)
	}
	for _, part := range c.why {
		if !strings.Contains(o.Why, part) {
			t.Errorf("why is %q, want %q in it", o.Why, part)
		}
	}
	if o.Why == "" || strings.Count(o.Why, ". ") > 0 || !strings.HasSuffix(o.Why, ".") || strings.Contains(o.Why, "%!") {
		t.Errorf("why is not one sentence: %q", o.Why)
	}
}
