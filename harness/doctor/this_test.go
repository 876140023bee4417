package doctor

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/register"
)

// The real machine answers each question, whatever the answer.
func TestThisMachineAnswers(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	first := time.Now()
	r := Examine(t.Context(), ThisMachine(healthy().Generator), Needs{Out: filepath.Join(t.TempDir(), "not", "there"), Workers: 4096, FirstPort: 10000, LastPort: 32767})
	t.Logf("took %v", time.Since(first))
	by := map[string]Check{}
	for _, c := range r.Checks {
		by[c.Name] = c
	}
	// This test was built by Go, writes to disk, and has a register to itself.
	for _, name := range []string{"go", "left-behind"} {
		if by[name].State != OK {
			t.Errorf("%+v", by[name])
		}
	}
	for _, name := range []string{"disk", "ports", "open-files", "memory", "timer"} {
		if by[name].State == Unknown && runtime.GOOS == "linux" {
			t.Errorf("%+v", by[name])
		}
	}
}

func TestTheRegisterIsReadAndNotChanged(t *testing.T) {
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	dir := filepath.Join(state, "gauntlet", "runs", "dead-run")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"lock": "", "info.json": `{"id": "dead-run", "pid": 1}`, "journal": `{"kind": "rule", "args": ["eth0"]}` + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := healthy()
	f.Runs = runs
	c, _ := seen(t, f, "left-behind")
	if c.State != Warn || c.Found != `run dead-run died and left rule ["eth0"]` {
		t.Errorf("%+v", c)
	}
	left, err := register.List()
	if err != nil || len(left) != 1 || len(left[0].Left) != 1 {
		t.Errorf("after looking: %+v, %v", left, err)
	}
}

// socket serves h on a unix socket and returns its address.
func socket(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "d") // shorter than t.TempDir: a socket's path has at most some 100 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	s.Start()
	t.Cleanup(s.Close)
	return "unix://" + l.Addr().String()
}

func TestTheEngineIsAsked(t *testing.T) {
	body := `{"Version": "20.10.24", "ApiVersion": "1.41", "Components": [{"Name": "Engine"}]}`
	t.Setenv("DOCKER_HOST", socket(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/version" {
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
		w.Write([]byte(body))
	}))
	e, err := engine(t.Context())
	if err != nil || e.Version != "20.10.24" || e.APIVersion != "1.41" || e.Host != os.Getenv("DOCKER_HOST") {
		t.Errorf("%+v, %v", e, err)
	}
	for _, wrong := range []string{"<html>", "{}", ""} {
		body = wrong
		if _, err := engine(t.Context()); err == nil {
			t.Errorf("%q is taken for a Docker engine", wrong)
		}
	}
}

func TestAnEngineThatIsNotThere(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "none"))
	if _, err := engine(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no socket: %v", err)
	}
	t.Setenv("DOCKER_HOST", "ssh://elsewhere")
	if _, err := engine(t.Context()); err == nil || !strings.Contains(err.Error(), `"ssh"`) {
		t.Errorf("ssh: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	silent := socket(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	if _, err := askEngine(ctx, silent); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a silent engine: %v", err)
	}
}

func TestAProgramMayNotTakeForever(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	// The child of the shell keeps the pipe open when the shell is killed.
	out, _, err := runBriefly(ctx, "/bin/sh", "-c", "echo here; sleep 3 & wait")
	if err == nil || out != "here\n" || time.Since(begin) > 10*time.Second {
		t.Errorf("%q, %v after %v", out, err, time.Since(begin))
	}
}

func TestAFolderThatIsNotThereYet(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, "a", "b", "c")
	if err := writable(deep); err != nil {
		t.Error(err)
	}
	if free, err := diskFree(deep); err != nil || free == 0 {
		t.Errorf("%d bytes free, %v", free, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("looking made a folder")
	}
	if os.Geteuid() != 0 {
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		if err := writable(deep); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("a folder that cannot be written: %v", err)
		}
	}
}

func TestAPortThatIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if portFree(l.Addr().(*net.TCPAddr).Port) {
		t.Error("a port that somebody listens on is free")
	}
}
