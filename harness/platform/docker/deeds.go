package docker

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

const (
	// killTimeout is how long a process may take to die of SIGKILL.
	killTimeout = 15 * time.Second
	// startTimeout is how long the engine may take to start a container again.
	startTimeout = 30 * time.Second
	// startPause is the time between two attempts at that.
	startPause = 200 * time.Millisecond
	// keepPause is the time between two looks whether a start was prevented.
	keepPause = 10 * time.Millisecond
)

// finish ends the life before: SIGKILL, with a grace SIGTERM first. It returns
// when the engine has seen that the life is over. The engine's own call goes on
// for some time after that, while it takes the container apart; returned is
// closed when it is through, and only then the container can be started.
func (s *system) finish(ctx context.Context, r *replica, before life, grace time.Duration) (returned <-chan struct{}, err error) {
	through := make(chan struct{})
	over := func() bool { return r.life != before }
	if grace > 0 && before.incarnation != "" {
		if err := s.signal(ctx, r, "SIGTERM"); err != nil {
			close(through)
			return through, err
		}
		patient, cancel := context.WithTimeout(ctx, grace)
		defer cancel()
		if r.mu.Await(patient, over) == nil {
			close(through)
			return through, nil
		}
	}
	if before.incarnation == "" {
		close(through)
		return through, s.keepFromStarting(ctx, r)
	}
	called := make(chan error, 1)
	s.later.Go(func() {
		own, cancel := context.WithTimeout(context.Background(), killTimeout)
		defer cancel()
		called <- s.signal(own, r, "SIGKILL")
		close(through)
	})
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTimeout)
	defer cancel()
	if err := r.mu.Await(limited, over); err != nil {
		select {
		case err = <-called:
		default:
			err = fmt.Errorf("its process is still there after %v: %w", killTimeout, err)
		}
		return through, err
	}
	return through, nil
}

// keepFromStarting makes sure that a replica that is down stays so: the engine
// may be about to start again what died by itself, which a kill puts an end to,
// unless it has begun already.
func (s *system) keepFromStarting(ctx context.Context, r *replica) error {
	for {
		if err := s.signal(ctx, r, "SIGKILL"); err != nil {
			return err
		}
		got, err := s.engine.ContainerInspect(ctx, r.id, client.ContainerInspectOptions{})
		if err != nil {
			return err
		}
		if state := got.Container.State; state == nil || !state.Running && !state.Restarting {
			return nil
		}
		select {
		case <-time.After(keepPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// signal sends a signal to the container's process. One that does not run has
// got its wish.
func (s *system) signal(ctx context.Context, r *replica, name string) error {
	_, err := s.engine.ContainerKill(ctx, r.id, client.ContainerKillOptions{Signal: name})
	if err != nil && !errdefs.IsConflict(err) {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// startAgain starts a container that is down and returns when the engine has
// told so. A port that is somebody else's for the moment, or an engine that is
// still taking the last life apart, is tried again.
func (s *system) startAgain(r *replica) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		_, err := s.engine.ContainerStart(ctx, r.id, client.ContainerStartOptions{})
		if err == nil {
			return r.mu.Await(ctx, func() bool { return r.life.incarnation != "" })
		}
		select {
		case <-time.After(startPause):
		case <-ctx.Done():
			return err
		}
		if errdefs.IsNotFound(err) {
			return err
		}
	}
}
