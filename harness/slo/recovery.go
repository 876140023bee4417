package slo

import (
	"slices"

	"gauntlet/reports"
)

// floorCount is the full-outage floor in requests: an outage of this many is
// always found (50 ms at 1,000/s, §4).
const floorCount = 50

// recovered is how one gating scope came back from one fault.
type recovered struct {
	scope    *scope
	fault    int
	degraded bool
	censored bool // the main episode's end was not seen
	open     bool // any owned episode's end was not seen
	relapses int
	main     *owned // nil when never degraded
	inject   measure
	heal     *measure // nil without a heal
	claims   []claim  // what is held to the limit
}

// claim is one duration that is held to the recovery limit.
type claim struct {
	kind    claimKind
	episode *owned // nil: never degraded
	scope   *scope
	fault   int // −1: no fault in the file
	measure measure
	verdict reports.Verdict
	reason  string
}

type claimKind uint8

const (
	sinceInjection claimKind = iota
	sinceTheHeal
	relapse
	longest // no fault in the file: an episode of its own
)

// recoveries is how each gating scope came back from fault f.
func (a *analysis) recoveries(f int) []recovered {
	var all []recovered
	for i, sc := range a.scopes {
		if sc.gates && !sc.thin() {
			all = append(all, a.recovery(f, sc, a.owned[i]))
		}
	}
	return all
}

// recovery is how the scope came back from fault f, whose group owns some of
// the scope's episodes.
func (a *analysis) recovery(f int, sc *scope, all []owned) recovered {
	r := recovered{scope: sc, fault: f}
	var mine []*owned
	var small []owned
	for i := range all {
		o := &all[i]
		if o.owner < 0 || a.groups[o.owner] != a.groups[f] {
			continue
		}
		if !o.counts() {
			small = append(small, *o)
			continue
		}
		mine = append(mine, o)
		r.open = r.open || o.censored
	}
	r.degraded = len(mine) > 0
	r.inject = a.undegraded(sc, small)
	if r.degraded {
		r.main = mine[max(0, slices.IndexFunc(mine, func(o *owned) bool { return o.origin.kind == fromInjection }))]
		r.inject, r.censored, r.relapses = r.main.since(a.whole.End), r.main.censored, len(mine)-1
	}
	healed := a.fromHeal(&r, mine, small)
	a.claim(&r, mine, healed)
	return r
}

// undegraded is the recovery of a scope that has no episode of impact: none,
// up to what could have been missed. Small episodes bound it from their own
// origin.
func (a *analysis) undegraded(sc *scope, small []owned) measure {
	high := int64(floorCount * float64(second) / sc.lowest)
	for _, o := range small {
		if m := o.since(a.whole.End); m.high != nil {
			high = max(high, *m.high)
		}
	}
	var none int64
	return measure{at: &none, high: &high}
}

// fromHeal measures from the heal of r's fault to the end of the last owned
// episode that overlaps it or begins within H after it, and returns that one.
func (a *analysis) fromHeal(r *recovered, mine []*owned, small []owned) *owned {
	heal, ok := a.Faults[r.fault].heal()
	if !ok {
		return nil
	}
	var at *owned
	for _, o := range mine {
		overlaps := o.degraded <= heal.Begin && (heal.Begin < o.recovered || !o.stopped)
		follows := o.degraded >= heal.Begin && o.degraded <= heal.Begin+r.scope.horizon
		if overlaps || follows {
			at = o
		}
	}
	m := a.undegraded(r.scope, nil)
	if at != nil {
		m = at.sinceHeal(heal.End, a.whole.End)
	}
	r.heal = &m
	return at
}

// claim lists what the limit holds: the recovery from the injection, from the
// heal, or both, and every relapse from its own origin. Counted from the heal
// alone, what ended before it is the fault's doing and is not held.
func (a *analysis) claim(r *recovered, mine []*owned, healed *owned) {
	limit := a.Spec.Recovery
	if limit == nil {
		return
	}
	add := func(kind claimKind, o *owned, m measure) {
		r.claims = append(r.claims, a.settle(claim{kind: kind, episode: o, scope: r.scope, fault: r.fault, measure: m}))
	}
	if limit.fromInject() {
		add(sinceInjection, r.main, r.inject)
	}
	if limit.fromHeal() {
		m := measure{}
		if r.heal != nil {
			m = *r.heal
		}
		add(sinceTheHeal, healed, m)
	}
	heal, ok := a.Faults[r.fault].heal()
	for _, o := range mine {
		if limit.fromInject() && o != r.main || !limit.fromInject() && o != healed && ok && o.degraded > heal.Begin {
			add(relapse, o, o.since(a.whole.End))
		}
	}
}

// settle gives a claim its verdict (§4, §5): PASS when the whole interval
// keeps the limit, FAIL when it breaks it. The order is that of what makes a
// number void.
func (a *analysis) settle(c claim) claim {
	within := int64(a.Spec.Recovery.Within)
	inconclusive := func(reason string) claim {
		c.verdict, c.reason = reports.Inconclusive, reason
		return c
	}
	m := c.measure
	proven := c.fault < 0 || a.proven(c.fault)
	disputed := c.episode != nil && c.episode.disputed()
	switch {
	case proven && !disputed && m.low > within:
		c.verdict, c.reason = reports.Fail, reports.LimitBroken
		return c
	case a.Aborted:
		return inconclusive(reports.RunAborted)
	case !proven:
		return inconclusive(reports.FaultUnproven)
	case disputed && (m.high == nil || *m.high > within):
		return inconclusive(reports.InstrumentDisturbed)
	case m.at == nil, a.tooShort(c):
		return inconclusive(reports.ObserveTooShort)
	case c.episode != nil && *m.high > within:
		return inconclusive(reports.IntervalSpansLimit)
	}
	c.verdict = reports.Pass
	return c
}

// tooShort says whether the run ended so soon after the clock's start that
// never degraded means nothing: it takes H of traffic to say so. A thin
// operation has a long H, and does not keep open what was seen of the service
// for long enough, provided that an outage of its own would have shown (it had
// as many requests as that takes) and none is about to begin.
func (a *analysis) tooShort(c claim) bool {
	if c.episode != nil || c.fault < 0 {
		return false
	}
	start := a.Faults[c.fault].injection()
	if heal, ok := a.Faults[c.fault].heal(); ok && c.kind == sinceTheHeal {
		start = heal
	}
	after := Span{start.End, a.whole.End}
	switch watched := after.End - after.Begin; {
	case watched >= c.scope.horizon:
		return false
	case watched < a.scopes[0].horizon:
		return true
	}
	return c.scope.pending > c.scope.test.bad || a.count(c.scope, after).n < floorCount
}

// proven says whether every fault of f's group is known to have worked.
func (a *analysis) proven(f int) bool {
	for i, other := range a.Faults {
		if a.groups[i] == a.groups[f] && !other.Proven {
			return false
		}
	}
	return true
}

// worse says whether a is worse than b: a broken limit first, then what is not
// known, then degraded over not, an end not seen over one that was, and the
// longer one.
func worse(a, b recovered) bool {
	switch {
	case a.rank() != b.rank():
		return a.rank() > b.rank()
	case a.degraded != b.degraded:
		return a.degraded
	case a.censored != b.censored:
		return a.censored
	}
	return a.inject.longer(b.inject, a.scope == b.scope)
}

// longer compares two durations. Of different scopes the one seen first (the
// service before its operations) stands unless the other is surely longer: a
// thin scope tells its edges later for being thin, and would always be the
// worst.
func (m measure) longer(than measure, sameScope bool) bool {
	if sameScope {
		return m.size() > than.size()
	}
	return m.low > than.size()
}

func (r recovered) rank() int {
	worst := 0
	for _, c := range r.claims {
		worst = max(worst, rank(c.verdict))
	}
	return worst
}

// size is the duration, or what is known of it.
func (m measure) size() int64 {
	if m.at != nil {
		return *m.at
	}
	return m.low
}

// worst is the worst of several recoveries; ok is false when there is none.
func worst(all []recovered) (w recovered, ok bool) {
	for i, r := range all {
		if i == 0 || worse(r, w) {
			w = r
		}
	}
	return w, len(all) > 0
}

// report is r as reports show it.
func (r recovered) report(j *judge) *reports.Recovery {
	out := &reports.Recovery{
		Degraded: r.degraded, Recovered: !r.open, Censored: r.censored, Relapses: r.relapses,
		FromInject: r.inject.report(), Scope: r.scope.name, Fault: j.Faults[r.fault].Name,
	}
	if r.heal != nil {
		out.FromHeal = r.heal.report()
	}
	return out
}

func (m measure) report() reports.Duration {
	d := reports.Duration{Low: seconds(m.low)}
	if m.at != nil {
		d.Seconds = pointer(seconds(*m.at))
	}
	if m.high != nil {
		d.High = pointer(seconds(*m.high))
	}
	return d
}
