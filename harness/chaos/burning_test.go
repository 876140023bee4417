package chaos

import (
	"testing"
	"time"
)

func TestHowMuchBurnsAtOnce(t *testing.T) {
	burn := func(at, lasts time.Duration, workers, load int) Timed {
		return Timed{At: at, Fault: Fault{Kind: StressChaos, Duration: lasts, Stress: &Stress{CPUWorkers: workers, CPULoad: load}}}
	}
	const s = time.Second
	for _, c := range []struct {
		name    string
		faults  []Timed
		victims []int
		workers int
		cores   float64
	}{
		{"nothing", nil, nil, 0, 0},
		{"no stress", []Timed{{Fault: Fault{Kind: PodChaos}}}, []int{3}, 0, 0},
		{"memory only", []Timed{{Fault: Fault{Kind: StressChaos, Duration: s, Stress: &Stress{MemoryWorkers: 2, MemoryBytes: 1}}}}, []int{3}, 0, 0},
		{"beside one", []Timed{burn(0, 30*s, 2, 50)}, []int{1}, 2, 1},
		{"beside three", []Timed{burn(0, 30*s, 2, 50)}, []int{3}, 6, 3},
		{"beside nobody", []Timed{burn(0, 30*s, 2, 50)}, []int{0}, 0, 0},
		{"one after the other", []Timed{burn(0, 10*s, 2, 50), burn(10*s, 10*s, 1, 100)}, []int{1, 1}, 2, 1},
		{"overlapping", []Timed{burn(0, 11*s, 2, 50), burn(10*s, 10*s, 1, 100)}, []int{1, 1}, 3, 2},
	} {
		if workers, cores := Burning(c.faults, c.victims); workers != c.workers || cores != c.cores {
			t.Errorf("%s: %d workers, %v cores; want %d, %v", c.name, workers, cores, c.workers, c.cores)
		}
	}
}

func TestHowMuchIsHeldAtOnce(t *testing.T) {
	hold := func(at, lasts time.Duration, bytes int64) Timed {
		return Timed{At: at, Fault: Fault{Kind: StressChaos, Duration: lasts, Stress: &Stress{MemoryWorkers: 1, MemoryBytes: bytes}}}
	}
	const s = time.Second
	for _, c := range []struct {
		name    string
		faults  []Timed
		victims []int
		want    float64
	}{
		{"nothing", nil, nil, 0},
		{"no memory", []Timed{{Fault: Fault{Kind: StressChaos, Duration: s, Stress: &Stress{CPUWorkers: 2}}}}, []int{3}, 0},
		{"beside three", []Timed{hold(0, s, 5)}, []int{3}, 15},
		{"one after the other", []Timed{hold(0, 10*s, 5), hold(10*s, s, 7)}, []int{1, 1}, 7},
		{"overlapping", []Timed{hold(0, 11*s, 5), hold(10*s, s, 7)}, []int{1, 1}, 12},
		{"more than an integer holds", []Timed{hold(0, s, 1<<62)}, []int{4}, 1 << 64},
	} {
		if got := Holding(c.faults, c.victims); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
