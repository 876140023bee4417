package platform

import (
	"fmt"

	"gauntlet/harness/topology"
)

// Planned is the replicas that a platform of this machine makes of a stack, as
// far as the stack says it: before any of them runs they have no address.
func Planned(s topology.Stack) []Replica {
	var all []Replica
	for _, service := range s.Services {
		for i := range service.Replicas {
			all = append(all, Replica{Name: fmt.Sprintf("%s-%d", service.Name, i+1), Service: service.Name, Labels: service.Labels, Ready: service.Ready, State: Running, StopGrace: service.StopGrace})
		}
	}
	return all
}
