package slo

import (
	"fmt"

	"gauntlet/reports"
)

const (
	mostBaselineBad = 0.01
	leastBaseline   = 1000 // requests; validate refuses an experiment with fewer
	leastAlone      = 100  // requests that an operation needs for the plain rule
)

// Steady says whether n baseline requests, bad of them bad, are fit to break a
// system in: at most 1 % (§3). Of fewer than 100 requests a single bad one is
// not evidence, and the whole Wilson interval must lie above 1 % to say no.
// No request at all is not steady. It is the rule of the objective
// steadyState, for those who must know before they inject.
func Steady(bad, n int) bool {
	if n <= 0 {
		return false
	}
	if float64(bad) <= mostBaselineBad*float64(n) {
		return true
	}
	low, _ := Wilson(bad, n)
	return n < leastAlone && low <= mostBaselineBad
}

// steadyObjective judges the baseline, overall and each operation, by the
// soundness of the instrument in the baseline alone. Like every objective it
// FAILs only when the whole interval breaks the limit: a burst of five errors
// among 480 writes is above 1 %, and says little about the next 480. Nothing
// is injected all the same.
func (j *judge) steadyObjective() reports.Objective {
	outcomes := []reports.Objective{j.steadyIn(measured)}
	sound := j.soundnessOf(j.Phases.Baseline)
	if sound.ambiguous > 0 || sound.held > 0 {
		outcomes = append(outcomes, j.steadyIn(kindly), j.steadyIn(harshly))
	}
	return j.conclude(outcomes, sound)
}

func (j *judge) steadyIn(v view) reports.Objective {
	seen := j.baseline(v)
	all := seen[everything][0].tally
	worst, name := all, "overall"
	for i, c := range seen[byOperation] {
		low, _ := Wilson(c.bad, c.n)
		clearly := low > ratio(worst.bad, worst.n)
		if c.n > 0 && !Steady(c.bad, c.n) && (Steady(worst.bad, worst.n) || clearly) {
			worst, name = c.tally, "operation "+nameOf(j.Operations, i)
		}
	}
	bad := ratio(worst.bad, worst.n)
	low, high := Wilson(worst.bad, worst.n)
	o := reports.Objective{
		Name: "steadyState", Target: "≤ " + percent(mostBaselineBad) + " bad in the baseline", Measured: percent(bad) + " bad",
		Low: &low, High: &high, Margin: reports.Margin(mostBaselineBad-bad, mostBaselineBad), Samples: worst.n,
	}
	switch {
	case all.n == 0:
		o.Measured, o.Low, o.High, o.Margin = "nothing", nil, nil, ""
		return because(o, orAborted(j.Aborted, reports.TooFewSamples), "No request of the baseline was judged.")
	case all.n < leastBaseline:
		return because(o, orAborted(j.Aborted, reports.TooFewSamples), fmt.Sprintf("The baseline has %d judged requests; it takes %d.", all.n, leastBaseline))
	case !Steady(worst.bad, worst.n):
		b := j.breakdown(&scope{by: everything}, j.Phases.Baseline.Begin, j.Phases.Baseline.End)
		were := fmt.Sprintf("Before any fault, %d of %d requests (%s, %s) were bad%s", worst.bad, worst.n, name, percent(bad), b.words())
		if low <= mostBaselineBad {
			return because(o, orAborted(j.Aborted, reports.IntervalSpansLimit), fmt.Sprintf("%s; the interval %s to %s spans the limit.", were, percent(low), percent(high)))
		}
		return because(o, reports.LimitBroken, were+".")
	case j.Aborted:
		return because(o, reports.RunAborted, fmt.Sprintf("%d of %d requests of the baseline were bad, but the run was aborted.", all.bad, all.n))
	}
	return because(o, "", fmt.Sprintf("%d of %d requests of the baseline were bad.", all.bad, all.n))
}

func orAborted(aborted bool, reason string) string {
	if aborted {
		return reports.RunAborted
	}
	return reason
}

// baselineBad is the bad share of the baseline, all operations together.
func (a *analysis) baselineBad() float64 {
	return ratio(a.scopes[0].baseline.bad, a.scopes[0].baseline.n)
}
