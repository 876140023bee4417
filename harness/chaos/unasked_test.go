package chaos

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/topology"
)

// A service that says nothing of when it is ready cannot be asked over its
// links: there, what the links count of others must do.
func TestNetworkChaosOnALinkWithoutQuestions(t *testing.T) {
	for _, c := range []struct {
		name   string
		silent bool
		inert  bool
		fault  Fault
		proven bool
		detail string
	}{
		{name: "drop", fault: between(func(n *Network) { n.Behavior = BehaviorDrop }), proven: true, detail: "bytes withheld"},
		{name: "reject", fault: between(func(n *Network) { n.Behavior = BehaviorReject }), proven: true, detail: "refused or broken off"},
		{name: "delay", fault: between(func(n *Network) { n.Delay = 50 * ms }), proven: true, detail: "late by"},
		{name: "nobody talks", silent: true, fault: between(func(n *Network) { n.Behavior = BehaviorDrop }), detail: "nothing but the questions of this witness"},
		{name: "inert drop", inert: true, fault: between(func(n *Network) { n.Behavior = BehaviorDrop }), detail: "nothing was withheld"},
		{name: "inert reject", inert: true, fault: between(func(n *Network) { n.Behavior = BehaviorReject }), detail: "which still answered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, !c.silent)
			p.replicas[0].Ready = topology.Ready{}
			proof, healing := suffer(t, p, c.fault, 1200*time.Millisecond, func(s *Settings) { s.Inert = c.inert })
			if proof.Proven != c.proven || !strings.Contains(proof.Detail, c.detail) {
				t.Errorf("proven %v: %q, want %v and %q", proof.Proven, proof.Detail, c.proven, c.detail)
			}
			if !healing.Back {
				t.Errorf("healed: %+v", healing)
			}
		})
	}
}

// The proxy before a container's published port accepts whatever comes, and
// hangs up when nobody listens behind it: that is a refusal, too.
func TestRejectBehindAPublishedPort(t *testing.T) {
	for name, ready := range map[string]topology.Ready{"asked": {Send: "PING\r\n", Expect: "+PONG"}, "not asked": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, true)
			p.replicas[0].Ready = ready
			p.links[0].Address = published(t, p.links[0].Address)
			proof, healing := suffer(t, p, between(func(n *Network) { n.Behavior = BehaviorReject }), 1200*time.Millisecond)
			if !proof.Proven || !healing.Back {
				t.Errorf("proven %v: %q; healed: %+v", proof.Proven, proof.Detail, healing)
			}
		})
	}
}

// published passes on what comes to the address that it returns, as an engine's
// proxy in user space does.
func published(t *testing.T, to string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer from.Close()
				conn, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer conn.Close()
				go func() {
					defer from.Close()
					io.Copy(from, conn)
				}()
				io.Copy(conn, from)
			}()
		}
	}()
	return l.Addr().String()
}
