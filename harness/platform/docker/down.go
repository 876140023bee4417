package docker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// downTimeout bounds taking a system down after it failed to come up.
const downTimeout = time.Minute

// Down keeps what the replicas printed, stops them in the reverse order of
// their start, each with its grace, and removes everything with the run's
// label.
func (s *system) Down(ctx context.Context) error {
	var errs []error
	for i := len(s.replicas) - 1; i >= 0; i-- {
		r := s.replicas[i]
		grace := max(1, int(r.service.StopGrace/time.Second))
		if _, err := s.engine.ContainerStop(ctx, r.id, client.ContainerStopOptions{Timeout: &grace}); err != nil && !errdefs.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("stop %s: %w", r.name, err))
		}
		if err := s.keepOutput(ctx, r); err != nil && !errdefs.IsNotFound(err) {
			errs = append(errs, err)
		}
	}
	if s.watch != nil {
		errs = append(errs, s.watch.Close())
		s.watch = nil
	}
	_, err := sweep(ctx, s.engine, s.o.RunID)
	s.replicas = nil
	clear(s.byName)
	return errors.Join(append(errs, err)...)
}

// Sweep removes every container, network and volume with the label of the
// run, and says what it removed. It is how a later gauntlet cleans up after
// one that was killed.
func Sweep(ctx context.Context, runID string) (removed []string, err error) {
	provider, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	defer provider.Close()
	return sweep(ctx, provider.Client(), runID)
}

func sweep(ctx context.Context, engine client.APIClient, runID string) (removed []string, err error) {
	mine := make(client.Filters).Add("label", Label+"="+runID)
	var errs []error
	gone := func(what string, err error) {
		switch {
		case err == nil:
			removed = append(removed, what)
		case !errdefs.IsNotFound(err):
			errs = append(errs, fmt.Errorf("remove %s: %w", what, err))
		}
	}
	containers, err := engine.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: mine})
	errs = append(errs, err)
	for _, c := range containers.Items {
		_, err := engine.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		gone("container "+c.ID[:12], err)
	}
	networks, err := engine.NetworkList(ctx, client.NetworkListOptions{Filters: mine})
	errs = append(errs, err)
	for _, n := range networks.Items {
		_, err := engine.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{})
		gone("network "+n.Name, err)
	}
	volumes, err := engine.VolumeList(ctx, client.VolumeListOptions{Filters: mine})
	errs = append(errs, err)
	for _, v := range volumes.Items {
		_, err := engine.VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{Force: true})
		gone("volume "+v.Name, err)
	}
	return removed, errors.Join(errs...)
}
