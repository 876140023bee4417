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
	replicas    []*replica // in the order of the stack
	substitutes []string

	watch *watcher       // follows the engine's events; nil before there is a container
	later sync.WaitGroup // what goes on after a call has returned

	down    sync.Mutex // held by Down
	entered bool       // in the ledger
	isDown  bool       // under down
}

var (
	_ platform.System      = (*system)(nil)
	_ platform.Killer      = (*system)(nil)
	_ platform.Holder      = (*system)(nil)
	_ platform.Logger      = (*system)(nil)
	_ platform.Substituter = (*system)(nil)
)

// newSystem plans every replica, its addresses included. Nothing is made yet.
func newSystem(ctx context.Context, o Options, stack topology.Stack) (*system, error) {
	provider, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	s := &system{o: o, provider: provider, engine: provider.Client(), network: prefix(o.RunID)}
	pick := newPortPicker()
	for _, service := range stack.Services {
		for i := range service.Replicas {
			r := newReplica(fmt.Sprintf("%s-%d", service.Name, i+1), service)
			for _, port := range service.Ports {
				if r.ports[port], err = pick.address(); err != nil {
					return nil, fmt.Errorf("%s: %w", r.name, err)
				}
			}
			s.replicas = append(s.replicas, r)
		}
	}
	return s, nil
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
	list := make([]platform.Replica, len(s.replicas))
	for i, r := range s.replicas {
		view, err := r.view()
		if err != nil {
			return nil, err
		}
		list[i] = view
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
			r.update(func() { r.failure = fmt.Errorf("%s was killed and cannot be started again: %w", name, err) })
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
	if err := r.begin(ctx); err != nil {
		return fmt.Errorf("hold %s: %w", name, err)
	}
	r.update(func() { r.held = true })
	returned, err := s.finish(ctx, r, r.now(), 0)
	s.later.Go(func() { defer r.end(); <-returned })
	if err != nil {
		return fmt.Errorf("hold %s: %w", name, err)
	}
	return nil
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
	r.update(func() { held, r.held = r.held, false })
	if !held {
		return nil
	}
	if err := s.startAgain(r); err != nil {
		r.update(func() { r.held = true }) // it can be tried again
		return fmt.Errorf("release %s: %w", name, err)
	}
	return nil
}

func (s *system) named(name string) (*replica, error) {
	var names []string
	for _, r := range s.replicas {
		if r.name == name {
			return r, nil
		}
		names = append(names, r.name)
	}
	return nil, fmt.Errorf("%w: %q; %s", platform.ErrUnknownReplica, name, diagnostic.DidYouMean(name, names))
}
