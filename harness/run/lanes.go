package run

import (
	"slices"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

// series completes what the charts are drawn from.
func (t *trial) series(r *reports.Result) *reports.Series {
	s := t.summary.series
	end := 0.0
	for _, p := range r.Phases {
		end = max(end, p.End)
	}
	for _, f := range r.Faults {
		if lane, ok := faultLane(f, end); ok {
			s.Lanes = append(s.Lanes, lane)
		}
	}
	s.Lanes = append(s.Lanes, t.replicaLanes(end)...)
	s.Keys, s.Shards = t.keyCounts(), t.summary.shards.report(t.log.Replicas, t.exp.Load.Keys.Distribution == "single-shard", t.facts.Seed)
	s.Host = t.hostSeries(s.Seconds)
	s.Picture = t.picture
	return &s
}

func faultLane(f reports.Fault, end float64) (reports.Lane, bool) {
	if f.InjectBegin == nil {
		return reports.Lane{}, false
	}
	until := end
	if f.HealEnd != nil {
		until = *f.HealEnd
	}
	return reports.Lane{Name: f.Name, Kind: "fault", Spans: []reports.Span{{Begin: *f.InjectBegin, End: until, State: "active"}}}, true
}

// replicaLanes are the states of each replica over time. What was before the
// origin counts as the state at the origin.
func (t *trial) replicaLanes(end float64) []reports.Lane {
	events := slices.Clone(t.events)
	slices.SortStableFunc(events, func(a, b history.Event) int { return int(min(max(a.At-b.At, -1), 1)) })
	lanes := map[string][]reports.Span{}
	for _, e := range events {
		if e.Type != history.EventReplica || seconds(e.At) > end {
			continue
		}
		spans, at := lanes[e.Name], max(0, seconds(e.At))
		if n := len(spans); e.State == history.ReplicaUnready && n > 0 && spans[n-1].State != history.ReplicaReady {
			continue // that it does not answer while it is down or starting is no news
		}
		if n := len(spans); n > 0 {
			spans[n-1].End = at
			if spans[n-1].Begin == at {
				spans = spans[:n-1]
			}
		}
		if n := len(spans); n > 0 && spans[n-1].State == e.State {
			spans[n-1].End = end
		} else {
			spans = append(spans, reports.Span{Begin: at, End: end, State: e.State})
		}
		lanes[e.Name] = spans
	}
	var out []reports.Lane
	for name, spans := range lanes {
		out = append(out, reports.Lane{Name: name, Kind: "replica", Spans: spans})
	}
	slices.SortFunc(out, func(a, b reports.Lane) int { return compareNatural(a.Name, b.Name) })
	return out
}

// compareNatural orders names so that mapper-10 comes after mapper-9.
func compareNatural(a, b string) int {
	if len(a) != len(b) && trimDigits(a) == trimDigits(b) {
		return len(a) - len(b)
	}
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

func trimDigits(s string) string {
	for len(s) > 0 && s[len(s)-1] >= '0' && s[len(s)-1] <= '9' {
		s = s[:len(s)-1]
	}
	return s
}
