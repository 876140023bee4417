package main

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"gauntlet/harness/doctor"
)

// A rate that no machine can send beside the stress is refused before any
// load, and nothing is left of the system that was up by then. The rate that
// the refusal names is accepted.
func TestEndToEndARateBeyondTheStress(t *testing.T) {
	state, out := t.TempDir(), t.TempDir()
	beyond := []string{"cpu-stress", "--set", "load.timeout=2ms", "--set", "load.keys.count=1000"}
	got := execute(t, state, append(append([]string{"run", "--out", out}, beyond...), "--set", "load.rate=1000000/s")...)
	if got.code != exitUsage || got.stdout != "" {
		t.Fatalf("exit code %d, want %d\n%s%s", got.code, exitUsage, got.stdout, got.stderr)
	}
	named := regexp.MustCompile(`(?s)load\.rate: 1000000 requests a second are more .*hint: --set (load\.rate=[0-9]+/s)`).FindStringSubmatch(got.stderr)
	if named == nil {
		t.Fatalf("no rate is named:\n%s", got.stderr)
	}
	nothingLeft(t, state, out)
	if logs, err := filepath.Glob(filepath.Join(out, "*", "*", "ops.log")); err != nil || len(logs) > 0 {
		t.Errorf("requests were recorded: %v, %v", logs, err)
	}

	asked := execute(t, state, append(append([]string{"doctor", "--json"}, beyond...), "--set", named[1])...)
	var report doctor.Report
	if err := json.Unmarshal([]byte(asked.stdout), &report); err != nil {
		t.Fatalf("%v\n%s%s", err, asked.stdout, asked.stderr)
	}
	i := slices.IndexFunc(report.Checks, func(c doctor.Check) bool { return c.Name == "generator" })
	if i < 0 || report.Checks[i].State != doctor.OK {
		t.Errorf("%s: %+v", named[1], report.Checks)
	}
}
