package observe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"time"

	"gauntlet/harness/child"
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

// echoTimeout bounds the reading of a request's header.
const echoTimeout = 10 * time.Second

// Echo is a process that runs ServeEcho.
type Echo struct {
	Address string // host:port
	PID     int

	process *child.Child
}

// StartEcho starts command, which must run ServeEcho on its stdin and stdout,
// with env in addition to the harness's environment, and waits for its
// address.
func StartEcho(ctx context.Context, command []string, env ...string) (*Echo, error) {
	c, err := child.Start(ctx, command, env...)
	if err != nil {
		return nil, fmt.Errorf("the echo: %w", err)
	}
	return &Echo{Address: c.Said, PID: c.PID, process: c}, nil
}

// Close ends the process and waits for its end.
func (e *Echo) Close() error {
	var exited *exec.ExitError
	if err := e.process.Close(); err != nil && !errors.As(err, &exited) {
		return fmt.Errorf("end the echo: %w", err)
	}
	return nil
}
