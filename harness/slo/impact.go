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
	e.excluded = among(f.excluded(), Span{e.degraded, e.recovered})
	e.doubt = f.doubt(e)
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

// doubt is the share of the episode's bad requests that are in doubt: left out,
// or taken one way or the other.
func (f *finder) doubt(e *episode) float64 {
	doubtful := among(f.doubtful, Span{e.degraded, e.recovered})
	if doubtful == 0 {
		return 0
	}
	sure := e.seen.bad
	if f.view == harshly {
		sure -= doubtful
	}
	return ratio(doubtful, sure+doubtful)
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
