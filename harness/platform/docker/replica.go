package docker

import (
	"context"
	"fmt"
	"time"

	"github.com/testcontainers/testcontainers-go"

	"gauntlet/harness/platform"
	"gauntlet/harness/platform/monitor"
	"gauntlet/harness/topology"
)

// replica is one container, over all its lives.
type replica struct {
	name      string
	number    int // within its service, from 0
	service   topology.Service
	ports     map[int]string // container port → host:port
	id        string         // "" until it is created
	container testcontainers.Container

	usage usage

	deed chan struct{} // full while something is being done to it

	mu      monitor.Monitor // of what follows
	life    life
	deaths  int     // in all its lives
	held    bool    // it is to stay down
	left    bool    // its service is smaller now: it is held, and nobody's business
	burner  *burner // nil while it is not stressed
	limited bool    // it may use less of the processor than it had
	failure error   // why it is not started again
}

// life is one incarnation of a replica; the zero life is that it is down.
type life struct {
	incarnation string
	started     time.Time
}

func newReplica(service topology.Service, number int) *replica {
	return &replica{name: fmt.Sprintf("%s-%d", service.Name, number+1), number: number, service: service, ports: map[int]string{}, deed: make(chan struct{}, 1)}
}

// begin waits until nothing else is being done to the replica. end lets others
// in again.
func (r *replica) begin(ctx context.Context) error {
	select {
	case r.deed <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *replica) end() { <-r.deed }

// now is the life of the moment.
func (r *replica) now() life {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.life
}

// view is the replica as others see it.
func (r *replica) view() (platform.Replica, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := platform.Replica{
		Name: r.name, Service: r.service.Name, Labels: r.service.Labels, Ports: r.ports, Ready: r.service.Ready,
		StopGrace: r.service.StopGrace,
		State:     platform.Down, Incarnation: r.life.incarnation, Started: r.life.started,
	}
	if len(r.service.Ports) > 0 {
		v.Address = r.ports[r.service.Ports[0]]
	}
	if r.life.incarnation != "" {
		v.State = platform.Running
	}
	return v, r.failure
}
