package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/chaos/link"
	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

var webStore = link.Pair{Source: "web-1", Destination: "store-1", Port: 8080}

// links shapes what one replica of web says to the store, and what is sent to
// web, and neither what the other replica says nor how the harness asks.
func links(t *testing.T, p platform.Platform) {
	s := beginStack(t, p, linked(Stack(t, topology.Options{})))
	linker, ok := s.(platform.Linker)
	if !ok {
		t.Skip("the platform is no Linker")
	}
	l := &linkTest{T: t, s: s, linker: linker}
	l.addresses()
	l.passes("store-1")
	l.delays()
	l.drops()
	l.rejects()
	l.followsTheStore()
	l.breaksHTTP()
}

// linked marks what web says to the store, and what is sent to web.
func linked(stack topology.Stack) topology.Stack {
	stack.Traffic = &topology.Edge{From: link.Client, To: "web", Port: 8080, Link: topology.LinkHTTP}
	for i := range stack.Services {
		for k, e := range stack.Services[i].Edges {
			if e.To == "store" {
				stack.Services[i].Edges[k].Link = topology.LinkTCP
			}
		}
	}
	return stack
}

// noLinks is what a stack without marks has.
func noLinks(t *testing.T, s platform.System) {
	t.Helper()
	if linker, ok := s.(platform.Linker); ok && (len(linker.Links()) > 0 || linker.Shaper() != nil) {
		t.Errorf("links of a stack that marks none: %v", linker.Links())
	}
}

type linkTest struct {
	*testing.T
	s      platform.System
	linker platform.Linker
}

// addresses holds the links against what is marked, and each replica's
// environment against the links.
func (l *linkTest) addresses() {
	var pairs []link.Pair
	for _, o := range l.linker.Links() {
		pairs = append(pairs, o.Pair)
	}
	want := []link.Pair{
		{Source: link.Client, Destination: "web-1", Port: 8080}, {Source: link.Client, Destination: "web-2", Port: 8080},
		{Source: "web-1", Destination: "store-1", Port: 8080}, {Source: "web-2", Destination: "store-1", Port: 8080},
	}
	if !slices.Equal(pairs, want) {
		l.Fatalf("links %v, want %v", pairs, want)
	}
	by := replicas(l.T, l.s)
	one, two := mustGet(l.T, by["web-1"], "/env/STORE"), mustGet(l.T, by["web-2"], "/env/STORE")
	if one == two || one == by["store-1"].Address {
		l.Errorf("web-1 finds the store at %s, web-2 at %s, the harness at %s", one, two, by["store-1"].Address)
	}
	if peers := mustGet(l.T, by["web-1"], "/env/PEERS"); strings.Count(peers, ":") != 2 {
		l.Errorf("web-1 finds its peers at %s", peers)
	}
}

// ask lets web-1 ask the store, and returns the store's name and how long that
// took, or why there is no answer.
func (l *linkTest) ask(who string) (name string, took time.Duration, err error) {
	body, err := get(l.T, replicas(l.T, l.s)[who], "/ask/STORE")
	if err != nil {
		l.Fatalf("%s itself does not answer: %v", who, err)
	}
	var ns int64
	if _, scanErr := fmt.Sscanf(body, "%s after %d", &name, &ns); scanErr != nil {
		return "", 0, fmt.Errorf("%s", body)
	}
	return name, time.Duration(ns), nil
}

func (l *linkTest) passes(want string) {
	l.Helper()
	eventually(l.T, func() string {
		if name, _, err := l.ask("web-1"); err != nil || name != want {
			return fmt.Sprintf("web-1 reaches %q: %v", name, err)
		}
		return ""
	})
}

func (l *linkTest) apply(rules ...link.Rule) {
	l.Helper()
	before := time.Now()
	applied, err := l.linker.Shaper().Apply(l.Context(), "test", rules)
	if err != nil {
		l.Fatal(err)
	}
	if applied.From.Before(before.Add(-time.Second)) || applied.Until.Before(applied.From) || applied.Until.After(time.Now().Add(time.Second)) {
		l.Errorf("applied between %v and %v, which is not now", applied.From, applied.Until)
	}
}

func (l *linkTest) clear() {
	l.Helper()
	if _, err := l.linker.Shaper().Clear(l.Context(), "test"); err != nil {
		l.Fatal(err)
	}
}

func (l *linkTest) counters() map[link.Pair]link.Counters {
	l.Helper()
	all, err := l.linker.Shaper().Counters(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	return all
}

func (l *linkTest) delays() {
	const delay = 150 * time.Millisecond
	l.apply(link.Rule{Pair: webStore, Direction: link.Forward, Delay: delay}, link.Rule{Pair: webStore, Direction: link.Backward, Delay: delay})
	if name, took, err := l.ask("web-1"); err != nil || name != "store-1" || took < 2*delay {
		l.Errorf("delayed: %q after %v, %v", name, took, err)
	}
	if name, _, err := l.ask("web-2"); err != nil || name != "store-1" {
		l.Errorf("the other replica: %q, %v", name, err)
	}
	all := l.counters()
	if c := all[webStore]; c.Forward.Delayed == 0 || c.Backward.Delayed == 0 || c.Forward.Held < delay {
		l.Errorf("counted %+v", c)
	}
	other := webStore
	other.Source = "web-2"
	if c := all[other]; c.Forward.Bytes == 0 || c.Forward.Delayed != 0 {
		l.Errorf("of the other replica %+v", c)
	}
	l.clear()
	l.passes("store-1")
}

// drops keeps everything back, on the connection that web-1 keeps open too.
func (l *linkTest) drops() {
	before := l.counters()[webStore]
	l.apply(link.Rule{Pair: webStore, Direction: link.Forward, Drop: true})
	for range 2 { // first on the connection that is open
		if name, _, err := l.ask("web-1"); err == nil {
			l.Errorf("partitioned, and %q answers", name)
		}
	}
	if name, _, err := l.ask("web-2"); err != nil || name != "store-1" {
		l.Errorf("the other replica: %q, %v", name, err)
	}
	if err := platform.Probe(l.Context(), replicas(l.T, l.s)["store-1"]); err != nil {
		l.Errorf("the harness: %v", err)
	}
	if c := l.counters()[webStore]; c.Forward.Withheld == before.Forward.Withheld && c.Forward.Refused == before.Forward.Refused {
		l.Errorf("counted %+v", c)
	}
	l.clear()
	l.passes("store-1")
}

func (l *linkTest) rejects() {
	begin := time.Now()
	l.apply(link.Rule{Pair: webStore, Direction: link.Forward, Reject: true})
	for range 2 {
		if name, _, err := l.ask("web-1"); err == nil || strings.Contains(err.Error(), "Timeout") {
			l.Errorf("rejected: %q, %v", name, err)
		}
	}
	if took := time.Since(begin); took > patience {
		l.Errorf("being refused took %v", took)
	}
	l.clear()
	l.passes("store-1")
}

// followsTheStore shows that a link leads to the replica's next life as well.
func (l *linkTest) followsTheStore() {
	killer, ok := l.s.(platform.Killer)
	if !ok {
		return
	}
	before := replicas(l.T, l.s)["store-1"]
	if err := killer.Kill(l.Context(), "store-1", 0); err != nil {
		l.Fatal(err)
	}
	another(l.T, l.s, before)
	l.passes("store-1")
}

// breaksHTTP breaks off what is sent to web-1 through its link, and nothing
// else.
func (l *linkTest) breaksHTTP() {
	entrance := link.Pair{Source: link.Client, Destination: "web-1", Port: 8080}
	through := func() error {
		i := slices.IndexFunc(l.linker.Links(), func(o platform.Link) bool { return o.Pair == entrance })
		client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
		answer, err := client.Get("http://" + l.linker.Links()[i].Address + "/readyz")
		if err != nil {
			return err
		}
		return answer.Body.Close()
	}
	if err := through(); err != nil {
		l.Errorf("through the link: %v", err)
	}
	l.apply(link.Rule{Pair: entrance, Direction: link.Forward, HTTP: &link.HTTP{Method: "GET", Abort: true}})
	if err := through(); err == nil {
		l.Error("an aborted request was answered")
	}
	mustGet(l.T, replicas(l.T, l.s)["web-1"], "/readyz")
	if c := l.counters()[entrance]; c.Forward.Changed == 0 {
		l.Errorf("counted %+v", c)
	}
	l.clear()
	if err := through(); err != nil {
		l.Errorf("after it: %v", err)
	}
}
