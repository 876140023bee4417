package slo

import (
	"fmt"
	"time"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

// Budget is how an error budget is counted: what the target of an availability
// leaves, 1 − target of the requests of Period.
type Budget struct {
	Period time.Duration // 0: not counted
	Most   float64       // the share of the period's budget that a run may use; 0: not an objective
}

// budgets says of each availability how fast the run used its error budget, and
// how much of the period's it used.
//
// The burn rate is the bad share over the share that may be bad, 1 − target: at
// 1 the budget lasts exactly as long as its period, at 1,000 a thousandth of
// that. A stretch of time t uses rate · t/period of the period's budget,
// provided that the traffic of the period is on average that of the stretch
// (Beyer et al., The Site Reliability Workbook, ch. 5, "Alerting on burn rate").
// Intervals are those of the bad share (Wilson), which the rest only scales.
func (a *analysis) budgets() []reports.ErrorBudget {
	var all []reports.ErrorBudget
	for _, spec := range a.Spec.Availability {
		if b, ok := a.budget(spec); ok && a.Spec.Budget.Period > 0 {
			all = append(all, b)
		}
	}
	return all
}

// budget is that of one availability; ok is false when nothing was judged.
func (a *analysis) budget(spec Availability) (b reports.ErrorBudget, ok bool) {
	span, exposed := a.exposed()
	sc := a.scopeOf(spec.Operation)
	total := a.burn(sc, spec.Ratio, "", span)
	if !exposed || total.Judged == 0 {
		return b, false
	}
	period := a.Spec.Budget.Period
	of := span.seconds() / period.Seconds()
	b = reports.ErrorBudget{
		Operation: spec.Operation, Target: spec.Ratio, Burn: total, PeriodDays: period.Hours() / 24,
		OfPeriod: reports.Estimate{Value: of * total.Value, Low: of * total.Low, High: of * total.High},
	}
	observe := max(span.Begin, min(a.Phases.Observe.Begin, span.End))
	if a.Phases.Observe.End <= a.Phases.Observe.Begin { // it was not reached
		observe = span.End
	}
	for _, p := range []struct {
		name string
		span Span
	}{{history.PhaseBaseline, Span{a.whole.Begin, span.Begin}}, {history.PhaseFault, Span{span.Begin, observe}}, {history.PhaseObserve, Span{observe, span.End}}} {
		if one := a.burn(sc, spec.Ratio, p.name, p.span); one.Judged > 0 {
			b.Phases = append(b.Phases, one)
		}
	}
	return b, true
}

// burn is the burn rate in a stretch.
func (a *analysis) burn(sc *scope, target float64, name string, span Span) reports.Burn {
	t := a.count(sc, span)
	low, high := Wilson(t.bad, t.n)
	allowed := 1 - target
	return reports.Burn{
		Phase: name, Seconds: seconds(span.End - span.Begin), Judged: t.n, Bad: t.bad,
		Estimate: reports.Estimate{Value: ratio(t.bad, t.n) / allowed, Low: low / allowed, High: high / allowed},
	}
}

// budgetObjective holds what the run used of the period's budget to the share
// that it may use; the availability that used most is shown. What was used is
// used whatever comes after it, so that an aborted run can break the limit.
func (a *analysis) budgetObjective() reports.Objective {
	var worst reports.Objective
	for i, spec := range a.Spec.Availability {
		o := a.spent(spec)
		if i == 0 || rank(o.Verdict) > rank(worst.Verdict) || rank(o.Verdict) == rank(worst.Verdict) && residue(o) > residue(worst) {
			worst = o
		}
	}
	return worst
}

func (a *analysis) spent(spec Availability) reports.Objective {
	most, days := a.Spec.Budget.Most, fmt.Sprintf("%g days", a.Spec.Budget.Period.Hours()/24)
	o := reports.Objective{Name: "budget", Target: fmt.Sprintf("≤ %s of %s", percent(most), days), Measured: "nothing"}
	if _, ok := a.exposed(); !ok {
		return a.unexposed(o)
	}
	sc := a.scopeOf(spec.Operation)
	b, ok := a.budget(spec)
	if !ok {
		return because(o, orAborted(a.Aborted, reports.TooFewSamples), fmt.Sprintf("No request of %s was judged.", sc.spoken()))
	}
	used := b.OfPeriod
	o.Measured, o.Low, o.High, o.Samples = percent(used.Value), &used.Low, &used.High, b.Burn.Judged
	o.Margin = reports.Margin(most-used.Value, most)
	spent := fmt.Sprintf("In %s %d of %d requests of %s were bad, %s times what %s leaves: %s of the error budget of %s",
		duration(int64(b.Burn.Seconds*1e9)), b.Burn.Bad, b.Burn.Judged, sc.spoken(), times(b.Burn.Value), percent(spec.Ratio), percent(used.Value), days)
	switch {
	case used.Low > most:
		return because(o, reports.LimitBroken, spent+".")
	case a.Aborted:
		return because(o, reports.RunAborted, spent+", and the run was aborted.")
	case used.High > most:
		return because(o, reports.IntervalSpansLimit, fmt.Sprintf("%s; the interval %s to %s spans the limit.", spent, percent(used.Low), percent(used.High)))
	case !a.allProven():
		return because(o, reports.FaultUnproven, a.unproven()+" is not known to have worked, so that what was not used shows nothing.")
	}
	return because(o, "", spent+".")
}

// times is a burn rate with three digits, and never as a power of ten.
func times(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
