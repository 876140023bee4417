package docker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"

	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

const (
	readyPoll      = 25 * time.Millisecond
	maxStartDeaths = 3  // of a replica on its own before it was ready: then it is given up
	shownLines     = 20 // of the output of what did not start
	// makeTimeout bounds making one thing. Such calls are not cancelled: the
	// engine may carry out a call whose caller has gone, after the clean-up.
	makeTimeout = time.Minute
)

// up makes and starts everything. One service that others need healthy is
// waited for before them; at the end all are.
func (s *system) up(ctx context.Context, stack topology.Stack) error {
	for _, service := range stack.Services {
		if err := s.haveImage(ctx, service); err != nil {
			return err
		}
	}
	if err := s.enter(); err != nil {
		return err
	}
	if err := s.createNetwork(ctx); err != nil {
		return err
	}
	if err := s.createVolumes(ctx, stack); err != nil {
		return err
	}
	s.follow()
	if err := s.startLinks(ctx); err != nil {
		return err
	}
	start := func(service topology.Service) error { return s.startService(ctx, stack, service) }
	if err := platform.InOrder(ctx, stack, s.o.StartTimeout, start, s.awaitReady); err != nil {
		return err
	}
	if s.o.Drops {
		return s.reachEnds(ctx)
	}
	return nil
}

// enter writes down how to undo what is about to be made.
func (s *system) enter() error {
	if s.o.Ledger == nil {
		return nil
	}
	s.entered = true
	return s.o.Ledger.Undo(UndoKind, s.o.RunID, s.engine.DaemonHost())
}

// making is the context for making one thing, and the error when ctx has ended.
func making(ctx context.Context) (context.Context, context.CancelFunc, error) {
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), makeTimeout)
	return own, cancel, ctx.Err()
}

// labels are those of Compose and the one that clean-up goes by.
func (s *system) labels(of map[string]string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, of)
	all[Label] = s.o.RunID
	return all
}

func (s *system) createNetwork(ctx context.Context) error {
	ctx, cancel, err := making(ctx)
	defer cancel()
	if err == nil {
		_, err = s.engine.NetworkCreate(ctx, s.network, client.NetworkCreateOptions{Driver: "bridge", Labels: s.labels(nil)})
	}
	if err != nil && strings.Contains(err.Error(), "non-overlapping") {
		err = fmt.Errorf("%w\n  hint: the engine has no address range left for another network; `gauntlet gc` and `docker network prune` give some back", err)
	}
	if err != nil {
		return fmt.Errorf("network %s: %w", s.network, err)
	}
	return nil
}

func (s *system) volume(name string) string { return prefix(s.o.RunID) + "-" + name }

// createVolumes makes the stack's named volumes. They outlive the death of a
// container; Down removes them.
func (s *system) createVolumes(ctx context.Context, stack topology.Stack) error {
	for _, service := range stack.Services {
		for _, v := range service.Volumes { // making one that is there already does nothing
			own, cancel, err := making(ctx)
			if err == nil {
				_, err = s.engine.VolumeCreate(own, client.VolumeCreateOptions{Name: s.volume(v.Name), Labels: s.labels(nil)})
			}
			cancel()
			if err != nil {
				return fmt.Errorf("volume %s: %w", v.Name, err)
			}
		}
	}
	return nil
}

func (s *system) of(service string) []*replica {
	var found []*replica
	for _, r := range s.list() {
		if r.service.Name == service {
			found = append(found, r)
		}
	}
	return found
}

// startService creates and starts the replicas of a service, all at once.
func (s *system) startService(ctx context.Context, stack topology.Stack, service topology.Service) error {
	replicas := s.of(service.Name)
	errs := make([]error, len(replicas))
	var all sync.WaitGroup
	for i, r := range replicas {
		all.Go(func() {
			own, cancel, err := making(ctx)
			defer cancel()
			if err == nil {
				err = s.create(own, stack, r)
			}
			if err == nil && ctx.Err() == nil {
				err = r.container.Start(own)
			}
			if err != nil {
				errs[i] = fmt.Errorf("starting %s: %w", r.name, err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// awaitReady waits until every replica of the service is ready, at most until
// deadline.
func (s *system) awaitReady(ctx context.Context, service string, deadline time.Time) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for _, r := range s.of(service) {
		for {
			view, err := r.view()
			if err == nil {
				err = platform.Probe(ctx, view)
			}
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return fmt.Errorf("starting %s: %w", r.name, ctx.Err())
			}
			if watch := s.watch.failed(); watch != nil {
				return watch
			}
			deaths := 0
			if r.mu.Await(ctx, func() bool { deaths = r.deaths; return true }); deaths >= maxStartDeaths {
				return s.failed(r, fmt.Sprintf("ended %d times before it was ready", deaths))
			}
			if time.Now().After(deadline) {
				return s.failed(r, fmt.Sprintf("is not ready after %v (%v)", s.o.StartTimeout, err))
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}
	return nil
}

// failed is the error for a replica that did not start, with its last words.
// It is kept from coming back meanwhile, which would mix in its first.
func (s *system) failed(r *replica, why string) error {
	ctx, cancel := context.WithTimeout(context.Background(), killTimeout)
	defer cancel()
	err := s.signal(ctx, r, "SIGKILL")
	lines, tailErr := s.Tail(r.name, shownLines)
	if err = errors.Join(err, tailErr); err != nil {
		lines = append(lines, err.Error())
	}
	return fmt.Errorf("%s %s; its last lines (all are in %s):\n  %s", r.name, why, s.logPath(r), strings.Join(lines, "\n  "))
}
