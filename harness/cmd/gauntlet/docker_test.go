package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gauntlet/harness/chaos"
	"gauntlet/harness/platform/docker"
	"gauntlet/reports"
)

// The tests of this file run the same experiments on containers, in the same
// short form.

// needDocker skips the test where no Docker engine answers, or the images are
// not made; with CI=true that is a failure.
func needDocker(t *testing.T) {
	t.Helper()
	skip := t.Skipf
	if os.Getenv("CI") == "true" {
		skip = t.Fatalf
	}
	if out, err := exec.Command("docker", "info").CombinedOutput(); err != nil {
		skip("no Docker engine answers: %v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(root(t), ".env")); err != nil {
		skip("the images are not made: make images")
	}
}

// onDocker is the short form of an experiment, on containers.
func onDocker(more ...string) []string {
	return settings(append([]string{"--platform", "docker"}, more...)...)
}

func TestDockerExperiments(t *testing.T) {
	needDocker(t)
	all(t, chaos.Docker, "pod-kill", "node-join", "redis-outage", "redis-partition", "redis-loss")
}

func TestDockerControlsEndAsTheySay(t *testing.T) {
	needDocker(t)
	all(t, chaos.Docker, "pod-kill/ack-before-store", "redis-outage/no-fallback", "redis-partition/no-redis-timeout")
}

func TestDockerInterruptLeavesNothingAndAReport(t *testing.T) {
	needDocker(t)
	state, out := t.TempDir(), t.TempDir()
	cmd := command(t, state, append([]string{"run", "redis-outage", "--json", "--out", out, "--seed", "7"}, onDocker()...)...)
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	run := start(t, cmd)
	run.await(t, "inject", time.Minute)
	run.signal(syscall.SIGINT)
	if code := run.end(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d\n%s", code, exitInterrupted, run)
	}
	nothingLeft(t, state, out)
	noContainers(t, out)
	r := result(t, stdout.String())
	if r.Aborted == nil || r.Aborted.By != "signal" || r.Verdict == reports.Pass {
		t.Errorf("aborted %+v, verdict %s; want by signal, and never PASS", r.Aborted, r.Verdict)
	}
	for _, replica := range []string{"redis-1", "mapper-1"} {
		logs, _ := filepath.Glob(filepath.Join(out, "*", "*", "logs", replica+".log"))
		if len(logs) != 1 {
			t.Errorf("the log of %s is not kept: %q", replica, logs)
		}
	}
}

func TestDockerKilledAtRandomInstants(t *testing.T) { killedOnContainers(t, 4) }

// killedOnContainers kills runs at random instants: none leaves a container,
// network or volume after gc. Most of the instants are within the start, where
// something is made in every moment.
func killedOnContainers(t *testing.T, kills int) {
	needDocker(t)
	state := t.TempDir()
	for i := range kills {
		within := 3 * time.Second
		if i%4 == 3 {
			within = 12 * time.Second
		}
		wait, name := rand.N(within), []string{"redis-loss", "redis-outage", "redis-partition"}[i%3]
		t.Run(name+"+"+wait.String(), func(t *testing.T) {
			out := t.TempDir()
			cmd := command(t, state, append([]string{"run", name, "--out", out}, onDocker()...)...)
			run := start(t, cmd)
			time.Sleep(wait) // the instant is what is varied; any is as good
			run.kill()
			gc := execute(t, state, "gc")
			if gc.code != exitPass {
				t.Errorf("gc ended with %d: %s\nthe run: %s", gc.code, gc.stderr, run)
			}
			nothingLeft(t, state, out)
			noContainers(t, out)
		})
	}
}

// noContainers demands that nothing in the engine carries the label of a run
// below out, and that there was such a run.
func noContainers(t *testing.T, out string) {
	t.Helper()
	runs, _ := filepath.Glob(filepath.Join(out, "*", "*"))
	for _, dir := range runs {
		filter := "label=gauntlet.run=" + filepath.Base(dir)
		for _, list := range [][]string{{"ps", "--all", "--quiet"}, {"network", "ls", "--quiet"}, {"volume", "ls", "--quiet"}} {
			left, err := exec.Command("docker", append(list, "--filter", filter)...).CombinedOutput()
			if err != nil || strings.TrimSpace(string(left)) != "" {
				t.Errorf("docker %s shows of run %s: %s %v", strings.Join(list, " "), filepath.Base(dir), left, err)
			}
		}
	}
}

// An engine that does not answer is no reason to hang, and no reason to forget
// what it holds: containers, and the rules in their network namespaces.
func TestDockerAnEngineThatDoesNotAnswer(t *testing.T) {
	needDocker(t)
	state, out := t.TempDir(), t.TempDir()
	cmd := command(t, state, append([]string{"run", "redis-loss", "--out", out}, onDocker("--set", "phases.warmup=1s", "--set", "phases.baseline=3s")...)...)
	run := start(t, cmd)
	run.await(t, "inject", time.Minute)
	journals, _ := filepath.Glob(filepath.Join(state, "gauntlet", "runs", "*", "journal"))
	if len(journals) != 1 {
		t.Fatalf("journals %q, want one", journals)
	}
	rules := docker.CanDrop(t.Context()) == nil
	run.until(t, "its rules were entered", time.Minute, func() bool {
		return !rules || strings.Contains(read(t, filepath.Dir(journals[0]), "journal"), docker.RulesUndoKind)
	})
	run.kill()
	entered := read(t, filepath.Dir(journals[0]), "journal")
	elsewhere := strings.ReplaceAll(entered, "unix://", "unix:///nowhere")
	if elsewhere == entered {
		t.Fatalf("the journal names no engine: %s", entered)
	}
	write(t, journals[0], elsewhere)
	if gc := execute(t, state, "gc"); gc.code != exitUnclean || !strings.Contains(gc.stderr, "does not answer") {
		t.Errorf("gc ended with %d, want %d: %s%s", gc.code, exitUnclean, gc.stdout, gc.stderr)
	}
	write(t, journals[0], entered)
	if gc := execute(t, state, "gc"); gc.code != exitPass || !strings.Contains(gc.stdout, "containers") || rules && !strings.Contains(gc.stdout, "packet rules") {
		t.Errorf("gc ended with %d: %s%s", gc.code, gc.stdout, gc.stderr)
	}
	nothingLeft(t, state, out)
	noContainers(t, out)
}
