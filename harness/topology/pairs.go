package topology

import "strconv"

// Pair is a connection of an edge, from one replica to another.
type Pair struct {
	From, To           string // the services, or what Traffic calls its source
	FromIndex, ToIndex int    // the replicas, counted from 0; FromIndex is −1 for the source of Traffic
	Port               int
}

// Source names the replica that connects.
func (p Pair) Source() string {
	if p.FromIndex < 0 {
		return p.From
	}
	return p.From + "-" + strconv.Itoa(p.FromIndex+1)
}

// Destination names the replica that is connected to.
func (p Pair) Destination() string { return p.To + "-" + strconv.Itoa(p.ToIndex+1) }

// LinkedPairs visits every connection that passes a link, each once, in the
// order of Pairs.
func (s Stack) LinkedPairs(visit func(Pair, Link)) {
	s.Pairs(func(p Pair, how Link) {
		if how != Direct {
			visit(p, how)
		}
	})
}

// Pairs visits every connection that is declared, each once: those of Traffic
// first, then service by service. A replica's way to itself is none: it does
// not cross a network anywhere.
func (s Stack) Pairs(visit func(Pair, Link)) {
	seen := map[Pair]bool{}
	each := func(e Edge, sources int) {
		to := s.service(e.To)
		if to == nil {
			return
		}
		for i := range max(sources, 1) {
			for j := range to.Replicas {
				p := Pair{From: e.From, To: e.To, FromIndex: i, ToIndex: j, Port: e.Port}
				if sources == 0 {
					p.FromIndex = -1
				}
				if (e.From == e.To && i == j) || seen[p] {
					continue
				}
				seen[p] = true
				visit(p, e.Link)
			}
		}
	}
	if s.Traffic != nil {
		each(*s.Traffic, 0)
	}
	for _, service := range s.Services {
		if service.Replicas == 0 {
			continue
		}
		for _, e := range service.Edges {
			each(e, service.Replicas)
		}
	}
}
