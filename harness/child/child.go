// Package child runs programs that work beside the harness and end with it,
// however it dies: each waits for the end of its stdin, and says in one line
// that it is ready.
package child

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// patience is how long a child may take to be ready, and to end when it is
// asked to.
const patience = 10 * time.Second

// mostSaid is how much is kept of the end of what a child says on stderr, in
// bytes.
const mostSaid = 4 << 10

// Child is a process that has said that it is ready.
type Child struct {
	PID  int
	Said string // its line

	stdin io.Closer
	kill  func() error
	ended chan struct{}
	err   error // of its end; once that is known
}

// Start starts command, with env in addition to the harness's environment, and
// waits for its line. It is in a process group of its own, so that Ctrl-C
// reaches it only through the harness. With an error nothing is left of it, and
// the error ends with what it said last on stderr.
func Start(ctx context.Context, command []string, env ...string) (*Child, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Args[0] = os.Args[0] // a binary of several names does what it is called by
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var said tail
	cmd.Stderr = &said
	cmd.WaitDelay = patience // a process of its own may hold its stderr open
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("it cannot be started: %w", err)
	}
	c := &Child{PID: cmd.Process.Pid, stdin: stdin, kill: cmd.Process.Kill, ended: make(chan struct{})}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	unwatch := context.AfterFunc(ctx, func() { c.kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	go func() { // not before: it takes the pipe away
		c.err = cmd.Wait()
		close(c.ended)
	}()
	if !unwatch() || err != nil {
		err = fmt.Errorf("it did not come up: %w", cmp.Or(context.Cause(ctx), c.Close(), err))
		if last := strings.TrimSpace(string(said)); last != "" { // whole, as it has ended
			err = fmt.Errorf("%w; it said: %s", err, last)
		}
		return nil, err
	}
	c.Said = strings.TrimSpace(line)
	return c, nil
}

// tail is the end of what was written to it, mostSaid bytes at most.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	*t = append(*t, p...)
	*t = slices.Delete(*t, 0, max(0, len(*t)-mostSaid))
	return len(p), nil
}

// Ended says that the child has ended before it was asked to, and how; false
// while it runs.
func (c *Child) Ended() (bool, error) {
	select {
	case <-c.ended:
		return true, c.err
	default:
		return false, nil
	}
}

// Kill ends the child at once.
func (c *Child) Kill() { c.kill() }

// Close asks the child to end, waits, and tells how it ended; one that takes
// too long is killed.
func (c *Child) Close() error {
	c.stdin.Close()
	late := time.AfterFunc(patience, func() { c.kill() })
	defer late.Stop()
	<-c.ended
	return c.err
}
