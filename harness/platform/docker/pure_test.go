package docker

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/image"

	"gauntlet/harness/topology"
)

func TestEnvironmentNamesEveryReplica(t *testing.T) {
	stack := topology.Stack{Services: []topology.Service{{Name: "store", Replicas: 1}, {Name: "web", Replicas: 2}}}
	service := topology.Service{Name: "web", Env: map[string]string{
		"STORE": "redis://user@store:6379/0", "PEERS": "web:8080,other:1", "LISTEN": ":8080", "HOSTNAME": "mine",
	}}
	got := environment(stack, service, "web-2", (*links)(nil).find)
	want := map[string]string{
		"STORE": "redis://user@store-1:6379/0", "PEERS": "web-1:8080,web-2:8080,other:1", "LISTEN": ":8080", "HOSTNAME": "web-2",
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if service.Env["HOSTNAME"] != "mine" {
		t.Error("the stack was changed")
	}
}

func TestTheEngineIsTheOneThatWasAskedFor(t *testing.T) {
	for _, c := range []struct {
		asked, host string
		ok          bool
	}{
		{"", "unix:///var/run/docker.sock", true},
		{"unix:///run/user/7/docker.sock", "unix:///run/user/7/docker.sock", true},
		{"tcp://127.0.0.1:2375/", "tcp://127.0.0.1:2375", true},
		{"tcp://127.0.0.1:2375", "unix:///var/run/docker.sock", false},
	} {
		if err := meant(c.asked, c.host); (err == nil) != c.ok {
			t.Errorf("asked for %q, got %q: %v", c.asked, c.host, err)
		}
	}
}

// An engine that a run entered is undone there, wherever DOCKER_HOST points now.
func TestUndoAsksTheEngineThatWasEntered(t *testing.T) {
	t.Setenv("DOCKER_HOST", "nonsense")
	_, err := reach(t.Context(), "unix://"+filepath.Join(t.TempDir(), "none"))
	if err == nil || strings.Contains(err.Error(), "nonsense") || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("got %v", err)
	}
}

func TestHereIsWhoPublishesOnOurLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"unix:///var/run/docker.sock": true, "npipe:////./pipe/docker_engine": true, "tcp://127.0.0.1:2375": true, "tcp://localhost:2375": true,
		"tcp://[::1]:2375": true, "tcp://build.example:2376": false, "ssh://me@host": false, "tcp://10.0.0.7:2375": false, "%": false,
	} {
		if here(host) != want {
			t.Errorf("%s: %v", host, !want)
		}
	}
}

func TestAnImageOlderThanItsSourcesIsFound(t *testing.T) {
	dir := t.TempDir()
	built := time.Now().Add(-time.Hour)
	file := func(name string, at time.Time) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("*\n!src\n**/*_test.go\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	build := &topology.Build{Context: dir}
	file(".dockerignore", built.Add(time.Minute))
	file("src/main.go", built.Add(-time.Minute))
	file("src/deep/deep_test.go", built.Add(time.Minute))
	file("notes/today", built.Add(time.Minute))
	file(".git/index", built.Add(time.Minute))
	if got := newerSource(build, built); got != "" {
		t.Errorf("%s is not a source that changed", got)
	}
	file("src/deep/deep.go", built.Add(time.Minute))
	if got := newerSource(build, built); got != filepath.Join("src", "deep", "deep.go") {
		t.Errorf("found %q", got)
	}
	if newerSource(nil, built) != "" || newerSource(build, time.Time{}) != "" || newerSource(&topology.Build{Context: "https://example.org/x.git"}, built) != "" {
		t.Error("what cannot be known was told")
	}
}

func TestAnImageIsAsYoungAsItsLastBuild(t *testing.T) {
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	i := image.InspectResponse{Created: created.Format(time.RFC3339Nano)}
	if got := imageTime(i); !got.Equal(created) {
		t.Error(got)
	}
	i.Metadata.LastTagTime = created.Add(time.Hour)
	if got := imageTime(i); !got.Equal(created.Add(time.Hour)) {
		t.Error(got)
	}
}

// An instant keeps its distance from now when the wall clock is set.
func TestInstantsAreMonotonic(t *testing.T) {
	at := time.Now().Add(-3 * time.Second)
	got := instant(at.Round(0).UnixNano())
	if d := got.Sub(at); d < -50*time.Millisecond || d > 50*time.Millisecond {
		t.Errorf("%v off", d)
	}
	if got == got.Round(0) {
		t.Error("without a monotonic reading")
	}
}
