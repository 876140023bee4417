package truth

import (
	"sync"
	"time"
)

// Clock is Redis's clock as this process knows it, so that versions made with
// and without Redis can be compared. It never goes back, not even when the
// machine's clock is set.
type Clock struct {
	started time.Time // wall and monotonic: the wall is read once
	skew    time.Duration
	trusted bool // defect clock-skew: what Redis says does not count
	mu      sync.Mutex
	last    int64 // the highest stamp given
	offset  time.Duration
	samples []sample
}

// sample is one measurement of the offset; the quicker the answer, the truer.
type sample struct {
	offset, roundTrip time.Duration
}

// samplesKept times the time between heartbeats (200 ms) bounds how long a
// good measurement stands against a change of the clocks.
const samplesKept = 16

// NewClock starts with the machine's own time. A skew other than 0 stands for
// a machine whose clock is wrong by so much.
func NewClock(skew time.Duration) *Clock { return &Clock{started: time.Now(), skew: skew} }

func (c *Clock) local() time.Time { return c.started.Add(time.Since(c.started) + c.skew) }

// Now is Redis's time in microseconds since 1970, as far as it is known.
func (c *Clock) Now() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.local().Add(c.offset).UnixMicro()
}

// Stamp is a version above floor and above every stamp before.
func (c *Clock) Stamp(floor int64) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = max(c.local().Add(c.offset).UnixMicro(), c.last+1, floor+1)
	return c.last
}

// Offset is Redis's time minus the machine's; 0 until it is measured.
func (c *Clock) Offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

// measured takes over what Redis said its time was, in answer to a question
// sent and received at local times. The error is at most half the round trip
// (Cristian, "Probabilistic clock synchronization", 1989), so the quickest of
// the last answers counts.
func (c *Clock) measured(redis, sent, received time.Time) {
	if c.trusted {
		return
	}
	roundTrip := received.Sub(sent)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.samples = append(c.samples, sample{redis.Sub(sent.Add(roundTrip / 2)), roundTrip})
	if len(c.samples) > samplesKept {
		c.samples = c.samples[1:]
	}
	best := c.samples[0]
	for _, s := range c.samples[1:] {
		if s.roundTrip <= best.roundTrip {
			best = s
		}
	}
	c.offset = best.offset
}
