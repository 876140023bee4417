package chaos

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"gauntlet/harness/chaos/link"
	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// clientLabels are those that selectors know the load generator by.
var clientLabels = map[string]string{"app": "gauntlet"}

// where is what faults of connections are laid over: the replicas and the
// links between them, of a system that runs or of one that is planned.
type where struct {
	replicas []platform.Replica // without the load generator
	pairs    []link.Pair
}

// layout is the system that stack describes, with a link for every declared
// connection; service receives the traffic.
func layout(stack topology.Stack, service string) where {
	w := where{replicas: platform.Planned(stack)}
	names := map[string][]string{}
	for _, r := range w.replicas {
		names[r.Service] = append(names[r.Service], r.Name)
	}
	names[link.Client] = []string{link.Client}
	add := func(from, to string, port int) {
		for _, source := range names[from] {
			for _, destination := range names[to] {
				p := link.Pair{Source: source, Destination: destination, Port: port}
				if source != destination && !slices.Contains(w.pairs, p) {
					w.pairs = append(w.pairs, p)
				}
			}
		}
	}
	for _, s := range stack.Services {
		if s.Name == service && len(s.Ports) > 0 {
			add(link.Client, service, s.Ports[0])
		}
	}
	for _, s := range stack.Services {
		for _, e := range s.Edges {
			add(e.From, e.To, e.Port)
		}
	}
	return w
}

// candidates are the replicas that c may match: the load generator only where
// the selector names it, so that no mode draws it by accident.
func (w where) candidates(c choice) []platform.Replica {
	if !c.namesClient() {
		return w.replicas
	}
	client := platform.Replica{Name: link.Client, Service: link.Client, Labels: clientLabels, State: platform.Running}
	return append(slices.Clone(w.replicas), client)
}

// namesClient tells whether the selector asks for the load generator.
func (s Selector) namesClient() bool {
	for _, names := range s.Pods {
		if slices.Contains(names, link.Client) {
			return true
		}
	}
	for _, q := range s.Expressions {
		if q.Key == "app" && q.Operator == "In" && slices.Contains(q.Values, clientLabels["app"]) {
			return true
		}
	}
	return s.Labels["app"] == clientLabels["app"]
}

// service is the service of a replica; the load generator is its own.
func (w where) service(replica string) string {
	for _, r := range w.replicas {
		if r.Name == replica {
			return r.Service
		}
	}
	return replica
}

// edge is a connection from service to service.
type edge struct {
	from, to string
	port     int
}

func (w where) edge(p link.Pair) edge {
	return edge{w.service(p.Source), w.service(p.Destination), p.Port}
}

// String shows the edges to people.
func (w where) String() string {
	var all []string
	for _, p := range w.pairs {
		e := w.edge(p)
		if text := fmt.Sprintf("%s → %s:%d", e.from, e.to, e.port); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	if len(all) == 0 {
		return "no service names another in its environment as service:port, and nothing is sent to one"
	}
	return "the connections here are " + strings.Join(all, ", ")
}

// peers is one end of a NetworkChaos.
type peers struct {
	everybody bool
	names     []string
	external  []edge // from is not set; port 0: every port
}

// has tells whether replica, an end of p, is meant.
func (w where) has(b peers, replica string, p link.Pair) bool {
	if b.everybody || slices.Contains(b.names, replica) {
		return true
	}
	return slices.ContainsFunc(b.external, func(e edge) bool {
		return e.to == w.service(replica) && (e.port == 0 || replica == p.Destination && e.port == p.Port)
	})
}

// peersOf is the other end of what f does: the target that choose draws, with
// the hosts beyond it; everybody when neither is given.
func (w where) peersOf(f Fault, choose func(choice) ([]string, error)) (b peers, err error) {
	n := f.Network
	b.everybody = n.Target == nil && len(n.External) == 0
	if n.Target != nil {
		if b.names, err = choose(n.Target.choice()); err != nil {
			return b, err
		}
	}
	for i, name := range n.External {
		e := edge{to: name}
		if host, port, err := net.SplitHostPort(name); err == nil {
			number, err := strconv.Atoi(port)
			if err != nil {
				number = -1 // of no connection
			}
			e = edge{to: host, port: number}
		}
		if !slices.ContainsFunc(w.pairs, func(p link.Pair) bool {
			return w.service(p.Destination) == e.to && (e.port == 0 || e.port == p.Port)
		}) {
			return b, f.mistake(fmt.Sprintf("spec.externalTargets[%d]", i), fmt.Sprintf("no declared connection leads to %q, and only those can be touched", name), w.String())
		}
		b.external = append(b.external, e)
	}
	return b, nil
}
