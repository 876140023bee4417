package main

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

// A server that stalls every request for two seconds, once, in twenty: the
// percentiles of the result must say so. A generator that measures from the
// sending of a request, with few workers, says 5 to 13 ms at p99.
//
// The truth is arithmetic: of 20,000 requests 2,000 are due in the stall and
// wait for its end. A miss counts at once when the log says that the generator
// itself was in time; else it is measured again, and said. The tolerance is not
// loosened, and a host that holds up every try fails the test: nothing was
// shown.
func TestEndToEndAStallIsSeen(t *testing.T) {
	const (
		tries     = 5
		disturbed = 40 * time.Millisecond // well below the least tolerance, 59 ms
	)
	for try := 1; ; try++ {
		missed, late := stall(t)
		if missed == "" {
			return
		}
		if late <= disturbed {
			t.Fatal(missed)
		}
		if try == tries {
			t.Fatalf("the host held up the generator in each of %d tries, at last by %v: %s", tries, late, missed)
		}
		t.Logf("try %d of at most %d, the generator was up to %v late: %s", try, tries, late, missed)
	}
}

// ownLateness is the most that the generator was late by itself in the load
// of the run in dir, waiting for a worker left out.
func ownLateness(t *testing.T, dir string) (late time.Duration) {
	t.Helper()
	log, err := history.Open(filepath.Join(dir, "ops.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for op, err := range log.Ops() {
		if err != nil {
			t.Fatal(err)
		}
		if op.Stream == history.Load {
			late = max(late, time.Duration(op.Slip()-op.Blocked))
		}
	}
	return late
}

func stall(t *testing.T) (missed string, late time.Duration) {
	url := startTarget(t, "--stall-at-request", "9000") // 5 s of 1,000/s, and then 4 s
	file := filepath.Join(t.TempDir(), "stall.yaml")
	write(t, file, fmt.Sprintf(`
name: stall
hypothesis: The percentiles show a stall of two seconds.
target: {url: %q, request: {method: GET, path: /}}
load: {rate: 1000/s, workers: 64, undersized: true, timeout: 5s, mix: {get: 100%%}, keys: {distribution: uniform, count: 10}}
phases: {warmup: 1s, baseline: 4s, observe: 20s}
slo: {good: {latency: 250ms}, recovery: 15s, availability: 85%%}
`, url))
	out := t.TempDir()
	got := execute(t, t.TempDir(), "run", file, "--json", "--out", out)
	if got.stdout == "" {
		t.Fatalf("no result, exit code %d:\n%s", got.code, got.stderr)
	}
	r := result(t, got.stdout)
	observed := r.Latency["observe"]
	t.Logf("observe: p50 %.1f, p99 %.0f, p99.9 %.0f, max %.0f ms, n %d; generator slip p99 %.0f ms", observed.P50, observed.P99, observed.P999, observed.Max, observed.Count, r.Validity.SlipP99Ms)
	for _, c := range []struct {
		name              string
		got, want, within float64
	}{
		{"p99", observed.P99, 1800, 0.05}, {"p99.9", observed.P999, 1980, 0.03}, {"max", observed.Max, 2000, 0.03},
	} {
		if math.Abs(c.got-c.want) > c.within*c.want {
			missed += fmt.Sprintf("%s is %.0f ms, want %.0f ± %.0f %%; ", c.name, c.got, c.want, 100*c.within)
		}
	}
	if !r.Load.Undersized || r.Verdict == reports.Fail && r.Recovery == nil && len(r.Episodes) == 0 {
		t.Errorf("undersized %v, %s with %d episodes", r.Load.Undersized, r.Verdict, len(r.Episodes))
	}
	dirs, err := filepath.Glob(filepath.Join(out, "stall", "*"))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("folders %q (%v), want one", dirs, err)
	}
	return missed, ownLateness(t, dirs[0])
}
