package observe

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gauntlet/targets/mapper/redistest"
)

// watched is a mapper with its Redis and a little traffic. All of it ends with
// the test.
type watched struct {
	t     testing.TB
	addr  string
	redis *redistest.Server
}

// watch starts a mapper and sends it reads, writes and deletes until the test
// ends.
func watch(t *testing.T) *watched {
	t.Helper()
	w := &watched{t: t, redis: redistest.Start(t), addr: redistest.FreeAddr(t)}
	dir := t.TempDir()
	binary := filepath.Join(dir, "mapper")
	if out, err := exec.Command("go", "build", "-o", binary, "gauntlet/targets/mapper/cmd/mapper").CombinedOutput(); err != nil {
		t.Fatalf("build the mapper: %v\n%s", err, out)
	}
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), "MAPPER_LISTEN="+w.addr, "MAPPER_ADMIN=", "MAPPER_REDIS="+w.redis.Addr,
		"MAPPER_NODE=watched", "MAPPER_PEERS=", "MAPPER_JOURNAL_DIR="+dir)
	run(t, cmd)
	w.await("the mapper is ready", func() bool { return w.status(http.MethodGet, "/readyz", "") == http.StatusOK })

	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond): // some load, no more
			}
			key := fmt.Sprintf("/k%d", i%50)
			w.status(http.MethodPut, key, `{"url": "https://example.org/"}`)
			w.status(http.MethodGet, key, "")
			if i%10 == 0 {
				w.status(http.MethodDelete, key, "")
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-done })
	return w
}

// run starts a program that ends with the test, whose output is shown when the
// test fails.
func run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
		log.Close()
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(cmd.Path), text)
		}
	})
}

var client = &http.Client{Timeout: 2 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// status is that of the answer; 0 without one.
func (w *watched) status(method, path, body string) int {
	request, err := http.NewRequest(method, "http://"+w.addr+path, strings.NewReader(body))
	if err != nil {
		return 0
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	io.Copy(io.Discard, response.Body) // so that the connection is used again
	response.Body.Close()
	return response.StatusCode
}

// await polls until something is so, for at most a minute.
func (w *watched) await(what string, so func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited in vain: %s", what)
		}
	}
}

// exposed is the names of the series that the mapper shows now.
func (w *watched) exposed() []string {
	w.t.Helper()
	response, err := client.Get("http://" + w.addr + "/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	var names []string
	for s := bufio.NewScanner(response.Body); s.Scan(); {
		if name := name.FindString(s.Text()); !strings.HasPrefix(s.Text(), "#") && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// loseRedis kills Redis and waits until the mapper has noticed.
func (w *watched) loseRedis() {
	w.t.Helper()
	w.redis.Kill()
	w.await("the breaker opens", func() bool { return slices.Contains(w.exposed(), "mapper_redis_breaker_changes_total") })
}

// Every series that a rule or the dashboard asks for is one that a mapper
// shows, once it has met with an outage.
func TestEverySeriesExists(t *testing.T) {
	w := watch(t)
	w.loseRedis()
	known := append(w.exposed(), "up", "ALERTS") // Prometheus's own
	asked := readDashboard(t).queries()
	for _, r := range rules(t) {
		asked[r.Alert+r.Record] = r.Expr
		if r.Record != "" {
			known = append(known, r.Record)
		}
	}
	for place, expr := range asked {
		names := metrics(expr)
		if len(names) == 0 {
			t.Errorf("%s: %s asks for no series", place, expr)
		}
		for _, n := range names {
			if !slices.Contains(known, n) {
				t.Errorf("%s: the mapper has no series %s", place, n)
			}
		}
	}
}
