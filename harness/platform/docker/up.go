package docker

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

func (s *system) up(ctx context.Context, stack topology.Stack) error {
	if err := os.MkdirAll(filepath.Join(s.o.Dir, "logs"), 0o755); err != nil {
		return err
	}
	for _, service := range stack.Services {
		if err := s.haveImage(ctx, stack, service); err != nil {
			return err
		}
	}
	if err := s.createNetwork(ctx); err != nil {
		return err
	}
	if err := s.createVolumes(ctx, stack); err != nil {
		return err
	}
	s.follow()
	for _, service := range stack.Services {
		if err := s.startService(ctx, stack, service); err != nil {
			return err
		}
	}
	return nil
}

// labels are those of Compose and the one that clean-up goes by.
func (s *system) labels(of map[string]string) map[string]string {
	all := map[string]string{Label: s.o.RunID}
	maps.Copy(all, of)
	return all
}

func (s *system) createNetwork(ctx context.Context) error {
	s.network = "gauntlet-" + s.o.RunID
	_, err := s.engine.NetworkCreate(ctx, s.network, client.NetworkCreateOptions{Driver: "bridge", Labels: s.labels(nil)})
	if err != nil {
		return fmt.Errorf("network %s: %w", s.network, err)
	}
	return nil
}

func (s *system) volume(name string) string { return "gauntlet-" + s.o.RunID + "-" + name }

// createVolumes makes the stack's named volumes. They outlive the death of a
// container; Down removes them.
func (s *system) createVolumes(ctx context.Context, stack topology.Stack) error {
	made := map[string]bool{}
	for _, service := range stack.Services {
		for _, v := range service.Volumes {
			if made[v.Name] {
				continue
			}
			made[v.Name] = true
			if _, err := s.engine.VolumeCreate(ctx, client.VolumeCreateOptions{Name: s.volume(v.Name), Labels: s.labels(nil)}); err != nil {
				return fmt.Errorf("volume %s: %w", v.Name, err)
			}
		}
	}
	return nil
}

// startService starts every replica of a service and waits until each is
// ready: the services that depend on it come next.
func (s *system) startService(ctx context.Context, stack topology.Stack, service topology.Service) error {
	started := make([]*replica, 0, service.Replicas)
	for i := range service.Replicas {
		r, err := s.create(ctx, stack, service, i+1)
		if err != nil {
			return fmt.Errorf("%s-%d: %w", service.Name, i+1, err)
		}
		started = append(started, r)
		if err := r.container.Start(ctx); err != nil {
			return fmt.Errorf("%s: %w\n%s", r.name, err, s.lastLines(r))
		}
	}
	for _, r := range started {
		if err := s.waitReady(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// create makes the container of a replica. Its name and host name are the
// replica's, so that a peer finds it under the same name after a restart.
func (s *system) create(ctx context.Context, stack topology.Stack, service topology.Service, n int) (*replica, error) {
	name := fmt.Sprintf("%s-%d", service.Name, n)
	r := &replica{name: name, service: service, ports: map[int]string{}}
	bindings, exposed, err := r.publish(service.Ports)
	if err != nil {
		return nil, err
	}
	request := testcontainers.ContainerRequest{
		Image:          service.Image,
		Name:           "gauntlet-" + s.o.RunID + "-" + name,
		Entrypoint:     service.Entrypoint,
		Cmd:            service.Command,
		Env:            environment(stack, service, name),
		Labels:         s.labels(service.Labels),
		ExposedPorts:   exposed,
		Networks:       []string{s.network},
		NetworkAliases: map[string][]string{s.network: {service.Name, name}},
		ConfigModifier: func(c *container.Config) { c.Hostname = name },
		HostConfigModifier: func(h *container.HostConfig) {
			h.PortBindings = bindings
			h.NanoCPUs = int64(service.CPUs * 1e9)
			h.Memory = service.Memory
			// A process that dies by itself comes back, as with a Deployment; one
			// that the API killed does not, so that a fault decides when.
			h.RestartPolicy = container.RestartPolicy{Name: container.RestartPolicyUnlessStopped}
			for _, v := range service.Volumes {
				h.Mounts = append(h.Mounts, mount.Mount{Type: mount.TypeVolume, Source: s.volume(v.Name), Target: v.Target, ReadOnly: v.ReadOnly})
			}
		},
	}
	c, err := s.provider.CreateContainer(ctx, request)
	if c != nil {
		r.container, r.id = c, c.GetContainerID()
		s.replicas, s.byName[name] = append(s.replicas, r), r
	}
	return r, err
}

// publish binds every port to a free one of the loopback address, named
// beforehand: a port that the engine chooses changes at each restart.
func (r *replica) publish(ports []int) (network.PortMap, []string, error) {
	bindings := network.PortMap{}
	var exposed []string
	for _, p := range ports {
		host, err := freePort()
		if err != nil {
			return nil, nil, err
		}
		port, err := network.ParsePort(strconv.Itoa(p) + "/tcp")
		if err != nil {
			return nil, nil, err
		}
		bindings[port] = []network.PortBinding{{HostIP: netip.MustParseAddr("127.0.0.1"), HostPort: strconv.Itoa(host)}}
		exposed = append(exposed, port.String())
		r.ports[p] = net.JoinHostPort("127.0.0.1", strconv.Itoa(host))
	}
	return bindings, exposed, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// environment is the service's own, with every edge spread over the replicas
// of its destination, each by the name that stays.
func environment(stack topology.Stack, service topology.Service, name string) map[string]string {
	env := map[string]string{}
	maps.Copy(env, service.Env)
	for _, edge := range service.Edges {
		var peers []string
		for _, to := range stack.Services {
			for i := range to.Replicas {
				if to.Name == edge.To {
					peers = append(peers, fmt.Sprintf("%s-%d:%d", to.Name, i+1, edge.Port))
				}
			}
		}
		env[edge.Env] = strings.ReplaceAll(env[edge.Env], fmt.Sprintf("%s:%d", edge.To, edge.Port), strings.Join(peers, ","))
	}
	env["HOSTNAME"] = name
	return env
}

// waitReady asks the replica itself until it says yes.
func (s *system) waitReady(ctx context.Context, r *replica) error {
	ctx, cancel := context.WithTimeout(ctx, s.o.StartTimeout)
	defer cancel()
	var last error
	for {
		state, err := r.inspect(ctx, s.engine)
		if err == nil {
			err = platform.Probe(ctx, state)
		}
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready (%w); its last lines:\n%s", r.name, last, s.lastLines(r))
		case <-time.After(50 * time.Millisecond):
		}
	}
}
