package run

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gauntlet/harness/chaos"
	"gauntlet/harness/experiment"
	"gauntlet/harness/history"
	"gauntlet/reports"
)

// outside is a short experiment on a server of this test, and the options to
// run it with a register and folders of its own.
func outside(t *testing.T, handler http.Handler) Options {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	source := fmt.Sprintf(`
name: outside
hypothesis: It answers.
target: {url: %q, request: {method: GET, path: /}}
load: {rate: 400/s, timeout: 500ms, mix: {get: 100%%}, keys: {distribution: uniform, count: 10}}
phases: {warmup: 500ms, baseline: 2500ms, observe: 3s}
slo: {good: {latency: 250ms}, recovery: 1s, availability: 90%%}
`, server.URL)
	exp, err := experiment.Parse(filepath.Join(t.TempDir(), "outside.yaml"), []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	return Options{Experiment: exp, Platform: "external", Seed: 1, Out: out, History: filepath.Join(out, "history.ndjson"), Command: "test"}
}

// patient has limits so wide that no lateness of the generator can decide what a
// request is, whatever else the machine does.
func patient(t *testing.T, o Options) Options {
	t.Helper()
	exp, err := o.Experiment.With(map[string]string{"load.timeout": "2s", "slo.good.latency": "2s"})
	if err != nil {
		t.Fatal(err)
	}
	o.Experiment = exp
	return o
}

func TestARunLeavesItsFilesAndNoEntry(t *testing.T) {
	o := outside(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {}))
	o.Set = []string{"load.rate=7/s"}
	out, err := Run(context.Background(), patient(t, o))
	if err != nil || out.Unclean != nil {
		t.Fatal(err, out.Unclean)
	}
	if out.Result.Verdict == reports.Fail || out.Result.Aborted != nil {
		t.Errorf("%s: %s", out.Result.Verdict, out.Result.Why)
	}
	if !slices.Equal(out.Result.Set, o.Set) {
		t.Errorf("set %q, want %q", out.Result.Set, o.Set)
	}
	for _, name := range artifacts() {
		if _, err := os.Stat(filepath.Join(out.Dir, name)); err != nil {
			t.Error(err)
		}
	}
	past, err := reports.ReadHistory(o.History, out.Result.Fingerprint, 10)
	if err != nil || len(past) != 1 {
		t.Errorf("%d runs in the history (%v), want this one", len(past), err)
	}
	if lines, err := Reap(context.Background()); err != nil || len(lines) != 0 {
		t.Errorf("left %q, %v", lines, err)
	}
}

func TestAnInterruptedRunIsJudgedAndNeverPasses(t *testing.T) {
	o := outside(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {}))
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(4*time.Second, func() { cancel(ErrInterrupted{"SIGTERM"}) }) // in observe
	out, err := Run(ctx, patient(t, o))                                         // without a steady state it would end before
	if !errors.Is(err, ErrInterrupted{"SIGTERM"}) || out.Unclean != nil {
		t.Fatalf("error %v, unclean %v; want the interruption", err, out.Unclean)
	}
	r := out.Result
	if r == nil || r.Aborted == nil || r.Aborted.By != "signal" || r.Verdict == reports.Pass {
		t.Fatalf("result %+v, want one that was aborted by a signal and does not pass", r)
	}
	events, err := history.ReadEvents(filepath.Join(out.Dir, eventsFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Type == history.EventEnd {
			t.Error("an interrupted run says that it came to its end")
		}
	}
}

// A system that is ill before anything was done to it fails for that, and
// nothing is tried on it.
func TestAnIllSystemHasNoSteadyState(t *testing.T) {
	var n int
	serial := make(chan struct{}, 1)
	o := outside(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		serial <- struct{}{}
		n++
		if n%10 == 0 {
			w.WriteHeader(http.StatusInternalServerError)
		}
		<-serial
	}))
	out, err := Run(context.Background(), patient(t, o)) // it is ill by its answers
	if err != nil {
		t.Fatal(err)
	}
	for _, objective := range out.Result.Objectives {
		if objective.Name == "steadyState" && objective.Verdict == reports.Fail && objective.Reason == reports.LimitBroken {
			return
		}
	}
	t.Errorf("%s: %s; want steadyState to fail", out.Result.Verdict, out.Result.Why)
}

// Runs are compared when the same was done to them: a packet that the kernel
// drops costs more than one that a proxy holds back.
func TestTheFingerprintTellsWhoDoesTheFault(t *testing.T) {
	app := func(name string) chaos.Selector { return chaos.Selector{Labels: map[string]string{"app": name}} }
	far := chaos.Fault{Name: "far", Kind: chaos.NetworkChaos, Action: chaos.NetworkDelay, Duration: time.Minute, Selector: app("mapper"),
		Network: &chaos.Network{Delay: time.Millisecond, Target: &chaos.Target{Selector: app("redis")}}}
	loss := far
	loss.Action, loss.Network = chaos.NetworkLoss, &chaos.Network{Loss: 0.05, Target: far.Network.Target}
	o := outside(t, http.NotFoundHandler())
	of := func(f chaos.Fault, drops bool) string {
		s := &session{exp: o.Experiment, o: Options{Platform: chaos.Docker, Kernel: chaos.Kernel{Drops: drops}, Faults: []chaos.Timed{{Fault: f}}}}
		return s.fingerprint()
	}
	if of(loss, true) == of(loss, false) {
		t.Error("a loss by the kernel has the fingerprint of one by a proxy")
	}
	if of(far, true) != of(far, false) {
		t.Error("a delay, which only a proxy does, has another fingerprint where the kernel can drop packets")
	}
}
