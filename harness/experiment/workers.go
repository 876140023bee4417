package experiment

import (
	"fmt"
	"math"
	"time"
)

// MaxWorkers is the most requests that may be under way at once.
const MaxWorkers = 4096

// WorkersFor is how many workers keep rate (requests per second) up while
// every request takes as long as timeout: Little's law, L = λ·W, and a tenth
// to spare. It is an error when that is more than MaxWorkers.
func WorkersFor(rate float64, timeout time.Duration) (int, error) {
	need := math.Ceil(1.1*rate*timeout.Seconds() - 1e-6) // 1.1 has no exact binary form: 2200.0000000000005 is 2200
	if need > MaxWorkers {
		return 0, fmt.Errorf("%.6g/s with a timeout of %v needs %.0f workers, and %d is the limit", rate, timeout, need, MaxWorkers)
	}
	return max(1, int(need)), nil
}

// Pool is the number of workers to start: those that the file asks for, else
// what WorkersFor says of the highest rate that lasts for a timeout. Fewer are
// an error unless the file accepts them.
func (l Load) Pool() (int, error) {
	peak := l.Rate.Peak(l.Timeout)
	need, err := WorkersFor(peak, l.Timeout)
	switch {
	case l.Undersized && l.Workers > 0:
		return l.Workers, nil
	case l.Undersized && err != nil:
		return MaxWorkers, nil
	case err != nil:
		return 0, err
	case l.Workers == 0:
		return need, nil
	case l.Workers < need:
		return 0, fmt.Errorf("%d workers are too few: %.6g/s with a timeout of %v needs %d", l.Workers, peak, l.Timeout, need)
	}
	return l.Workers, nil
}
