package slo

import "math"

const (
	second = int64(1e9)

	// threshold is h: the evidence at which an episode is accepted. In natural
	// logarithms, so odds of e²⁰ for "surely bad" over "still healthy".
	threshold = 20.0

	leastP0 = 1e-3
	mostP0  = 0.05
	mostP1  = 0.5
)

// evidence is what one request says, as a log-likelihood ratio between a bad
// share of p1 and one of p0 (§4).
type evidence struct {
	p0, p1 float64
	bad    float64 // ln(p1/p0) > 0
	good   float64 // ln((1−p1)/(1−p0)) < 0
}

func evidenceBetween(p0, p1 float64) evidence {
	return evidence{p0: p0, p1: p1, bad: math.Log(p1 / p0), good: math.Log((1 - p1) / (1 - p0))}
}

func (e evidence) of(bad bool) float64 {
	if bad {
		return e.bad
	}
	return e.good
}

// share is ε = (bad + ½)/(n + 1), the bad share that n requests suggest
// without ever claiming none or all.
func share(bad, n int) float64 { return (float64(bad) + 0.5) / (float64(n) + 1) }

// hypotheses are p0 and p1 for a baseline bad share of ε.
func hypotheses(epsilon float64) (p0, p1 float64) {
	p0 = min(mostP0, max(epsilon, leastP0))
	return p0, min(mostP1, max(0.05, 10*p0))
}

// raw is an episode as the CUSUM sees it: requests [first, top) by index, and
// the request close, up to which it took to know that it was over; the end of
// the range when it never was.
type raw struct{ first, top, close int }

// next runs the CUSUM (Page 1954) over requests [lo, hi) and returns the first
// episode: from the last S = 0 to the maximum of S, accepted when that is at
// least h, over when S is 0 again or has fallen by the evidence of H of good
// traffic, which fall gives for the request of that maximum.
func (e evidence) next(bad []bool, lo, hi int, fall func(i int) float64) (r raw, ok bool) {
	var sum, top, low float64
	for i := lo; i < hi; i++ {
		if sum == 0 {
			r.first, top = i, 0
		}
		sum = max(0, sum+e.of(bad[i]))
		if sum > top {
			top, r.top, low = sum, i+1, sum-fall(i)
		}
		if top >= threshold && (sum == 0 || sum <= low) {
			r.close = i + 1
			return r, true
		}
	}
	r.close = hi
	return r, top >= threshold
}

// sum is S after these requests.
func (e evidence) sum(bad []bool) float64 {
	var sum float64
	for _, b := range bad {
		sum = max(0, sum+e.of(b))
	}
	return sum
}
