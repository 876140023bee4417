package slo

import (
	"fmt"
	"slices"
	"strings"

	"gauntlet/reports"
)

const (
	mostAmbiguous = 0.10 // of the judged, for objectives on timing to be decided
	leastSent     = 0.99 // of the due, not counting what the target blocked
)

// soundness says how well the instrument worked in a stretch of the run (§3).
type soundness struct {
	due       int // requests in the log
	ambiguous int
	held      int // in doubt for what others did, and not ambiguous
	unsent    int // for the generator's reasons: expired, or due and not in the log
	missing   int // of these: not in the log
	slipP99   int64
	heldUp    int64 // for how long others held the run up, at most
}

// soundness of everything that is judged.
func (j *judge) soundness() soundness { return j.soundnessOf(j.whole) }

func (j *judge) soundnessOf(span Span) soundness {
	var v soundness
	from, to := j.Samples.within(span)
	slips := make([]uint32, 0, to-from)
	for s, doubtful := range j.requests(span) {
		v.due++
		switch {
		case s.ambiguous():
			v.ambiguous++
		case doubtful:
			v.held++
		}
		if s.flags&flagUnsent != 0 {
			v.unsent++
		}
		slips = append(slips, s.slip)
	}
	v.heldUp = j.up.In(span)
	planned := int(j.Rate * span.seconds())
	if j.Offered != nil {
		planned = j.Offered.Due(span)
	}
	v.missing = max(0, planned-v.due)
	v.unsent += v.missing
	if len(slips) > 0 {
		slices.Sort(slips)
		v.slipP99 = int64(slips[(len(slips)*99+99)/100-1]) * 1000
	}
	return v
}

func ratio(k, n int) float64 {
	if n == 0 {
		return 0
	}
	return float64(k) / float64(n)
}

// reasons says why objectives on timing cannot be decided; none when they can.
func (v soundness) reasons() []string {
	out := []string{}
	if r := ratio(v.ambiguous, v.due); r > mostAmbiguous {
		out = append(out, fmt.Sprintf("the generator's own lateness decides the outcome of %s of the requests (at most %s can be left out)",
			percent(r), percent(mostAmbiguous)))
	}
	if due := v.due + v.missing; float64(v.unsent) > (1-leastSent)*float64(due)+1e-9 {
		out = append(out, fmt.Sprintf("the generator did not send %d of %d requests that were due", v.unsent, due))
	}
	return out
}

func (v soundness) report() reports.Validity {
	return reports.Validity{
		ExcludedRatio: ratio(v.ambiguous+v.held, v.due),
		MaskedRatio:   ratio(v.held, v.due),
		SlipP99Ms:     float64(v.slipP99) / 1e6,
		HeldUpSeconds: seconds(v.heldUp),
		Reasons:       v.reasons(),
	}
}

// agree settles an objective on timing (§3): its verdict stands when it is the
// same whether the requests in doubt are left out, all good, or all bad, and
// the instrument was sound. That the run was aborted or its fault unproven
// stays the reason, since no better instrument would have helped; that there
// were too few requests does not when it is those in doubt that are missing.
func agree(outcomes []reports.Objective, sound soundness) reports.Objective {
	o := outcomes[0]
	if o.Verdict == reports.Inconclusive && (o.Reason == reports.RunAborted || o.Reason == reports.FaultUnproven) {
		return o
	}
	disturbed := func(why string) reports.Objective {
		o.Verdict, o.Reason, o.Why = reports.Inconclusive, reports.InstrumentDisturbed, why
		return o
	}
	if reasons := sound.reasons(); len(reasons) > 0 {
		return disturbed("It cannot be decided because " + reasons[0] + ".")
	}
	if o.Reason == reports.TooFewSamples && len(outcomes) > 1 && outcomes[1].Reason != reports.TooFewSamples {
		return disturbed(fmt.Sprintf("%s, not counting %d that the generator sent late and %d that other work on the host disturbed.",
			strings.TrimSuffix(o.Why, "."), sound.ambiguous, sound.held))
	}
	if o.Verdict == reports.Inconclusive {
		return o
	}
	for _, other := range outcomes[1:] {
		if other.Verdict != o.Verdict {
			why := fmt.Sprintf("It depends on %d requests that the generator sent late and %d that other work on the host disturbed: with all of them good it is %s, with all of them bad %s",
				sound.ambiguous, sound.held, outcomes[1].Verdict, outcomes[2].Verdict)
			if rank(outcomes[1].Verdict) > rank(outcomes[2].Verdict) { // which reads backwards
				why += ", since they also tell which requests count, and from when on"
			}
			return disturbed(why + ".")
		}
	}
	return o
}

// conclude settles an objective. What an aborted run did not break is open
// because it was aborted, whatever else is in the way: it passes nothing, and
// there is one reason to look for.
func (j *judge) conclude(outcomes []reports.Objective, sound soundness) reports.Objective {
	o := agree(outcomes, sound)
	if j.Aborted && o.Verdict == reports.Inconclusive && o.Reason != reports.RunAborted {
		o.Reason, o.Why = reports.RunAborted, "The run was aborted before this could be decided: "+o.Why
	}
	return o
}

// Merge is the verdict of several: FAIL over INCONCLUSIVE over PASS. None at
// all, and one that is no verdict, is INCONCLUSIVE: missing data never passes.
func Merge(verdicts ...reports.Verdict) reports.Verdict {
	if len(verdicts) == 0 {
		return reports.Inconclusive
	}
	worst := reports.Pass
	for _, v := range verdicts {
		if rank(v) > rank(worst) {
			worst = v
		}
	}
	if rank(worst) == 1 {
		return reports.Inconclusive
	}
	return worst
}

func rank(v reports.Verdict) int {
	switch v {
	case reports.Pass:
		return 0
	case reports.Fail:
		return 2
	}
	return 1
}
