package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"gauntlet/harness/diagnostic"
	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// maxReplicas bounds those of all services together, as on the local platform.
const maxReplicas = 64

// Scale implements platform.Scaler. A replica that leaves keeps its container
// until the system goes down, and comes back in it. What a replica that is
// added finds in the names of its peers includes itself; those that ran before
// do not hear of it.
func (s *system) Scale(ctx context.Context, service string, to int) error {
	s.scaling.Lock()
	defer s.scaling.Unlock()
	if s.isDown {
		return errors.New("scale: the system is down")
	}
	i := slices.IndexFunc(s.stack.Services, func(t topology.Service) bool { return t.Name == service })
	if i < 0 {
		var names []string
		for _, t := range s.stack.Services {
			names = append(names, t.Name)
		}
		return fmt.Errorf("%w: %q; %s", platform.ErrUnknownService, service, diagnostic.DidYouMean(service, names))
	}
	there := s.of(service)
	if to < 1 || len(s.list())-len(there)+to > maxReplicas {
		return fmt.Errorf("scale %s to %d: at least 1, and at most %d containers of all services", service, to, maxReplicas)
	}
	stack := s.stack
	stack.Services = slices.Clone(stack.Services)
	stack.Services[i].Replicas = max(to, len(there))
	var change sync.WaitGroup
	errs := make([]error, stack.Services[i].Replicas)
	for n, r := range there {
		switch {
		case n >= to && !r.hasLeft():
			change.Go(func() { errs[n] = s.leave(ctx, r) })
		case n < to && r.hasLeft():
			change.Go(func() { errs[n] = s.rejoin(ctx, r) })
		}
	}
	for n := len(there); n < to; n++ {
		change.Go(func() { errs[n] = s.add(ctx, stack, stack.Services[i], n) })
	}
	change.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("scale %s to %d: %w", service, to, err)
	}
	return nil
}

// add makes replica n of a service and starts it.
func (s *system) add(ctx context.Context, stack topology.Stack, service topology.Service, n int) error {
	r, err := s.newReplica(service, n)
	if err != nil {
		return err
	}
	s.insert(r) // first: what the engine tells of its start is told to it
	own, cancel, err := making(ctx)
	defer cancel()
	if err == nil {
		err = s.create(own, stack, r)
	}
	if err == nil {
		err = r.container.Start(own)
	}
	if err == nil {
		err = r.mu.Await(own, func() bool { return r.life.incarnation != "" })
	}
	if err != nil {
		s.remove(r) // its container has the label, and goes with the others
		return fmt.Errorf("starting %s: %w", r.name, err)
	}
	return nil
}

// leave ends a replica with its grace and keeps it down. It is listed until it
// is gone.
func (s *system) leave(ctx context.Context, r *replica) error {
	if err := s.hold(ctx, r, r.service.StopGrace); err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	r.mu.Update(func() { r.left = true })
	return nil
}

// rejoin is the way back.
func (s *system) rejoin(ctx context.Context, r *replica) error {
	r.mu.Update(func() { r.left = false })
	return s.Release(ctx, r.name)
}

func (r *replica) hasLeft() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.left
}

// list is every replica that there ever was, those that left included.
func (s *system) list() []*replica {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replicas
}

// insert puts r behind the last of its service with a lower number.
func (s *system) insert(r *replica) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := 0
	for i, o := range s.replicas {
		if o.service.Name == r.service.Name && o.number < r.number {
			at = i + 1
		}
	}
	s.replicas = slices.Insert(slices.Clone(s.replicas), at, r)
}

func (s *system) remove(r *replica) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replicas = slices.DeleteFunc(slices.Clone(s.replicas), func(o *replica) bool { return o == r })
}
