package load

import (
	"slices"
	"sync/atomic"
)

// Pinned routes as a service with session affinity does: a client keeps its
// replica for as long as that is ready. When it is not, the client moves to
// the next ready one, and stays there when the old one comes back. An attempt
// that must avoid its client's replica, because it failed there or because
// that holds its share of the workers, goes to another for this once.
type Pinned struct {
	service *Service
	pins    []atomic.Uint32 // by client: the replica's index plus one; 0: none yet
}

// NewPinned pins clients 0 … clients−1 to the replicas of a service.
func NewPinned(service *Service, clients int) *Pinned {
	return &Pinned{service: service, pins: make([]atomic.Uint32, max(1, clients))}
}

// Route is the client's replica, unless it is not ready or is to be avoided.
func (p *Pinned) Route(client int, avoid []uint16) (Endpoint, bool) {
	pin := &p.pins[client%len(p.pins)]
	for {
		was := pin.Load()
		if e, ok := p.service.readyAt(was); ok {
			if slices.Contains(avoid, e.Index) {
				return p.service.Route(client, avoid)
			}
			return e, true
		}
		next, ok := p.service.Route(client, avoid)
		// Another request of the client may have moved it meanwhile: all follow the first.
		if !ok || pin.CompareAndSwap(was, uint32(next.Index)+1) {
			return next, ok
		}
	}
}

// Ready is the number of replicas that are ready.
func (p *Pinned) Ready() int { return p.service.Ready() }

// readyAt is the ready replica that a pin stands for.
func (s *Service) readyAt(pin uint32) (Endpoint, bool) {
	for _, e := range *s.ready.Load() {
		if uint32(e.Index)+1 == pin {
			return e, true
		}
	}
	return Endpoint{}, false
}
