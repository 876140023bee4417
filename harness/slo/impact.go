package slo

import "slices"

// leastImpact is the equivalent of full outage, in seconds, from which an
// episode counts.
const leastImpact = 0.1

// measure counts what happened in the episode, and its impact (§4): the bad
// requests above ε, scaled for excluded ones, divided by the rate at the time.
// That is how many seconds of full outage would have lost as much.
func (f *finder) measure(e *episode) {
	e.seen = f.count(e.degraded, e.recovered)
	lo, _ := slices.BinarySearch(f.excluded, e.degraded)
	hi, _ := slices.BinarySearch(f.excluded, e.recovered)
	e.excluded = max(0, hi-lo)
	e.impact, e.lost = 0, 0
	rate := f.scope.rateIn(Span{e.degraded, e.recovered})
	if e.seen.n == 0 || rate <= 0 {
		return
	}
	above := float64(e.seen.bad) - f.scope.epsilon*float64(e.seen.n)
	scale := float64(e.seen.n+e.excluded) / float64(e.seen.n)
	e.lost = max(0, above) * scale
	e.impact = e.lost / rate
}

// overlap is the share of whole that spans cover.
func overlap(spans []Span, whole Span) float64 {
	if whole.End <= whole.Begin {
		return 0
	}
	var covered int64
	for _, s := range spans {
		covered += max(0, min(s.End, whole.End)-max(s.Begin, whole.Begin))
	}
	return float64(covered) / float64(whole.End-whole.Begin)
}

// breadth is the number of scopes with an episode of impact at the time of e;
// its own is always one of them.
func breadth(e *episode, all [][]*episode) int {
	n := 0
	for _, scoped := range all {
		if slices.ContainsFunc(scoped, func(o *episode) bool {
			return o == e || o.counts() && o.degraded < e.recovered && e.degraded < o.recovered
		}) {
			n++
		}
	}
	return n
}
