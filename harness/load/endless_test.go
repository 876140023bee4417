package load

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/history"
)

const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"

// endless answers every request with a head, and then goes on for as long as
// the test lasts: with drips of body, or by holding the connection.
func endless(t *testing.T, head, drip string) string {
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	return rawServer(t, func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			return
		}
		io.WriteString(c, head)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
				if _, err := io.WriteString(c, drip); err != nil {
					return
				}
			}
		}
	})
}

// finite fails unless do returns within the patience of a slow machine.
func finite(t *testing.T, what string, do func()) {
	t.Helper()
	ended := make(chan struct{})
	go func() { defer close(ended); do() }()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Fatalf("%s did not end", what)
	}
}

// Whatever a server goes on with after its answer's head, the run ends.
func TestAnAnswerWithoutEndEndsAtTheTimeout(t *testing.T) {
	for _, c := range []struct {
		name, head, drip string
		status           []int
		want             history.Class
	}{
		{"a 101 that is held", switching, "", nil, history.WrongAnswer},
		{"a 101 that drips", switching, "x", nil, history.WrongAnswer},
		{"a 101 where 200 is right", switching, "", []int{200}, history.WrongAnswer},
		{"a body that drips", "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", "x", nil, history.Timeout},
		{"chunks without end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", nil, history.Timeout},
		{"a body up to the close", "HTTP/1.1 200 OK\r\n\r\n", "x", nil, history.Timeout},
		{"a body that stands still", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx", "", nil, history.Timeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			plan := smallPlan(1, 1, 200*time.Millisecond)
			plan.Operations[0].Status = c.status
			rec := &memory{}
			to := Direct{Endpoint{BaseURL: endless(t, c.head, c.drip)}}
			a, err := Start(t.Context(), history.NewClock(time.Now()), plan, to, rec)
			if err != nil {
				t.Fatal(err)
			}
			a.EndAt(1)
			finite(t, "the attack", func() { err = a.Wait() })
			if err != nil || len(rec.ops) != 1 || rec.ops[0].Class != c.want {
				t.Errorf("%v, %+v; want %v", err, rec.ops, c.want)
			}
		})
	}
}

func TestPopulatingEndsThoughTheTargetSwitchesProtocols(t *testing.T) {
	p := population(1)
	p.Timeout = time.Second
	to := Endpoint{Name: "a", BaseURL: endless(t, switching, "")}
	var err error
	finite(t, "populating", func() { _, err = Populate(t.Context(), p, Direct{to}, []Endpoint{to}) })
	if err == nil || !strings.Contains(err.Error(), "status 101") {
		t.Errorf("%v, want the status 101", err)
	}
}

// deaf is a body that heeds nothing but its own end.
type deaf struct{ closed chan struct{} }

func (d deaf) Read([]byte) (int, error) {
	<-d.closed
	return 0, errors.New("read on a closed body")
}

func (d deaf) Close() error {
	select {
	case <-d.closed:
	default:
		close(d.closed)
	}
	return nil
}

func TestABodyThatHeedsNoContextIsCutOff(t *testing.T) {
	w := &wire{transport: transportFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: deaf{make(chan struct{})}}, nil
	})}
	var got attempt
	finite(t, "the attempt", func() { got = tryFor(w, 10*time.Millisecond, "http://a.invalid", Operation{Method: "GET", Path: "/"}) })
	if !errors.Is(got.err, context.DeadlineExceeded) || classOf(got.err) != history.Timeout {
		t.Errorf("%v, want that the time was over", got.err)
	}
}
