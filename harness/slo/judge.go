package slo

import (
	"math"

	"gauntlet/reports"
)

// judge is an input with what every part of judging needs of it.
type judge struct {
	Input
	whole  Span  // all that is judged: from the baseline to the end of the run
	groups []int // by fault
	up     HeldUp
	held   []bool // by sample: others may have made it bad; nil: none
	buffer series // of the scope at hand; one for all, since a million requests fill 13 MB
}

// analysis is what one view of the doubtful requests finds.
type analysis struct {
	*judge
	view     view
	scopes   []*scope     // overall first, then operations, replicas, shards
	episodes [][]*episode // by scope
	owned    [][]owned    // by scope: the same with origin and owner
}

// Judge decides a run. It is pure: the same input gives the same judgement.
func Judge(in Input) Judgement {
	j := newJudge(in)
	sound := j.soundness()
	views := []*analysis{j.analyse(measured)}
	if sound.ambiguous > 0 || sound.held > 0 {
		views = append(views, j.analyse(kindly), j.analyse(harshly))
	}
	a := views[0]
	out := Judgement{
		Episodes:     a.reportEpisodes(views),
		Groups:       j.groups,
		Availability: a.availabilities(),
		Budgets:      a.budgets(),
		Validity:     sound.report(),
		BaselineBad:  a.baselineBad(),
	}
	out.FaultRecoveries, out.Recovery = a.reportRecoveries()
	if len(j.Faults) > 0 && len(byInjection(j.Faults)) == 0 {
		out.Withheld = j.withheld()
	}
	out.Objectives = Arrange(j.objectives(views, sound))
	return out
}

func newJudge(in Input) *judge {
	if in.Samples == nil {
		in.Samples = &Samples{}
	}
	up := HoldUps(in.Masks)
	return &judge{
		Input:  in,
		whole:  Span{in.Phases.Baseline.Begin, max(in.Phases.Baseline.Begin, in.Phases.end())},
		groups: groups(in.Faults),
		up:     up,
		held:   in.Samples.held(up),
	}
}

// analyse finds every scope's episodes and whose they are.
func (j *judge) analyse(v view) *analysis {
	a := &analysis{judge: j, view: v, scopes: j.scopes(v)}
	for _, sc := range a.scopes {
		var found []*episode
		if !sc.thin() {
			j.buffer.fill(j, sc, v)
			found = find(&j.buffer, sc)
		}
		mine := make([]owned, len(found))
		for i, e := range found {
			mine[i] = attribute(e, j.Faults)
		}
		a.episodes, a.owned = append(a.episodes, found), append(a.owned, mine)
	}
	return a
}

// objectives evaluates each objective in every view and settles them (§3).
func (j *judge) objectives(views []*analysis, sound soundness) []reports.Objective {
	var all []reports.Objective
	each := func(evaluate func(*analysis) reports.Objective) {
		outcomes := make([]reports.Objective, len(views))
		for i, a := range views {
			outcomes[i] = evaluate(a)
		}
		all = append(all, j.conclude(outcomes, sound))
	}
	if j.Spec.Recovery != nil {
		each((*analysis).recoveryObjective)
	}
	for _, spec := range j.Spec.Availability {
		each(func(a *analysis) reports.Objective { return a.availabilityObjective(spec) })
	}
	if len(j.Spec.Availability) > 0 {
		each((*analysis).residualObjective)
		if j.Spec.Budget.Most > 0 {
			each((*analysis).budgetObjective)
		}
	}
	return append(all, j.steadyObjective())
}

func (a *analysis) reportRecoveries() (byFault []*reports.Recovery, overall *reports.Recovery) {
	byFault = make([]*reports.Recovery, len(a.Faults))
	var all []recovered
	for f, fault := range a.Faults {
		if !fault.injected() {
			continue
		}
		if r, ok := worst(a.recoveries(f)); ok {
			byFault[f] = r.report(a.judge)
			all = append(all, r)
		}
	}
	if r, ok := worst(all); ok {
		overall = r.report(a.judge)
	}
	return byFault, overall
}

// seconds is ns in seconds, to the microsecond: what lies below is noise that
// would make two equal results differ in print.
func seconds(ns int64) float64 { return math.Round(float64(ns)/1e3) / 1e6 }

func pointer[T any](v T) *T { return &v }
