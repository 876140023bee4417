package slo

import (
	"fmt"
	"slices"

	"gauntlet/reports"
)

// exposed is the time in which availability counts (§4): from the first
// injection, without faults from observe, to the end. ok is false when the
// file has faults and none was injected, or observe was never reached.
func (j *judge) exposed() (span Span, ok bool) {
	order := byInjection(j.Faults)
	switch {
	case len(order) > 0:
		return Span{*j.Faults[order[0]].InjectBegin, j.whole.End}, true
	case len(j.Faults) == 0 && j.Phases.Observe.End > j.Phases.Observe.Begin:
		return Span{j.Phases.Observe.Begin, j.whole.End}, true
	}
	return Span{}, false
}

// count is the scope's requests due in span, as the view takes them.
func (a *analysis) count(sc *scope, span Span) tally {
	var t tally
	for s, doubtful := range a.requests(span) {
		if !sc.has(s) {
			continue
		}
		if bad, judged := a.view.judge(s, doubtful); judged {
			t.add(bad)
		}
	}
	return t
}

func (t tally) good() int { return t.n - t.bad }

// availabilities are the shares overall and by operation; one without a
// request is absent.
func (a *analysis) availabilities() map[string]reports.Availability {
	out := map[string]reports.Availability{}
	span, ok := a.exposed()
	if !ok {
		return out
	}
	for _, sc := range a.scopes {
		t := a.count(sc, span)
		if sc.by > byOperation || t.n == 0 {
			continue
		}
		name := "overall"
		if sc.by == byOperation {
			name = nameOf(a.Operations, sc.index)
		}
		low, high := Wilson(t.good(), t.n)
		out[name] = reports.Availability{Ratio: ratio(t.good(), t.n), Low: low, High: high}
	}
	return out
}

// scopeOf is the scope of an operation, "" for overall; one that the run does
// not know has no requests.
func (a *analysis) scopeOf(operation string) *scope {
	if operation == "" {
		return a.scopes[0]
	}
	i := slices.IndexFunc(a.scopes, func(sc *scope) bool { return sc.name == "op:"+operation })
	if i < 0 {
		return &scope{by: byOperation, index: -1, name: "op:" + operation}
	}
	return a.scopes[i]
}

// availabilityObjective holds the share of good requests to its target, with
// its Wilson interval.
func (a *analysis) availabilityObjective(spec Availability) reports.Objective {
	o := reports.Objective{Name: "availability", Target: "≥ " + percent(spec.Ratio), Measured: "nothing"}
	if spec.Operation != "" {
		o.Name += ":" + spec.Operation
	}
	span, ok := a.exposed()
	if !ok {
		return a.unexposed(o)
	}
	sc := a.scopeOf(spec.Operation)
	t := a.count(sc, span)
	o.Samples = t.n
	if t.n == 0 {
		return because(o, orAborted(a.Aborted, reports.TooFewSamples), fmt.Sprintf("No request of %s was judged after %.3f s.", sc.spoken(), seconds(span.Begin)))
	}
	low, high := Wilson(t.good(), t.n)
	share := ratio(t.good(), t.n)
	o.Measured, o.Low, o.High = percent(share), &low, &high
	o.Margin = reports.Margin(share-spec.Ratio, 1-spec.Ratio)
	return a.decideAvailability(o, sc, spec.Ratio, t, span)
}

func (a *analysis) decideAvailability(o reports.Objective, sc *scope, target float64, t tally, span Span) reports.Objective {
	b := a.breakdown(sc, span.Begin, span.End)
	lost := fmt.Sprintf("%d of %d requests of %s were bad from %.3f s to %.3f s%s", t.bad, t.n, sc.spoken(), seconds(span.Begin), seconds(span.End), b.words())
	switch {
	case a.surelyBelow(sc, target, t):
		return because(o, reports.LimitBroken, upper(lost)+".")
	case a.Aborted:
		return because(o, reports.RunAborted, "The run was aborted; until then "+lost+".")
	case *o.Low < target && t.n < needed(target):
		return because(o, reports.TooFewSamples, fmt.Sprintf("%d requests of %s cannot show %s; it takes %d.", t.n, sc.spoken(), percent(target), needed(target)))
	case *o.Low < target:
		return because(o, reports.IntervalSpansLimit, fmt.Sprintf("%s; the interval %s to %s spans the target.", upper(lost), percent(*o.Low), percent(*o.High)))
	case !a.allProven():
		return because(o, reports.FaultUnproven, fmt.Sprintf("%s is not known to have worked, so that keeping %s shows nothing.", a.unproven(), percent(target)))
	}
	return because(o, "", upper(lost)+".")
}

// surelyBelow says whether the whole interval lies below the target; in an
// aborted run, whether it would with every request still to come good.
func (a *analysis) surelyBelow(sc *scope, target float64, t tally) bool {
	if a.Aborted {
		if a.PlannedEnd <= 0 {
			return false
		}
		rest := Span{a.whole.End, max(a.whole.End, a.PlannedEnd)}
		t.n += int(sc.rateIn(rest) * rest.seconds())
	}
	_, high := Wilson(t.good(), t.n)
	return high < target
}

// unexposed is an objective whose clock never started. Where that is because
// the baseline was not fit to break the system in, it is what the baseline's
// own objective says: that the instrument was disturbed, or else, also when the
// system broke the baseline's limit, that there is nothing to judge by. Only an
// injection that was due and did not come is a fault that is not proven.
func (a *analysis) unexposed(o reports.Objective) reports.Objective {
	if a.Aborted {
		return because(o, reports.RunAborted, "The run was aborted before there was anything to judge.")
	}
	w := a.withheld()
	return because(o, w.Reason, w.Why)
}

// withheld is why there was nothing to judge.
func (j *judge) withheld() Withheld {
	what, reason := "The run has no observe phase", reports.TooFewSamples
	if len(j.Faults) > 0 {
		what, reason = "No fault was injected", reports.FaultUnproven
	}
	switch steady := j.steadyObjective(); steady.Verdict {
	case reports.Fail:
		return Withheld{reports.TooFewSamples, what + ", since the baseline was not steady."}
	case reports.Inconclusive:
		return Withheld{steady.Reason, what + ", since it cannot be told whether the baseline was steady."}
	}
	return Withheld{reason, what + "."}
}

// allProven says whether every fault of the file is known to have worked.
func (a *analysis) allProven() bool { return a.unproven() == "" }

// unproven is the first fault that is not known to have worked.
func (a *analysis) unproven() string {
	for _, f := range a.Faults {
		if !f.Proven || !f.injected() {
			return f.Name
		}
	}
	return ""
}
