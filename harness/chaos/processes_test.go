package chaos

import (
	"context"
	"net/http"
	"os"
	"testing"
	"time"

	"gauntlet/harness/history"
	"gauntlet/harness/platform"
	"gauntlet/harness/platform/local"
	"gauntlet/harness/topology"
)

// serveAt names the variable that makes this test binary a replica.
const serveAt = "CHAOS_TEST_SERVE_AT"

func TestMain(m *testing.M) {
	if address := os.Getenv(serveAt); address != "" {
		ready := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
		_ = http.ListenAndServe(address, ready)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// processes starts two replicas that are processes of this machine.
func processes(t *testing.T) platform.System {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	sys, err := local.New(local.Options{RunID: "chaos-test", Dir: dir}).Up(t.Context(), topology.Stack{
		Name: "processes", File: dir + "/docker-compose.yml", Dir: dir,
		Services: []topology.Service{{
			Name: "web", Replicas: 2, Ports: []int{8080}, Labels: map[string]string{"app": "web"},
			Ready: topology.Ready{HTTP: "/"},
			Local: &topology.Local{Command: []string{self}, Env: map[string]string{serveAt: "127.0.0.1:{port:8080}"}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sys.Down(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return sys
}

// Real processes die and are started again; each action is proven, and leaves
// the system as it was.
func TestPodChaosOnRealProcesses(t *testing.T) {
	sys := processes(t)
	for _, f := range []Fault{
		{Name: "kill", Kind: PodChaos, Action: PodKill, Mode: ModeOne},
		{Name: "gently", Kind: PodChaos, Action: PodKill, Mode: ModeOne, GracePeriod: 5 * time.Second},
		{Name: "container", Kind: PodChaos, Action: ContainerKill, Mode: ModeAll, ContainerNames: []string{"web"}},
		{Name: "failure", Kind: PodChaos, Action: PodFailure, Mode: ModeAll, Duration: time.Second},
	} {
		t.Run(f.Name, func(t *testing.T) {
			f.Selector.Labels = map[string]string{"app": "web"}
			p, err := Prepare(t.Context(), sys, f, Settings{Clock: history.NewClock(time.Now()), Probe: platform.Probe, ReadyWithin: 30 * time.Second, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			e := inject(t, p)
			if !f.OneShot() {
				held(t, p)
			}
			h := heal(t, p)
			if !h.Back || h.Event.At < e.At || h.Event.Until <= h.Event.At {
				t.Errorf("injected %+v, healed %+v", e, h.Event)
			}
			wantProof(t, p, true, "stopped at .*, first refused connection .*, back ")
			if err := p.Check(t.Context()); err != nil {
				t.Error(err)
			}
			t.Log(p.Proof().Detail)
		})
	}
}
