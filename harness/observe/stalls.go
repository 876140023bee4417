package observe

import (
	"math"
	"runtime/metrics"
	"slices"
	"time"
)

// The generator's own runtime: how long its goroutines were ready to run and
// did not (one in eight is timed), and how long all of them stood still for
// garbage collection (package runtime/metrics).
const (
	readyMetric = "/sched/latencies:seconds"
	pauseMetric = "/sched/pauses/total/gc:seconds"
)

// stalls watches them. What the runtime does to the generator is the
// generator's own lateness, and in every number already; this tells where it
// came from.
type stalls struct {
	samples []metrics.Sample
	seen    [][]uint64 // counts at the last look
}

func newStalls() *stalls {
	s := &stalls{samples: []metrics.Sample{{Name: readyMetric}, {Name: pauseMetric}}}
	s.seen = make([][]uint64, len(s.samples))
	s.look()
	return s
}

// look is the longest of each kind since the last look.
func (s *stalls) look() (ready, pause time.Duration) {
	metrics.Read(s.samples)
	var longest [2]time.Duration
	for i, m := range s.samples {
		if m.Value.Kind() != metrics.KindFloat64Histogram { // a runtime that does not tell
			continue
		}
		h := m.Value.Float64Histogram()
		longest[i] = longestSince(h, s.seen[i])
		s.seen[i] = append(s.seen[i][:0], h.Counts...)
	}
	return longest[0], longest[1]
}

// longestSince is the upper end of the highest bucket that holds more than it
// did; of the last one, which has no upper end, the lower.
func longestSince(h *metrics.Float64Histogram, before []uint64) time.Duration {
	for i, n := range slices.Backward(h.Counts) {
		if i < len(before) && n <= before[i] || n == 0 {
			continue
		}
		end := h.Buckets[i+1]
		if math.IsInf(end, 1) {
			end = h.Buckets[i]
		}
		return time.Duration(max(0, end) * float64(time.Second))
	}
	return 0
}
