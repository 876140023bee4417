package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"gauntlet/harness/chaos"
	"gauntlet/reports"
)

func TestEndToEndExperiments(t *testing.T) {
	all(t, chaos.Local, "baseline", "pod-kill", "redis-outage", "node-join", "outage-plus-pod-kill", "redis-partition")
}

func TestEndToEndControlsEndAsTheySay(t *testing.T) {
	all(t, chaos.Local,
		"baseline/wrong-url", "baseline/stale-value", "pod-kill/ack-before-store", "pod-kill/inert-fault", "node-join/cold-join",
		"redis-outage/no-fallback", "outage-plus-pod-kill/memory-only-writeback", "redis-partition/no-redis-timeout")
}

// Without redis-server the embedded substitute takes its place, keeps what it
// acknowledged, and is named in the result.
func TestEndToEndSubstituteKeepsWhatItAcknowledged(t *testing.T) {
	got, r := sound(t, append([]string{"outage-plus-pod-kill", "--substitute", "--seed", "7"},
		settings("--set", "faults.0.chaos.spec.duration=6s", "--set", "faults.1.at=2s")...)...)
	demand(t, got, r, reports.Pass)
	if len(r.Substitutes) != 1 || !strings.Contains(r.Substitutes[0], "redis") {
		t.Errorf("substitutes %q, want one that names redis", r.Substitutes)
	}
}

// A run is a function of its files: judged and drawn again it is the same to
// the byte, and vegeta reads exactly the requests that were sent.
func TestEndToEndARunCanBeJudgedAgain(t *testing.T) {
	url := startTarget(t)
	file := filepath.Join(t.TempDir(), "outside.yaml")
	write(t, file, fmt.Sprintf(`
name: outside
hypothesis: A server that somebody else runs answers.
target: {url: %q, request: {method: GET, path: /}}
load: {rate: 500/s, timeout: 1s, mix: {get: 100%%}, keys: {distribution: uniform, count: 10}}
phases: {warmup: 1s, baseline: 3s, observe: 8s}
slo: {good: {latency: 250ms}, recovery: 5s, availability: 99%%}
`, url))
	out := t.TempDir()
	got := execute(t, t.TempDir(), "run", file, "--json", "--out", out)
	r := result(t, got.stdout)
	dirs, _ := filepath.Glob(filepath.Join(out, "outside", "*"))
	if len(dirs) != 1 {
		t.Fatalf("folders %q, want one", dirs)
	}
	before, page := read(t, dirs[0], "result.json"), read(t, dirs[0], "report.html")
	if got.stdout != before {
		t.Error("--json printed something else than result.json")
	}
	if again := execute(t, t.TempDir(), "judge", dirs[0]); again.stdout != before {
		t.Errorf("judged again, another result:\n%s\n%s", again.stderr, firstDifference(before, again.stdout))
	}
	if again := execute(t, t.TempDir(), "report", dirs[0]); again.code != 0 || read(t, dirs[0], "report.html") != page {
		t.Errorf("drawn again, another page (exit code %d): %s", again.code, again.stderr)
	}
	exported := execute(t, t.TempDir(), "export", dirs[0], "--to", "vegeta")
	decode := vegeta.NewDecoder(strings.NewReader(exported.stdout))
	n := 0
	for {
		var hit vegeta.Result
		if decode.Decode(&hit) != nil {
			break
		}
		n++
	}
	if n != r.Load.Sent || n == 0 {
		t.Errorf("vegeta reads %d requests, %d were sent", n, r.Load.Sent)
	}
}

func TestEndToEndInterruptLeavesNothingAndAReport(t *testing.T) {
	state, out := t.TempDir(), t.TempDir()
	cmd := command(t, state, append([]string{"run", "redis-outage", "--json", "--out", out, "--seed", "7"}, settings()...)...)
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	run := start(t, cmd)
	run.await(t, "inject", time.Minute)
	run.signal(syscall.SIGINT)
	if code := run.end(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d\n%s", code, exitInterrupted, run)
	}
	nothingLeft(t, state, out)
	r := result(t, stdout.String())
	if r.Aborted == nil || r.Aborted.By != "signal" || r.Verdict == reports.Pass {
		t.Errorf("aborted %+v, verdict %s; want by signal, and never PASS", r.Aborted, r.Verdict)
	}
}

// Killed at any instant, a run leaves nothing after the next start: in each
// stage it is killed at a random instant within.
func TestEndToEndKilledAtRandomInstants(t *testing.T) {
	state := t.TempDir()
	for _, stage := range []struct {
		experiment, word string // that the run says when the stage begins
		lasts            time.Duration
	}{
		{"redis-outage", "starting", 600 * time.Millisecond},
		{"redis-outage", "populating", 500 * time.Millisecond},
		{"redis-outage", "warm-up", 5 * time.Second},
		{"redis-outage", "inject", 5 * time.Second},
		{"redis-partition", "inject", 5 * time.Second},
		{"redis-outage", "reading", 100 * time.Millisecond},
	} {
		wait := rand.N(stage.lasts)
		t.Run(fmt.Sprintf("%s %s+%s", stage.experiment, stage.word, wait), func(t *testing.T) {
			out := t.TempDir()
			cmd := command(t, state, append([]string{"run", stage.experiment, "--out", out},
				settings("--set", "faults.0.chaos.spec.duration=6s", "--set", "phases.warmup=1s", "--set", "phases.observe=10s")...)...)
			run := start(t, cmd)
			run.await(t, stage.word, time.Minute)
			time.Sleep(wait) // the instant is what is varied; any is as good
			run.kill()
			// The next start cleans up before it does anything.
			next := execute(t, state, "run", brokenSystem(t), "--out", t.TempDir())
			if !strings.Contains(next.stderr, "cleaned up after a killed run") {
				t.Errorf("the next start did not clean up:\n%s\nthe killed run: %s", next.stderr, run)
			}
			nothingLeft(t, state, out)
		})
	}
}

// brokenSystem is an experiment on a system that does not start.
func brokenSystem(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "docker-compose.yml"), `
services:
  broken:
    image: none
    ports: ["8080"]
    x-local: {command: [sh, -c, "echo the database is on fire >&2; exit 3"]}
`)
	file := filepath.Join(dir, "broken.yaml")
	write(t, file, `
name: broken
hypothesis: It does not even start.
target: {compose: docker-compose.yml, service: broken}
load: {rate: 500/s, timeout: 1s, mix: {get: 100%}}
phases: {warmup: 1s, baseline: 3s, observe: 20s}
slo: {good: {latency: 250ms}, availability: 99%}
`)
	return file
}

func TestEndToEndASystemThatDoesNotStartIsShown(t *testing.T) {
	state, out := t.TempDir(), t.TempDir()
	got := execute(t, state, "run", brokenSystem(t), "--out", out)
	if got.code != exitInfrastructure || !strings.Contains(got.stderr, "the database is on fire") {
		t.Errorf("exit code %d, want %d with the last words of the process:\n%s", got.code, exitInfrastructure, got.stderr)
	}
	nothingLeft(t, state, out)
}

// nothingLeft demands that the register is empty, that no process carries the
// label of a run below out, and that the volumes of those runs are gone.
func nothingLeft(t *testing.T, state, out string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(state, "gauntlet", "runs"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("run %s is still in the register", e.Name())
	}
	runs, _ := filepath.Glob(filepath.Join(out, "*", "*"))
	environments, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, dir := range runs {
		for _, folder := range []string{"volumes", "work", "bin"} {
			if _, err := os.Stat(filepath.Join(dir, folder)); err == nil {
				t.Errorf("the folder %s of the run is left", folder)
			}
		}
		for _, path := range environments {
			data, err := os.ReadFile(path)
			if err == nil && bytes.Contains(data, []byte("GAUNTLET_RUN="+filepath.Base(dir))) {
				t.Errorf("%s belongs to a process of run %s", path, filepath.Base(dir))
			}
		}
	}
}

func startTarget(t *testing.T, more ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "address")
	target := start(t, exec.Command("target", append([]string{file, "120"}, more...)...))
	var url []byte
	target.until(t, "it wrote its address", time.Minute, func() (found bool) {
		var err error
		url, err = os.ReadFile(file)
		return err == nil
	})
	return string(url)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// firstDifference shows where two texts part.
func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d:\n- %s\n+ %s", i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(x), len(y))
}
