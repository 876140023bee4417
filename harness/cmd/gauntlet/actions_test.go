package main

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/chaos"
)

// underEverything is an experiment whose system is limited, stressed, scaled,
// far from its Redis over a way that loses packets, cut off from it and slow to
// answer for half a minute, while a replica is down and Redis restarts.
func underEverything(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "everything.yaml")
	write(t, file, fmt.Sprintf(`
name: everything
hypothesis: Whatever is active when the harness is killed, nothing of it is left.
target: {compose: %q, service: mapper}
load: {rate: 400/s, keys: {count: 1000}, mix: {get: 75%%, put: 25%%}}
phases: {warmup: 1s, baseline: 4s, observe: 30s}
faults:
  - {at: 0s, action: {limit: {service: mapper, mode: all, cpu: 500m, duration: 30s}}}
  - {at: 0s, action: {scale: {service: mapper, to: 4, duration: 30s}}}
  - {at: 0s, chaos: {apiVersion: chaos-mesh.org/v1alpha1, kind: StressChaos, metadata: {name: burning}, spec: {
      mode: one, selector: {labelSelectors: {app: mapper}}, duration: 30s,
      stressors: {cpu: {workers: 1, load: 20}, memory: {workers: 1, size: 16MB}}}}}
  - {at: 0s, chaos: {apiVersion: chaos-mesh.org/v1alpha1, kind: NetworkChaos, metadata: {name: far}, spec: {
      action: delay, mode: all, selector: {labelSelectors: {app: mapper}}, direction: both, duration: 30s,
      target: {mode: all, selector: {labelSelectors: {app: redis}}}, delay: {latency: 20ms}}}}
  - {at: 0s, chaos: {apiVersion: chaos-mesh.org/v1alpha1, kind: NetworkChaos, metadata: {name: lossy}, spec: {
      action: loss, mode: all, selector: {labelSelectors: {app: mapper}}, direction: both, duration: 30s,
      target: {mode: all, selector: {labelSelectors: {app: redis}}}, loss: {loss: "1"}}}}
  - {at: 0s, chaos: {apiVersion: chaos-mesh.org/v1alpha1, kind: HTTPChaos, metadata: {name: slow}, spec: {
      mode: all, selector: {labelSelectors: {app: mapper}}, target: Response, port: 8080, path: "*", delay: 10ms, duration: 30s}}}
  - {at: 500ms, chaos: {apiVersion: chaos-mesh.org/v1alpha1, kind: NetworkChaos, metadata: {name: cut-off}, spec: {
      action: partition, mode: one, selector: {labelSelectors: {app: mapper}}, direction: both, duration: 30s,
      target: {mode: all, selector: {labelSelectors: {app: redis}}}}}}
  - {at: 1s, action: {restart: {service: redis}}}
  - {at: 1500ms, chaos: {apiVersion: chaos-mesh.org/v1alpha1, kind: PodChaos, metadata: {name: down}, spec: {
      action: pod-failure, mode: one, selector: {labelSelectors: {app: mapper}}, duration: 30s}}}
consistency: {share: 30%%}   # writes that may fail beside a restart of Redis decide nothing
slo: {good: {latency: 1s}, recovery: 15s, availability: {get: 90%%, put: 90%%}}
`, filepath.Join(root(t), "docker-compose.yml")))
	return file
}

// noGroups demands that no control group of a run below out is left.
func noGroups(t *testing.T, out string) {
	t.Helper()
	runs, _ := filepath.Glob(filepath.Join(out, "*", "*"))
	for _, dir := range runs {
		filepath.WalkDir("/sys/fs/cgroup", func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() && strings.Contains(entry.Name(), filepath.Base(dir)) {
				t.Errorf("the control group %s is left", path)
			}
			return nil
		})
	}
}

// killedUnderEverything kills a run at random instants with every kind of
// fault active, and cleans up as a person would.
func killedUnderEverything(t *testing.T, platform string, kills int, left func(t *testing.T, out string)) {
	state := t.TempDir()
	for range kills {
		wait := rand.N(4 * time.Second)
		t.Run(wait.String(), func(t *testing.T) {
			out := t.TempDir()
			cmd := command(t, state, "run", underEverything(t), "--platform", platform, "--out", out, "--seed", "7")
			run := start(t, cmd)
			run.await(t, "inject", time.Minute)
			time.Sleep(wait) // the instant is what is varied; any is as good
			run.kill()
			if gc := execute(t, state, "gc"); gc.code != exitPass {
				t.Errorf("gc ended with %d: %s\nthe run: %s", gc.code, gc.stderr, run)
			}
			nothingLeft(t, state, out)
			noGroups(t, out)
			left(t, out)
		})
	}
}

func TestEndToEndKilledUnderEveryFault(t *testing.T) {
	killedUnderEverything(t, chaos.Local, 2, func(*testing.T, string) {})
}

func TestDockerKilledUnderEveryFault(t *testing.T) {
	needDocker(t)
	killedUnderEverything(t, chaos.Docker, 1, noContainers)
}
