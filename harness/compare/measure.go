package compare

import (
	"maps"
	"slices"

	"gauntlet/reports"
)

// The kinds of measures, in the order in which they are shown.
const (
	KindLost      = "lost"
	KindBad       = "bad"
	KindRecovery  = "recovery"
	KindP99       = "p99"
	KindP50       = "p50"
	KindMax       = "max" // shown, and never decided on: one request makes it
	KindProcessor = "processor"
)

var kinds = []string{KindLost, KindBad, KindRecovery, KindP99, KindP50, KindMax, KindProcessor}

var units = map[string]string{
	KindLost: reports.UnitWrites, KindBad: reports.UnitPoints, KindRecovery: reports.UnitSeconds,
	KindP99: reports.UnitMillis, KindP50: reports.UnitMillis, KindMax: reports.UnitMillis, KindProcessor: reports.UnitMillis,
}

// Measure is something that a run has more or less of; more is worse.
type Measure struct {
	Kind      string
	Operation string // of KindBad; "" for all of them
	When      string // a part of the run, "" for all of it
}

// Name is what the measure is called: "bad:get in the fault".
func (m Measure) Name() string {
	name := m.Kind
	if m.Operation != "" {
		name += ":" + m.Operation
	}
	if m.When != "" {
		name += " " + m.When
	}
	return name
}

// gates says that the measure is decided on.
func (m Measure) gates() bool { return m.Kind != KindMax }

// Value is how much of a measure a run had: share of requests, ms of a response
// or of processor time, s of a recovery, or a number of writes.
type Value struct {
	Amount  float64
	AtLeast bool // the run ended before all of it was seen
	Missing bool // it was to be measured, and was not
}

// Values are a run's.
type Values map[Measure]Value

// The parts of a run.
const (
	inBaseline = "in the baseline"
	inFault    = "in the fault"
	afterwards = "afterwards"
	outside    = "outside the fault"
)

// Of is what there is to compare of a run. What was to be measured and was not
// is Missing, which is never 0: nothing says how it would have been under a
// fault that was not injected, or cannot be shown to have worked.
func Of(r *reports.Result) Values {
	v := Values{}
	v.bad(r)
	v.latencies(r)
	v.recovery(r)
	v.lost(r)
	if r.ProcessorMs != nil {
		v[Measure{Kind: KindProcessor}] = Value{Amount: *r.ProcessorMs}
	}
	if len(r.Faults) > 0 && !proven(r) {
		for m := range v {
			if m.When == inFault || m.Kind == KindRecovery {
				v[m] = Value{Missing: true}
			}
		}
	}
	return v
}

func proven(r *reports.Result) bool {
	return !slices.ContainsFunc(r.Faults, func(f reports.Fault) bool { return !f.Proven })
}

// get is the value of a measure, if the run has one.
func (v Values) get(m Measure) (Value, bool) {
	of, known := v[m]
	return of, known && !of.Missing
}

// lost is the number of writes that were looked for and not found: at least so
// many where some were not looked for, and of none then nothing is known.
func (v Values) lost(r *reports.Result) {
	m, data := Measure{Kind: KindLost}, r.Consistency
	asked, whole := false, data.Unreachable == 0
	for _, o := range r.Objectives {
		if o.Name == "lostWrites" {
			asked, whole = true, whole && o.Reason != reports.RunAborted && o.Reason != reports.CheckerTimeout
		}
	}
	switch {
	case data.Acked > 0 && (whole || data.Lost > 0):
		v[m] = Value{Amount: float64(data.Lost), AtLeast: !whole}
	case data.Acked > 0 || asked:
		v[m] = Value{Missing: true}
	}
}

// bad is the share of bad requests, from the end of the warm-up on, in the fault
// and outside it.
func (v Values) bad(r *reports.Result) {
	type counts struct{ judged, bad int }
	sums := map[Measure]counts{}
	overall := "" // which of one operation is that operation
	if len(r.Shares) > 0 && !slices.ContainsFunc(r.Shares, func(s reports.Share) bool { return s.Operation != r.Shares[0].Operation }) {
		overall = r.Shares[0].Operation
	}
	for _, s := range r.Shares {
		when := map[string]string{"baseline": outside, "fault": inFault, "observe": outside}[s.Phase]
		if when == "" {
			continue
		}
		if len(r.Faults) == 0 {
			when = ""
		}
		for _, operation := range slices.Compact([]string{overall, s.Operation}) {
			m := Measure{KindBad, operation, when}
			c := sums[m]
			sums[m] = counts{c.judged + s.Judged, c.bad + s.Bad}
			if when == outside {
				m.When = inFault // it is asked for, whether or not it came to a fault
				if _, known := sums[m]; !known {
					sums[m] = counts{}
				}
			}
		}
	}
	for m, c := range sums {
		v[m] = Value{Missing: true}
		if c.judged > 0 {
			v[m] = Value{Amount: float64(c.bad) / float64(c.judged)}
		}
	}
}

func (v Values) latencies(r *reports.Result) {
	for phase, when := range map[string]string{"baseline": inBaseline, "fault": inFault, "observe": afterwards} {
		if (phase == "fault") != (len(r.Faults) > 0) && phase != "baseline" {
			continue // after a fault it is the recovery that counts
		}
		l, ok := r.Latency[phase]
		missing := !ok || l.Count == 0
		v[Measure{Kind: KindP50, When: when}] = Value{Amount: l.P50, Missing: missing}
		v[Measure{Kind: KindP99, When: when}] = Value{Amount: l.P99, Missing: missing}
		v[Measure{Kind: KindMax, When: when}] = Value{Amount: l.Max, Missing: missing}
	}
}

// recovery is that from the injection; of a service that was never degraded it
// took no time.
func (v Values) recovery(r *reports.Result) {
	m := Measure{Kind: KindRecovery}
	switch rec := r.Recovery; {
	case rec == nil && len(r.Faults) == 0:
	case rec == nil:
		v[m] = Value{Missing: true}
	case rec.FromInject.Seconds != nil:
		v[m] = Value{Amount: *rec.FromInject.Seconds}
	case rec.Censored:
		v[m] = Value{Amount: rec.FromInject.Low, AtLeast: true}
	default:
		v[m] = Value{Missing: true}
	}
}

// measures are those that any run has, in the order in which they are shown.
func measures(pairs []Pair) []Measure {
	all := map[Measure]bool{}
	for _, p := range pairs {
		for _, v := range []Values{p.A, p.B} {
			for m := range v {
				all[m] = true
			}
		}
	}
	when := []string{"", inFault, outside, inBaseline, afterwards}
	return slices.SortedFunc(maps.Keys(all), func(a, b Measure) int {
		if d := slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind); d != 0 {
			return d
		}
		if d := slices.Index(when, a.When) - slices.Index(when, b.When); d != 0 {
			return d
		}
		return slices.Compare([]string{a.Operation}, []string{b.Operation})
	})
}

// Told is the values by the names of their measures, as reports have them.
func (v Values) Told() map[string]float64 {
	told := map[string]float64{}
	for m := range v {
		if of, ok := v.get(m); ok {
			told[m.Name()] = of.Amount
		}
	}
	return told
}
