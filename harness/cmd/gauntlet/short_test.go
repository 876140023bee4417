package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"gauntlet/harness/chaos"
	"gauntlet/harness/run"
	"gauntlet/reports"
)

// The tests of this folder run the experiments of this tree in a short form,
// on real processes and on containers. It has fewer keys, a lower rate and
// shorter phases; limits that need more requests than it sends are lowered,
// nothing else is.
var short = []string{
	"--set", "load.rate=400/s", "--set", "load.keys.count=1000", "--set", "load.mix={get: 75%, put: 25%}",
	"--set", "phases.warmup=2s", "--set", "phases.baseline=4s", "--set", "phases.observe=12s",
	"--set", "slo.recovery=5s", "--set", "slo.availability={get: 99%, put: 97%}", "--set", "consistency.share=20%",
	"--set", "consistency.promise.convergence=4s",
}

// settings is the short form of an experiment.
func settings(more ...string) []string { return append(append([]string{}, short...), more...) }

// sound runs an experiment until the instrument was sound: a run that ended
// INCONCLUSIVE for a reason of the host is repeated, at most twice, and said.
// A FAIL never is.
func sound(t *testing.T, args ...string) (ended, *reports.Result) {
	t.Helper()
	for try := 1; ; try++ {
		got := execute(t, t.TempDir(), append([]string{"run", "--json", "--out", t.TempDir()}, args...)...)
		if got.stdout == "" {
			t.Fatalf("no result, exit code %d:\n%s", got.code, got.stderr)
		}
		r := result(t, got.stdout)
		if try == 3 || !run.Disturbed(r) {
			return got, r
		}
		t.Logf("run %d of at most 3 was inconclusive for a reason of the host, repeating: %s", try, r.Why)
	}
}

func demand(t *testing.T, got ended, r *reports.Result, want reports.Verdict) {
	t.Helper()
	if r.Verdict != want {
		t.Fatalf("%s, want %s: %s\n%s", r.Verdict, want, r.Why, got.stderr)
	}
}

// shorter is what the short form sets of an experiment's own; a control has
// what its experiment has, and its own on top.
var shorter = map[string][]string{
	"client-latency":       {"--set", "faults.0.chaos.spec.duration=6s"},
	"node-join":            {"--set", "faults.0.at=2s"},
	"node-join/cold-join":  {"--set", "load.keys.count=5000"},
	"outage-plus-pod-kill": {"--set", "faults.0.chaos.spec.duration=8s", "--set", "faults.1.at=3s"},
	"redis-latency":        {"--set", "faults.0.chaos.spec.duration=6s"},
	"redis-outage":         {"--set", "faults.0.chaos.spec.duration=6s"},
	"redis-loss":           {"--set", "faults.0.chaos.spec.duration=4s", "--set", "phases.observe=8s", "--set", "slo.recovery=3s"},
	"redis-partition":      {"--set", "faults.0.chaos.spec.duration=6s"},
}

// all runs each of runs in its short form: an experiment by its name, which
// must pass, or EXPERIMENT/CONTROL, which must end as it says.
func all(t *testing.T, platform string, runs ...string) {
	for _, run := range runs {
		t.Run(run, func(t *testing.T) {
			name, control, isControl := strings.Cut(run, "/")
			args := slices.Concat([]string{name, "--platform", platform, "--seed", "7"}, short, shorter[name])
			if isControl {
				args = slices.Concat(args, []string{"--control", control}, shorter[run])
			}
			got, r := sound(t, args...)
			if got.code != exitPass {
				t.Fatalf("exit code %d, want 0: %s %s\n%s", got.code, r.Verdict, r.Why, got.stderr)
			}
			if r.Platform != platform {
				t.Errorf("it ran on platform %q", r.Platform)
			}
			if !isControl {
				sane(t, r)
			}
		})
	}
}

// sane demands of an experiment that passed that it asked for what it is to,
// of the real system, and that its faults were proven.
func sane(t *testing.T, r *reports.Result) {
	t.Helper()
	if end := r.Phases[len(r.Phases)-1].End; r.Load.Planned < int(400*end)-1 || r.Load.Planned > int(400*end)+1 {
		t.Errorf("%d requests planned in %v s at 400/s", r.Load.Planned, end)
	}
	_, err := exec.LookPath("redis-server")
	demanded := err == nil || os.Getenv("CI") == "true" || r.Platform == chaos.Docker
	if demanded && len(r.Substitutes) > 0 {
		t.Errorf("ran a substitute: %q", r.Substitutes)
	}
	for _, f := range r.Faults {
		if !f.Proven {
			t.Errorf("%s is not proven: %s", f.Name, f.Proof)
		}
	}
}
