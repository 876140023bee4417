package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gauntlet/targets/mapper/defect"
	"gauntlet/targets/mapper/redistest"
)

// asMapper makes the test binary a mapper.
const asMapper = "MAPPER_TEST_AS_MAPPER"

func TestMain(m *testing.M) {
	if os.Getenv(asMapper) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is a mapper that runs. It ends with the test.
type process struct {
	t    testing.TB
	addr string
	env  []string
	args []string
	cmd  *exec.Cmd
	log  *lockedBuffer
}

// lockedBuffer is written by the process while the test reads.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// cluster is what the replicas of a test share.
type cluster struct {
	t       testing.TB
	redis   string
	volume  string
	members []string
	peers   []string // as a replica is told; the members when empty
}

// newCluster reserves the addresses of n replicas.
func newCluster(t testing.TB, redis string, n int) *cluster {
	c := &cluster{t: t, redis: redis, volume: t.TempDir()}
	for range n {
		c.members = append(c.members, redistest.FreeAddr(t))
	}
	return c
}

// start starts replica i with arguments, without waiting for anything.
func (c *cluster) start(i int, args ...string) *process {
	c.t.Helper()
	peers := c.peers
	if len(peers) == 0 {
		peers = c.members
	}
	p := &process{t: c.t, addr: c.members[i], args: args, env: append(os.Environ(), asMapper+"=1",
		"MAPPER_LISTEN="+c.members[i], "MAPPER_ADMIN=", "MAPPER_REDIS="+c.redis, "MAPPER_NODE=node"+fmt.Sprint(i),
		"MAPPER_PEERS="+strings.Join(peers, ","), "MAPPER_JOURNAL_DIR="+c.volume, "MAPPER_HASH_SEED=42",
		"MAPPER_ALLOW_DEFECTS=1", "MAPPER_DRAIN_WAIT=200ms")}
	p.launch()
	c.t.Cleanup(p.end)
	return p
}

func (p *process) launch() {
	p.t.Helper()
	p.log = &lockedBuffer{}
	p.cmd = exec.Command(os.Args[0], p.args...)
	p.cmd.Env, p.cmd.Stderr, p.cmd.Stdout = p.env, p.log, p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) end() {
	if p.t.Failed() {
		p.t.Logf("log of %s:\n%s", p.addr, p.log)
	}
	if p.cmd.ProcessState == nil {
		p.kill()
	}
	if strings.Contains(p.log.String(), "DATA RACE") && !p.races() {
		p.t.Errorf("data race in %s:\n%s", p.addr, p.log)
	}
}

// races tells whether the process was told to: the defect is a data race, which
// the race detector finds where it is built in.
func (p *process) races() bool {
	return slices.ContainsFunc(p.args, func(arg string) bool { return strings.HasSuffix(arg, string(defect.UnlockedMap)) })
}

// kill is SIGKILL.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	_ = p.cmd.Wait() // it was killed: an error is what is expected
}

// terminate is SIGTERM; it returns the exit code.
func (p *process) terminate() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	_ = p.cmd.Wait() // the exit code says it
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) url(path string) string { return "http://" + p.addr + path }

var client = &http.Client{
	Timeout:       5 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// do returns an answer without its body, and the body; status 0 means that
// there was none.
func (p *process) do(method, path, body string) (*http.Response, string) {
	p.t.Helper()
	req, err := http.NewRequest(method, p.url(path), strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return &http.Response{Header: http.Header{}}, err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return &http.Response{Header: http.Header{}}, err.Error()
	}
	return resp, string(b)
}

// put returns what the write rests on; it must be acknowledged.
func (p *process) put(key, url string) string {
	p.t.Helper()
	body, _ := json.Marshal(map[string]string{"url": url}) // of strings: cannot fail
	resp, text := p.do(http.MethodPut, "/"+key, string(body))
	if resp.StatusCode != 201 && resp.StatusCode != 202 {
		p.t.Fatalf("PUT %s: %d %s", key, resp.StatusCode, text)
	}
	return resp.Header.Get("X-Durability")
}

func (p *process) delete(key string) string {
	p.t.Helper()
	resp, text := p.do(http.MethodDelete, "/"+key, "")
	if resp.StatusCode != 204 {
		p.t.Fatalf("DELETE %s: %d %s", key, resp.StatusCode, text)
	}
	return resp.Header.Get("X-Durability")
}

// get returns the status, and where the key points to.
func (p *process) get(key string) (int, string) {
	p.t.Helper()
	resp, _ := p.do(http.MethodGet, "/"+key, "")
	return resp.StatusCode, resp.Header.Get("Location")
}

func (p *process) points(key, url string) bool {
	p.t.Helper()
	status, location := p.get(key)
	return status == 302 && location == url
}

// metric is the value of a series without labels.
func (p *process) metric(name string) string {
	p.t.Helper()
	_, text := p.do(http.MethodGet, "/metrics", "")
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func (p *process) status(path string) int {
	p.t.Helper()
	resp, _ := p.do(http.MethodGet, path, "")
	return resp.StatusCode
}

func (p *process) awaitReady() time.Duration {
	p.t.Helper()
	return eventually(p.t, p.addr+" is ready", func() bool { return p.status("/readyz") == 200 })
}

const breakerOpen = `mapper_redis_breaker{state="open"}`

// awaitOutage waits until the replica has noticed that Redis is away.
func (p *process) awaitOutage() {
	p.t.Helper()
	eventually(p.t, "the breaker is open", func() bool { return p.metric(breakerOpen) == "1" })
}

func (p *process) awaitDrained() time.Duration {
	p.t.Helper()
	return eventually(p.t, "the journal is empty", func() bool { return p.metric("mapper_journal_depth") == "0" })
}

func eventually(t testing.TB, what string, is func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	for !is() {
		if time.Since(start) > 60*time.Second {
			t.Fatalf("not within a minute: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
	return time.Since(start)
}
