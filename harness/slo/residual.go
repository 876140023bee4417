package slo

import (
	"fmt"

	"gauntlet/reports"
)

// residualObjective judges what is left when the last episode is over: an
// episode ends below about 1.3 % bad, and a system may limp on below that
// (§4). It takes each scope with an availability objective, and shows the
// worst.
func (a *analysis) residualObjective() reports.Objective {
	var worst reports.Objective
	for i, spec := range a.Spec.Availability {
		o := a.residual(spec)
		if i == 0 || rank(o.Verdict) > rank(worst.Verdict) || rank(o.Verdict) == rank(worst.Verdict) && residue(o) > residue(worst) {
			worst = o
		}
	}
	return worst
}

// residue orders what is better small, of the same verdict: the largest may be.
func residue(o reports.Objective) float64 {
	if o.High == nil {
		return 1
	}
	return *o.High
}

// residual is FAIL when the Wilson interval of the bad share from recovery + H
// to the end lies above max(3·p0, 1 − availability), PASS when it lies below.
func (a *analysis) residual(spec Availability) reports.Objective {
	sc := a.scopeOf(spec.Operation)
	p0, _ := hypotheses(sc.epsilon)
	if sc.baseline.n == 0 {
		p0 = leastP0
	}
	limit := max(3*p0, 1-spec.Ratio)
	o := reports.Objective{Name: "residual", Target: "≤ " + percent(limit) + " bad after recovery", Measured: "nothing"}
	if _, ok := a.exposed(); !ok {
		return a.unexposed(o)
	}
	span, ok := a.afterwards(sc)
	if !ok {
		return because(o, orAborted(a.Aborted, reports.ObserveTooShort), fmt.Sprintf("The run ended before %s had recovered for long enough.", sc.spoken()))
	}
	t := a.count(sc, span)
	o.Samples = t.n
	if t.n == 0 {
		return because(o, orAborted(a.Aborted, reports.TooFewSamples), fmt.Sprintf("No request of %s was judged after %.3f s.", sc.spoken(), seconds(span.Begin)))
	}
	bad := ratio(t.bad, t.n)
	low, high := Wilson(t.bad, t.n)
	o.Measured, o.Low, o.High, o.Margin = percent(bad)+" bad", &low, &high, reports.Margin(limit-bad, limit)
	b := a.breakdown(sc, span.Begin, span.End)
	left := fmt.Sprintf("After recovery, from %.3f s on, %d of %d requests of %s were bad%s", seconds(span.Begin), t.bad, t.n, sc.spoken(), b.words())
	_, flawless := Wilson(0, t.n)
	switch {
	case low > limit:
		return because(o, reports.LimitBroken, left+".")
	case a.Aborted:
		return because(o, reports.RunAborted, left+", and the run was aborted.")
	case flawless > limit:
		return because(o, reports.TooFewSamples, fmt.Sprintf("%d requests of %s after recovery cannot show %s.", t.n, sc.spoken(), percent(limit)))
	case high > limit:
		return because(o, reports.IntervalSpansLimit, fmt.Sprintf("%s; the interval %s to %s spans the limit.", left, percent(low), percent(high)))
	case !a.allProven():
		return because(o, reports.FaultUnproven, a.unproven()+" is not known to have worked, so that there was nothing to recover from.")
	}
	return because(o, "", left+".")
}

// afterwards is the time from recovery + H to the end: after the scope's last
// episode of impact; when no fault degraded it, after the last injection;
// without faults, the observe phase. ok is false when nothing is left.
func (a *analysis) afterwards(sc *scope) (Span, bool) {
	after := a.Phases.Observe.Begin
	if order := byInjection(a.Faults); len(order) > 0 {
		after = a.Faults[order[len(order)-1]].injection().End
	} else {
		after -= sc.horizon
	}
	for i := range a.scopes {
		if a.scopes[i] != sc {
			continue
		}
		for _, e := range a.episodes[i] {
			if !e.counts() {
				continue
			}
			if e.censored {
				return Span{}, false
			}
			after = max(after, e.recovered)
		}
	}
	span := Span{max(after+sc.horizon, a.whole.Begin), a.whole.End}
	return span, span.End > span.Begin
}
