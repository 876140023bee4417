package slo

import (
	"cmp"
	"slices"

	"gauntlet/reports"
)

// reportEpisodes is the episodes as reports show them, by scope, then time:
// those measured, and those of impact that others may have made for the most
// part and that are only seen when all in doubt is taken as bad. Those are
// inconclusive, never deleted (§3).
func (a *analysis) reportEpisodes(views []*analysis) []reports.Episode {
	out := []reports.Episode{}
	for i := range a.scopes {
		shown := slices.Clone(a.episodes[i])
		if len(views) > 1 {
			shown = append(shown, a.hidden(views[2].episodes[i], shown)...)
		}
		for _, e := range shown {
			out = append(out, e.report(breadth(e, a.episodes)))
		}
	}
	slices.SortStableFunc(out, func(x, y reports.Episode) int {
		return cmp.Or(cmp.Compare(x.Scope, y.Scope), cmp.Compare(x.DegradedAt, y.DegradedAt))
	})
	return out
}

// hidden is the episodes of impact that those shown leave out, for what others
// did. What only the generator's own lateness makes look like one is none.
func (j *judge) hidden(harsh, shown []*episode) []*episode {
	var out []*episode
	for _, e := range harsh {
		overlaps := slices.ContainsFunc(shown, func(s *episode) bool { return s.degraded < e.recovered && e.degraded < s.recovered })
		if overlaps || !e.counts() || !e.disputed() {
			continue
		}
		if why := j.soundnessOf(Span{e.degraded, e.recovered}); why.held > why.ambiguous {
			out = append(out, e)
		}
	}
	return out
}

func (e *episode) report(breadth int) reports.Episode {
	r := reports.Episode{
		Scope: e.scope.name, DegradedAt: seconds(e.degraded), DegradedLow: seconds(e.degradedLow), DegradedHigh: seconds(e.degradedHigh),
		RecoveredLow: seconds(e.recoveredLow), RecoveredHigh: seconds(e.recoveredHigh),
		ImpactSeconds: e.impact, Depth: e.depth(), Breadth: max(1, breadth), LostRequests: e.lost, Doubt: e.doubt,
	}
	if !e.censored {
		r.RecoveredAt = pointer(seconds(e.recovered))
	}
	return r
}
