package load

import (
	"math"
	"sort"
	"time"
)

// Schedule says when request n is due.
type Schedule interface {
	// Due is S(n), in ns since the run's origin. It never falls as n grows,
	// and is math.MaxInt64 for a request that the schedule does not have.
	Due(n uint64) int64
}

// Constant is a constant rate from Begin on: S(n) = Begin + n/Rate.
type Constant struct {
	Begin int64   // ns since the origin; the due time of request 0
	Rate  float64 // requests per second, > 0
}

// Due is exact to a nanosecond for every n below 2⁵³: whole seconds are
// counted apart from the rest, so that no rounding error grows with n. What is
// due in more than a century is never due.
func (c Constant) Due(n uint64) int64 {
	const century = 100 * 365.25 * 24 * 3600
	whole := math.Floor(float64(n) / c.Rate)
	if whole > century {
		return math.MaxInt64
	}
	rest := math.FMA(-whole, c.Rate, float64(n)) // n − whole·rate, rounded once
	if rest < 0 {                                // the division was rounded up
		whole--
		rest += c.Rate
	}
	return c.Begin + int64(whole)*int64(time.Second) + int64(math.Round(rest*float64(time.Second)/c.Rate))
}

// dueBefore is the number of requests that s has due before t.
func dueBefore(s Schedule, t int64) uint64 {
	high := uint64(1)
	for s.Due(high-1) < t && high < 1<<62 {
		high *= 2
	}
	return uint64(sort.Search(int(high), func(n int) bool { return s.Due(uint64(n)) >= t }))
}
