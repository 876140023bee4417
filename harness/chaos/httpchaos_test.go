package chaos

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/chaos/link"
	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// newSite is a mapper that speaks HTTP, with a link before it, and a client
// that asks it for /key over that link, one request after the other.
func newSite(t *testing.T) *pair {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "here") }), ReadHeaderTimeout: time.Minute}
	go server.Serve(l)
	p := &pair{proxy: link.New(1)}
	edge := link.Pair{Source: link.Client, Destination: "mapper-1", Port: 8080}
	address, err := p.proxy.Open(t.Context(), link.Opening{Pair: edge, Listen: "127.0.0.1:0", Target: l.Addr().String(), HTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	p.links = []platform.Link{{Pair: edge, Address: address}}
	p.replicas = []platform.Replica{{Name: "mapper-1", Service: "mapper", Labels: map[string]string{"app": "mapper"}, State: platform.Running,
		Address: l.Addr().String(), Ports: map[int]string{8080: l.Addr().String()}, Ready: topology.Ready{HTTP: "/readyz"}}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		client := &http.Client{Timeout: time.Second, Transport: &http.Transport{}}
		defer client.CloseIdleConnections()
		for rest(ctx, 5*time.Millisecond, nil, nil) {
			if answer, err := client.Get("http://" + address + "/key"); err == nil {
				io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		p.proxy.Close()
		server.Close()
	})
	return p
}

func TestHTTPChaosIsProvenFromTheVictimsSide(t *testing.T) {
	for _, c := range []struct {
		name   string
		http   HTTP
		inert  bool
		proven bool
		detail string
	}{
		{"abort", HTTP{Abort: true}, false, true, "refused or broken off in the fault"},
		{"an answer that is late", HTTP{Response: true, Delay: 80 * ms}, false, true, "messages changed"},
		{"a request that is late", HTTP{Delay: 80 * ms}, false, true, "messages changed"},
		{"another status", HTTP{Response: true, Replace: HTTPReplace{Code: 503}}, false, true, "messages changed"},
		{"of one path alone", HTTP{Path: "/k*", Abort: true}, false, true, "messages changed"},
		{"of a path that nobody asks for", HTTP{Path: "/other", Abort: true}, false, false, "no message was changed"},
		{"of nothing but our own questions", HTTP{Path: "/readyz", Abort: true}, false, false, "nothing but the questions of this witness"},
		{"inert", HTTP{Abort: true}, true, false, "no message was changed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := httpOf("mapper", 8080, c.http.Response)
			c.http.Port = 8080
			f.HTTP, f.Duration = &c.http, time.Minute
			proof, healing := suffer(t, newSite(t), f, 1200*ms, func(s *Settings) { s.Inert = c.inert })
			t.Log(proof.Detail)
			if proof.Proven != c.proven || !strings.Contains(proof.Detail, c.detail) {
				t.Errorf("proven %v: %q, want %v and %q", proof.Proven, proof.Detail, c.proven, c.detail)
			}
			if !healing.Back {
				t.Errorf("healed: %+v", healing)
			}
		})
	}
}
