package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"gauntlet/harness/chaos/link"
	"gauntlet/harness/topology"
)

// linked tells whether f is done to connections, on links.
func (f Fault) linked() bool {
	return f.Network != nil && f.Kind == NetworkChaos || f.HTTP != nil && f.Kind == HTTPChaos
}

// Links is stack with the mark on every connection that one of the faults can
// touch, whatever replicas are drawn: only those pass a proxy, so that a run
// measures nothing but the system where no fault needs more. What the kernel
// does needs none. service receives the traffic. A fault that touches no
// declared connection, or can draw a replica without one, is a mistake that
// says which there are.
func Links(stack topology.Stack, service string, faults []Timed, kernel Kernel) (topology.Stack, error) {
	w := layout(stack, service)
	marks := map[edge]topology.Link{}
	for _, f := range faults {
		if !f.linked() {
			continue
		}
		rules, err := w.rules(f.Fault, func(c choice) ([]string, error) {
			match, err := c.matching(f.Fault, w.candidates(c))
			var names []string
			for _, r := range match {
				names = append(names, r.Name)
			}
			return names, err
		})
		if err != nil {
			return stack, err
		}
		if kernel.takes(f.Fault) {
			continue
		}
		for _, list := range rules {
			for _, r := range list {
				e := w.edge(r.Pair)
				switch {
				case r.HTTP != nil:
					marks[e] = topology.LinkHTTP
				case marks[e] == topology.Direct:
					marks[e] = topology.LinkTCP
				}
			}
		}
	}
	return marked(stack, marks), nil
}

// marked is a copy of stack with the marks.
func marked(stack topology.Stack, marks map[edge]topology.Link) topology.Stack {
	stack.Services = slices.Clone(stack.Services)
	for i := range stack.Services {
		s := &stack.Services[i]
		s.Edges = slices.Clone(s.Edges)
		for k, e := range s.Edges {
			s.Edges[k].Link = marks[edge{e.From, e.To, e.Port}]
		}
	}
	for e, m := range marks {
		if e.from == link.Client {
			stack.Traffic = &topology.Edge{From: e.from, To: e.to, Port: e.port, Link: m}
		}
	}
	return stack
}

// drawing chooses by the modes, with rnd. The selection of f itself is drawn
// first, then that of its target.
func (w where) drawing(f Fault, rnd *rand.Rand) func(choice) ([]string, error) {
	return func(c choice) ([]string, error) {
		match, err := c.matching(f, w.candidates(c))
		if err != nil {
			return nil, err
		}
		return c.draw(f, match, rnd)
	}
}

// rules is what f asks of the links, by the replica on whose behalf: with one
// of the replicas chosen at its end, or between two of them at the first. Every
// rule is there once.
func (w where) rules(f Fault, choose func(choice) ([]string, error)) (map[string][]link.Rule, error) {
	chosen, err := choose(f.choice())
	if err != nil {
		return nil, err
	}
	rule := f.rule()
	var victim func(link.Pair, link.Direction) string
	if f.Kind == NetworkChaos {
		b, err := w.peersOf(f, choose)
		if err != nil {
			return nil, err
		}
		victim = func(p link.Pair, d link.Direction) string {
			return w.networkVictim(f.Network.Direction, chosen, b, p, d)
		}
	} else {
		victim = func(p link.Pair, d link.Direction) string { return httpVictim(*f.HTTP, chosen, p, d) }
	}
	rules := map[string][]link.Rule{}
	for _, p := range w.pairs {
		for _, d := range []link.Direction{link.Forward, link.Backward} {
			if v := victim(p, d); v != "" {
				rule.Pair, rule.Direction = p, d
				rules[v] = append(rules[v], rule)
			}
		}
	}
	for _, v := range chosen {
		if len(rules[v]) == 0 {
			return nil, f.mistake("spec.selector", fmt.Sprintf("%s would touch no connection of %s", f.Title(), v), w.String())
		}
	}
	return rules, nil
}

// networkVictim is the one of the replicas chosen on whose behalf the bytes of
// p that go in direction d are touched; "" when they are not. Packets "to" go
// from one that is chosen to a peer, "from" the other way.
func (w where) networkVictim(direction string, chosen []string, b peers, p link.Pair, d link.Direction) string {
	sender, receiver := p.Source, p.Destination
	if d == link.Backward {
		sender, receiver = receiver, sender
	}
	if direction != "from" && slices.Contains(chosen, sender) && w.has(b, receiver, p) {
		return sender
	}
	if (direction == "from" || direction == "both") && slices.Contains(chosen, receiver) && w.has(b, sender, p) {
		return receiver
	}
	return ""
}

// httpVictim is the same for HTTP messages: requests to a replica that is
// chosen, or the answers to them.
func httpVictim(h HTTP, chosen []string, p link.Pair, d link.Direction) string {
	if h.Response == (d == link.Backward) && p.Port == h.Port && slices.Contains(chosen, p.Destination) {
		return p.Destination
	}
	return ""
}

// rule is what f, which is linked, does to each link that it touches, in a
// direction that it can have.
func (f Fault) rule() link.Rule {
	if f.HTTP == nil {
		rule := networkRule(*f.Network)
		rule.Direction = link.Forward
		return rule
	}
	rule := link.Rule{HTTP: httpRule(*f.HTTP), Direction: link.Forward}
	if f.HTTP.Response {
		rule.Direction = link.Backward
	}
	return rule
}

// networkRule is what n does to the bytes that it touches.
func networkRule(n Network) link.Rule {
	return link.Rule{
		Delay: n.Delay, Jitter: n.Jitter, Correlation: n.DelayCorrelation,
		Loss: n.Loss, LossCorrelation: n.LossCorrelation,
		Rate: n.Rate, Bucket: n.Buffer, Limit: n.Limit,
		Drop: n.Behavior == BehaviorDrop, Reject: n.Behavior == BehaviorReject,
	}
}

// httpRule is what h does to the messages that it meets.
func httpRule(h HTTP) *link.HTTP {
	return &link.HTTP{
		Path: h.Path, Method: h.Method, Code: h.Code, RequestHeaders: h.RequestHeaders, ResponseHeaders: h.ResponseHeaders,
		Abort: h.Abort, Delay: h.Delay,
		ReplacePath: h.Replace.Path, ReplaceMethod: h.Replace.Method, ReplaceCode: h.Replace.Code, ReplaceBody: h.Replace.Body,
		ReplaceQueries: h.Replace.Queries, ReplaceHeaders: h.Replace.Headers,
		PatchBody: h.Patch.Body, PatchQueries: h.Patch.Queries, PatchHeaders: h.Patch.Headers,
	}
}
