package slo

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// runs is how many histories each case judges; GAUNTLET_CALIBRATION
// multiplies it; -short and the race detector make it a tenth.
func runs(n int) int {
	if factor, err := strconv.Atoi(os.Getenv("GAUNTLET_CALIBRATION")); err == nil && factor > 0 {
		return n * factor
	}
	if testing.Short() || raced {
		return max(1, n/10)
	}
	return n
}

// parallel judges seeds 0 … n−1 on every core.
func parallel(n int, do func(seed uint64)) {
	var wg sync.WaitGroup
	seeds := make(chan uint64)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for seed := range seeds {
				do(seed)
			}
		})
	}
	for seed := range n {
		seeds <- uint64(seed)
	}
	close(seeds)
	wg.Wait()
}

type calibrated struct {
	mu              sync.Mutex
	runs, found     int
	onset, recovery []int64 // absolute errors, ns
	covers, edges   int
	failed          int // FAIL verdicts
	extra           int // further episodes of impact, overall
}

func (c *calibrated) add(in Input, from, to int64) {
	judged := Judge(in)
	a := newJudge(in).analyse(measured)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runs++
	for _, o := range judged.Objectives {
		if o.Name == "recovery" && o.Reason == "limit-broken" {
			c.failed++
		}
	}
	hit := false
	for _, e := range a.episodes[0] {
		if !e.counts() {
			continue
		}
		if hit || e.degraded > to || e.recovered < from {
			c.extra++
			continue
		}
		hit = true
		c.found++
		c.onset = append(c.onset, abs(e.degraded-from))
		c.recovery = append(c.recovery, abs(e.recovered-to))
		c.edges += 2
		if e.degradedLow <= from && from <= e.degradedHigh {
			c.covers++
		}
		if e.recoveredLow <= to && to <= e.recoveredHigh {
			c.covers++
		}
	}
}

func abs(v int64) int64 { return max(v, -v) }

func quantile(all []int64, q float64) time.Duration {
	if len(all) == 0 {
		return -1
	}
	sorted := slices.Sorted(slices.Values(all))
	return time.Duration(sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]).Round(10 * time.Microsecond)
}

func (c *calibrated) coverage() float64 { return float64(c.covers) / float64(max(1, c.edges)) }

func (c *calibrated) String() string {
	return fmt.Sprintf("found %d/%d, recovery p50 %v p95 %v, onset p50 %v p95 %v, coverage %.1f %%, extra %d", c.found, c.runs,
		quantile(c.recovery, 0.5), quantile(c.recovery, 0.95), quantile(c.onset, 0.5), quantile(c.onset, 0.95), 100*c.coverage(), c.extra)
}

// The goals of measurement.md §7 for the deterministic layer, and detection
// above the floors of §4. A zero goal is not asserted: the edges of a ramp are
// no instants, those of a brown-out in clustered errors no independent ones.
func TestEdgesAreWithinTheGoals(t *testing.T) {
	poisson, bursts := independent(0.0005), clustered(0.0001, 4)
	for _, c := range []struct {
		name       string
		script     script
		background background
		length     int64
		truth      truth
		slip       bool
		goal       time.Duration
		coverage   float64
	}{
		{"full outage", failing(1), poisson, 3 * second, nil, false, 2 * time.Millisecond, 0.95},
		{"full outage, clustered errors", failing(1), bursts, 3 * second, nil, false, 2 * time.Millisecond, 0.95},
		{"full outage, late generator", failing(1), poisson, 3 * second, nil, true, 0, 0.95},
		{"full outage of 150 ms", failing(1), poisson, 150 * ms, nil, false, 2 * time.Millisecond, 0.95},
		{"a third (one replica)", oneReplica, poisson, 3 * second, nil, false, 10 * time.Millisecond, 0.95},
		{"a third, at random", failing(1.0 / 3), poisson, 3 * second, nil, false, 20 * time.Millisecond, 0.95},
		{"a third, clustered errors", oneReplica, bursts, 3 * second, nil, false, 20 * time.Millisecond, 0.90},
		{"brown-out of 5 %", failing(0.05), independent(0.0001), 6 * second, nil, false, 80 * time.Millisecond, 0.95},
		{"brown-out of 5 %, late generator", failing(0.05), independent(0.0001), 6 * second, nil, true, 0, 0.95},
		{"hang that drains", hang, poisson, 3 * second, hangEnd, false, 5 * time.Millisecond, 0.95},
		{"pause of 600 ms", hang, poisson, 600 * ms, hangEnd, false, 5 * time.Millisecond, 0.95},
		{"flap", flap, poisson, 3900 * ms, flapEnd, false, 5 * time.Millisecond, 0.95},
		{"ramp", ramp, poisson, 6 * second, nil, false, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := scene{rate: 1000, baseline: 5 * second, fault: c.length, observe: 5 * second, background: c.background, script: c.script, truth: c.truth, slip: c.slip}
			var got calibrated
			parallel(runs(100), func(seed uint64) { got.add(s.history(seed)) })
			t.Logf("%-34s %s", c.name, &got)
			if got.found != got.runs {
				t.Errorf("found in %d of %d runs", got.found, got.runs)
			}
			if got.failed > 0 {
				t.Errorf("%d runs FAIL a recovery that kept its limit", got.failed)
			}
			if c.goal > 0 && (quantile(got.recovery, 0.95) > c.goal || quantile(got.onset, 0.95) > c.goal) {
				t.Errorf("p95 of an edge's error is above %v", c.goal)
			}
			if got.coverage() < c.coverage {
				t.Errorf("intervals cover %.1f %%, want %.0f %%", 100*got.coverage(), 100*c.coverage)
			}
		})
	}
}

// Above the floors of §4 every outage is an episode, whatever the seed.
func TestDetectionAboveTheFloors(t *testing.T) {
	for _, c := range []struct {
		name   string
		script script
		length int64
	}{
		{"50 ms of all", failing(1), 50 * ms},
		{"100 ms of a third", oneReplica, 100 * ms},
		{"1 s of 5 %", failing(0.05), second},
	} {
		s := scene{rate: 1000, baseline: 5 * second, fault: c.length, observe: 3 * second, background: independent(0.0002), script: c.script}
		found, mu, n := 0, sync.Mutex{}, runs(200)
		parallel(n, func(seed uint64) {
			in, from, to := s.history(seed)
			for _, e := range newJudge(in).analyse(measured).episodes[0] {
				if e.degraded < to && e.recovered > from {
					mu.Lock()
					found++
					mu.Unlock()
					return
				}
			}
		})
		t.Logf("%-18s found %d/%d", c.name, found, n)
		if found != n {
			t.Errorf("%s: found %d of %d", c.name, found, n)
		}
	}
}

// A healthy minute has no episode that counts, in any scope, and never a FAIL;
// on a quiet host it is decided.
func TestHealthyMinutesRaiseNothing(t *testing.T) {
	for _, c := range []struct {
		name       string
		background background
		slip       bool
		minutes    int
	}{
		{"independent errors", independent(0.0005), false, 1000},
		{"clustered errors", clustered(0.0001, 5), false, 1000},
		{"late generator", independent(0.0005), true, 50},
		{"no errors", independent(0), false, 200},
	} {
		s := scene{rate: 1000, baseline: 20 * second, observe: 40 * second, background: c.background, script: nothing, slip: c.slip}
		n := runs(c.minutes)
		var mu sync.Mutex
		small, counting, fails, undecided := 0, 0, 0, 0
		parallel(n, func(seed uint64) {
			in, _, _ := s.history(seed)
			in.Spec.Availability = []Availability{{"", 0.99}, {"get", 0.99}, {"put", 0.99}}
			judged := Judge(in)
			mu.Lock()
			defer mu.Unlock()
			for _, e := range judged.Episodes {
				if e.ImpactSeconds >= leastImpact {
					counting++
				} else if e.Scope == "overall" {
					small++
				}
			}
			for _, o := range judged.Objectives {
				switch o.Verdict {
				case "FAIL":
					fails++
					t.Errorf("seed %d: %s FAIL %s: %s", seed, o.Name, o.Reason, o.Why)
				case "INCONCLUSIVE":
					undecided++
				}
			}
		})
		t.Logf("%-20s %d healthy minutes: %d episodes that count, %d small ones overall, %d of %d objectives FAIL, %d INCONCLUSIVE (with none in %d the 95 %% bound is %.4f a minute)",
			c.name, n, counting, small, fails, 6*n, undecided, n, 3/float64(n))
		if counting > 0 {
			t.Errorf("%s: %d episodes that count", c.name, counting)
		}
		if !c.slip && undecided*100 > 2*6*n {
			t.Errorf("%s: %d of %d objectives INCONCLUSIVE, want at most 2 %%", c.name, undecided, 6*n)
		}
	}
}
