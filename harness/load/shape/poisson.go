package shape

import (
	"math"
	"sync"
	"time"
)

// Poisson is arrivals as many independent clients make them: the gaps between
// them are exponential, so that some come close together.
type Poisson struct {
	Mean float64 // requests per second, > 0
}

// Schedule is the arrivals that random gives.
func (p Poisson) Schedule(random func(n uint64) uint64) Schedule {
	return &arrivals{gap: float64(time.Second) / p.Mean, random: random, starts: []int64{0}}
}

// Count is Mean·t, the expected number.
func (p Poisson) Count(t time.Duration) float64 { return p.Mean * t.Seconds() }

// Peak is what the number of arrivals in a window exceeds by chance about once
// in 30,000 windows: four standard deviations above the mean.
func (p Poisson) Peak(window time.Duration) float64 {
	if window <= 0 {
		return p.Mean
	}
	return p.Mean + 4*math.Sqrt(p.Mean/window.Seconds())
}

func (p Poisson) String() string { return "Poisson arrivals, " + perSecond(p.Mean) + " on average" }

// block is how many gaps are added up to find a due time: the price of one in
// time, against 8 bytes of memory for each block that was reached.
const block = 32

// arrivals is the sums of exponential gaps: gap i is −ln U(i), times the mean.
// Each is rounded to a nanosecond on its own, so that the sums are exact and do
// not depend on the order in which they are asked for. It is safe for
// concurrent use.
type arrivals struct {
	gap    float64 // the mean one, ns
	random func(n uint64) uint64

	mu     sync.Mutex
	starts []int64 // the sum of all gaps before block i
}

// Due is the sum of gaps 0 … n.
func (a *arrivals) Due(n uint64) int64 {
	first := n - n%block
	sum := a.start(n / block)
	for i := first; i <= n && sum != never; i++ {
		sum = a.after(sum, i)
	}
	return sum
}

// start is the sum of all gaps before a block. Blocks are added up once, in
// order: asking for a request that is far ahead takes some 10 ns for each one
// on the way.
func (a *arrivals) start(number uint64) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	for uint64(len(a.starts)) <= number {
		first, sum := uint64(len(a.starts)-1)*block, a.starts[len(a.starts)-1]
		for i := first; i < first+block && sum != never; i++ {
			sum = a.after(sum, i)
		}
		if sum == never {
			return never
		}
		a.starts = append(a.starts, sum)
	}
	return a.starts[number]
}

// after is sum and gap i.
func (a *arrivals) after(sum int64, i uint64) int64 {
	u := (float64(a.random(i)>>11) + 0.5) * 0x1p-53 // in (0, 1): its logarithm is finite
	next := float64(sum) - math.Log(u)*a.gap
	if next > century*float64(time.Second) {
		return never
	}
	return sum + int64(math.Round(-math.Log(u)*a.gap))
}
