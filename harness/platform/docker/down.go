package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// downTimeout bounds taking a system down, over the graces of its replicas.
const downTimeout = 2 * time.Minute

// Down implements platform.System. Services end in the reverse of their order,
// each with its grace; when ctx ends there is no more grace. What the replicas
// printed is kept, and then everything with the run's label is removed.
func (s *system) Down(ctx context.Context) error {
	s.scaling.Lock()
	defer s.scaling.Unlock()
	if s.isDown {
		return nil
	}
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
	defer cancel()
	s.going.Lock()
	s.ended = true
	s.going.Unlock()
	s.later.Wait() // a replica that is being started again; bounded, as all deeds are
	s.stopServices(ctx, work)
	errs := s.keepOutputs(work)
	if s.watch != nil {
		s.watch.close()
	}
	_, err := sweep(work, s.engine, s.o.RunID, 0)
	if err == nil {
		err = s.forgetPackets()
	}
	if err == nil && s.entered {
		err = s.o.Ledger.Undone(UndoKind, s.o.RunID, s.engine.DaemonHost())
	}
	if err != nil {
		return fmt.Errorf("docker platform: %w", errors.Join(append(errs, err)...))
	}
	for _, r := range s.list() {
		r.mu.Update(func() { r.life, r.failure = life{}, nil })
	}
	if s.links != nil && s.links.remote != nil {
		s.links.remote.Close()
	}
	s.isDown = true
	return errors.Join(append(errs, s.provider.Close())...)
}

// stopServices stops the replicas of one service together, service by service
// from the last. What does not stop is killed by the sweep.
func (s *system) stopServices(ctx, work context.Context) {
	replicas := s.list()
	for end := len(replicas); end > 0; {
		begin := end - 1
		for begin > 0 && replicas[begin-1].service.Name == replicas[begin].service.Name {
			begin--
		}
		var group sync.WaitGroup
		for _, r := range replicas[begin:end] {
			if r.id != "" {
				group.Go(func() { s.stop(ctx, work, r) })
			}
		}
		group.Wait()
		end = begin
	}
}

// stop asks a replica to end and waits for that, at most its grace, less when
// ctx ends. An engine that cannot stop it is found out by the sweep.
func (s *system) stop(ctx, work context.Context, r *replica) {
	seconds := 0
	if ctx.Err() == nil {
		seconds = int((r.service.StopGrace + time.Second - 1) / time.Second)
	}
	stopping, cancel := context.WithCancel(work)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		if seconds > 0 {
			cancel()
		}
	})()
	s.engine.ContainerStop(stopping, r.id, client.ContainerStopOptions{Timeout: &seconds})
}

// keepOutputs keeps what all replicas printed, and the links' container.
func (s *system) keepOutputs(ctx context.Context) []error {
	replicas := s.list()
	if s.links != nil {
		replicas = append(slices.Clone(replicas), s.links.box)
	}
	errs := make([]error, len(replicas))
	var group sync.WaitGroup
	for i, r := range replicas {
		if r.id == "" {
			continue
		}
		group.Go(func() {
			if err := s.keepOutput(ctx, r); !errdefs.IsNotFound(err) {
				errs[i] = err
			}
		})
	}
	group.Wait()
	return errs
}
