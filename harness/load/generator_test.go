package load

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"gauntlet/harness/history"
)

// What this machine could not send is no failure of the target's.
func TestWhatTheGeneratorLacksIsUnsent(t *testing.T) {
	for errno, want := range map[syscall.Errno]history.Class{
		syscall.EMFILE: history.Unsent, syscall.ENFILE: history.Unsent, syscall.EADDRNOTAVAIL: history.Unsent,
		syscall.ENOBUFS: history.Unsent, syscall.ENOMEM: history.Unsent,
		syscall.ECONNREFUSED: history.Refused, syscall.ECONNRESET: history.Reset,
	} {
		err := fmt.Errorf("request 7: %w", &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", errno)})
		if got := classOf(err); got != want {
			t.Errorf("%v is %s, want %s", errno, got, want)
		}
	}
}

// After 101 the body is the bare connection. A server that holds it must not
// hold the client.
func TestSwitchingProtocolsEndsAtOnce(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
					return
				}
				fmt.Fprint(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
				<-done
			}()
		}
	}()
	transport := newTransport(1, time.Minute)
	defer transport.CloseIdleConnections()
	w := &wire{transport: transport}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	o := &Operation{Name: "get", Method: http.MethodGet, Path: "/"}
	got := w.try(ctx, Endpoint{BaseURL: "http://" + listener.Addr().String()}, o, "k", "")
	if ctx.Err() != nil {
		t.Fatal("the client waited for its timeout")
	}
	if got.status != http.StatusSwitchingProtocols || o.right(got.status) {
		t.Errorf("status %d (%v), taken as right: %v", got.status, got.err, o.right(got.status))
	}
}
