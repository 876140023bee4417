package main

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"gauntlet/reports"
)

// A server that stalls every request for two seconds, once, in twenty: the
// percentiles of the result must say so. A generator that measures from the
// sending of a request, with few workers, says 5 to 13 ms at p99.
//
// The truth is arithmetic: of 20,000 requests 2,000 are due in the stall and
// wait for its end. What the server needs to work off the queue comes on top,
// and grows with what else the machine does: a miss is repeated, at most
// twice, and said; the tolerance is not loosened.
func TestEndToEndAStallIsSeen(t *testing.T) {
	for try := 1; ; try++ {
		missed := stall(t)
		if missed == "" {
			return
		}
		if try == 3 {
			t.Fatal(missed)
		}
		t.Logf("try %d of at most 3: %s", try, missed)
	}
}

func stall(t *testing.T) (missed string) {
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
	got := execute(t, t.TempDir(), "run", file, "--json", "--out", t.TempDir())
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
	return missed
}
