package docker

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"gauntlet/harness/platform"
	"gauntlet/harness/platform/conformance"
	"gauntlet/harness/topology"
)

// patience bounds every wait of these tests.
const patience = 60 * time.Second

// subjectImage is what the suite's Compose file asks for.
const subjectImage = "gauntlet/conformance-subject"

var tests atomic.Int64

// prepared builds the subject's image once, the way a service with a build
// section is built: FROM scratch, so that no registry is needed.
var prepared = sync.OnceValue(func() error {
	dir, err := os.MkdirTemp("", "subject")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := compile(filepath.Join(dir, "subject"), "../conformance/internal/subject"); err != nil {
		return err
	}
	dockerfile := "FROM scratch\nCOPY subject /subject\nENTRYPOINT [\"/subject\"]\n"
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		return err
	}
	provider, err := connect(context.Background())
	if err != nil {
		return err
	}
	s := &system{provider: provider, engine: provider.Client()}
	return s.build(context.Background(), topology.Service{Image: subjectImage, Build: &topology.Build{Context: dir, Dockerfile: "Dockerfile"}})
})

// compile makes a program that needs no other file.
func compile(to, from string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-o", to, from)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// linker is the edge proxy by itself, built once.
var linker = sync.OnceValues(func() (string, error) {
	path := filepath.Join("..", "..", "..", ".cache", "bin", "conformance-linker")
	return path, compile(path, "../conformance/internal/linker")
})

// needEngine skips the test where no Docker engine answers; with CI=true that
// is a failure.
func needEngine(t *testing.T) client.APIClient {
	t.Helper()
	provider, err := connect(t.Context())
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip(err)
	}
	if err := prepared(); err != nil {
		t.Fatal(err)
	}
	return provider.Client()
}

// runID is a label of this test's own, under which nothing may be left.
func runID(t *testing.T) string {
	t.Helper()
	engine := needEngine(t)
	id := fmt.Sprintf("test-%d-%d", os.Getpid(), tests.Add(1))
	t.Cleanup(func() {
		if left, err := removeAll(context.Background(), engine, id); len(left) > 0 || err != nil {
			t.Errorf("left behind: %v %v", left, err)
		}
	})
	return id
}

func options(t *testing.T) Options {
	o := Options{RunID: runID(t), Dir: t.TempDir()}
	path, err := linker()
	if err != nil {
		t.Fatal(err)
	}
	o.Link = []string{path}
	return o
}

// up brings up the suite's system with arguments for its web service, and down
// when the test is over.
func up(t *testing.T, o Options, webArgs ...string) *system {
	t.Helper()
	s, err := New(o).Up(t.Context(), conformance.Stack(t, topology.Options{Args: map[string][]string{"web": webArgs}}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Down(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s.(*system)
}

// view is one replica as it is now.
func view(t *testing.T, s *system, name string) platform.Replica {
	t.Helper()
	replicas, err := s.Replicas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(replicas, func(r platform.Replica) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("no replica %s", name)
	}
	return replicas[i]
}

// eventually asks until done, at most for patience.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not after %v: %s", patience, what)
		}
	}
}
