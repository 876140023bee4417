package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"gauntlet/harness/diagnostic"
	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// System is a system of processes. It implements platform.System, Killer,
// Holder, Scaler, Limiter, Linker, Logger and Substituter.
type System struct {
	options     Options
	spawner     *spawner
	substitutes []string
	links       *links // nil when no connection is marked

	scaling sync.Mutex // held by Scale and Down: made and isDown
	made    blueprint
	mu      sync.Mutex
	// In the order of the stack; replaced whole, and those that left stay: their
	// logs are asked for, and they may come back.
	replicas []*replica // under mu

	isDown   bool          // under scaling
	stopLogs chan struct{} // closed to end boundLogs
}

var (
	_ platform.System      = (*System)(nil)
	_ platform.Killer      = (*System)(nil)
	_ platform.Holder      = (*System)(nil)
	_ platform.Scaler      = (*System)(nil)
	_ platform.Limiter     = (*System)(nil)
	_ platform.Linker      = (*System)(nil)
	_ platform.Stresser    = (*System)(nil)
	_ platform.Logger      = (*System)(nil)
	_ platform.Substituter = (*System)(nil)
)

// prepare makes folders, chooses ports and plans every replica. Nothing runs
// yet.
func (s *System) prepare(stack topology.Stack, programs map[string]program, binaries map[string]string) error {
	volumes := filepath.Join(s.options.Dir, folderVolumes)
	for _, folder := range []string{volumes, filepath.Join(s.options.Dir, folderWork)} {
		if err := s.options.makeFolder(folder); err != nil {
			return err
		}
	}
	where, err := place(stack, programs, volumes, s.options.pick)
	if err != nil {
		return err
	}
	if err := where.makeVolumes(); err != nil {
		return err
	}
	if s.links, err = openLinks(stack, where, s.options.Seed, s.options.pick); err != nil {
		return err
	}
	where.links = s.links
	s.made = blueprint{stack: stack, programs: programs, binaries: binaries, where: where}
	for _, service := range stack.Services {
		for i := range service.Replicas {
			plan, err := s.made.plan(service, s.options.RunID, i)
			if err != nil {
				return err
			}
			r, err := newReplica(plan, s.options, s.spawner)
			if err != nil {
				return err
			}
			s.replicas = append(s.replicas, r)
		}
	}
	s.stopLogs = make(chan struct{})
	go s.boundLogs(s.stopLogs)
	return nil
}

// boundLogs looks at the sizes of the logs from time to time.
func (s *System) boundLogs(stop <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			for _, r := range s.list() {
				r.log.bound(maxLogSize)
			}
		case <-stop:
			return
		}
	}
}

// Replicas implements platform.System.
func (s *System) Replicas(context.Context) ([]platform.Replica, error) {
	var views []platform.Replica
	for _, r := range s.list() {
		if !r.hasLeft() {
			views = append(views, r.view())
		}
	}
	return views, nil
}

// Substitutes implements platform.Substituter.
func (s *System) Substitutes() []string { return slices.Clone(s.substitutes) }

// Kill implements platform.Killer. A replica that is down gives
// platform.ErrDown.
func (s *System) Kill(ctx context.Context, replica string, grace time.Duration) error {
	r, err := s.named(replica)
	if err != nil {
		return err
	}
	return r.kill(ctx, grace)
}

// Hold implements platform.Holder.
func (s *System) Hold(ctx context.Context, replica string) error {
	r, err := s.named(replica)
	if err != nil {
		return err
	}
	return r.hold(ctx, 0)
}

// Release implements platform.Holder.
func (s *System) Release(ctx context.Context, replica string) error {
	r, err := s.named(replica)
	if err != nil {
		return err
	}
	return r.release(ctx)
}

// Tail implements platform.Logger. Lines of our own, which tell the lives
// apart, begin with "---".
func (s *System) Tail(replica string, n int) ([]string, error) {
	r, err := s.named(replica)
	if err != nil {
		return nil, err
	}
	lines, err := r.log.tail(n)
	if err != nil {
		return nil, fmt.Errorf("the log of %s: %w", replica, err)
	}
	return lines, nil
}

func (s *System) named(name string) (*replica, error) {
	var names []string
	for _, r := range s.list() {
		if r.name == name {
			return r, nil
		}
		names = append(names, r.name)
	}
	return nil, fmt.Errorf("%w: %q; %s", platform.ErrUnknownReplica, name, diagnostic.DidYouMean(name, names))
}

// Down implements platform.System. Services end in the reverse of their order,
// each with its grace; when ctx ends there is no more grace. It always goes to
// the end of its list, and is bounded in time whatever the processes do.
func (s *System) Down(ctx context.Context) error {
	s.scaling.Lock()
	defer s.scaling.Unlock()
	if s.isDown {
		return nil
	}
	if s.stopLogs != nil {
		close(s.stopLogs)
		s.stopLogs = nil
	}
	var errs []error
	for _, r := range s.list() {
		errs = append(errs, r.relieve())
	}
	errs = append(errs, s.stopServices(ctx)...)
	sweep(s.options.RunID)
	for _, r := range s.list() {
		errs = append(errs, r.unlimit())
	}
	s.links.close() // last: what ends may still have something to say
	errs = append(errs, s.options.removeFolders())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("local platform: %w", err)
	}
	s.spawner.stop()
	s.isDown = true
	return nil
}

// stopServices stops the replicas of one service together, service by service
// from the last.
func (s *System) stopServices(ctx context.Context) []error {
	replicas := s.list()
	errs := make([]error, len(replicas))
	for end := len(replicas); end > 0; {
		begin := end - 1
		for begin > 0 && replicas[begin-1].service == replicas[begin].service {
			begin--
		}
		var group sync.WaitGroup
		for i := begin; i < end; i++ {
			group.Go(func() { errs[i] = replicas[i].stop(ctx) })
		}
		group.Wait()
		end = begin
	}
	return errs
}

// takenPorts is the addresses of the system that somebody else listens on,
// now that it is down.
func (s *System) takenPorts() []string {
	var taken []string
	for _, r := range s.list() {
		for _, address := range r.ports {
			if !addressFree(address) {
				taken = append(taken, address)
			}
		}
	}
	return taken
}
