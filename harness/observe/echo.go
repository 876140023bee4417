package observe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// ServeEcho answers every HTTP request on a port of loopback of its own, and
// prints the address on out. It returns when in ends: a harness that holds the
// other end takes it along, however it dies.
func ServeEcho(in io.Reader, out io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }),
		ReadHeaderTimeout: echoTimeout,
	}
	go func() {
		io.Copy(io.Discard, in)
		server.Close()
	}()
	if _, err := fmt.Fprintln(out, listener.Addr()); err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// echoTimeout is how long the echo may take to start and to end.
const echoTimeout = 10 * time.Second

// Echo is a process that runs ServeEcho.
type Echo struct {
	Address string // host:port
	PID     int

	cmd   *exec.Cmd
	stdin io.Closer
}

// StartEcho starts command, which must run ServeEcho on its stdin and stdout,
// with env in addition to the harness's environment, and waits for its
// address. It is in a process group of its own, so that Ctrl-C reaches it only
// through the harness, which asks it to the end of the run.
func StartEcho(ctx context.Context, command []string, env ...string) (*Echo, error) {
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
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the echo: %w", err)
	}
	e := &Echo{PID: cmd.Process.Pid, cmd: cmd, stdin: stdin}
	ctx, cancel := context.WithTimeout(ctx, echoTimeout)
	defer cancel()
	unwatch := context.AfterFunc(ctx, func() { cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if !unwatch() || err != nil {
		return nil, errors.Join(fmt.Errorf("the echo did not come up: %w", errors.Join(context.Cause(ctx), err)), e.Close())
	}
	e.Address = strings.TrimSpace(line)
	return e, nil
}

// Close ends the process and waits for its end.
func (e *Echo) Close() error {
	e.stdin.Close()
	late := time.AfterFunc(echoTimeout, func() { e.cmd.Process.Kill() })
	defer late.Stop()
	var exited *exec.ExitError
	if err := e.cmd.Wait(); err != nil && !errors.As(err, &exited) {
		return fmt.Errorf("end the echo: %w", err)
	}
	return nil
}
