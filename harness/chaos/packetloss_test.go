package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gauntlet/harness/chaos/link"
	"gauntlet/harness/history"
	"gauntlet/harness/platform"
)

// leaky is a fake that drops packets: what is done to it is taken down.
type leaky struct {
	*fake
	mu       sync.Mutex
	dropping map[string][]platform.Stream
	calls    []string
	counted  platform.Dropped // of every stream, but for the stream itself
	blind    error            // of Dropped
}

func newLeaky(t *testing.T) *leaky {
	return &leaky{fake: newFake(t), dropping: map[string][]platform.Stream{}}
}

func (l *leaky) Connections() []link.Pair {
	var all []link.Pair
	for _, m := range []string{"mapper-1", "mapper-2"} {
		for _, to := range []link.Pair{{Destination: "mapper-1", Port: 8080}, {Destination: "mapper-2", Port: 8080}, {Destination: "redis-1", Port: 6379}} {
			if to.Source = m; to.Destination != m {
				all = append(all, to)
			}
		}
	}
	return all
}

func (l *leaky) Drop(_ context.Context, name string, streams []platform.Stream, share float64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropping[name] = streams
	for _, s := range streams {
		arrow := map[link.Direction]string{link.Forward: ">", link.Backward: "<"}[s.Direction]
		l.calls = append(l.calls, fmt.Sprintf("%s: %v of %s %s %s:%d", name, share, s.Source, arrow, s.Destination, s.Port))
	}
	return nil
}

func (l *leaky) Undrop(_ context.Context, name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.dropping, name)
	return nil
}

func (l *leaky) Dropped(_ context.Context, name string) ([]platform.Dropped, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []platform.Dropped
	for _, s := range l.dropping[name] {
		d := l.counted
		d.Stream = s
		all = append(all, d)
	}
	return all, l.blind
}

// lossOf is a loss between the replicas of a service and a target.
func lossOf(name, direction string, t *Target, external ...string) Fault {
	f := delayOf(name, direction, t, external...)
	f.Action, f.Network.Delay, f.Network.Loss = NetworkLoss, 0, 0.05
	return f
}

var dropping = Kernel{Drops: true}

func TestWhoDoesALoss(t *testing.T) {
	correlated := lossOf("mapper", "to", target("redis"))
	correlated.Network.LossCorrelation = 0.25
	netem := lossOf("mapper", "to", target("redis"))
	netem.Action = NetworkNetem
	none := Kernel{Why: "that takes root"}
	for _, c := range []struct {
		name     string
		platform string
		kernel   Kernel
		f        Fault
		shown    string // what its beginning is
		says     string // part of it
	}{
		{"the kernel", Docker, dropping, lossOf("mapper", "to", target("redis")), "faithful, by the kernel", ""},
		{"the kernel, to a host", Docker, dropping, lossOf("mapper", "both", nil, "redis:6379"), "faithful, by the kernel", ""},
		{"a kernel that cannot", Docker, none, lossOf("mapper", "to", target("redis")), "approximate, by a proxy: ", "no packet is lost; the kernel does not do it: that takes root"},
		{"a correlation", Docker, dropping, correlated, "approximate, by a proxy: ", "has no correlation"},
		{"a correlation, and a kernel that cannot", Docker, none, correlated, "approximate, by a proxy: ", "has no correlation"},
		{"no target", Docker, dropping, lossOf("redis", "to", nil), "approximate, by a proxy: ", "give it a target"},
		{"the load generator", Docker, dropping, lossOf("gauntlet", "to", target("mapper")), "approximate, by a proxy: ", "is in no container"},
		{"to the load generator", Docker, dropping, lossOf("mapper", "to", target("gauntlet")), "approximate, by a proxy: ", "is in no container"},
		{"several at once", Docker, dropping, netem, "approximate: ", "no packet is lost"},
		{"a delay", Docker, dropping, delayOf("mapper", "to", target("redis")), "approximate: ", "on the stream of bytes"},
		{"processes", Local, dropping, lossOf("mapper", "to", target("redis")), "approximate: ", "no packet is lost"},
		{"elsewhere", External, dropping, lossOf("mapper", "to", target("redis")), "refused: ", "not started by gauntlet"},
	} {
		got := CapabilityOf(c.platform, c.kernel, c.f)
		if !strings.HasPrefix(got.String(), c.shown) || !strings.Contains(got.String(), c.says) || (got.Reason == "") != (c.says == "") {
			t.Errorf("%s: %s", c.name, got)
		}
		if (got.How == "") != (got.Level == Refused) {
			t.Errorf("%s is done by %q", c.name, got.How)
		}
	}
}

// What the kernel does passes no proxy, unless another fault needs one there.
func TestALossByTheKernelNeedsNoLink(t *testing.T) {
	marks := func(kernel Kernel, faults ...Fault) []string {
		t.Helper()
		stack, err := Links(shop(2), "mapper", timed(faults...), kernel)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, s := range stack.Services {
			for _, e := range s.Edges {
				if e.Link != "" && !slices.Contains(all, e.From+" > "+e.To) {
					all = append(all, e.From+" > "+e.To)
				}
			}
		}
		return all
	}
	loss, delay := lossOf("mapper", "both", target("redis")), delayOf("mapper", "to", target("redis"))
	for _, c := range []struct {
		name   string
		kernel Kernel
		faults []Fault
		want   []string
	}{
		{"by the kernel", dropping, []Fault{loss}, nil},
		{"by a proxy", Kernel{}, []Fault{loss}, []string{"mapper > redis"}},
		{"beside a delay", dropping, []Fault{loss, delay}, []string{"mapper > redis"}},
		{"beside a delay elsewhere", dropping, []Fault{loss, delayOf("mapper", "to", target("mapper"))}, []string{"mapper > mapper"}},
	} {
		if got := marks(c.kernel, c.faults...); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if _, err := Links(shop(2), "mapper", timed(lossOf("redis", "to", target("redis"))), dropping); err == nil || !strings.Contains(err.Error(), "would touch no connection") {
		t.Errorf("a loss of nothing: %v", err)
	}
}

func TestTheStreamsOfALoss(t *testing.T) {
	for _, c := range []struct {
		name string
		f    Fault
		want []string
	}{
		{"to", lossOf("mapper", "to", target("redis")),
			[]string{"far on mapper-1: 0.05 of mapper-1 > redis-1:6379", "far on mapper-2: 0.05 of mapper-2 > redis-1:6379"}},
		{"from", lossOf("mapper", "from", target("redis")),
			[]string{"far on mapper-1: 0.05 of mapper-1 < redis-1:6379", "far on mapper-2: 0.05 of mapper-2 < redis-1:6379"}},
		{"the other end", lossOf("redis", "both", target("mapper")), []string{
			"far on redis-1: 0.05 of mapper-1 > redis-1:6379", "far on redis-1: 0.05 of mapper-1 < redis-1:6379",
			"far on redis-1: 0.05 of mapper-2 > redis-1:6379", "far on redis-1: 0.05 of mapper-2 < redis-1:6379"}},
		{"a host", lossOf("mapper", "to", nil, "redis:6379"),
			[]string{"far on mapper-1: 0.05 of mapper-1 > redis-1:6379", "far on mapper-2: 0.05 of mapper-2 > redis-1:6379"}},
		{"each other", lossOf("mapper", "to", target("mapper")), []string{
			"far on mapper-1: 0.05 of mapper-1 > mapper-2:8080", "far on mapper-1: 0.05 of mapper-2 < mapper-1:8080",
			"far on mapper-2: 0.05 of mapper-1 < mapper-2:8080", "far on mapper-2: 0.05 of mapper-2 > mapper-1:8080"}},
	} {
		sys := newLeaky(t)
		lose(t, sys, c.f, func(*Settings) {})
		slices.Sort(sys.calls)
		slices.Sort(c.want)
		if !slices.Equal(sys.calls, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, strings.Join(sys.calls, "\n"), strings.Join(c.want, "\n"))
		}
		if len(sys.dropping) != 0 {
			t.Errorf("%s: after the heal %v", c.name, sys.dropping)
		}
	}
}

// lose injects f and heals it, and returns what was proven.
func lose(t *testing.T, sys *leaky, f Fault, change func(*Settings)) history.Event {
	t.Helper()
	set := Settings{Clock: history.NewClock(time.Now()), Probe: sys.probe, ReadyWithin: 10 * time.Second, Seed: 1, Kernel: dropping}
	change(&set)
	p, err := Prepare(t.Context(), sys, f, set)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Inject(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		healing, err := p.Heal(t.Context())
		if err != nil || !healing.Back || healing.Event == nil {
			t.Fatalf("healed: %+v, %v", healing, err)
		}
	}
	if err := p.Check(t.Context()); err != nil {
		t.Error(err)
	}
	return p.Proof()
}

func TestALossIsProvenByWhatWasDroppedAndSentAgain(t *testing.T) {
	for _, c := range []struct {
		name    string
		counted platform.Dropped
		blind   error
		inert   bool
		proven  bool
		detail  string
	}{
		{name: "lost and sent again", counted: platform.Dropped{Packets: 640, Lost: 31, Resent: 30}, proven: true,
			detail: "mapper-1 → redis-1:6379: 31 of 640 packets there and 31 of 640 packets back dropped on arrival, 60 segments sent again, mapper-2 → redis-1:6379: 31"},
		{name: "none lost", counted: platform.Dropped{Packets: 12, Resent: 3}, detail: "0 of 12 packets there and 0 of 12 packets back dropped on arrival, 6 segments sent again, which is none"},
		{name: "nobody noticed", counted: platform.Dropped{Packets: 12, Lost: 1}, detail: "0 segments sent again, and nobody noticed"},
		{name: "inert", inert: true, counted: platform.Dropped{Packets: 12, Lost: 1, Resent: 1}, detail: "redis-1: no packet was dropped"},
		{name: "not to be counted", blind: errors.New("no iptables"), counted: platform.Dropped{Lost: 1, Resent: 1}, detail: "could not be counted: no iptables"},
	} {
		sys := newLeaky(t)
		sys.counted, sys.blind = c.counted, c.blind
		f := lossOf("redis", "both", target("mapper"))
		var proof history.Event
		if c.blind == nil {
			proof = lose(t, sys, f, func(s *Settings) { s.Inert = c.inert })
		} else {
			w := &seepage{dropper: sys, set: Settings{Clock: history.NewClock(time.Now())}, victim: "redis-1"}
			w.mayReturn()
			proof.Proven, _, proof.Detail = w.proof()
		}
		if proof.Proven != c.proven || !strings.Contains(proof.Detail, c.detail) {
			t.Errorf("%s: proven %v, %q", c.name, proof.Proven, proof.Detail)
		}
	}
}

func TestALossByTheKernelNeedsADropper(t *testing.T) {
	sys := newFake(t)
	set := Settings{Clock: history.NewClock(time.Now()), Probe: sys.probe, ReadyWithin: time.Second, Kernel: dropping}
	if _, err := Prepare(t.Context(), sys, lossOf("mapper", "to", target("redis")), set); err == nil || !strings.Contains(err.Error(), "drops no packets") {
		t.Errorf("%v", err)
	}
}
