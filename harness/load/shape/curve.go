package shape

import (
	"math"
	"sort"
	"time"
)

// Curve is a rate that is made of straight lines: steps, ramps, spikes, and
// rates that were written down. It either repeats or holds its last rate.
type Curve struct {
	lines  []line
	length time.Duration // of the lines together
	count  float64       // requests in them
	held   float64       // the rate after them, when they do not repeat
	repeat bool
	text   string
}

// line is a rate that goes from one value to another in a straight line.
type line struct {
	begin, length time.Duration // of the whole curve, and its own
	from, to      float64       // requests per second
	before        float64       // requests until its begin
}

// count is the requests in the first x seconds of the line.
func (l line) count(x float64) float64 {
	return x * (l.from + 0.5*(l.to-l.from)*x/l.length.Seconds())
}

// when is after how many ns of the line m of its requests have come: the root
// of count. Each of its two forms avoids the difference of two numbers that
// are nearly the same; a falling line is measured from its end.
func (l line) when(m float64) int64 {
	if m <= 0 {
		return 0 // also where the rate begins at 0, and the root below would be 0/0
	}
	length := l.length.Seconds()
	slope := (l.to - l.from) / length
	x := 2 * m / (l.from + math.Sqrt(l.from*l.from+2*max(slope, 0)*m))
	if slope < 0 {
		left := max(0, l.count(length)-m)
		x = length - 2*left/(l.to+math.Sqrt(l.to*l.to-2*slope*left))
		if left == 0 {
			x = length
		}
	}
	return min(int64(math.Round(x*float64(time.Second))), int64(l.length))
}

// add appends a line; one without length is none.
func (c *Curve) add(length time.Duration, from, to float64) {
	if length <= 0 {
		return
	}
	l := line{begin: c.length, length: length, from: from, to: to, before: c.count}
	c.lines = append(c.lines, l)
	c.length += length
	c.count += l.count(length.Seconds())
}

// Schedule is the inverse of Count, in closed form. Where the rate is 0 no
// request is due: what would be is due when it is no longer.
func (c *Curve) Schedule(func(uint64) uint64) Schedule { return c }

// Due is S(n).
func (c *Curve) Due(n uint64) int64 {
	m, base := float64(n), int64(0)
	if c.repeat {
		var number float64
		number, m = cycle(n, c.count)
		base = cycles(number, c.length)
	} else if m >= c.count {
		return plus(int64(c.length), held(m-c.count, c.held))
	}
	next := sort.Search(len(c.lines), func(i int) bool { return c.lines[i].before > m })
	l := c.lines[next-1]
	return plus(base, int64(l.begin)+l.when(m-l.before))
}

// Count is the integral of the rate.
func (c *Curve) Count(t time.Duration) float64 {
	if t <= 0 {
		return 0
	}
	whole := 0.0
	if c.repeat {
		whole = float64(t/c.length) * c.count
		t %= c.length
	} else if t >= c.length {
		return c.count + c.held*(t-c.length).Seconds()
	}
	next := sort.Search(len(c.lines), func(i int) bool { return c.lines[i].begin > t })
	l := c.lines[next-1]
	return whole + l.before + l.count((t - l.begin).Seconds())
}

// Peak is the highest rate of any line.
func (c *Curve) Peak(time.Duration) float64 {
	peak := 0.0
	for _, l := range c.lines {
		peak = max(peak, l.from, l.to)
	}
	if !c.repeat {
		peak = max(peak, c.held)
	}
	return peak
}

func (c *Curve) String() string { return c.text }
