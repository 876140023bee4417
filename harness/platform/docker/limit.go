package docker

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"gauntlet/harness/platform"
	"gauntlet/harness/platform/cgroup"
)

// Limit implements platform.Limiter. The engine keeps the limit over the lives
// of the container, with which it also goes: there is nothing else to undo.
func (s *system) Limit(ctx context.Context, name string, cores float64) error {
	r, err := s.named(name)
	if err != nil {
		return err
	}
	limited := false
	r.mu.Update(func() { limited, r.limited = r.limited, true })
	if limited {
		return fmt.Errorf("limit %s: it is limited already", name)
	}
	if err := s.setCores(ctx, r, cores); err != nil {
		return fmt.Errorf("limit %s: %w", name, err)
	}
	return nil
}

// Unlimit implements platform.Limiter. The engine takes 0 for "as it is" and
// has no word for "no limit": what had none may use every processor.
func (s *system) Unlimit(ctx context.Context, name string) error {
	r, err := s.named(name)
	if err != nil {
		return err
	}
	limited := false
	r.mu.Update(func() { limited = r.limited })
	if !limited {
		return nil
	}
	cores := r.service.CPUs
	if cores == 0 {
		info, err := s.engine.Info(ctx, client.InfoOptions{})
		if err != nil {
			return fmt.Errorf("take the limit of %s away: %w", name, err)
		}
		cores = float64(info.Info.NCPU)
	}
	if err := s.setCores(ctx, r, cores); err != nil {
		return fmt.Errorf("take the limit of %s away: %w", name, err)
	}
	r.mu.Update(func() { r.limited = false })
	return nil
}

func (s *system) setCores(ctx context.Context, r *replica, cores float64) error {
	if r.id == "" {
		return errors.New("it has no container")
	}
	_, err := s.engine.ContainerUpdate(ctx, r.id, client.ContainerUpdateOptions{
		Resources: &container.Resources{NanoCPUs: int64(math.Round(cores * 1e9))},
	})
	return err
}

// Throttling implements platform.Limiter: from the container's control group,
// past the engine.
func (s *system) Throttling(name string) (t platform.Throttling, err error) {
	r, err := s.named(name)
	if err != nil {
		return t, err
	}
	if r.now().incarnation == "" {
		return t, fmt.Errorf("%s: %w", name, platform.ErrDown)
	}
	tree, err := cgroup.Here()
	if err != nil {
		return t, fmt.Errorf("%s: %w", name, err)
	}
	g, err := tree.Container(r.id)
	if err == nil {
		t.How = "a quota of its container"
		t.Cores, err = g.Quota()
	}
	if err == nil {
		t.Times, t.Total, err = g.Throttled()
	}
	if err == nil {
		t.Used, _, err = groupTime("/sys/fs/cgroup", r.id)
	}
	if err != nil {
		return t, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}
