package local

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

// blueprint is what replicas are made from, for those that come later.
type blueprint struct {
	stack    topology.Stack
	programs map[string]program
	binaries map[string]string // by package
	where    layout
}

// plan plans replica i of a service.
func (b blueprint) plan(s topology.Service, runID string, i int) (plan, error) {
	p := b.programs[s.Name]
	return b.where.plan(s, p, b.binaries[p.local.Package], runID, i)
}

// Scale implements platform.Scaler. Those that leave come back, with their
// addresses and files, when the service grows again; what a replica that is
// added finds at the addresses of its peers includes itself, and those that
// ran before do not hear of it.
func (s *System) Scale(ctx context.Context, service string, to int) error {
	s.scaling.Lock()
	defer s.scaling.Unlock()
	if s.isDown {
		return errors.New("scale: the system is down")
	}
	i := slices.IndexFunc(s.made.stack.Services, func(t topology.Service) bool { return t.Name == service })
	if i < 0 {
		var names []string
		for _, t := range s.made.stack.Services {
			names = append(names, t.Name)
		}
		return fmt.Errorf("%w: %q; %s", platform.ErrUnknownService, service, diagnostic.DidYouMean(service, names))
	}
	if others := len(s.list()) - len(s.of(service)); to < 1 || others+to > maxReplicas {
		return fmt.Errorf("scale %s to %d: at least 1, and at most %d processes of all services", service, to, maxReplicas)
	}
	var change sync.WaitGroup
	errs := make([]error, max(to, len(s.of(service))))
	for n, r := range s.of(service) {
		switch {
		case n >= to && !r.hasLeft():
			change.Go(func() { errs[n] = r.leave(ctx) })
		case n < to && r.hasLeft():
			change.Go(func() { errs[n] = r.rejoin(ctx) })
		}
	}
	for n := len(s.of(service)); n < to; n++ {
		r, err := s.add(s.made.stack.Services[i], n)
		if err != nil {
			errs[n] = err
			break
		}
		change.Go(func() { errs[n] = r.release(ctx) })
	}
	change.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("scale %s to %d: %w", service, to, err)
	}
	return nil
}

// add makes replica n of a service, held, in its place among the others.
func (s *System) add(service topology.Service, n int) (*replica, error) {
	ports, err := portsOf(service, s.made.programs[service.Name].local)
	if err != nil {
		return nil, err
	}
	if len(s.made.where.addresses[service.Name]) == n { // else an attempt failed after this
		if err := s.made.where.addAddresses(service.Name, ports, s.options.pick); err != nil {
			return nil, err
		}
	}
	p, err := s.made.plan(service, s.options.RunID, n)
	if err != nil {
		return nil, err
	}
	r, err := newReplica(p, s.options, s.spawner)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := 1 + slices.IndexFunc(s.replicas, func(o *replica) bool { return o.service == service.Name && o.index == n-1 })
	s.replicas = slices.Insert(slices.Clone(s.replicas), at, r)
	return r, nil
}

// list is every replica that there ever was, those that left included.
func (s *System) list() []*replica {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replicas
}

func (r *replica) hasLeft() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.left
}

// leave ends the replica with its grace. It stays held, and is listed until it
// is gone.
func (r *replica) leave(ctx context.Context) error {
	if err := r.hold(ctx, r.grace); err != nil {
		return err
	}
	r.mu.Update(func() { r.left = true })
	return nil
}

// rejoin is the way back.
func (r *replica) rejoin(ctx context.Context) error {
	r.mu.Update(func() { r.left = false })
	return r.release(ctx)
}
