package chaos

import (
	"bufio"
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gauntlet/harness/chaos/link"
	"gauntlet/harness/history"
	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// pair is a mapper before a redis with a real link between them: the redis
// answers every line, and the mapper, while it talks, sends one after the other.
type pair struct {
	proxy    *link.Proxy
	replicas []platform.Replica
	links    []platform.Link
	looks    time.Duration // how long it takes until a look at the counters is taken
}

func (p *pair) Replicas(context.Context) ([]platform.Replica, error) { return p.replicas, nil }
func (p *pair) Down(context.Context) error                           { return nil }
func (p *pair) Links() []platform.Link                               { return p.links }
func (p *pair) Shaper() link.Control                                 { return slow{p.proxy, p.looks} }

// slow takes its time to look at the counters.
type slow struct {
	link.Control
	looks time.Duration
}

func (s slow) Counters(ctx context.Context) (map[link.Pair]link.Counters, error) {
	time.Sleep(s.looks)
	return s.Control.Counters(ctx)
}

func newPair(t *testing.T, talks bool) *pair {
	t.Helper()
	redis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() { answerLines(redis) })
	p := &pair{proxy: link.New(1)}
	edge := link.Pair{Source: "mapper-1", Destination: "redis-1", Port: 6379}
	address, err := p.proxy.Open(t.Context(), link.Opening{Pair: edge, Listen: "127.0.0.1:0", Target: redis.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	p.links = []platform.Link{{Pair: edge, Address: address}}
	p.replicas = []platform.Replica{
		{Name: "redis-1", Service: "redis", Labels: map[string]string{"app": "redis"}, State: platform.Running, Address: redis.Addr().String(),
			Ports: map[int]string{6379: redis.Addr().String()}, Ready: topology.Ready{Send: "PING\r\n", Expect: "+PONG"}},
		{Name: "mapper-1", Service: "mapper", Labels: map[string]string{"app": "mapper"}, State: platform.Running},
	}
	ctx, cancel := context.WithCancel(context.Background())
	if talks {
		running.Go(func() { talk(ctx, address) })
	}
	t.Cleanup(func() {
		cancel()
		redis.Close()
		p.proxy.Close()
		running.Wait()
	})
	return p
}

func answerLines(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				if _, err := conn.Write([]byte("+PONG\r\n")); err != nil {
					return
				}
			}
		}()
	}
}

// talk sends lines of which one that is late has more bytes than all questions of
// a witness together, each when the one before was answered, on connections of a
// second at most.
func talk(ctx context.Context, address string) {
	for ctx.Err() == nil {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			rest(ctx, time.Millisecond, nil, nil)
			continue
		}
		conn.SetDeadline(time.Now().Add(time.Second))
		reader := bufio.NewReader(conn)
		for err == nil && ctx.Err() == nil {
			if _, err = conn.Write([]byte(strings.Repeat("x", 2000) + "\n")); err == nil {
				_, err = reader.ReadString('\n')
			}
			rest(ctx, time.Millisecond, nil, nil)
		}
		conn.Close()
	}
}

// between is a NetworkChaos between the two.
func between(change func(*Network)) Fault {
	f := delayOf("mapper", "both", target("redis"))
	f.Network.Delay = 0
	change(f.Network)
	return f
}

// suffer injects f for d and heals it, and returns what was proven.
func suffer(t *testing.T, p *pair, f Fault, d time.Duration, change ...func(*Settings)) (history.Event, Healing) {
	t.Helper()
	set := Settings{Clock: history.NewClock(time.Now()), Probe: platform.Probe, ReadyWithin: 10 * time.Second, Seed: 1}
	for _, c := range change {
		c(&set)
	}
	prepared, err := Prepare(t.Context(), p, f, set)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := prepared.Inject(t.Context()); err != nil {
		t.Fatal(err)
	}
	time.Sleep(d) // the fault's duration
	healing, err := prepared.Heal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := prepared.Check(t.Context()); (err == nil) != healing.Back {
		t.Errorf("back %v, and after the fault: %v", healing.Back, err)
	}
	return prepared.Proof(), healing
}

func TestNetworkChaosIsProvenFromTheVictimsSide(t *testing.T) {
	for _, c := range []struct {
		name   string
		silent bool // the mapper says nothing
		inert  bool
		fault  Fault
		lasts  time.Duration
		proven bool
		detail []string
	}{
		{name: "delay", fault: between(func(n *Network) { n.Delay = 50 * ms }), lasts: 1500 * ms, proven: true,
			detail: []string{"mapper-1 → redis-1: round trip", "late by"}},
		{name: "drop", fault: between(func(n *Network) { n.Behavior = BehaviorDrop }), lasts: 1500 * ms, proven: true,
			detail: []string{"no answer to", "bytes withheld"}},
		{name: "drop of answers", fault: between(func(n *Network) { n.Behavior, n.Direction = BehaviorDrop, "from" }), lasts: 1500 * ms, proven: true,
			detail: []string{"no answer to", "bytes withheld"}},
		{name: "reject", fault: between(func(n *Network) { n.Behavior = BehaviorReject }), lasts: 1000 * ms, proven: true,
			detail: []string{"refused or broken off"}},
		{name: "bandwidth", fault: between(func(n *Network) { n.Rate, n.Buffer, n.Limit = 20_000, 1500, 20_000 }), lasts: 1500 * ms, proven: true,
			detail: []string{"bytes passed", "late by"}},
		{name: "loss", fault: between(func(n *Network) { n.Loss = 0.3 }), lasts: 2000 * ms, proven: true, detail: []string{"late by"}},
		{name: "nobody talks", silent: true, fault: between(func(n *Network) { n.Behavior = BehaviorDrop }), lasts: 1500 * ms,
			detail: []string{"nothing but the questions of this witness met the fault"}},
		{name: "inert delay", inert: true, fault: between(func(n *Network) { n.Delay = 50 * ms }), lasts: 700 * ms, detail: []string{"nothing was late"}},
		{name: "inert drop", inert: true, fault: between(func(n *Network) { n.Behavior = BehaviorDrop }), lasts: 700 * ms, detail: []string{"which still answered"}},
		{name: "inert reject", inert: true, fault: between(func(n *Network) { n.Behavior = BehaviorReject }), lasts: 700 * ms, detail: []string{"which still answered"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			proof, healing := suffer(t, newPair(t, !c.silent), c.fault, c.lasts, func(s *Settings) { s.Inert = c.inert })
			t.Log(proof.Detail)
			if proof.Proven != c.proven {
				t.Errorf("proven: %v", proof.Proven)
			}
			for _, want := range c.detail {
				if !strings.Contains(proof.Detail, want) {
					t.Errorf("%q lacks %q", proof.Detail, want)
				}
			}
			if !healing.Back || healing.Event == nil || healing.Event.Until < healing.Event.At {
				t.Errorf("healed: %+v %+v", healing, healing.Event)
			}
		})
	}
}

// However long the last look takes, the witness' own questions are not taken
// for another's.
func TestASlowLookAtTheCountersProvesNothing(t *testing.T) {
	p := newPair(t, false)
	p.looks = 1500 * ms
	proof, _ := suffer(t, p, between(func(n *Network) { n.Behavior = BehaviorDrop }), 1200*ms)
	if want := "nothing but the questions of this witness met the fault"; proof.Proven || !strings.Contains(proof.Detail, want) {
		t.Errorf("proven: %v, %q lacks %q", proof.Proven, proof.Detail, want)
	}
}

// Two faults on one link are done together, and each ends by itself.
func TestTwoFaultsOnOneLink(t *testing.T) {
	p := newPair(t, true)
	set := Settings{Clock: history.NewClock(time.Now()), Probe: platform.Probe, ReadyWithin: 10 * time.Second, Seed: 1}
	var all []*Prepared
	for i, delay := range []time.Duration{30 * ms, 60 * ms} {
		f := between(func(n *Network) { n.Delay, n.Direction = delay, "to" })
		f.Name = []string{"near", "far"}[i]
		prepared, err := Prepare(t.Context(), p, f, set)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := prepared.Inject(t.Context()); err != nil {
			t.Fatal(err)
		}
		all = append(all, prepared)
	}
	trip := func() time.Duration {
		e := newExchange(p.replicas[0], 6379, p.links[0].Address)
		defer e.close()
		var took []time.Duration
		for range 5 {
			a, err := e.ask(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			took = append(took, a.took)
		}
		return slices.Min(took) // what is slow is the machine
	}
	if got := trip(); got < 90*ms {
		t.Errorf("under both a round trip takes %v", got)
	}
	if _, err := all[1].Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := trip(); got < 30*ms || got > 85*ms {
		t.Errorf("under one a round trip takes %v", got)
	}
	if _, err := all[0].Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := trip(); got > 25*ms {
		t.Errorf("under none a round trip takes %v", got)
	}
}

// What another fault does to the same link proves nothing of one that did
// nothing.
func TestAnotherFaultOnTheLinkIsNoProof(t *testing.T) {
	p := newPair(t, true)
	set := Settings{Clock: history.NewClock(time.Now()), Probe: platform.Probe, ReadyWithin: 10 * time.Second, Seed: 1}
	var all []*Prepared
	for _, c := range []struct {
		name  string
		delay time.Duration
		inert bool
	}{{"done", 60 * ms, false}, {"not done", 40 * ms, true}} {
		f := between(func(n *Network) { n.Delay, n.Direction = c.delay, "to" })
		f.Name = c.name
		set.Inert = c.inert
		prepared, err := Prepare(t.Context(), p, f, set)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, prepared)
	}
	for i := range all { // the one that does nothing first: it sees the link as it was
		if _, err := all[1-i].Inject(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(1200 * ms) // their duration
	for _, p := range all {
		heal(t, p)
	}
	wantProof(t, all[0], true, `late by 60 ms in the mean`)
	wantProof(t, all[1], false, `nothing was late`)
}

func TestNetworkChaosNeedsLinks(t *testing.T) {
	sys := newFake(t)
	f := delayOf("mapper", "both", target("redis"))
	set := Settings{Clock: history.NewClock(time.Now()), Probe: sys.probe, ReadyWithin: time.Second}
	if _, err := Prepare(t.Context(), sys, f, set); err == nil || !strings.Contains(err.Error(), "the platform has no links") {
		t.Errorf("on a platform without: %v", err)
	}
	p := newPair(t, false)
	p.links = nil
	if _, err := Prepare(t.Context(), p, f, set); err == nil || !strings.Contains(err.Error(), "would touch no connection of mapper-1") {
		t.Errorf("on a system without: %v", err)
	}
}

// A victim that is still cut off when it should be back keeps the heal open.
func TestALinkThatIsNotBack(t *testing.T) {
	p := newPair(t, true)
	if _, err := p.proxy.Apply(t.Context(), "another", nil); err != nil {
		t.Fatal(err)
	}
	f := between(func(n *Network) { n.Behavior = BehaviorDrop })
	set := Settings{Clock: history.NewClock(time.Now()), Probe: platform.Probe, ReadyWithin: 300 * ms, Seed: 1}
	prepared, err := Prepare(t.Context(), p, f, set)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := prepared.Inject(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.proxy.Apply(t.Context(), "another", []link.Rule{{Pair: p.links[0].Pair, Direction: link.Forward, Drop: true}}); err != nil {
		t.Fatal(err)
	}
	healing, err := prepared.Heal(t.Context())
	if err != nil || healing.Back || healing.Event == nil {
		t.Errorf("healed: %+v, %v", healing, err)
	}
	if err := prepared.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "mapper-1 does not reach redis-1 as before the fault") {
		t.Errorf("after the fault: %v", err)
	}
}
