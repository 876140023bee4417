package local

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

const (
	readyPoll      = 20 * time.Millisecond
	maxStartDeaths = 3  // of a replica on its own before it was ready: then it is given up
	shownLines     = 20 // of the output of what did not start
)

// start starts the services, in order.
func (s *System) start(ctx context.Context, stack topology.Stack) error {
	release := func(service topology.Service) error {
		for _, r := range s.of(service.Name) {
			r.mu.Update(func() { r.held = false })
		}
		return nil
	}
	return platform.InOrder(ctx, stack, s.options.StartTimeout, release, s.awaitReady)
}

func (s *System) of(service string) []*replica {
	var found []*replica
	for _, r := range s.list() {
		if r.service == service {
			found = append(found, r)
		}
	}
	return found
}

// awaitReady waits until every replica of the service is ready, at most until
// deadline.
func (s *System) awaitReady(ctx context.Context, service string, deadline time.Time) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for _, r := range s.of(service) {
		for {
			err := platform.Probe(ctx, r.view())
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return fmt.Errorf("starting %s: %w", r.name, ctx.Err())
			}
			if exits, last := r.deaths(); exits >= maxStartDeaths {
				return r.failed(fmt.Sprintf("ended %d times before it was ready (%s)", exits, last))
			}
			if time.Now().After(deadline) {
				return r.failed(fmt.Sprintf("is not ready after %v (%v)", s.options.StartTimeout, err))
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}
	return nil
}

// deaths is how often the replica ended by itself, and how the last time.
func (r *replica) deaths() (n int, last string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.exits, r.lastExit
}

// failed is the error for a replica that did not start, with its last words.
func (r *replica) failed(why string) error {
	lines, err := r.log.tail(shownLines)
	if err != nil {
		lines = []string{err.Error()}
	}
	return fmt.Errorf("%s %s; the last lines of %s:\n  %s", r.name, why, r.log.path, strings.Join(lines, "\n  "))
}
