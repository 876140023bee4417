// Package conformance is what every platform with a life cycle must do, as
// tests: a fault means the same wherever it is injected only if these pass.
package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// patience bounds every wait of the suite.
const patience = 60 * time.Second

// Run runs the suite. start makes a fresh platform for a subtest; what it
// needs beyond (a folder, a run id) it takes from t. Capabilities that the
// systems of the platform lack are skipped by name.
func Run(t *testing.T, start func(t *testing.T) platform.Platform) {
	t.Run("up", func(t *testing.T) { up(t, start(t)) })
	t.Run("environment", func(t *testing.T) { environment(t, start(t)) })
	t.Run("kill", func(t *testing.T) { kill(t, start(t)) })
	t.Run("kill with grace", func(t *testing.T) { killWithGrace(t, start(t)) })
	t.Run("hold and release", func(t *testing.T) { holdAndRelease(t, start(t)) })
	t.Run("scale", func(t *testing.T) { scale(t, start(t)) })
	t.Run("limit", func(t *testing.T) { limit(t, start(t)) })
	t.Run("exit by itself", func(t *testing.T) { exitByItself(t, start(t)) })
	t.Run("logs", func(t *testing.T) { logs(t, start(t)) })
	t.Run("links", func(t *testing.T) { links(t, start(t)) })
	t.Run("unknown replica", func(t *testing.T) { unknownReplica(t, start(t)) })
	t.Run("down", func(t *testing.T) { down(t, start(t)) })
	t.Run("failed start", func(t *testing.T) { failedStart(t, start(t)) })
	t.Run("cancelled start", func(t *testing.T) { cancelledStart(t, start(t)) })
}

// Stack is the system that the suite runs: a store, and two replicas of web
// that need it.
func Stack(t *testing.T, o topology.Options) topology.Stack {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	stack, err := topology.Load(t.Context(), filepath.Join(filepath.Dir(here), "testdata", "docker-compose.yml"), o)
	if err != nil {
		t.Fatal(err)
	}
	return stack
}

var names = []string{"store-1", "web-1", "web-2"}

// begin brings the suite's system up, and down when the test is over.
func begin(t *testing.T, p platform.Platform, o topology.Options) platform.System {
	t.Helper()
	return beginStack(t, p, Stack(t, o))
}

func beginStack(t *testing.T, p platform.Platform, stack topology.Stack) platform.System {
	t.Helper()
	s, err := p.Up(t.Context(), stack)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Down(ctx); err != nil {
			t.Errorf("down: %v", err)
		}
	})
	return s
}

// replicas is the replicas by name; it fails when the names are others.
func replicas(t *testing.T, s platform.System) map[string]platform.Replica {
	t.Helper()
	list, err := s.Replicas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]platform.Replica{}
	var got []string
	for _, r := range list {
		got = append(got, r.Name)
		by[r.Name] = r
	}
	if !slices.Equal(got, names) {
		t.Fatalf("replicas %v, want %v in this order", got, names)
	}
	return by
}

// eventually asks until done answers "", at most for patience.
func eventually(t *testing.T, done func() string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		missing := done()
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %s", patience, missing)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// another waits for the next incarnation of a replica, ready to serve.
func another(t *testing.T, s platform.System, before platform.Replica) platform.Replica {
	t.Helper()
	var now platform.Replica
	eventually(t, func() string {
		now = replicas(t, s)[before.Name]
		if now.State != platform.Running || now.Incarnation == before.Incarnation {
			return fmt.Sprintf("%s is %s as %q, was %q", now.Name, now.State, now.Incarnation, before.Incarnation)
		}
		if err := platform.Probe(t.Context(), now); err != nil {
			return err.Error()
		}
		return ""
	})
	if now.Address != before.Address || now.Ports[8080] != before.Ports[8080] {
		t.Errorf("%s moved from %s to %s", now.Name, before.Address, now.Address)
	}
	if now.Started.Before(before.Started) {
		t.Errorf("%s: the second life began at %v, the first at %v", now.Name, now.Started, before.Started)
	}
	return now
}

// get is the body of a GET.
func get(t *testing.T, r platform.Replica, path string) (string, error) {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + r.Address + path)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func mustGet(t *testing.T, r platform.Replica, path string) string {
	t.Helper()
	body, err := get(t, r, path)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func up(t *testing.T, p platform.Platform) {
	begun := time.Now()
	s := begin(t, p, topology.Options{})
	noLinks(t, s)
	addresses, incarnations := map[string]bool{}, map[string]bool{}
	list := replicas(t, s)
	for _, planned := range platform.Planned(Stack(t, topology.Options{})) { // a dry run aims at these
		r := list[planned.Name]
		said := platform.Replica{Name: r.Name, Service: r.Service, Labels: r.Labels, Ready: r.Ready, State: r.State, StopGrace: r.StopGrace}
		if !reflect.DeepEqual(said, planned) {
			t.Errorf("%s is %+v, and was planned as %+v", planned.Name, said, planned)
		}
	}
	for name, r := range list {
		service, _, _ := strings.Cut(name, "-")
		if r.Service != service || r.Labels["app"] != service {
			t.Errorf("%s: service %q, labels %v", name, r.Service, r.Labels)
		}
		if err := platform.Probe(t.Context(), r); err != nil {
			t.Errorf("Up returned before %v", err)
		}
		if r.State != platform.Running || r.Incarnation == "" || r.Address == "" || r.Address != r.Ports[8080] {
			t.Errorf("%+v", r)
		}
		if r.Started.Before(begun.Add(-time.Second)) || r.Started.After(time.Now()) {
			t.Errorf("%s: started at %v", name, r.Started)
		}
		addresses[r.Address], incarnations[r.Incarnation] = true, true
	}
	if len(addresses) != len(names) || len(incarnations) != len(names) {
		t.Errorf("addresses %v, incarnations %v", addresses, incarnations)
	}
}

func environment(t *testing.T, p platform.Platform) {
	s := begin(t, p, topology.Options{Env: map[string]map[string]string{"web": {"SAID": "by the experiment"}}})
	by := replicas(t, s)
	for _, name := range []string{"web-1", "web-2"} {
		if got := mustGet(t, by[name], "/env/HOSTNAME"); got != name {
			t.Errorf("%s: HOSTNAME is %q", name, got)
		}
		if got := mustGet(t, by[name], "/env/SAID"); got != "by the experiment" {
			t.Errorf("%s: SAID is %q", name, got)
		}
		// The volume is one for all replicas of the service.
		if got := mustGet(t, by[name], "/files"); !strings.Contains(got, "web-1\n") || !strings.Contains(got, "web-2\n") {
			t.Errorf("%s sees the files %q", name, got)
		}
	}
}

func kill(t *testing.T, p platform.Platform) {
	s := begin(t, p, topology.Options{})
	killer, ok := s.(platform.Killer)
	if !ok {
		t.Skip("the platform is no Killer")
	}
	before := replicas(t, s)
	if err := killer.Kill(t.Context(), "web-1", 0); err != nil {
		t.Fatal(err)
	}
	if now := replicas(t, s)["web-1"]; now.Incarnation == before["web-1"].Incarnation {
		t.Errorf("Kill returned while %q is listed", now.Incarnation)
	}
	now := another(t, s, before["web-1"])
	if files := mustGet(t, now, "/files"); !strings.Contains(files, "web-1\n") {
		t.Errorf("the volume did not outlive the replica: %q", files)
	}
	if after := replicas(t, s); after["web-2"].Incarnation != before["web-2"].Incarnation {
		t.Error("another replica was killed too")
	}
}

func killWithGrace(t *testing.T, p platform.Platform) {
	s := begin(t, p, topology.Options{Args: map[string][]string{"store": {"-ignore-term"}}})
	killer, ok := s.(platform.Killer)
	if !ok {
		t.Skip("the platform is no Killer")
	}
	before := replicas(t, s)
	begun := time.Now()
	if err := killer.Kill(t.Context(), "web-1", patience); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took >= patience {
		t.Errorf("a process that ends on SIGTERM was given all its grace: %v", took)
	}
	another(t, s, before["web-1"])
	const grace = 500 * time.Millisecond
	begun = time.Now()
	if err := killer.Kill(t.Context(), "store-1", grace); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < grace {
		t.Errorf("a process that ignores SIGTERM was killed after %v of %v", took, grace)
	}
	another(t, s, before["store-1"])
}

func holdAndRelease(t *testing.T, p platform.Platform) {
	s := begin(t, p, topology.Options{})
	holder, ok := s.(platform.Holder)
	if !ok {
		t.Skip("the platform is no Holder")
	}
	before := replicas(t, s)["web-2"]
	for range 2 { // what is held can be held
		if err := holder.Hold(t.Context(), "web-2"); err != nil {
			t.Fatal(err)
		}
	}
	// Nothing announces that a replica stays down: it must still be so after
	// more time than a supervisor needs to start it.
	for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		now := replicas(t, s)["web-2"]
		if now.State != platform.Down || now.Incarnation != "" || now.Address != before.Address {
			t.Fatalf("held: %+v", now)
		}
		if _, err := get(t, before, "/readyz"); err == nil {
			t.Fatal("a held replica answers")
		}
	}
	if killer, ok := s.(platform.Killer); ok {
		if err := killer.Kill(t.Context(), "web-2", 0); !errors.Is(err, platform.ErrDown) {
			t.Errorf("killing what is down: %v", err)
		}
	}
	if err := holder.Release(t.Context(), "web-2"); err != nil {
		t.Fatal(err)
	}
	if now := replicas(t, s)["web-2"]; now.State != platform.Running {
		t.Errorf("Release returned while the replica is %s", now.State)
	}
	now := another(t, s, before)
	if err := holder.Release(t.Context(), "web-2"); err != nil {
		t.Errorf("releasing what is not held: %v", err)
	}
	if after := replicas(t, s)["web-2"]; after.Incarnation != now.Incarnation {
		t.Error("releasing what is not held started it again")
	}
}

func exitByItself(t *testing.T, p platform.Platform) {
	s := begin(t, p, topology.Options{})
	for range 2 {
		before := replicas(t, s)["web-1"]
		get(t, before, "/exit") // it dies before it answers
		another(t, s, before)
	}
}
