package docker

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"gauntlet/harness/diagnostic"
	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// system is a stack that runs as containers.
type system struct {
	o           Options
	provider    *testcontainers.DockerProvider
	engine      client.APIClient
	network     string
	substitutes []string
	stack       topology.Stack
	links       *links // nil when no connection is marked
	packets     packets
	ports       *portPicker // under mu

	mu sync.Mutex
	// In the order of the stack; replaced whole. Those that left stay: their
	// logs are asked for, and they may come back.
	replicas []*replica // under mu

	watch *watcher       // follows the engine's events; nil before there is a container
	later sync.WaitGroup // what goes on after a call has returned
	going sync.Mutex     // held where later may grow beside a Down
	ended bool           // under going: Down waits for later, which may not grow any more

	scaling sync.Mutex // held by Scale and Down
	entered bool       // in the ledger
	isDown  bool       // under scaling
}

var (
	_ platform.System      = (*system)(nil)
	_ platform.Killer      = (*system)(nil)
	_ platform.Holder      = (*system)(nil)
	_ platform.Scaler      = (*system)(nil)
	_ platform.Limiter     = (*system)(nil)
	_ platform.Stresser    = (*system)(nil)
	_ platform.Linker      = (*system)(nil)
	_ platform.Dropper     = (*system)(nil)
	_ platform.Logger      = (*system)(nil)
	_ platform.Substituter = (*system)(nil)
)

// newSystem plans every replica, its addresses included. Nothing is made yet.
func newSystem(ctx context.Context, o Options, stack topology.Stack) (*system, error) {
	provider, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	engine := provider.Client()
	s := &system{o: o, provider: provider, engine: engine, network: prefix(o.RunID), stack: stack, ports: newPortPicker(publishedAt(ctx, engine))}
	for _, service := range stack.Services {
		for i := range service.Replicas {
			r, err := s.newReplica(service, i)
			if err != nil {
				return nil, err
			}
			s.replicas = append(s.replicas, r)
		}
	}
	if s.links, err = planLinks(stack, s.ports); err != nil {
		return nil, err
	}
	return s, nil
}

// newReplica plans replica i of a service, counted from 0.
func (s *system) newReplica(service topology.Service, i int) (*replica, error) {
	r := newReplica(service, i)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, port := range service.Ports {
		var err error
		if r.ports[port], err = s.ports.address(); err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
	}
	return r, nil
}

// prefix begins the name of everything that is made for a run.
func prefix(runID string) string { return "gauntlet-" + runID }

// Replicas implements platform.System. It asks nobody: the engine tells of
// every start and death as it happens, and a witness that looks every 10 ms
// must not load the engine in the very second in which a fault is injected.
// When the engine has ceased to tell, or a replica that was killed cannot be
// started again, that is the error.
func (s *system) Replicas(context.Context) ([]platform.Replica, error) {
	if s.watch != nil {
		if err := s.watch.failed(); err != nil {
			return nil, err
		}
	}
	var list []platform.Replica
	for _, r := range s.list() {
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		if !r.hasLeft() {
			list = append(list, view)
		}
	}
	return list, nil
}

// Substitutes implements platform.Substituter.
func (s *system) Substitutes() []string { return slices.Clone(s.substitutes) }

// Kill implements platform.Killer. A replica that is down gives
// platform.ErrDown. The engine does not restart what its API killed, so the
// replacement is started explicitly, as soon as the engine lets it.
func (s *system) Kill(ctx context.Context, name string, grace time.Duration) error {
	r, err := s.named(name)
	if err != nil {
		return err
	}
	if err := r.begin(ctx); err != nil {
		return fmt.Errorf("kill %s: %w", name, err)
	}
	before := r.now()
	if before.incarnation == "" {
		r.end()
		return fmt.Errorf("kill %s: %w", name, platform.ErrDown)
	}
	returned, err := s.finish(ctx, r, before, grace)
	s.later.Go(func() {
		defer r.end()
		<-returned
		if err := s.startAgain(r); err != nil {
			r.mu.Update(func() { r.failure = fmt.Errorf("%s was killed and cannot be started again: %w", name, err) })
		}
	})
	if err != nil {
		return fmt.Errorf("kill %s: %w", name, err)
	}
	return nil
}

// Hold implements platform.Holder.
func (s *system) Hold(ctx context.Context, name string) error {
	r, err := s.named(name)
	if err != nil {
		return err
	}
	if err := s.hold(ctx, r, 0); err != nil {
		return fmt.Errorf("hold %s: %w", name, err)
	}
	return nil
}

// hold ends the replica's life and lets none follow.
func (s *system) hold(ctx context.Context, r *replica, grace time.Duration) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	r.mu.Update(func() { r.held = true })
	returned, err := s.finish(ctx, r, r.now(), grace)
	s.later.Go(func() { defer r.end(); <-returned })
	return err
}

// Release implements platform.Holder.
func (s *system) Release(ctx context.Context, name string) error {
	r, err := s.named(name)
	if err != nil {
		return err
	}
	if err := r.begin(ctx); err != nil {
		return fmt.Errorf("release %s: %w", name, err)
	}
	defer r.end()
	held := false
	r.mu.Update(func() {
		if held = r.held && !r.left; held {
			r.held = false
		}
	})
	if !held {
		return nil
	}
	if err := s.startAgain(r); err != nil {
		r.mu.Update(func() { r.held = true }) // it can be tried again
		return fmt.Errorf("release %s: %w", name, err)
	}
	return nil
}

func (s *system) named(name string) (*replica, error) {
	var names []string
	for _, r := range s.list() {
		if r.name == name {
			return r, nil
		}
		names = append(names, r.name)
	}
	return nil, fmt.Errorf("%w: %q; %s", platform.ErrUnknownReplica, name, diagnostic.DidYouMean(name, names))
}
