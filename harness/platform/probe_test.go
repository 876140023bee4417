package platform

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/topology"
)

func TestProbeHTTP(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ready":
		case "/moved":
			http.Redirect(w, r, "/ready", http.StatusFound)
		case "/hangs":
			<-r.Context().Done()
		default:
			http.Error(w, "no", http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	replica := Replica{Name: "web-1", Address: strings.TrimPrefix(server.URL, "http://"), State: Running}
	for path, want := range map[string]string{"/ready": "", "/no": "web-1: GET /no: not ready: 503", "/moved": "302", "/hangs": "i/o timeout"} {
		replica.Ready.HTTP = path
		begin := time.Now()
		err := Probe(t.Context(), replica)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
		if took := time.Since(begin); took > 10*ProbeTimeout {
			t.Errorf("%s took %v", path, took)
		}
	}
}

// answering listens and answers every connection with text after it read one
// byte, or at once when silent is false.
func answering(t *testing.T, text string, readFirst bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if readFirst {
				c.Read(make([]byte, 1))
			}
			io.WriteString(c, text)
			defer c.Close()
		}
	}()
	return l.Addr().String()
}

func TestProbeText(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		ready  topology.Ready
		want   string
	}{
		"right":             {"+PONG\r\n", topology.Ready{Send: "PING\r\n", Expect: "+PONG"}, ""},
		"a greeting":        {"220 hello", topology.Ready{Expect: "220"}, ""},
		"wrong":             {"-LOADING\r\n", topology.Ready{Send: "PING\r\n", Expect: "+PONG"}, `answered "-LOAD", not "+PONG"`},
		"short":             {"+PO", topology.Ready{Send: "PING\r\n", Expect: "+PONG"}, "waiting for"},
		"only a connection": {"", topology.Ready{}, ""},
		"greets unasked":    {"220 hello", topology.Ready{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := Replica{Name: "r", Address: answering(t, c.answer, c.ready.Send != ""), Ready: c.ready, State: Running}
			err := Probe(t.Context(), r)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// Before a process in a container listens, the proxy of its published port
// accepts, and hangs up.
func TestProbeOfAProxyWithNothingBehindIt(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	for name, ready := range map[string]topology.Ready{
		"a connection": {}, "http": {HTTP: "/"}, "a text": {Send: "PING\r\n", Expect: "+PONG"},
	} {
		if err := Probe(t.Context(), Replica{Name: "r", Address: l.Addr().String(), Ready: ready, State: Running}); err == nil {
			t.Errorf("%s: ready", name)
		}
	}
}

func TestProbeOfWhatIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	r := Replica{Name: "r", Address: l.Addr().String(), State: Running}
	if err := Probe(t.Context(), r); err == nil {
		t.Error("a closed port is ready")
	}
	r.State = Down
	if err := Probe(t.Context(), r); !errors.Is(err, ErrNotReady) {
		t.Errorf("down: %v", err)
	}
	if err := Probe(t.Context(), Replica{Name: "worker", State: Running}); err != nil {
		t.Errorf("without a port: %v", err)
	}
}

func TestProbeEndsWithItsContext(t *testing.T) {
	r := Replica{Name: "r", Address: answering(t, "", true), State: Running}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, r.Ready = range []topology.Ready{{}, {HTTP: "/"}} {
		if err := Probe(ctx, r); err == nil {
			t.Errorf("%+v: ready with a cancelled context", r.Ready)
		}
	}
}

func BenchmarkProbe(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	r := Replica{Name: "r", Address: strings.TrimPrefix(server.URL, "http://"), Ready: topology.Ready{HTTP: "/"}, State: Running}
	b.ReportAllocs()
	for b.Loop() {
		if err := Probe(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}
