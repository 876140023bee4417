package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gauntlet/harness/history"
)

// rawServer gives each connection to serve, and returns its base URL.
func rawServer(t *testing.T, serve func(c net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

const plainAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func newWire(t *testing.T) *wire {
	transport := newTransport(4, 5*time.Second)
	t.Cleanup(transport.CloseIdleConnections)
	return &wire{transport: transport}
}

func tryFor(w *wire, d time.Duration, url string, o Operation) attempt {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return w.try(ctx, Endpoint{BaseURL: url}, &o, blanks{key: "k", value: "v", client: "3", seq: 42})
}

// breakOnSecond answers the first request of each connection, reads the
// second, and closes: what a killed replica looks like to a pooled connection.
func breakOnSecond(requests *atomic.Int32) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		for i := range 2 {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			io.Copy(io.Discard, req.Body)
			requests.Add(1)
			if i == 0 {
				io.WriteString(c, plainAnswer)
			}
		}
	}
}

func TestTheTransportRepeatsNothing(t *testing.T) {
	for _, o := range []Operation{
		{Method: "GET", Path: "/{key}"}, {Method: "OPTIONS", Path: "/{key}"}, {Method: "DELETE", Path: "/{key}"},
		{Method: "GET", Path: "/{key}", Header: map[string]string{"Idempotency-Key": "1"}},
		{Method: "PUT", Path: "/{key}", Body: "{value}", Header: map[string]string{"Idempotency-Key": "1"}},
		{Method: "PUT", Path: "/{key}", Body: "{value}"},
	} {
		var requests atomic.Int32
		url, w := rawServer(t, breakOnSecond(&requests)), newWire(t)
		if first := tryFor(w, 5*time.Second, url, o); first.err != nil || first.status != 200 {
			t.Fatalf("%s: first %+v", o.Method, first)
		}
		second := tryFor(w, 5*time.Second, url, o)
		if class := classOf(second.err); class != history.EOF && class != history.Reset {
			t.Errorf("%s: the broken connection is %v (%v)", o.Method, class, second.err)
		}
		if n := requests.Load(); n != 2 || second.sends != 1 || !second.written {
			t.Errorf("%s: the server saw %d requests, want 2; %+v", o.Method, n, second)
		}
	}
}

// Without setBody the same GET is sent again behind the generator's back:
// otherwise the test above would prove nothing.
func TestANakedTransportRepeats(t *testing.T) {
	var requests atomic.Int32
	url := rawServer(t, breakOnSecond(&requests))
	transport := newTransport(4, 5*time.Second)
	defer transport.CloseIdleConnections()
	for range 2 {
		req, _ := http.NewRequest("GET", url, nil)
		if resp, err := transport.RoundTrip(req); err == nil {
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("the server saw %d requests, want 3", n)
	}
}

func TestWhatStandsOnTheWire(t *testing.T) {
	for _, c := range []struct {
		o    Operation
		want string
	}{
		{Operation{Method: "GET", Path: "/{key}"}, "GET /k HTTP/1.1\r\nHost: HOST\r\nUser-Agent: gauntlet\r\n\r\n"},
		{Operation{Method: "DELETE", Path: "/a/{key}?x=1&y=%20", Header: map[string]string{"X-Key": "{key}"}},
			"DELETE /a/k?x=1&y=%20 HTTP/1.1\r\nHost: HOST\r\nUser-Agent: gauntlet\r\nX-Key: k\r\n\r\n"},
		{Operation{Method: "PUT", Path: "/{key}", Body: `{"url":"{value}"}`, Header: map[string]string{"content-type": "application/json"}},
			"PUT /k HTTP/1.1\r\nHost: HOST\r\nUser-Agent: gauntlet\r\nContent-Length: 11\r\nContent-Type: application/json\r\n\r\n{\"url\":\"v\"}"},
		{Operation{Method: "GET", Path: "/{client}/{key}", Header: map[string]string{"X-Id": "{client}.{seq}.{other}"}},
			"GET /3/k HTTP/1.1\r\nHost: HOST\r\nUser-Agent: gauntlet\r\nX-Id: 3.42.{other}\r\n\r\n"},
		{Operation{Method: "POST", Path: "/"}, "POST / HTTP/1.1\r\nHost: HOST\r\nUser-Agent: gauntlet\r\nContent-Length: 0\r\n\r\n"},
	} {
		seen := make(chan string, 1)
		url := rawServer(t, func(conn net.Conn) {
			buf := make([]byte, 4096)
			n := 0
			for !complete(string(buf[:n])) {
				m, err := conn.Read(buf[n:])
				if n += m; err != nil {
					break
				}
			}
			seen <- string(buf[:n])
			io.WriteString(conn, plainAnswer)
		})
		if got := tryFor(newWire(t), 5*time.Second, url, c.o); got.err != nil || got.bytes != 2 {
			t.Fatalf("%+v", got)
		}
		want := strings.Replace(c.want, "HOST", strings.TrimPrefix(url, "http://"), 1)
		if got := <-seen; got != want {
			t.Errorf("on the wire:\n%q\nwant\n%q", got, want)
		}
	}
}

// complete says whether s holds a whole request, by its Content-Length of at
// most two digits.
func complete(s string) bool {
	head, rest, ok := strings.Cut(s, "\r\n\r\n")
	return ok && (!strings.Contains(head, "Content-Length: 11") || len(rest) == 11)
}

// A protocol that says 200 and puts the error into the body: what says so is
// found however the body is cut into pieces.
func TestAnErrorInTheBody(t *testing.T) {
	for _, c := range []struct {
		failed string
		pieces []string
		want   bool
	}{
		{"-", []string{"-LOADING Redis is loading"}, true},
		{"-", []string{"https://t.invalid/r/k/1/-2"}, false},
		{"-", nil, false},
		{`{"SET":[false`, []string{`{"S`, `ET":[f`, `alse,"LOADING"]}`}, true},
		{`{"SET":[false`, []string{`{"S`, `ET":[t`, `rue,"OK"]}`}, false},
		{`{"SET":[false`, []string{`{"SET":`}, false},
		{"", []string{"-"}, false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for _, piece := range c.pieces {
				io.WriteString(w, piece)
				w.(http.Flusher).Flush()
			}
		}))
		got := tryFor(newWire(t), 5*time.Second, server.URL, Operation{Method: "GET", Path: "/{key}", Failed: c.failed, Value: "body"})
		server.Close()
		if got.err != nil || got.failed != c.want || got.value != strings.Join(c.pieces, "") {
			t.Errorf("failed: %q, body %q: %+v, want %v", c.failed, c.pieces, got, c.want)
		}
		if o := (Operation{Failed: c.failed}); o.right(got) == c.want {
			t.Errorf("failed: %q, body %q: taken as right: %v", c.failed, c.pieces, !c.want)
		}
	}
}

func TestConnectionsAreKept(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "some body") }))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	w := newWire(t)
	for _, o := range []Operation{{Method: "GET", Path: "/{key}"}, {Method: "PUT", Path: "/{key}", Body: "{value}"}, {Method: "DELETE", Path: "/{key}"}, {Method: "GET", Path: "/{key}"}} {
		if got := tryFor(w, 5*time.Second, server.URL, o); got.err != nil || got.bytes != 9 {
			t.Fatalf("%s: %+v", o.Method, got)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for 4 requests in a row, want 1", n)
	}
}

func TestClassesAndEffectsOnRealConnections(t *testing.T) {
	refused := refusedURL(t)
	answer := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			// All of it, or closing with bytes unread would be a reset.
			if req, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				io.Copy(io.Discard, req.Body)
			}
			io.WriteString(c, text)
		}
	}
	for _, c := range []struct {
		name   string
		url    string
		class  history.Class
		effect history.Effect
	}{
		{"refused", refused, history.Refused, history.NoEffect},
		{"no answer", rawServer(t, func(c net.Conn) { io.Copy(io.Discard, c) }), history.Timeout, history.UnknownEffect},
		{"closed before the answer", rawServer(t, answer("")), history.EOF, history.UnknownEffect},
		{"closed within the answer", rawServer(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok")), history.EOF, history.UnknownEffect},
		{"reset", rawServer(t, func(c net.Conn) {
			http.ReadRequest(bufio.NewReader(c))
			c.(*net.TCPConn).SetLinger(0)
		}), history.Reset, history.UnknownEffect},
		{"not HTTP", rawServer(t, answer("SSH-2.0-x\r\n\r\n")), history.Other, history.UnknownEffect},
		{"right", rawServer(t, answer(plainAnswer)), history.OK, history.Acknowledged},
		{"404", rawServer(t, answer("HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n")), history.Status4xx, history.NoEffect},
		{"500", rawServer(t, answer("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n")), history.Status5xx, history.UnknownEffect},
		{"503", rawServer(t, answer("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n")), history.Status5xx, history.UnknownEffect},
		{"503, come again", rawServer(t, answer("HTTP/1.1 503 X\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")), history.Status5xx, history.NoEffect},
		{"unexpected 204", rawServer(t, answer("HTTP/1.1 204 X\r\n\r\n")), history.WrongAnswer, history.UnknownEffect},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			plan := smallPlan(1, 1, 300*time.Millisecond)
			plan.Operations = []Operation{{Name: "put", Method: "PUT", Path: "/{key}", Body: "{value}", Status: []int{200}, Writes: true}}
			rec := &memory{}
			a, err := Start(t.Context(), history.NewClock(time.Now()), plan, Direct{Endpoint{BaseURL: c.url, Index: 3}}, rec)
			if err != nil {
				t.Fatal(err)
			}
			a.EndAt(1)
			if err := a.Wait(); err != nil {
				t.Fatal(err)
			}
			op := rec.ops[0]
			if op.Class != c.class || op.Effect != c.effect || op.Attempts != 1 || op.Replica != 3 {
				t.Errorf("%+v; want %v, effect %v", op, c.class, c.effect)
			}
		})
	}
}

// An answer is right when its body says what it must.
func TestWhatABodyMustSay(t *testing.T) {
	long := strings.Repeat("x", maxValue-4)
	for _, c := range []struct {
		name, equals, contains, value, body string
		class                               history.Class
	}{
		{"anything", "", "", "", "whatever", history.OK},
		{"to the letter", "k!", "", "", "k!", history.OK},
		{"not to the letter", "{key}!", "", "", "k! ", history.WrongAnswer},
		{"contained", "", "{client}-{seq}", "", "<b>0-0</b>", history.OK},
		{"not contained", "", "{client}-{seq}", "", "<b>0-1</b>", history.WrongAnswer},
		{"nothing", "", "x", "", "", history.WrongAnswer},
		{"at the end of what is read", "", "here", "", long + "here, and more", history.OK},
		{"beyond what is read", "", "here", "", long + "xhere", history.WrongAnswer},
		{"the value", "", "", "body", Written{Run: "r", Key: "k", Client: "p", Seq: 0}.String() + "\n", history.OK},
		{"no value", "", "", "body", "gone", history.WrongAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, c.body) }))
			defer server.Close()
			plan := smallPlan(1, 1, 5*time.Second)
			plan.Sampler, plan.KeyName = Once{}, func(uint32) string { return "k" }
			plan.Operations = []Operation{{Name: "get", Method: "GET", Path: "/{key}", Equals: c.equals, Contains: c.contains, Value: c.value}}
			rec := &memory{}
			a, err := Start(t.Context(), history.NewClock(time.Now()), plan, Direct{Endpoint{BaseURL: server.URL}}, rec)
			if err != nil {
				t.Fatal(err)
			}
			a.EndAt(1)
			if err := a.Wait(); err != nil {
				t.Fatal(err)
			}
			if op := rec.ops[0]; op.Class != c.class || op.BytesIn != uint32(len(c.body)) {
				t.Errorf("%v after %d bytes, want %v", op.Class, op.BytesIn, c.class)
			}
		})
	}
}

// What cannot be had from a loopback server.
func TestClassesOfErrors(t *testing.T) {
	for _, c := range []struct {
		err  error
		want history.Class
	}{
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}, history.DNS},
		{&net.OpError{Op: "dial", Err: &net.DNSError{Err: "i/o timeout", IsTimeout: true}}, history.DNS},
		{&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, history.Timeout},
		{fmt.Errorf("read: %w", context.DeadlineExceeded), history.Timeout},
		{&net.OpError{Op: "write", Err: syscall.EPIPE}, history.Reset},
		{fmt.Errorf("net/http: HTTP/1.x transport connection broken: %w", syscall.ECONNRESET), history.Reset},
		{errors.New("http: server closed idle connection"), history.EOF},
		{io.ErrUnexpectedEOF, history.EOF},
		{&net.OpError{Op: "dial", Err: syscall.EADDRNOTAVAIL}, history.Unsent},
		{context.Canceled, history.Other},
	} {
		if got := classOf(c.err); got != c.want {
			t.Errorf("%v is %v, want %v", c.err, got, c.want)
		}
	}
}

// refusedURL is an address where nobody listens, for as long as the test runs:
// a bound socket keeps the port from being given to another.
func refusedURL(t *testing.T) string {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("http://127.0.0.1:%d", bound.(*syscall.SockaddrInet4).Port)
}

func TestTheFirstErrorWithoutAClassIsTold(t *testing.T) {
	told := make(chan error, 10)
	plan := smallPlan(1000, 1, time.Second)
	plan.Other = func(err error) { told <- err }
	strange := errors.New("strange")
	a, err := start(t.Context(), history.NewClock(time.Now()), plan, one, &memory{}, transportFunc(func(*http.Request) (*http.Response, error) { return nil, strange }))
	if err != nil {
		t.Fatal(err)
	}
	a.EndAt(int64(5 * time.Millisecond))
	if err := a.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || !errors.Is(<-told, strange) {
		t.Errorf("told %d times", len(told))
	}
}
