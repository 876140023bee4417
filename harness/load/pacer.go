package load

import "time"

// pacer is the schedule as vegeta's Pacer: Pace(elapsed, n) = S(n) − elapsed,
// with elapsed read from the run's clock, since vegeta's begins at an instant
// of its own. It stops at the end of the attack.
type pacer struct{ attack *Attack }

// Vegeta sleeps what Pace returns, and nothing can wake it. Longer waits are
// spent inside Pace, where a moved end or a stop is noticed.
const uninterrupted = 20 * time.Millisecond

// Pace waits until request n is nearly due, and returns the rest of the wait.
func (p pacer) Pace(_ time.Duration, n uint64) (wait time.Duration, stop bool) {
	a := p.attack
	due := a.plan.Schedule.Due(n)
	for {
		end, moved := a.floor.limits()
		wait := time.Duration(min(due, end) - a.clock.Now())
		switch {
		case due >= end && wait <= 0:
			if a.floor.finish() {
				return 0, true
			}
			continue
		case due < end && wait <= uninterrupted:
			return max(wait, 0), a.stopped()
		case due < end:
			wait -= uninterrupted / 2
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-moved:
		case <-a.stop:
			timer.Stop()
			return 0, true
		}
		timer.Stop()
	}
}

// Rate is for vegeta's own reports, which are not used.
func (p pacer) Rate(time.Duration) float64 { return 0 }
