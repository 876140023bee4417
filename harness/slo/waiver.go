package slo

import (
	"slices"
	"time"

	"gauntlet/reports"
)

// Waiver accepts that an objective FAILs, through the day (UTC) of Until.
type Waiver struct {
	Objective string
	Owner     string
	Until     time.Time // midnight at the beginning of its last day
	Reason    string
	Reference string
}

// Waive writes every waiver beside its objective. It changes no verdict: what is
// broken is broken, whoever knows of it. The day that counts is the one on which
// the run began, so that its log tells the same a year later. It returns a new
// list.
func Waive(objectives []reports.Objective, waivers []Waiver, began time.Time) []reports.Objective {
	out := slices.Clone(objectives)
	y, m, d := began.UTC().Date()
	today := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	for _, w := range waivers {
		left := int(w.Until.Sub(today) / (24 * time.Hour))
		for i := range out {
			if out[i].Name == w.Objective {
				out[i].Waiver = &reports.Waiver{Owner: w.Owner, Until: w.Until.Format(time.DateOnly), DaysLeft: left, Holds: left >= 0,
					Reason: w.Reason, Reference: w.Reference}
			}
		}
	}
	return out
}

// Gate is the verdict that a pipeline is to act on: that of the objectives
// without those that FAIL and are waived. A waiver accepts a defect that is
// known, and not that nothing is known: what is INCONCLUSIVE stays so. When
// every objective is waived away nothing is left that passes, and it is
// INCONCLUSIVE.
func Gate(objectives []reports.Objective) reports.Verdict {
	var verdicts []reports.Verdict
	for _, o := range objectives {
		if !o.Waived() {
			verdicts = append(verdicts, o.Verdict)
		}
	}
	return Merge(verdicts...)
}
