package link

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var (
	_ Control = (*Remote)(nil)
	_ Edges   = (*Remote)(nil)
)

const token = "secret"

// served is a proxy behind Serve.
func served(t testing.TB) (*Remote, string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, New(1), token) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	r := Dial(l.Addr().String(), token)
	t.Cleanup(r.Close)
	return r, l.Addr().String()
}

func TestRemoteDoesWhatAProxyDoes(t *testing.T) {
	r, _ := served(t)
	address, err := r.Open(t.Context(), Opening{Pair: pair, Listen: "127.0.0.1:0", Target: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Retarget(t.Context(), pair, echo(t)); err != nil {
		t.Fatal(err)
	}
	c := dialled(t, address)
	say(t, c, "before")
	before := time.Now()
	if a := apply(t, r, "slow", Rule{Direction: Backward, Delay: 20 * time.Millisecond}); a.From.Before(before) || a.Until.After(time.Now()) {
		t.Errorf("applied %v … %v, called at %v", a.From, a.Until, before)
	}
	say(t, c, "slow")
	if n := counters(t, r); n.Accepted != 1 || n.Backward.Bytes != 10 || n.Backward.Delayed != 4 || n.Backward.Held < 20*time.Millisecond {
		t.Errorf("counted %+v", n)
	}
	clearFault(t, r, "slow")
	say(t, c, "after")
	if _, err := r.Apply(t.Context(), "bad", []Rule{{Pair: pair, Direction: "up"}}); err == nil || !strings.Contains(err.Error(), `direction "up"`) {
		t.Errorf("a bad rule: %v", err)
	}
	if err := r.Retarget(t.Context(), Pair{"a", "b", 1}, "127.0.0.1:1"); err == nil {
		t.Error("an unknown link has a target")
	}
}

func TestWhoHasNoTokenControlsNothing(t *testing.T) {
	r, address := served(t)
	if _, err := r.Open(t.Context(), Opening{Pair: pair, Listen: "127.0.0.1:0", Target: echo(t)}); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"", "secre", "secrets"} {
		if _, err := Dial(address, wrong).Apply(t.Context(), "cut", []Rule{{Pair: pair, Direction: Forward, Drop: true}}); err == nil {
			t.Errorf("the token %q was taken", wrong)
		}
	}
	if err := Serve(t.Context(), mustListen(t), New(1), ""); err == nil {
		t.Error("it serves without a token")
	}
}

func mustListen(t testing.TB) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestRemoteSaysThatNobodyAnswers(t *testing.T) {
	l := mustListen(t)
	l.Close()
	if _, err := Dial(l.Addr().String(), token).Counters(t.Context()); err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("%v", err)
	}
}

// FuzzControl sends anything to the control handler: it answers, and whatever
// it took up leaves a proxy that still closes.
func FuzzControl(f *testing.F) {
	f.Add("/open", []byte(`{"source":"client","destination":"d","port":1,"listen":"127.0.0.1:0","target":"127.0.0.1:1"}`))
	f.Add("/apply", []byte(`{"fault":"f","rules":[{"source":"client","destination":"mapper-1","port":8080,"direction":"forward","delay":9223372036854775807}]}`))
	f.Add("/apply", []byte(`{"fault":"f","rules":[{"source":"client","destination":"mapper-1","port":8080,"direction":"backward","rate":1,"loss":1,"drop":true}]}`))
	f.Add("/clear", []byte(`{"fault":"f"}`))
	f.Add("/counters", []byte(`{}`))
	f.Add("/retarget", []byte(`{"pair":{},"target":""}`))
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		if strings.Contains(string(body), "listen") && !strings.Contains(string(body), `"listen":"127.0.0.1:0"`) {
			return // it would listen where others can reach it
		}
		p := New(1)
		defer p.Close()
		if _, err := p.Open(t.Context(), Opening{Pair: pair, Listen: "127.0.0.1:0", Target: "127.0.0.1:1"}); err != nil {
			t.Fatal(err)
		}
		request, err := http.NewRequest(http.MethodPost, "http://proxy/", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.URL.Path = path
		request.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		control(p, token).ServeHTTP(w, request)
		answer, _ := io.ReadAll(w.Result().Body)
		if w.Code != http.StatusOK && len(answer) == 0 && w.Code/100 != 3 {
			t.Errorf("%d without a reason", w.Code)
		}
	})
}
