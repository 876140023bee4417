package docker

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"strconv"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"

	"gauntlet/harness/topology"
)

// create makes the container of a replica. Its host name is the replica's, and
// peers find it under that name and under the service's.
func (s *system) create(ctx context.Context, stack topology.Stack, r *replica) error {
	bindings, exposed, err := publish(r.ports)
	if err != nil {
		return err
	}
	c, err := s.provider.CreateContainer(ctx, testcontainers.ContainerRequest{
		Image:          r.service.Image,
		Name:           prefix(s.o.RunID) + "-" + r.name,
		Entrypoint:     r.service.Entrypoint,
		Cmd:            r.service.Command,
		Env:            environment(stack, r.service, r.name, s.links.find),
		Labels:         s.labels(r.service.Labels),
		ExposedPorts:   exposed,
		Networks:       []string{s.network},
		NetworkAliases: map[string][]string{s.network: {r.service.Name, r.name}},
		ConfigModifier: func(c *container.Config) {
			c.Hostname, c.User, c.WorkingDir = r.name, r.service.User, r.service.WorkingDir
		},
		HostConfigModifier: func(h *container.HostConfig) {
			h.PortBindings = bindings
			h.NanoCPUs = int64(r.service.CPUs * 1e9)
			h.Memory = r.service.Memory
			h.Mounts = s.mounts(r.service)
			// A process that dies by itself comes back, as with a Deployment; one
			// that the API killed does not, so that a fault decides when.
			h.RestartPolicy = container.RestartPolicy{Name: container.RestartPolicyUnlessStopped}
			h.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "32m", "max-file": "2"}}
		},
	})
	if c != nil {
		r.container, r.id = c, c.GetContainerID()
	}
	return err
}

func (s *system) mounts(service topology.Service) []mount.Mount {
	var all []mount.Mount
	for _, v := range service.Volumes {
		all = append(all, mount.Mount{Type: mount.TypeVolume, Source: s.volume(v.Name), Target: v.Target, ReadOnly: v.ReadOnly})
	}
	return all
}

// publish binds every container port to its address on this machine.
func publish(ports map[int]string) (network.PortMap, []string, error) {
	bindings := network.PortMap{}
	var exposed []string
	for inside, address := range ports {
		port, err := network.ParsePort(strconv.Itoa(inside) + "/tcp")
		if err != nil {
			return nil, nil, fmt.Errorf("port %d: %w", inside, err)
		}
		host, outside, err := net.SplitHostPort(address)
		if err != nil {
			return nil, nil, fmt.Errorf("port %d: %w", inside, err)
		}
		ip, err := netip.ParseAddr(host)
		if err != nil {
			return nil, nil, fmt.Errorf("port %d: %w", inside, err)
		}
		bindings[port] = []network.PortBinding{{HostIP: ip, HostPort: outside}}
		exposed = append(exposed, port.String())
	}
	return bindings, exposed, nil
}

// environment is the service's own, with service:port spread over the replicas
// of the service, each by the name that stays, or by the link that leads there.
func environment(stack topology.Stack, service topology.Service, name string, find func(source, destination string, port int) (string, bool)) map[string]string {
	replicas := map[string]int{}
	for _, other := range stack.Services {
		replicas[other.Name] = other.Replicas
	}
	env := map[string]string{}
	maps.Copy(env, service.Env)
	for key, value := range env {
		env[key] = topology.Rewrite(value, func(to string, port int) []string {
			var addresses []string
			for i := range replicas[to] {
				replica := fmt.Sprintf("%s-%d", to, i+1)
				address, linked := find(name, replica, port)
				if !linked {
					address = fmt.Sprintf("%s:%d", replica, port)
				}
				addresses = append(addresses, address)
			}
			return addresses
		})
	}
	env["HOSTNAME"] = name
	return env
}
