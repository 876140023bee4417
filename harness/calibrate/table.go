package calibrate

import (
	"strings"
	"time"

	"gauntlet/reports"
)

// Describe is a row of a table: what came of its runs, against the goal.
// controls are the same runs as each of wrongs would tell them. A row without
// runs says nothing, and does not hold.
func Describe(name string, g Goal, t Tally, wrongs []Wrong, controls []Tally) reports.CalibrationRow {
	if t.Runs == 0 {
		return reports.CalibrationRow{Name: name}
	}
	r := reports.CalibrationRow{
		Name: name, Runs: t.Runs, Broken: g.Broken(t),
		Outages: t.Outages, Found: t.Found, Extra: t.Extra,
		Onset: errorOf(t.Onset, g), Recovery: errorOf(t.Recovery, g), Intervals: t.Intervals.Of, Held: t.Intervals.So,
		FalseFails: t.FalseFails, FalsePasses: t.FalsePasses, Undecided: t.Undecided, Reasons: t.Reasons,
	}
	if t.FalseFails == 0 {
		bound := Bound(t.Runs)
		r.Bound = &bound
	}
	if len(t.Losses) > 0 {
		worst := Quantile(t.Losses, 0.95)
		r.LossP95 = &worst
	}
	r.LostWrites, r.Foreign, r.Stale, r.Disordered = countOf(t.Lost), countOf(t.Foreign), countOf(t.Stale), countOf(t.Disordered)
	for i, w := range wrongs {
		r.Wrongs = append(r.Wrongs, reports.CalibrationWrong{Name: w.Name, Caught: w.Caught(g, controls[i]), Says: strings.Join(g.Broken(controls[i]), "; ")})
	}
	return r
}

// countOf is nil where there was nothing to count.
func countOf(c Count) *reports.CalibrationCount {
	if c == (Count{}) {
		return nil
	}
	return &reports.CalibrationCount{Truth: c.Truth, Told: c.Told}
}

// errorOf is nil where no edge was sharp.
func errorOf(all []float64, g Goal) *reports.CalibrationError {
	if len(all) == 0 {
		return nil
	}
	limit := func(d time.Duration) *float64 {
		if d == 0 {
			return nil
		}
		v := ms(d)
		return &v
	}
	return &reports.CalibrationError{Edges: len(all), P50: Quantile(all, 0.5), P95: Quantile(all, 0.95), Max: Quantile(all, 1), Goal: limit(g.Error), Most: limit(g.Most)}
}
