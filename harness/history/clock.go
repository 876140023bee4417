package history

import "time"

// Clock turns instants into nanoseconds since the run's origin. It is a value
// and safe for concurrent use.
type Clock struct{ origin time.Time }

// NewClock makes a clock whose zero is origin. The origin must carry Go's
// monotonic reading (as time.Now gives it), or a step of the wall clock would
// move the run's time.
func NewClock(origin time.Time) Clock { return Clock{origin: origin} }

// Now is the time since the origin, in nanoseconds.
func (c Clock) Now() int64 { return int64(time.Since(c.origin)) }

// At is t's distance from the origin, in nanoseconds; negative before it.
func (c Clock) At(t time.Time) int64 { return int64(t.Sub(c.origin)) }

// Time is the instant ns nanoseconds after the origin.
func (c Clock) Time(ns int64) time.Time { return c.origin.Add(time.Duration(ns)) }
