// Package shape knows how the rate of a load changes over time, and when each
// request of such a load is due. It is pure: no clock, no I/O, and randomness
// only from the function that it is given.
//
// Time counts from the run's origin, the beginning of the warm-up. A shape has
// no end, since nobody knows beforehand when the last fault is healed: what
// changes once holds its last rate, what repeats goes on repeating.
package shape

import (
	"math"
	"sort"
	"strconv"
	"time"
)

// Schedule says when request n is due.
type Schedule interface {
	// Due is S(n), in ns since the run's origin. It never falls as n grows,
	// and is math.MaxInt64 for a request that the schedule does not have.
	Due(n uint64) int64
}

// Shape is a rate of requests over time. S(n), its schedule, is the inverse of
// Count: between two instants as many requests are due as the rate adds up to,
// give or take one.
type Shape interface {
	// Schedule is S(n). random gives 64 random bits for every number, always
	// the same for the same one; only arrivals that are random ask it.
	Schedule(random func(n uint64) uint64) Schedule
	// Count is the integral of the rate from the origin to t: the requests due
	// before t, on average where they are random.
	Count(t time.Duration) float64
	// Peak is the highest rate (requests per second) at which requests fall due
	// during a stretch of the length of window.
	Peak(window time.Duration) float64
	// String is all of the shape in words.
	String() string
}

// Mean is the mean rate (requests per second) between two instants.
func Mean(s Shape, from, to time.Duration) float64 {
	if to <= from {
		return 0
	}
	return (s.Count(to) - s.Count(from)) / (to - from).Seconds()
}

// Lowest is the lowest mean rate (requests per second) of any stretch of the
// length of window between from and to, to a twentieth of a window; of the
// whole when it is shorter than one.
func Lowest(s Shape, from, to, window time.Duration) float64 {
	const most = 20_000 // stretches that are looked at
	if to-from <= window {
		return Mean(s, from, to)
	}
	step := max(window/20, (to-from)/most, 1)
	lowest := Mean(s, to-window, to)
	for at := from; at < to-window; at += step {
		lowest = min(lowest, Mean(s, at, at+window))
	}
	return lowest
}

// Before is the number of requests that s has due before t.
func Before(s Schedule, t int64) uint64 {
	high := uint64(1)
	for s.Due(high-1) < t && high < 1<<62 {
		high *= 2
	}
	return uint64(sort.Search(int(high), func(n int) bool { return s.Due(uint64(n)) >= t }))
}

// century is longer than any run, in seconds: what is due later is never due.
const century = 100 * 365.25 * 24 * 3600

// never is the due time of a request that a schedule does not have.
const never = math.MaxInt64

// held is the time, in ns, in which m requests come at a constant rate. Whole
// seconds are counted apart from the rest, so that no rounding error grows
// with m; it is exact to a nanosecond for every m below 2⁵³.
func held(m, rate float64) int64 {
	whole := math.Floor(m / rate)
	if !(whole <= century) { // nor is it when the rate is 0
		return never
	}
	rest := math.FMA(-whole, rate, m) // m − whole·rate, rounded once
	if rest < 0 {                     // the division was rounded up
		whole--
		rest += rate
	}
	return int64(whole)*int64(time.Second) + int64(math.Round(rest*float64(time.Second)/rate))
}

// plus is the sum of two instants, one of which may be never.
func plus(a, b int64) int64 {
	if a == never || b == never {
		return never
	}
	return a + b
}

// cycle is which repetition of count requests request n belongs to, and how
// many of its own come before it there.
func cycle(n uint64, count float64) (number, rest float64) {
	m := float64(n)
	number = math.Floor(m / count)
	rest = math.FMA(-number, count, m)
	if rest < 0 { // the division was rounded up
		number--
		rest += count
	}
	return number, rest
}

// cycles is the length of number repetitions of period, in ns.
func cycles(number float64, period time.Duration) int64 {
	if number*period.Seconds() > century {
		return never
	}
	return int64(number) * int64(period)
}

// perSecond is a rate in words.
func perSecond(rate float64) string { return strconv.FormatFloat(rate, 'g', -1, 64) + "/s" }

// Constant is one rate (requests per second, > 0) for ever.
type Constant struct{ Rate float64 }

// Schedule is S(n) = n/Rate.
func (c Constant) Schedule(func(uint64) uint64) Schedule { return c }

// Due is exact to a nanosecond for every n below 2⁵³.
func (c Constant) Due(n uint64) int64 { return held(float64(n), c.Rate) }

// Count is Rate·t.
func (c Constant) Count(t time.Duration) float64 { return c.Rate * t.Seconds() }

// Peak is the rate.
func (c Constant) Peak(time.Duration) float64 { return c.Rate }

func (c Constant) String() string { return perSecond(c.Rate) }

// Thinned is a schedule with a share of the requests of another: its request n
// is due together with request n/Share of that one, and so follows its shape.
type Thinned struct {
	Of    Schedule
	Share float64 // in (0, 1]
}

// Due is the due time of request n/Share, rounded, of the other schedule.
func (t Thinned) Due(n uint64) int64 { return t.Of.Due(uint64(math.Round(float64(n) / t.Share))) }
