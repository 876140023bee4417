package redis_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"gauntlet/targets/redis"
)

// The test binary is the server too, in a process of its own that can be killed.
const serveDir = "REDIS_TEST_SERVE_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveDir); dir != "" {
		if err := serve(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func serve(dir string) error {
	limit, err := strconv.ParseInt(os.Getenv("REDIS_TEST_LOG_LIMIT"), 10, 64)
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	ctx, bound := context.WithTimeout(ctx, 2*time.Minute) // should a test forget it
	defer bound()
	s, err := redis.Listen(redis.Options{Dir: dir, LogLimit: limit})
	if err != nil {
		return err
	}
	fmt.Println("ready", s.Addr())
	return s.Serve(ctx)
}

// process is a server in a process of its own.
type process struct {
	*exec.Cmd
	addr string
	says string // its first line, when it is not ready
}

// start runs a server on dir, and returns when it listens or has given up.
func start(t *testing.T, dir string, logLimit int64) *process {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), serveDir+"="+dir, "REDIS_TEST_LOG_LIMIT="+strconv.FormatInt(logLimit, 10))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: c}
	t.Cleanup(p.kill)
	line, _ := bufio.NewReader(out).ReadString('\n')
	line = strings.TrimSpace(line)
	if p.addr, _ = strings.CutPrefix(line, "ready "); p.addr == line {
		p.addr, p.says = "", line
	}
	return p
}

// mustStart is start for a server that has to come up.
func mustStart(t *testing.T, dir string, logLimit int64) *process {
	t.Helper()
	p := start(t, dir, logLimit)
	if p.addr == "" {
		t.Fatalf("the server did not start: %s", p.says)
	}
	return p
}

func (p *process) kill() {
	if p.ProcessState == nil {
		_ = p.Process.Kill()
		_ = p.Wait()
	}
}

// connect returns a client as the mapper uses it.
func connect(t *testing.T, addr string) rueidis.Client {
	t.Helper()
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, DisableCache: true, DisableRetry: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// realServer starts a real redis-server, or skips.
func realServer(t *testing.T) string {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("redis-server is missing")
		}
		t.Skip("redis-server is not installed: nothing to compare with")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(bin, "--port", port, "--bind", "127.0.0.1", "--dir", t.TempDir(), "--appendonly", "yes", "--save", "")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup((&process{Cmd: c}).kill)
	eventually(t, "redis-server listens", func() bool {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
	return addr
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("did not happen in 10 s: %s", what)
		}
	}
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// files lists the data files of a server.
func files(t *testing.T, dir, pattern string) []string {
	t.Helper()
	fs, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return fs
}

const unlimited = 1 << 40
