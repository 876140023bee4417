package docker

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/testcontainers/testcontainers-go"

	"gauntlet/harness/chaos/link"
	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

const (
	// linkAlias is the name of the links' container on the run's network.
	linkAlias = "gauntlet-link"
	// linkBinary is where gauntlet's own binary lies in it.
	linkBinary = "/gauntlet"
	// controlPort is the container's port that is asked to open links and to
	// apply rules; those of the links follow it.
	controlPort = 20000
	// linkTimeout is how long it may take until it answers.
	linkTimeout = 20 * time.Second
)

// links is the container before the connections that faults can touch. It runs
// gauntlet's own binary, and is the run's own: labelled, swept and accounted
// for like the replicas, but none of them.
type links struct {
	address string // of the control, as it is published
	token   string
	planned []plannedLink
	remote  *link.Remote
	box     *replica // the container, which is none of the system's replicas
}

// plannedLink is a link with the port that it is to have within the container.
// It is published, so that a witness reaches it too.
type plannedLink struct {
	link.Opening
	port    int
	address string // as it is published
}

// planLinks plans a link for each pair of replicas between which stack marks a
// connection. It is nil when it marks none.
func planLinks(stack topology.Stack, pick *portPicker) (*links, error) {
	l := &links{token: rand.Text(), box: newReplica(topology.Service{}, 0)}
	l.box.name = "link"
	var errs []error
	stack.LinkedPairs(func(p topology.Pair, how topology.Link) {
		address, err := pick.address()
		port := controlPort + 1 + len(l.planned)
		l.planned = append(l.planned, plannedLink{
			Opening: link.Opening{
				Pair:   link.Pair{Source: p.Source(), Destination: p.Destination(), Port: p.Port},
				Listen: fmt.Sprintf("0.0.0.0:%d", port), HTTP: how == topology.LinkHTTP,
				Target: net.JoinHostPort(p.Destination(), strconv.Itoa(p.Port)), // asked for at each connection: it moves
			},
			port: port, address: address,
		})
		errs = append(errs, err)
	})
	if len(l.planned) == 0 {
		return nil, nil
	}
	var err error
	l.address, err = pick.address()
	return l, errors.Join(append(errs, err)...)
}

// find is where source, a replica, finds the port of another when a link leads
// there.
func (l *links) find(source, destination string, port int) (address string, ok bool) {
	p, ok := l.plan(link.Pair{Source: source, Destination: destination, Port: port})
	return net.JoinHostPort(linkAlias, strconv.Itoa(p.port)), ok
}

// plan is the link of a pair, when there is one.
func (l *links) plan(pair link.Pair) (p plannedLink, ok bool) {
	if l == nil {
		return p, false
	}
	i := slices.IndexFunc(l.planned, func(p plannedLink) bool { return p.Pair == pair })
	if i < 0 {
		return p, false
	}
	return l.planned[i], true
}

// startLinks makes the links' container and opens all links. Their
// destinations need not be there yet.
func (s *system) startLinks(ctx context.Context) error {
	if s.links == nil {
		return nil
	}
	if err := s.createLinks(ctx); err != nil {
		return fmt.Errorf("the links' container: %w", err)
	}
	s.links.remote = link.Dial(s.links.address, s.links.token)
	if err := s.links.await(ctx); err != nil {
		var said bytes.Buffer
		err = errors.Join(err, s.copyOutput(context.WithoutCancel(ctx), s.links.box, &said, strconv.Itoa(shownLines)))
		return fmt.Errorf("the links' container does not answer: %w\n%s", err, strings.Join(platform.LastLines(said.String(), shownLines), "\n"))
	}
	for _, p := range s.links.planned {
		if _, err := s.links.remote.Open(ctx, p.Opening); err != nil {
			return fmt.Errorf("link %v: %w", p.Pair, err)
		}
	}
	return nil
}

// createLinks makes and starts the container.
func (s *system) createLinks(ctx context.Context) error {
	ports := map[int]string{controlPort: s.links.address}
	for _, p := range s.links.planned {
		ports[p.port] = p.address
	}
	bindings, exposed, err := publish(ports)
	if err != nil {
		return err
	}
	more := []string{fmt.Sprintf("--listen=0.0.0.0:%d", controlPort), fmt.Sprintf("--seed=%d", s.o.Seed)}
	s.links.box.id, err = s.startAlone(ctx, s.o.Link, linkBinary, more, testcontainers.ContainerRequest{
		Name:           prefix(s.o.RunID) + "-" + s.links.box.name,
		Env:            map[string]string{link.TokenVariable: s.links.token},
		ExposedPorts:   exposed,
		Networks:       []string{s.network},
		NetworkAliases: map[string][]string{s.network: {linkAlias}},
		ConfigModifier: func(c *container.Config) { c.Hostname = linkAlias },
		HostConfigModifier: func(h *container.HostConfig) {
			h.PortBindings = bindings
			h.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "8m", "max-file": "2"}}
		},
	})
	return err
}

// await waits until the proxy in the container answers.
func (l *links) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, linkTimeout)
	defer cancel()
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		_, err := l.remote.Counters(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}

// Links implements platform.Linker. A replica that is added later has none.
func (s *system) Links() []platform.Link {
	if s.links == nil {
		return nil
	}
	all := make([]platform.Link, len(s.links.planned))
	for i, p := range s.links.planned {
		all[i] = platform.Link{Pair: p.Pair, Address: p.address}
	}
	return all
}

// Shaper implements platform.Linker.
func (s *system) Shaper() link.Control {
	if s.links == nil {
		return nil
	}
	return s.links.remote
}
