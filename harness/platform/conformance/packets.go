package conformance

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"gauntlet/harness/chaos/link"
	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// Packets is what a platform must do that drops packets between replicas. Only
// some machines let it: it is for a caller who knows that this one does. undo
// does what a later start would, had this one been killed.
func Packets(t *testing.T, start func(t *testing.T) platform.Platform, undo func(t *testing.T, s platform.System)) {
	t.Run("packets", func(t *testing.T) {
		p := newPacketTest(t, begin(t, start(t), topology.Options{}))
		p.drops()
		p.outlivesRestarts()
		p.ends()
		p.isUndone(undo)
	})
	// What passes a proxy for the sake of another fault.
	t.Run("packets before links", func(t *testing.T) {
		p := newPacketTest(t, beginStack(t, start(t), linked(Stack(t, topology.Options{}))))
		p.drops()
		p.ends()
		p.isUndone(undo)
	})
}

// packetTest drops a tenth of the packets between web-1 and the store.
type packetTest struct {
	linkTest
	dropper platform.Dropper
}

func newPacketTest(t *testing.T, s platform.System) *packetTest {
	t.Helper()
	dropper, ok := s.(platform.Dropper)
	if !ok {
		t.Fatal("the platform is no Dropper")
	}
	want := []link.Pair{
		{Source: "web-1", Destination: "store-1", Port: 8080}, {Source: "web-2", Destination: "store-1", Port: 8080},
		{Source: "web-1", Destination: "web-2", Port: 8080}, {Source: "web-2", Destination: "web-1", Port: 8080},
	}
	got := dropper.Connections()
	for _, o := range want {
		if !slices.Contains(got, o) || len(got) != len(want) {
			t.Fatalf("connections %v, want %v", got, want)
		}
	}
	return &packetTest{linkTest: linkTest{T: t, s: s}, dropper: dropper}
}

const (
	droppedShare = 0.1
	asks         = 80 // and as many answers, each of a packet or more
)

func (p *packetTest) drop(name string) {
	p.Helper()
	both := []platform.Stream{{Pair: webStore, Direction: link.Forward}, {Pair: webStore, Direction: link.Backward}}
	if err := p.dropper.Drop(p.Context(), name, both, droppedShare); err != nil {
		p.Fatal(err)
	}
}

// dropped is what became of both directions.
func (p *packetTest) dropped(name string) (there, back platform.Dropped) {
	p.Helper()
	all, err := p.dropper.Dropped(p.Context(), name)
	if err != nil {
		p.Fatal(err)
	}
	if len(all) != 2 || all[0].Direction != link.Forward || all[1].Direction != link.Backward || all[0].Pair != webStore {
		p.Fatalf("dropped %v", all)
	}
	return all[0], all[1]
}

// askOften lets a web ask the store again and again, several times at once: a
// packet that is lost costs time, and not the machine's.
func (p *packetTest) askOften(who string, times int) {
	p.Helper()
	const atOnce = 8
	web := replicas(p.T, p.s)[who]
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for range times / atOnce {
				_, _ = get(p.T, web, "/ask/STORE") // whether it was answered in time is chance
			}
		})
	}
	all.Wait()
}

func (p *packetTest) drops() {
	p.drop("first")
	if err := p.dropper.Drop(p.Context(), "first", nil, droppedShare); err == nil {
		p.Error("a name was given twice")
	}
	p.askOften("web-2", 16) // nothing of it is dropped
	there, back := p.dropped("first")
	if there.Packets != 0 || back.Packets != 0 {
		p.Errorf("of another replica's packets %v and %v were met", there, back)
	}
	p.askOften("web-1", asks)
	there, back = p.dropped("first")
	for _, d := range []platform.Dropped{there, back} {
		p.Log(d)
		n := float64(d.Packets)
		// Five standard deviations of the binomial distribution: by chance once in 1.7 million times.
		if d.Packets < asks || math.Abs(float64(d.Lost)-n*droppedShare) > 5*math.Sqrt(n*droppedShare*(1-droppedShare)) {
			p.Errorf("%d of %d packets were dropped, asked for %v", d.Lost, d.Packets, droppedShare)
		}
		if d.Resent == 0 {
			p.Error("nobody sent anything again")
		}
	}
}

// outlivesRestarts shows that either end takes up again what its death ended,
// and that nothing is counted twice or forgotten.
func (p *packetTest) outlivesRestarts() {
	killer, ok := p.s.(platform.Killer)
	if !ok {
		return
	}
	for _, name := range []string{"web-1", "store-1"} {
		there, back := p.dropped("first")
		before := replicas(p.T, p.s)[name]
		if err := killer.Kill(p.Context(), name, 0); err != nil {
			p.Fatal(err)
		}
		another(p.T, p.s, before)
		eventually(p.T, func() string {
			p.askOften("web-1", 8)
			nowThere, nowBack := p.dropped("first")
			if nowThere.Packets < there.Packets || nowBack.Packets < back.Packets || nowThere.Resent < there.Resent || nowBack.Resent < back.Resent {
				p.Fatalf("%s was started again: %v and %v became %v and %v", name, there, back, nowThere, nowBack)
			}
			if nowThere.Packets == there.Packets || nowBack.Packets == back.Packets || nowThere.Lost+nowBack.Lost == there.Lost+back.Lost {
				return fmt.Sprintf("since %s was started again nothing is dropped: %v and %v", name, nowThere, nowBack)
			}
			return ""
		})
	}
}

func (p *packetTest) ends() {
	for range 2 { // the second time nothing is there
		if err := p.dropper.Undrop(p.Context(), "first"); err != nil {
			p.Fatal(err)
		}
	}
	if all, err := p.dropper.Dropped(p.Context(), "first"); len(all) != 0 || err != nil {
		p.Errorf("after it %v, %v", all, err)
	}
	p.passes("store-1")
}

// isUndone shows that a later start finds what this one would leave.
func (p *packetTest) isUndone(undo func(t *testing.T, s platform.System)) {
	p.drop("left")
	undo(p.T, p.s)
	p.passes("store-1")
	if err := p.dropper.Undrop(p.Context(), "left"); err != nil {
		p.Errorf("ending what is gone: %v", err)
	}
	p.drop("last") // Down must take it away
}
