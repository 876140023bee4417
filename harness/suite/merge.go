package suite

import (
	"gauntlet/harness/slo"
	"gauntlet/reports"
)

// attempts is how often a repetition is tried: an inconclusive one is run
// again, at most twice (section 5 of measurement.md).
const attempts = 3

// Needed is how many of n repetitions must be conclusive for a PASS: at least
// half of them.
func Needed(n int) int { return (n + 1) / 2 }

// Merge is the verdict of n repetitions from those of their last attempts; one
// that is missing (it was not started, or could not be carried out) is "". The
// worst conclusive one gates, and a PASS takes half of them conclusive and
// none missing: what is not measured is never a pass.
func Merge(n int, verdicts []reports.Verdict) reports.Verdict {
	conclusive, missing := 0, n-len(verdicts)
	for _, v := range verdicts {
		switch v {
		case reports.Fail:
			return reports.Fail
		case reports.Pass:
			conclusive++
		case reports.Inconclusive:
		default:
			missing++
		}
	}
	if missing > 0 || conclusive < Needed(n) {
		return reports.Inconclusive
	}
	return reports.Pass
}

// mergeObjectives merges each objective over the runs that count, in the order
// in which the runs have them. What is shown of it (measured, interval,
// margin) is that of the run that decided: the first that ended as the merged
// verdict says, and of several that passed the one with the least room.
func mergeObjectives(n int, runs []reports.SuiteRun) []reports.Objective {
	var names []string
	by := map[string][]reports.Objective{}
	for _, r := range runs {
		for _, o := range r.Objectives {
			if by[o.Name] == nil {
				names = append(names, o.Name)
			}
			by[o.Name] = append(by[o.Name], o)
		}
	}
	var merged []reports.Objective
	for _, name := range names {
		all := by[name]
		verdicts := make([]reports.Verdict, len(all))
		for i, o := range all {
			verdicts[i] = o.Verdict
		}
		verdict := Merge(n, verdicts)
		shown := all[0]
		for _, o := range all[1:] {
			if nearer(o, shown, verdict) {
				shown = o
			}
		}
		if verdict == reports.Inconclusive && shown.Verdict == reports.Pass {
			shown.Reason = reports.TooFewConclusive
			shown.Why = "not every repetition that it takes was run"
		}
		shown.Verdict = verdict
		merged = append(merged, shown)
	}
	return merged
}

// nearer says that o tells more about the merged verdict than shown: it ended
// so and the other did not, or its interval ends nearer to the limit.
func nearer(o, shown reports.Objective, verdict reports.Verdict) bool {
	if (o.Verdict == verdict) != (shown.Verdict == verdict) {
		return o.Verdict == verdict
	}
	switch kind(o.Name) {
	case "availability":
		return o.Low != nil && shown.Low != nil && *o.Low < *shown.Low
	case "recovery", "convergence", "staleness", "lostWrites", "foreign", "order", "budget", "residual", "steadyState":
		return o.High != nil && shown.High != nil && *o.High > *shown.High
	}
	return false
}

// overall is FAIL over INCONCLUSIVE over PASS of the entries; without any it
// is INCONCLUSIVE.
func overall(entries []reports.SuiteEntry, of func(reports.SuiteEntry) reports.Verdict) reports.Verdict {
	verdicts := make([]reports.Verdict, len(entries))
	for i, e := range entries {
		verdicts[i] = of(e)
	}
	return slo.Merge(verdicts...)
}

// otherwise is the verdict that a pipeline acts on, where it is another one.
func otherwise(verdict, gate reports.Verdict) reports.Verdict {
	if gate == verdict {
		return ""
	}
	return gate
}
