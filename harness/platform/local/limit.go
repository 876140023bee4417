package local

import (
	"context"
	"errors"
	"fmt"

	"gauntlet/harness/platform"
	"gauntlet/harness/platform/cgroup"
)

// brake keeps the lives of a replica from using more of the processor than
// they may.
type brake interface {
	// take puts a life under the brake; a second time changes nothing.
	take(l *life) error
	// throttling is what is seen of a life that was taken, all but Used.
	throttling(l *life) (platform.Throttling, error)
	// release takes the brake off.
	release() error
}

// newBrake is a quota of the kernel's where this process may make one, and
// otherwise the coarser brake that stops the process in turns.
func (r *replica) newBrake(cores float64) (brake, error) {
	quota, err := newQuota(r.options, r.name, cores)
	if err == nil {
		return quota, nil
	}
	duty, dutyErr := newDuty(cores)
	if dutyErr != nil {
		return nil, errors.Join(err, dutyErr)
	}
	return duty, nil
}

// Limit implements platform.Limiter: by a quota of a control group where that
// is to be had, which takes root, and else by stopping and continuing the
// process in turns.
func (s *System) Limit(ctx context.Context, replica string, cores float64) error {
	r, err := s.named(replica)
	if err == nil {
		err = r.limit(ctx, cores)
	}
	if err != nil {
		return fmt.Errorf("limit %s: %w", replica, err)
	}
	return nil
}

func (r *replica) limit(ctx context.Context, cores float64) error {
	r.limiting.Lock()
	defer r.limiting.Unlock()
	if r.brake != nil {
		return errors.New("it is limited already")
	}
	b, err := r.newBrake(cores)
	if err != nil {
		return err
	}
	r.mu.Update(func() { r.brake = b }) // a life that begins from now on is taken then
	l, err := r.current(ctx)
	if err == nil && l != nil {
		err = b.take(l)
	}
	if err != nil {
		r.mu.Update(func() { r.brake = nil })
		return errors.Join(err, b.release())
	}
	return nil
}

// Unlimit implements platform.Limiter.
func (s *System) Unlimit(_ context.Context, replica string) error {
	r, err := s.named(replica)
	if err == nil {
		err = r.unlimit()
	}
	if err != nil {
		return fmt.Errorf("take the limit of %s away: %w", replica, err)
	}
	return nil
}

func (r *replica) unlimit() error {
	r.limiting.Lock()
	defer r.limiting.Unlock()
	if r.brake == nil {
		return nil
	}
	if err := r.brake.release(); err != nil {
		return err // it can be tried again
	}
	r.mu.Update(func() { r.brake = nil })
	return nil
}

// braked puts a life that has just begun under the brake, if there is one.
func (r *replica) braked(l *life) {
	r.mu.Lock()
	b := r.brake
	r.mu.Unlock()
	if b == nil {
		return
	}
	if err := b.take(l); err != nil {
		r.log.note("%s is not limited in this life: %v", r.name, err)
	}
}

// Throttling implements platform.Limiter.
func (s *System) Throttling(replica string) (platform.Throttling, error) {
	r, err := s.named(replica)
	if err != nil {
		return platform.Throttling{}, err
	}
	r.mu.Lock()
	l, b := r.life, r.brake
	r.mu.Unlock()
	if l == nil {
		return platform.Throttling{}, fmt.Errorf("%s: %w", replica, platform.ErrDown)
	}
	t := platform.Throttling{}
	if b != nil {
		t, err = b.throttling(l)
	} else {
		t.Cores, err = quotaOf(l.pid)
	}
	if err == nil {
		t.Used, err = processTime(l.pid)
	}
	if err != nil {
		return platform.Throttling{}, fmt.Errorf("%s: %w", replica, err)
	}
	return t, nil
}

// quotaOf is the limit that a process has from the group that it is in; 0
// where there are none.
func quotaOf(pid int) (float64, error) {
	tree, err := cgroup.Here()
	if err != nil {
		return 0, nil
	}
	g, err := tree.Of(pid)
	if err != nil {
		return 0, err
	}
	cores, err := g.Quota()
	if err != nil {
		return 0, nil // the group around all others has no quota, and no file that says so
	}
	return cores, nil
}
