package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// process is a program that runs beside its test, with what it has said on
// stderr so far.
type process struct {
	cmd   *exec.Cmd
	mu    sync.Mutex
	text  bytes.Buffer
	ended chan struct{} // closed when it has ended and everything it said is in text
}

// start starts cmd, and ends it with the test.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, ended: make(chan struct{})}
	cmd.Stderr = p
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		cmd.Wait() // how it ended is in its ProcessState
		close(p.ended)
	}()
	t.Cleanup(p.kill)
	return p
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

// String is what it has said.
func (p *process) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// end waits for its end and returns its exit code.
func (p *process) end() int {
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}

// over: it has ended.
func (p *process) over() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// signal sends it s.
func (p *process) signal(s os.Signal) { p.cmd.Process.Signal(s) }

// kill ends it at once.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// await returns when it has said word.
func (p *process) await(t *testing.T, word string, within time.Duration) {
	t.Helper()
	p.awaitAfter(t, "", word, within)
}

// awaitAfter returns when it has said word after it said mark.
func (p *process) awaitAfter(t *testing.T, mark, word string, within time.Duration) {
	t.Helper()
	p.until(t, fmt.Sprintf("it said %q", word), within, func() bool {
		_, after, marked := strings.Cut(p.String(), mark)
		return marked && strings.Contains(after, word)
	})
}

// until returns when something is so, which what calls "it said so".
func (p *process) until(t *testing.T, what string, within time.Duration, so func() bool) {
	t.Helper()
	if err := p.seek(what, within, so); err != nil {
		t.Fatal(err)
	}
}

// seek looks until something is so. Of a process that has ended nothing more is
// to be expected.
func (p *process) seek(what string, within time.Duration, so func() bool) error {
	limit, again := time.After(within), time.NewTicker(5*time.Millisecond)
	defer again.Stop()
	for over := false; !so(); {
		if over {
			return fmt.Errorf("it ended (%v) before %s:\n%s", p.cmd.ProcessState, what, p)
		}
		select {
		case <-again.C:
		case <-p.ended:
			over = true // what it did last is still looked at
		case <-limit:
			return fmt.Errorf("not within %s: %s:\n%s", within, what, p)
		}
	}
	return nil
}

// Who waits for a process that has ended is told so, and what it said, however
// long he would have waited; the last that it said was said in time.
func TestNobodyWaitsForAProcessThatHasEnded(t *testing.T) {
	p := start(t, exec.Command("sh", "-c", "echo the port is taken >&2; exit 3"))
	err := p.seek("it said so", 24*time.Hour, func() bool { return false })
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "the port is taken") {
		t.Errorf("got %v", err)
	}
	p.await(t, "taken", 24*time.Hour)
	if code := p.end(); code != 3 {
		t.Errorf("exit code %d", code)
	}
}
