package platform

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// ProbeTimeout bounds one Probe, connecting included.
const ProbeTimeout = 500 * time.Millisecond

// ErrNotReady is wrapped by Probe when the replica answered, and said no.
var ErrNotReady = errors.New("not ready")

// Probe asks a replica whether it can serve, the way its Ready says. nil is
// ready. It takes at most ProbeTimeout, uses one fresh connection — a kept one
// would ask the life before — and is cheap, since it runs many times a second
// beside a load that is being measured.
func Probe(ctx context.Context, r Replica) error {
	if r.State == Down {
		return fmt.Errorf("%s: %w: down", r.Name, ErrNotReady)
	}
	if r.Address == "" {
		return nil // no port to ask at: that it runs is all that can be known
	}
	deadline := time.Now().Add(ProbeTimeout)
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", r.Address)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Name, err)
	}
	defer conn.Close()
	if d, ok := ctx.Deadline(); ok {
		deadline = d
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return fmt.Errorf("%s: %w", r.Name, err)
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := ask(ctx, conn, r); err != nil {
		return fmt.Errorf("%s: %w", r.Name, err)
	}
	return nil
}

func ask(ctx context.Context, conn net.Conn, r Replica) error {
	switch {
	case r.Ready.HTTP != "":
		return askHTTP(conn, r.Address, r.Ready.HTTP)
	case r.Ready.Expect != "":
		return askText(conn, r.Ready.Send, r.Ready.Expect)
	}
	return stays(ctx, conn)
}

// hangUp is how long a connection must last to count as accepted.
const hangUp = 50 * time.Millisecond

// stays tells whether the connection lasts. That it was accepted is not
// enough: the proxy before a container's published port accepts for a process
// that does not listen yet, and hangs up as soon as it knows.
func stays(ctx context.Context, conn net.Conn) error {
	if err := conn.SetReadDeadline(time.Now().Add(hangUp)); err != nil {
		return err
	}
	_, err := conn.Read(make([]byte, 1))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil // it greeted, or waits for us to speak
	}
	return fmt.Errorf("%w: it hung up: %w", ErrNotReady, err)
}

// askHTTP does one GET by hand: http.Transport would start two goroutines and
// a pool for a connection that is used once.
func askHTTP(conn net.Conn, address, path string) error {
	request, err := http.NewRequest(http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return err
	}
	request.Close = true
	request.Header.Set("User-Agent", "gauntlet-probe")
	if err := request.Write(conn); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReaderSize(io.LimitReader(conn, maxAnswer), 1024), request)
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %w: %s", path, ErrNotReady, response.Status)
	}
	return nil
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 10

// askText sends a text and compares the beginning of the answer.
func askText(conn net.Conn, send, expect string) error {
	if _, err := io.WriteString(conn, send); err != nil {
		return err
	}
	answer := make([]byte, len(expect))
	n, err := io.ReadFull(conn, answer)
	if got := string(answer[:n]); got != expect {
		if n > 0 && got != expect[:n] {
			return fmt.Errorf("%w: answered %q, not %q", ErrNotReady, got, expect)
		}
		return fmt.Errorf("waiting for %q: %w", expect, err)
	}
	return nil
}
