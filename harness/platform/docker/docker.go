// Package docker runs a stack as containers, through testcontainers-go: every
// replica is a container on a network of the run's own, its ports published
// on the loopback address, and everything that is made carries the label
// gauntlet.run, by which it is found again and removed.
package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"

	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// Label marks every container, network and volume of a run with its id.
const Label = "gauntlet.run"

// Options says for which run, and where its logs go.
type Options struct {
	RunID string
	Dir   string // logs of the replicas are written to Dir/logs
	// StartTimeout bounds the time from the start of a replica to its being
	// ready; 0: 60 s.
	StartTimeout time.Duration
	// OnState is told of every start and death of a replica, with the engine's
	// own instant; it may be nil.
	OnState func(replica, state string, at time.Time)
}

// Docker brings stacks up as containers.
type Docker struct{ o Options }

// New makes a platform for one run.
func New(o Options) *Docker {
	if o.StartTimeout == 0 {
		o.StartTimeout = time.Minute
	}
	return &Docker{o: o}
}

var _ platform.Platform = (*Docker)(nil)

// Up creates network, volumes and containers and returns when every replica
// is ready. An image that is neither here nor to be had, an engine that does
// not answer, a replica that does not become ready: each is an error that
// says so, and nothing is left.
func (d *Docker) Up(ctx context.Context, s topology.Stack) (platform.System, error) {
	provider, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	sys := &system{o: d.o, provider: provider, engine: provider.Client(), byName: map[string]*replica{}}
	if err := sys.up(ctx, s); err != nil {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
		defer cancel()
		return nil, errors.Join(err, sys.Down(clean))
	}
	return sys, nil
}

// connect reaches the engine. The reaper container is switched off: clean-up
// is by label, which needs no image from a registry and also works after the
// harness was killed.
func connect(ctx context.Context) (*testcontainers.DockerProvider, error) {
	for name, value := range map[string]string{
		"TESTCONTAINERS_RYUK_DISABLED": "true",
		// Within a container or VM testcontainers would dial the gateway; the ports are published on loopback.
		"TESTCONTAINERS_HOST_OVERRIDE": "127.0.0.1",
	} {
		if os.Getenv(name) == "" {
			os.Setenv(name, value)
		}
	}
	silence.Do(func() { log.SetDefault(quiet{}) })
	provider, err := testcontainers.NewDockerProvider(testcontainers.WithLogger(quiet{}))
	if err == nil {
		err = provider.Health(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("the Docker engine does not answer (is it running? `docker info`): %w", err)
	}
	return provider, nil
}

var silence sync.Once

// quiet drops the library's chatter: progress is the harness's to tell.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// system is a stack that runs as containers.
type system struct {
	o        Options
	provider *testcontainers.DockerProvider
	engine   client.APIClient
	network  string
	replicas []*replica
	byName   map[string]*replica
	watch    io.Closer // follows the engine's events
}

// Replicas lists the containers in the order of the stack.
func (s *system) Replicas(ctx context.Context) ([]platform.Replica, error) {
	list := make([]platform.Replica, len(s.replicas))
	for i, r := range s.replicas {
		state, err := r.inspect(ctx, s.engine)
		if err != nil {
			return nil, err
		}
		list[i] = state
	}
	return list, nil
}

func (s *system) replica(name string) (*replica, error) {
	if r, ok := s.byName[name]; ok {
		return r, nil
	}
	return nil, fmt.Errorf("%s: %w", name, platform.ErrUnknownReplica)
}
