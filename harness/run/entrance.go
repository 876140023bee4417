package run

import (
	"gauntlet/harness/chaos/link"
	"gauntlet/harness/load"
	"gauntlet/harness/platform"
)

// endpoint is where the load for r goes: to the link before it when faults can
// touch what clients send, else to the replica itself. Whether it is ready is
// always asked of the replica: a cluster asks on the node, too, behind the
// network that a fault is in.
func (s *session) endpoint(r platform.Replica) load.Endpoint {
	e := load.Endpoint{Name: r.Name, BaseURL: "http://" + r.Address}
	if linker, ok := s.system.(platform.Linker); ok {
		for _, l := range linker.Links() {
			if l.Source == link.Client && l.Destination == r.Name && r.Ports[l.Port] == r.Address {
				e.BaseURL = "http://" + l.Address
			}
		}
	}
	return e
}
