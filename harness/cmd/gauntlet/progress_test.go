package main

import (
	"bytes"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// progress is what a running gauntlet has said on stderr so far.
type progress struct {
	mu   sync.Mutex
	text bytes.Buffer
	said chan struct{} // closed and renewed at each write
}

func watch(t *testing.T, cmd *exec.Cmd) *progress {
	t.Helper()
	p := &progress{said: make(chan struct{})}
	cmd.Stderr = p
	t.Cleanup(func() {
		if cmd.Process != nil && cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	return p
}

func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.said)
	p.said = make(chan struct{})
	return p.text.Write(b)
}

func (p *progress) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// await returns when word was said.
func (p *progress) await(t *testing.T, word string, within time.Duration) {
	t.Helper()
	p.awaitAfter(t, "", word, within)
}

// awaitAfter returns when word was said after mark was.
func (p *progress) awaitAfter(t *testing.T, mark, word string, within time.Duration) {
	t.Helper()
	limit := time.After(within)
	for {
		p.mu.Lock()
		_, after, marked := strings.Cut(p.text.String(), mark)
		found, said := marked && strings.Contains(after, word), p.said
		p.mu.Unlock()
		if found {
			return
		}
		select {
		case <-said:
		case <-limit:
			t.Fatalf("%q was not said within %s:\n%s", word, within, p)
		}
	}
}
