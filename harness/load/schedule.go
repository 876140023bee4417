package load

import (
	"math"

	"gauntlet/harness/load/shape"
)

// Schedule says when request n is due.
type Schedule = shape.Schedule

// Constant is a constant rate from Begin on: S(n) = Begin + n/Rate.
type Constant struct {
	Begin int64   // ns since the origin; the due time of request 0
	Rate  float64 // requests per second, > 0
}

// Due is exact to a nanosecond for every n below 2⁵³.
func (c Constant) Due(n uint64) int64 {
	due := shape.Constant{Rate: c.Rate}.Due(n)
	if due > math.MaxInt64-max(0, c.Begin) {
		return math.MaxInt64
	}
	return c.Begin + due
}

// Arrivals is the randomness of schedules whose arrivals are random, for the
// experiment's seed.
func Arrivals(seed int64) func(n uint64) uint64 {
	own := seedFor(seed, useArrivals)
	return func(n uint64) uint64 {
		a, _ := draw(own, n)
		return a
	}
}
