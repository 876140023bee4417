package chaos

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gauntlet/harness/chaos/link"
	"gauntlet/harness/topology"
)

// shop is mappers before a redis, who know each other; clients ask the mappers.
func shop(mappers int) topology.Stack {
	label := func(app string) map[string]string { return map[string]string{"app": app} }
	return topology.Stack{Services: []topology.Service{
		{Name: "redis", Labels: label("redis"), Replicas: 1, Ports: []int{6379}},
		{Name: "mapper", Labels: label("mapper"), Replicas: mappers, Ports: []int{8080}, Edges: []topology.Edge{
			{From: "mapper", To: "mapper", Port: 8080, Env: "PEERS"},
			{From: "mapper", To: "redis", Port: 6379, Env: "REDIS"},
			{From: "mapper", To: "redis", Port: 6379, Env: "REDIS_TOO"},
		}},
	}}
}

func app(name string) Selector { return Selector{Labels: map[string]string{"app": name}} }

func target(name string) *Target { return &Target{Mode: ModeAll, Selector: app(name)} }

// delayOf is a delay between the replicas of a service and a target.
func delayOf(name, direction string, t *Target, external ...string) Fault {
	return Fault{Name: "far", Kind: NetworkChaos, Action: NetworkDelay, Mode: ModeAll, Selector: app(name), Duration: time.Minute,
		Network: &Network{Delay: time.Second, Direction: direction, Target: t, External: external}}
}

func httpOf(name string, port int, response bool) Fault {
	return Fault{Name: "bad", Kind: HTTPChaos, Mode: ModeAll, Selector: app(name), HTTP: &HTTP{Port: port, Response: response, Abort: true}}
}

func timed(faults ...Fault) []Timed {
	var all []Timed
	for _, f := range faults {
		all = append(all, Timed{Fault: f})
	}
	return all
}

// shown is rules as text, by victim: "mapper-1: mapper-1 > redis-1" for what
// goes forward on the link from mapper-1 to redis-1, "<" for what comes back.
func shown(rules map[string][]link.Rule) []string {
	var all []string
	for _, v := range slices.Sorted(maps.Keys(rules)) {
		for _, r := range rules[v] {
			arrow := map[link.Direction]string{link.Forward: ">", link.Backward: "<"}[r.Direction]
			all = append(all, fmt.Sprintf("%s: %s %s %s", v, r.Source, arrow, r.Destination))
		}
	}
	return all
}

func TestWhichBytesANetworkChaosTouches(t *testing.T) {
	w := layout(shop(2), "mapper")
	for _, c := range []struct {
		name  string
		fault Fault
		want  []string
	}{
		{"requests to a target", delayOf("mapper", "to", target("redis")), []string{"mapper-1: mapper-1 > redis-1", "mapper-2: mapper-2 > redis-1"}},
		{"its answers", delayOf("mapper", "from", target("redis")), []string{"mapper-1: mapper-1 < redis-1", "mapper-2: mapper-2 < redis-1"}},
		{"both", delayOf("mapper", "both", target("redis")), []string{
			"mapper-1: mapper-1 > redis-1", "mapper-1: mapper-1 < redis-1", "mapper-2: mapper-2 > redis-1", "mapper-2: mapper-2 < redis-1"}},
		{"the same from the other end", delayOf("redis", "both", target("mapper")), []string{
			"redis-1: mapper-1 > redis-1", "redis-1: mapper-1 < redis-1", "redis-1: mapper-2 > redis-1", "redis-1: mapper-2 < redis-1"}},
		{"answers, being what the other end sends", delayOf("redis", "to", target("mapper")), []string{"redis-1: mapper-1 < redis-1", "redis-1: mapper-2 < redis-1"}},
		{"answers to clients", delayOf("mapper", "to", target("gauntlet")), []string{"mapper-1: client < mapper-1", "mapper-2: client < mapper-2"}},
		{"what clients send", delayOf("gauntlet", "to", target("mapper")), []string{"client: client > mapper-1", "client: client > mapper-2"}},
		{"all that goes out", delayOf("redis", "to", nil), []string{"redis-1: mapper-1 < redis-1", "redis-1: mapper-2 < redis-1"}},
		{"all that goes out of those in the middle", delayOf("mapper", "to", nil), []string{
			"mapper-1: client < mapper-1", "mapper-1: mapper-1 > mapper-2", "mapper-1: mapper-2 < mapper-1", "mapper-1: mapper-1 > redis-1",
			"mapper-2: client < mapper-2", "mapper-2: mapper-1 < mapper-2", "mapper-2: mapper-2 > mapper-1", "mapper-2: mapper-2 > redis-1"}},
		{"between replicas, each once", delayOf("mapper", "both", target("mapper")), []string{
			"mapper-1: mapper-1 > mapper-2", "mapper-1: mapper-2 < mapper-1", "mapper-2: mapper-1 < mapper-2", "mapper-2: mapper-2 > mapper-1"}},
		{"a host by its name", delayOf("mapper", "to", nil, "redis"), []string{"mapper-1: mapper-1 > redis-1", "mapper-2: mapper-2 > redis-1"}},
		{"and port", delayOf("mapper", "to", nil, "redis:6379"), []string{"mapper-1: mapper-1 > redis-1", "mapper-2: mapper-2 > redis-1"}},
		{"a host and a target", delayOf("mapper", "to", target("gauntlet"), "redis"), []string{
			"mapper-1: client < mapper-1", "mapper-1: mapper-1 > redis-1", "mapper-2: client < mapper-2", "mapper-2: mapper-2 > redis-1"}},
		{"requests", httpOf("mapper", 8080, false), []string{
			"mapper-1: client > mapper-1", "mapper-1: mapper-2 > mapper-1", "mapper-2: client > mapper-2", "mapper-2: mapper-1 > mapper-2"}},
		{"answers of HTTP", httpOf("mapper", 8080, true), []string{
			"mapper-1: client < mapper-1", "mapper-1: mapper-2 < mapper-1", "mapper-2: client < mapper-2", "mapper-2: mapper-1 < mapper-2"}},
	} {
		rules, err := w.rules(c.fault, w.drawing(c.fault, rand.New(rand.NewPCG(1, 1))))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := shown(rules); !slices.Equal(got, c.want) {
			t.Errorf("%s: touches\n  %s\nwant\n  %s", c.name, strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
		}
	}
}

func TestRulesCarryWhatIsAsked(t *testing.T) {
	got := networkRule(Network{Delay: 1, Jitter: 2, DelayCorrelation: 0.3, Loss: 0.4, LossCorrelation: 0.5, Rate: 6, Buffer: 7, Limit: 8, Behavior: BehaviorDrop})
	want := link.Rule{Delay: 1, Jitter: 2, Correlation: 0.3, Loss: 0.4, LossCorrelation: 0.5, Rate: 6, Bucket: 7, Limit: 8, Drop: true}
	if got != want {
		t.Errorf("got %+v", got)
	}
	if got := networkRule(Network{Behavior: BehaviorReject}); !got.Reject || got.Drop {
		t.Errorf("reject: %+v", got)
	}
	h := httpRule(HTTP{Path: "/a*", Method: "GET", Code: 302, Abort: true, Delay: 9, Replace: HTTPReplace{Path: "/b", Code: 500, Body: []byte("x")}, Patch: HTTPPatch{Body: "{}", Queries: [][2]string{{"k", "v"}}}})
	if h.Path != "/a*" || h.Method != "GET" || h.Code != 302 || !h.Abort || h.Delay != 9 || h.ReplacePath != "/b" || h.ReplaceCode != 500 || string(h.ReplaceBody) != "x" || h.PatchBody != "{}" || len(h.PatchQueries) != 1 {
		t.Errorf("HTTP: %+v", h)
	}
}

// marks is what is linked, as text.
func marks(s topology.Stack) []string {
	var all []string
	add := func(e topology.Edge) {
		if text := fmt.Sprintf("%s → %s %s", e.From, e.To, e.Link); e.Link != topology.Direct && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	if s.Traffic != nil {
		add(*s.Traffic)
	}
	for _, service := range s.Services {
		for _, e := range service.Edges {
			add(e)
		}
	}
	return all
}

func TestOnlyWhatAFaultCanTouchIsLinked(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults []Fault
		want   []string
	}{
		{"no fault", nil, nil},
		{"no fault of connections", []Fault{killOf("redis")}, nil},
		{"one connection", []Fault{delayOf("mapper", "both", target("redis"))}, []string{"mapper → redis tcp"}},
		{"that of the clients", []Fault{delayOf("mapper", "to", target("gauntlet"))}, []string{"client → mapper tcp"}},
		{"everything", []Fault{delayOf("mapper", "to", nil)}, []string{"client → mapper tcp", "mapper → mapper tcp", "mapper → redis tcp"}},
		{"HTTP over TCP", []Fault{httpOf("mapper", 8080, true), delayOf("mapper", "to", nil)}, []string{"client → mapper http", "mapper → mapper http", "mapper → redis tcp"}},
	} {
		before := shop(2)
		got, err := Links(before, "mapper", timed(c.faults...), Kernel{})
		if err != nil || !slices.Equal(marks(got), c.want) {
			t.Errorf("%s: linked %q, want %q (%v)", c.name, marks(got), c.want, err)
		}
		if len(marks(before)) != 0 {
			t.Errorf("%s: the stack that was given is marked", c.name)
		}
	}
}

func TestFaultsOfConnectionsThatAreNotThere(t *testing.T) {
	const edges = "the connections here are client → mapper:8080, mapper → mapper:8080, mapper → redis:6379"
	for _, c := range []struct {
		name, want, hint string
		fault            Fault
	}{
		{"between two that do not talk", "NetworkChaos delay would touch no connection of redis-1", edges, delayOf("redis", "to", target("gauntlet"))},
		{"no such label", "no replica has the label app=shop", "the labels here are app=mapper, app=redis", delayOf("mapper", "to", target("shop"))},
		{"no such host", `no declared connection leads to "example.org"`, edges, delayOf("mapper", "to", nil, "example.org")},
		{"no such port", `no declared connection leads to "redis:6380"`, edges, delayOf("mapper", "to", nil, "redis:6380")},
		{"another port", "HTTPChaos would touch no connection of mapper-1", edges, httpOf("mapper", 8081, false)},
		{"nobody asks", "HTTPChaos would touch no connection of client", edges, httpOf("gauntlet", 8080, false)},
	} {
		c.fault.Places = map[string]Place{"": {File: "x.yaml", Line: 1, Column: 1}, "spec.target": {File: "x.yaml", Line: 7, Column: 3}}
		_, err := Links(shop(2), "mapper", timed(c.fault), Kernel{})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.hint) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	alone := shop(1)
	_, err := Links(alone, "mapper", timed(delayOf("mapper", "to", target("mapper"))), Kernel{})
	if err == nil || !strings.Contains(err.Error(), "would touch no connection of mapper-1") {
		t.Errorf("a replica's way to itself is no connection: %v", err)
	}
}

// Whatever is drawn when the system runs lies within what was linked before it
// started, and both directions together are what "both" means.
func TestWhatIsDrawnIsLinked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stack := shop(rapid.IntRange(2, 5).Draw(t, "mappers"))
		names := rapid.SampledFrom([]string{"mapper", "redis", "gauntlet"})
		f := delayOf(names.Draw(t, "selected"), rapid.SampledFrom([]string{"to", "from", "both"}).Draw(t, "direction"), nil)
		f.Mode = rapid.SampledFrom([]Mode{ModeOne, ModeAll}).Draw(t, "mode")
		if rapid.Bool().Draw(t, "target") {
			f.Network.Target = &Target{Mode: rapid.SampledFrom([]Mode{ModeOne, ModeAll}).Draw(t, "target mode"), Selector: app(names.Draw(t, "target app"))}
		}
		linked, err := Links(stack, "mapper", timed(f), Kernel{})
		if err != nil {
			return
		}
		w, seed := layout(stack, "mapper"), rapid.Uint64().Draw(t, "seed")
		draw := func(direction string) map[link.Pair][]link.Direction {
			network := *f.Network
			g := f
			g.Network, network.Direction = &network, direction
			rules, err := w.rules(g, w.drawing(g, rand.New(rand.NewPCG(seed, 1))))
			if err != nil {
				return nil
			}
			all := map[link.Pair][]link.Direction{}
			for _, list := range rules {
				for _, r := range list {
					if slices.Contains(all[r.Pair], r.Direction) {
						t.Fatalf("two rules for %v %s", r.Pair, r.Direction)
					}
					all[r.Pair] = append(all[r.Pair], r.Direction)
				}
			}
			return all
		}
		open := map[link.Pair]bool{}
		linked.LinkedPairs(func(p topology.Pair, _ topology.Link) {
			open[link.Pair{Source: p.Source(), Destination: p.Destination(), Port: p.Port}] = true
		})
		for p := range draw(f.Network.Direction) {
			if !open[p] {
				t.Fatalf("%v is drawn and not linked", p)
			}
		}
		to, from, both := draw("to"), draw("from"), draw("both")
		for p, directions := range both {
			for _, d := range directions {
				if !slices.Contains(to[p], d) && !slices.Contains(from[p], d) && to != nil && from != nil {
					t.Fatalf("%v %s is touched by both and by neither", p, d)
				}
			}
		}
	})
}

// What the proxy could not do is refused before anything is started.
func TestWhatNoProxyDoesIsRefused(t *testing.T) {
	of := func(h HTTP) Fault {
		f := httpOf("mapper", 8080, h.Response)
		f.Duration, f.HTTP = time.Minute, &h
		return f
	}
	late := delayOf("mapper", "to", nil)
	late.Network.Delay = 48 * time.Hour
	for _, c := range []struct {
		f    Fault
		want string
	}{
		{of(HTTP{Replace: HTTPReplace{Method: "CONNECT"}}), "another method than CONNECT"},
		{of(HTTP{Replace: HTTPReplace{Path: "no-slash"}}), "must begin with /"},
		{of(HTTP{Response: true, Replace: HTTPReplace{Code: 100}}), "must be 200"},
		{of(HTTP{Response: true, Patch: HTTPPatch{Headers: [][2]string{{"Content-Length", "7"}}}}), "says where the message ends"},
		{late, "delay 48h0m0s: must be 0"},
	} {
		for _, platform := range []string{Local, Docker} {
			if err := Refuse(platform, c.f); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", platform, err, c.want)
			}
		}
	}
}
