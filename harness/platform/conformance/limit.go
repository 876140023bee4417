package conformance

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// limit lets a replica that computes as much as it can have a fifth of a core.
func limit(t *testing.T, p platform.Platform) {
	s := begin(t, p, topology.Options{Args: map[string][]string{"web": {"-spin"}}})
	limiter, ok := s.(platform.Limiter)
	if !ok {
		t.Skip("the platform is no Limiter")
	}
	throttling := func() platform.Throttling {
		t.Helper()
		now, err := limiter.Throttling("web-1")
		if err != nil {
			t.Fatal(err)
		}
		return now
	}
	const cores = 0.2
	before := throttling()
	if before.Cores != 0 && before.Cores <= cores {
		t.Fatalf("limited before it was: %+v", before)
	}
	if err := limiter.Limit(t.Context(), "web-1", cores); err != nil {
		t.Fatal(err)
	}
	if err := limiter.Limit(t.Context(), "web-1", cores); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("limited twice: %v", err)
	}
	held := func() { // it is held back, and cannot use more than its share
		t.Helper()
		from, begun := throttling(), time.Now()
		if math.Abs(from.Cores-cores) > 0.001 || from.How == "" {
			t.Errorf("limited to %v cores: %+v", cores, from)
		}
		eventually(t, func() string {
			now := throttling()
			if took := time.Since(begun); now.Times < from.Times+5 || now.Total <= from.Total || took < 2*time.Second {
				return fmt.Sprintf("held back %d times for %v in %v", now.Times-from.Times, now.Total-from.Total, took)
			}
			return ""
		})
		used, took := throttling().Used-from.Used, time.Since(begun)
		if most := time.Duration(1.25*cores*float64(took)) + 50*time.Millisecond; used > most || used <= 0 {
			t.Errorf("it used %v in %v, more than %v cores", used, took, cores)
		}
	}
	held()
	if killer, ok := s.(platform.Killer); ok { // its next life is held back, too
		old := replicas(t, s)["web-1"]
		if err := killer.Kill(t.Context(), "web-1", 0); err != nil {
			t.Fatal(err)
		}
		another(t, s, old)
		held()
	}
	for range 2 { // of what is not limited nothing is taken away
		if err := limiter.Unlimit(t.Context(), "web-1"); err != nil {
			t.Fatal(err)
		}
	}
	// Before may be a limit of whoever runs the tests; and an engine that has no
	// word for none gives every processor.
	if now := throttling(); now.Cores != before.Cores && (before.Cores > 0 || now.Cores < float64(runtime.NumCPU())) {
		t.Errorf("limited to %v cores before, and now %+v", before.Cores, now)
	}
	from := throttling()
	eventually(t, func() string { // more than it could have had
		if used := throttling().Used - from.Used; used < 500*time.Millisecond {
			return fmt.Sprintf("it used %v since", used)
		}
		return ""
	})
	if err := limiter.Limit(t.Context(), "web-1", cores); err != nil { // Down must take it away
		t.Fatal(err)
	}
}
