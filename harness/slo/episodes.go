package slo

import (
	"math"
	"slices"
)

// episode is a stretch of time in which a scope did worse than its baseline.
type episode struct {
	scope *scope

	degraded, degradedLow, degradedHigh    int64
	recovered, recoveredLow, recoveredHigh int64

	stopped  bool // a request after it was good
	censored bool // the run ended within it, or within H of its end

	seen     tally
	excluded int
	impact   float64 // equivalent seconds of full outage
	lost     float64 // requests that these are
	doubt    float64 // share of its bad requests that are in doubt
}

// depth is the bad share within.
func (e *episode) depth() float64 {
	if e.seen.n == 0 {
		return 0
	}
	return float64(e.seen.bad) / float64(e.seen.n)
}

// disputed says that more than half of what is bad in it may not be the
// system's doing: it is shown, and breaks no limit (§3).
func (e *episode) disputed() bool { return e.doubt > 0.5 }

// counts says whether the episode is large enough to matter.
func (e *episode) counts() bool { return e.impact >= leastImpact }

// finder looks for the episodes of one scope.
type finder struct {
	*series
	found []*episode
}

// fall is the evidence of H of good traffic after request i.
func (f *finder) fall(i int) float64 {
	after := Span{f.due[i], f.due[i] + f.scope.horizon}
	return math.Abs(f.scope.test.good) * f.scope.rateIn(after) * after.seconds()
}

// find is the scope's episodes, merged where they belong together, by time.
func find(s *series, sc *scope) []*episode {
	if sc.thin() {
		return nil
	}
	f := finder{series: s}
	f.scan(0, len(s.due))
	sc.pending = f.pending()
	return f.merge()
}

// scan finds the episodes among requests [lo, hi). What refining cuts off an
// episode on either side is scanned again: an outage that ends in a limp is
// two, and neither hides the other.
func (f *finder) scan(lo, hi int) {
	for lo < hi {
		r, ok := f.scope.test.next(f.bad, lo, hi, f.fall)
		if !ok {
			return
		}
		onset, end := f.refine(f.scope.test, r, lo, f.scope.horizon)
		if onset.best > r.first {
			f.scan(r.first, onset.best)
		}
		f.accept(onset, end)
		lo = end.best
	}
}

// pending is S at the end of the run, counted from the last episode: more than
// the evidence of one bad request is what an episode may have begun with.
func (f *finder) pending() float64 {
	lo := 0
	for _, e := range f.found {
		if !e.stopped {
			return math.Inf(1)
		}
		lo = max(lo, f.at(e.recovered))
	}
	return f.scope.test.sum(f.bad[lo:])
}

// accept makes an episode of requests [onset.best, end.best).
func (f *finder) accept(onset, end edge) {
	e := &episode{scope: f.scope, stopped: end.best < len(f.due)}
	e.degraded, e.degradedLow, e.degradedHigh = f.interval(onset)
	e.recovered, e.recoveredLow, e.recoveredHigh = f.interval(end)
	slack := f.slack(e.degraded, f.scope.horizon)
	e.degradedLow, e.degradedHigh = e.degradedLow-slack, e.degradedHigh+slack
	slack = f.slack(e.recovered, f.scope.horizon)
	e.recoveredLow, e.recoveredHigh = max(e.degradedLow, e.recoveredLow-slack), e.recoveredHigh+slack
	e.censored = !e.stopped || f.whole.End-e.recovered < f.scope.horizon
	f.measure(e)
	f.found = append(f.found, e)
}

// merge joins episodes with impact that are less than H apart; small ones
// stay as they are, and never bridge.
func (f *finder) merge() []*episode {
	var all []*episode
	var last *episode // with impact
	for _, e := range f.found {
		switch {
		case !e.counts():
			all = append(all, e)
		case last != nil && e.degraded-last.recovered < f.scope.horizon:
			last.recovered, last.recoveredLow, last.recoveredHigh = e.recovered, e.recoveredLow, e.recoveredHigh
			last.stopped, last.censored = e.stopped, e.censored
			impact, lost := last.impact+e.impact, last.lost+e.lost
			f.measure(last)
			last.impact, last.lost = impact, lost
		default:
			last = e
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b *episode) int { return int(min(1, max(-1, a.degraded-b.degraded))) })
	return all
}
