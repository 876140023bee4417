package calibrate

import (
	"math/rand/v2"
	"time"
)

const (
	second = int64(time.Second)
	milli  = int64(time.Millisecond)
)

// The limits of every history here.
const (
	goodLatency = 250 * time.Millisecond
	timeout     = 2 * time.Second
)

// fault is what happens to a request due at t while a system is broken over
// [begin, end): it fails, or its answer takes delay at least.
type fault func(r *rand.Rand, t, begin, end int64, replica int) (fails bool, delay int64)

// failing fails a share p of the requests, at random.
func failing(p float64) fault {
	return func(r *rand.Rand, t, begin, end int64, _ int) (bool, int64) {
		return t >= begin && t < end && (p >= 1 || r.Float64() < p), 0
	}
}

// oneReplica fails what one of three replicas gets.
func oneReplica(_ *rand.Rand, t, begin, end int64, replica int) (bool, int64) {
	return replica == 1 && t >= begin && t < end, 0
}

// slow answers a second late.
func slow(_ *rand.Rand, t, begin, end int64, _ int) (bool, int64) {
	if t < begin || t >= end {
		return false, 0
	}
	return false, second
}

// ramp rises over a second, holds, and falls over a second.
func ramp(r *rand.Rand, t, begin, end int64, _ int) (bool, int64) {
	p := float64(min(t-begin, end-t)) / float64(second)
	return r.Float64() < p, 0
}

// flapping is 400 ms down, 400 ms up.
func flapping(_ *rand.Rand, t, begin, end int64, _ int) (bool, int64) {
	return t >= begin && t < end && (t-begin)%(800*milli) < 400*milli, 0
}

// hang answers what it kept waiting when it ends, 5,000 a second.
func hang(_ *rand.Rand, t, begin, end int64, _ int) (bool, int64) {
	if t < begin || t >= end {
		return false, 0
	}
	delay := end - t + (t-begin)/5
	return delay > int64(timeout), min(delay, int64(timeout))
}

// felt is until when a fault over [begin, end) makes requests bad or, where it
// is of chance, more likely to be bad.
type felt func(begin, end int64) int64

// flapFelt is the end of the last time down.
func flapFelt(begin, end int64) int64 {
	last := begin + (end-1-begin)/(800*milli)*(800*milli)
	return min(end, last+400*milli)
}

// hangFelt is when end − t + (t − begin)/5 has come down to the limit of a good
// answer; a long hang has a queue that never does before its end.
func hangFelt(begin, end int64) int64 {
	return min(end, (end-begin/5-int64(goodLatency))*5/4)
}
