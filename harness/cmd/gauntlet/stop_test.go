package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"gauntlet/reports"
)

// failing is a server that answers some requests, and none after them.
func failing(t *testing.T, after int64) string {
	t.Helper()
	var seen atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if seen.Add(1) > after {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// A run whose stop condition is met ends long before its time, by what was
// measured until then: FAIL where that cannot be made good any more, else
// INCONCLUSIVE. It is no error, it says what ended it, and from its log it is
// judged the same.
func TestEndToEndAStopEndsTheRun(t *testing.T) {
	for name, c := range map[string]struct {
		answers   int64 // before the server fails: of 250 in the warm-up, 1,100 in the baseline
		code      int
		verdict   reports.Verdict
		objective string
		reason    string
	}{
		"never up":          {0, exitInconclusive, reports.Inconclusive, "availability", reports.RunAborted},
		"down while judged": {1400, exitFail, reports.Fail, "availability", reports.LimitBroken},
	} {
		t.Run(name, func(t *testing.T) {
			state, out := t.TempDir(), t.TempDir()
			file := filepath.Join(t.TempDir(), "stopped.yaml")
			write(t, file, fmt.Sprintf(`
name: stopped
hypothesis: It answers.
target: {url: %q, request: {method: GET, path: "/{key}"}}
load: {rate: 500/s, timeout: 1s, keys: {distribution: uniform, count: 10}}
phases: {warmup: 500ms, baseline: 2200ms, observe: 60s}
slo: {good: {latency: 900ms}, recovery: none, availability: 99%%}
stop: {availabilityBelow: 20%%, for: 1s}
`, failing(t, c.answers)))
			got := execute(t, state, "run", file, "--json", "--out", out)
			if got.code != c.code {
				t.Fatalf("exit code %d, want %d\n%s\n%s", got.code, c.code, got.stderr, got.stdout)
			}
			r := result(t, got.stdout)
			if r.Verdict != c.verdict || r.Aborted == nil || r.Aborted.By != "stop" || r.Aborted.At > 30 {
				t.Fatalf("%s, aborted %+v", r.Verdict, r.Aborted)
			}
			for _, text := range []string{r.Aborted.Why, r.Why, got.stderr} {
				if !strings.Contains(text, "the run is to end below 20 %") {
					t.Errorf("not said why it was stopped: %s", text)
				}
			}
			for _, o := range r.Objectives {
				if o.Name == c.objective && o.Reason != c.reason {
					t.Errorf("%s: %s, want %s: %s", o.Name, o.Reason, c.reason, o.Why)
				}
			}
			dirs, _ := filepath.Glob(filepath.Join(out, "stopped", "*"))
			if len(dirs) != 1 {
				t.Fatalf("folders %q, want one", dirs)
			}
			if again := execute(t, state, "judge", dirs[0]); again.stdout != got.stdout {
				t.Errorf("judged again, another result:\n%s\n%s", again.stderr, firstDifference(got.stdout, again.stdout))
			}
			if events := read(t, dirs[0], "events.jsonl"); !strings.Contains(events, `"type":"abort","name":"stop"`) {
				t.Errorf("no event of the stop:\n%s", events)
			}
			nothingLeft(t, state, out)
		})
	}
}
