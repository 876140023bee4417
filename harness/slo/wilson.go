package slo

import "math"

// z is the 97.5 % quantile of the normal distribution: two-sided 95 %.
const z = 1.959963984540054

// Wilson is the 95 % interval of a share of which k out of n were seen
// (Wilson 1927): the shares p with |k/n − p| ≤ z·√(p(1−p)/n). Unlike the
// textbook interval it stays within [0, 1] and is honest when k is 0 or n.
// Without observations it is [0, 1].
func Wilson(k, n int) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	k = min(max(k, 0), n)
	p, m := float64(k)/float64(n), float64(n)
	centre := p + z*z/(2*m)
	radius := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	low = max(0, (centre-radius)/(1+z*z/m))
	high = min(1, (centre+radius)/(1+z*z/m))
	// Rounding must not turn "none seen" into a tiny share.
	if k == 0 {
		low = 0
	}
	if k == n {
		high = 1
	}
	return low, high
}

// needed is how many requests an availability of ratio needs before even a
// flawless run can show it (§4): 3.84·p/(1 − p).
func needed(ratio float64) int { return int(math.Ceil(z * z * ratio / (1 - ratio))) }
