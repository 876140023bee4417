package campaign

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"gauntlet/harness/platform/burn"
)

const (
	// burnerTimeout is how long a burner may take to begin and to end.
	burnerTimeout = 10 * time.Second
	// longestBurn ends a burner whose run hangs.
	longestBurn = 10 * time.Minute
)

// burner is a process that computes beside a run and is none of its own, as
// other work on the host is. It ends with its stdin, and so with this process
// in whatever way it dies.
type burner struct {
	cmd   *exec.Cmd
	stdin io.Closer
	late  *time.Timer
	ended chan struct{} // when it has ended
	err   error         // of its end
}

// startBurner starts command, which must run burn.Serve, and waits until it
// burns.
func startBurner(ctx context.Context, command []string) (*burner, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Args[0] = os.Args[0] // a binary of several names does what it is called by
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a burner: %w", err)
	}
	b := &burner{cmd: cmd, stdin: stdin, ended: make(chan struct{})}
	b.late = time.AfterFunc(longestBurn, func() { cmd.Process.Kill() })
	ctx, cancel := context.WithTimeout(ctx, burnerTimeout)
	defer cancel()
	unwatch := context.AfterFunc(ctx, func() { cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	go func() {
		b.err = cmd.Wait()
		close(b.ended)
	}()
	if !unwatch() || strings.TrimSpace(line) != burn.Ready {
		return nil, errors.Join(fmt.Errorf("a burner did not come up: %w", errors.Join(context.Cause(ctx), err)), b.Close())
	}
	return b, nil
}

// Close ends the burner. The error says that it had ended before.
func (b *burner) Close() error {
	defer b.late.Stop()
	select {
	case <-b.ended:
		return fmt.Errorf("the burner ended before the run: %w", b.err)
	default:
	}
	b.stdin.Close()
	late := time.AfterFunc(burnerTimeout, func() { b.cmd.Process.Kill() })
	defer late.Stop()
	<-b.ended
	return nil
}
