package run

import (
	"testing"
	"time"

	"gauntlet/harness/experiment"
)

// A promise to converge fast takes no patience away from the search for what
// was acknowledged, and one to converge slowly adds to it.
func TestLateIsNotLost(t *testing.T) {
	for convergence, want := range map[time.Duration]time.Duration{
		100 * time.Millisecond: 10 * time.Second,
		10 * time.Second:       10 * time.Second,
		time.Minute:            time.Minute,
		experiment.Unbounded:   10 * time.Second,
	} {
		if got := lookFor(convergence); got != want {
			t.Errorf("where data converges within %v it is looked for during %v, want %v", convergence, got, want)
		}
	}
}
