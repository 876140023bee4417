package observe

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestTheLongestSinceTheLastLook(t *testing.T) {
	buckets := []float64{0, 0.001, 0.01, 0.1, math.Inf(1)}
	for _, c := range []struct {
		name        string
		before, now []uint64
		want        time.Duration
	}{
		{"nothing", []uint64{5, 0, 0, 0}, []uint64{5, 0, 0, 0}, 0},
		{"short ones", []uint64{5, 0, 0, 0}, []uint64{9, 0, 0, 0}, ms},
		{"a long one, once", []uint64{5, 1, 1, 0}, []uint64{9, 2, 1, 0}, 10 * ms},
		{"one of before", []uint64{5, 1, 1, 0}, []uint64{9, 1, 1, 0}, ms},
		{"beyond all buckets", []uint64{5, 1, 1, 0}, []uint64{9, 1, 1, 1}, 100 * ms},
		{"the first look", nil, []uint64{9, 0, 3, 0}, 100 * ms},
	} {
		if got := longestSince(&metrics.Float64Histogram{Counts: c.now, Buckets: buckets}, c.before); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// The runtime tells of both, under the names that are asked for.
func TestACollectionIsSeen(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // none but that which is asked for
	runtime.GC()
	s := newStalls()
	runtime.GC()
	if _, pause := s.look(); pause <= 0 {
		t.Error("no pause for a collection")
	}
	if _, pause := s.look(); pause != 0 {
		t.Errorf("a pause of %v without one", pause)
	}
}
