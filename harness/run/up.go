package run

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"gauntlet/harness/chaos"
	"gauntlet/harness/experiment"
	"gauntlet/harness/history"
	"gauntlet/harness/load"
	"gauntlet/harness/platform"
	"gauntlet/harness/platform/docker"
	"gauntlet/harness/platform/external"
	"gauntlet/harness/platform/local"
	"gauntlet/harness/topology"
)

// up brings the system up.
func (s *session) up(ctx context.Context) error {
	begin := time.Now()
	s.facts.Environment = machine()
	stack, err := s.stack(ctx)
	if err != nil {
		return err
	}
	maps.Copy(s.facts.Environment.Config, configuration(stack))
	if name := s.o.Build.Name; name != "" {
		s.facts.Environment.Config[s.exp.Target.Service+".build"] = name
	}
	if stack, err = chaos.Links(stack, s.exp.Target.Service, s.o.Faults, s.o.Kernel); err != nil {
		return err
	}
	where, err := s.platform(stack)
	if err != nil {
		return mistake("%w", err)
	}
	if s.o.Platform != chaos.External {
		s.tell.line("starting %s (%s)", stackSummary(stack), s.o.Platform)
	}
	s.system, err = where.Up(ctx, stack)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		if errors.Is(err, external.ErrHostNotAllowed) {
			return mistake("%w", err)
		}
		return fmt.Errorf("the system did not come up: %w", err)
	}
	s.events.add(begin, history.Event{Type: history.EventUp}, time.Now())
	if sub, ok := s.system.(platform.Substituter); ok {
		for _, sentence := range sub.Substitutes() {
			s.tell.line("note: %s", sentence)
		}
	}
	s.tell.line("system ready after %s", round(time.Since(begin)))
	return nil
}

// stack is the system as the Compose file and the experiment describe it; for
// an external one there is none.
func (s *session) stack(ctx context.Context) (topology.Stack, error) {
	t := s.exp.Target
	if t.Compose == "" {
		return topology.Stack{Name: s.exp.Name}, nil
	}
	o := topology.Options{Env: t.Env, Args: t.Args}
	if b := s.o.Build; b.Program != "" {
		o.Programs = map[string]string{t.Service: b.Program}
	} else if b.Image != "" {
		o.Images = map[string]string{t.Service: b.Image}
	}
	return topology.Load(ctx, t.Compose, o)
}

// platform makes the platform that was asked for.
func (s *session) platform(stack topology.Stack) (platform.Platform, error) {
	switch s.o.Platform {
	case chaos.External:
		return external.New(s.exp.Target.URL, s.o.AllowHosts)
	case chaos.Local:
		return local.New(local.Options{
			RunID: s.id, Dir: s.dir, Root: stack.Dir, Cache: filepath.Join(stack.Dir, ".cache", "bin"), Ledger: s.entry,
			NoSubstitute: s.o.NoSubstitute, ForceSubstitute: s.o.ForceSubstitute, OnState: s.lived, Seed: uint64(s.o.Seed), Burner: s.o.Burner,
		}), nil
	case chaos.Docker:
		return docker.New(docker.Options{
			RunID: s.id, Dir: s.dir, Ledger: s.entry, OnState: s.lived, Link: s.o.Link, Burner: s.o.Burner, Seed: uint64(s.o.Seed), Drops: s.o.Kernel.Drops,
		}), nil
	}
	return nil, mistake("platform %q is not there; there are %s, %s and %s", s.o.Platform, chaos.Local, chaos.Docker, chaos.External)
}

// lived writes down that a replica started or died.
func (s *session) lived(replica, state string, at time.Time) {
	s.events.add(at, history.Event{Type: history.EventReplica, Name: replica, State: state}, time.Time{})
}

func stackSummary(s topology.Stack) string {
	text := ""
	for i, service := range s.Services {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%d × %s", service.Replicas, service.Name)
	}
	return text
}

// route finds the replicas that receive the traffic and sets up the way to
// them. The other replicas are watched as well: when Redis was ready is part
// of the story.
func (s *session) route(ctx context.Context) error {
	replicas, err := s.system.Replicas(ctx)
	if err != nil {
		return fmt.Errorf("list the replicas: %w", err)
	}
	if s.o.Platform == chaos.External {
		s.targets = []load.Endpoint{{Name: replicas[0].Name, BaseURL: s.exp.Target.URL}}
		s.router = load.Direct{To: s.targets[0]}
		return nil
	}
	var others []load.Endpoint
	for _, r := range replicas {
		s.known.Store(r.Name, r)
		e := s.endpoint(r)
		if r.Service != s.exp.Target.Service {
			others = append(others, e)
			continue
		}
		if r.Address == "" {
			return mistake("service %q has no port in %s: nothing can be sent to it; add ports: [\"8080\"]", r.Service, s.exp.Target.Compose)
		}
		e.Index = uint16(len(s.targets))
		s.targets = append(s.targets, e)
	}
	if len(s.targets) == 0 {
		return mistake("service %q of the experiment has no replica in %s; its services: %v", s.exp.Target.Service, s.exp.Target.Compose, serviceNames(replicas))
	}
	s.others, s.service = load.NewService(others, s.probe, s.changed), load.NewService(s.targets, s.probe, s.changed)
	s.services = append(s.services, s.others, s.service)
	if s.exp.Target.Routing == experiment.RouteDirect {
		s.router = load.Direct{To: s.targets[0]}
		return nil
	}
	s.router = s.service
	if s.exp.Target.Routing == experiment.RoutePinned {
		s.router = load.NewPinned(s.service, s.exp.Load.Clients)
	}
	return s.awaitReady(ctx)
}

// probe asks a replica that receives traffic, or is watched, whether it is
// ready.
func (s *session) probe(ctx context.Context, e load.Endpoint) error {
	r, _ := s.known.Load(e.Name)
	return platform.Probe(ctx, r.(platform.Replica))
}

// adopt takes in the replicas that are new: those of the target receive
// traffic as soon as they are ready, all are watched.
func (s *session) adopt(ctx context.Context) error {
	replicas, err := s.system.Replicas(ctx)
	if err != nil {
		return fmt.Errorf("list the replicas: %w", err)
	}
	for _, r := range replicas {
		if _, known := s.known.LoadOrStore(r.Name, r); known {
			continue
		}
		e := s.endpoint(r)
		if r.Service != s.exp.Target.Service {
			s.others.Add(e)
			continue
		}
		s.mu.Lock()
		e.Index = s.ops.Replica(r.Name)
		s.targets = append(s.targets, e)
		s.mu.Unlock()
		s.service.Add(e)
	}
	return nil
}

// present are the targets that are there now: those that left with a smaller
// service are nobody's to ask.
func (s *session) present(ctx context.Context) ([]load.Endpoint, error) {
	replicas, err := s.system.Replicas(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the replicas: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.targets), func(e load.Endpoint) bool {
		return !slices.ContainsFunc(replicas, func(r platform.Replica) bool { return r.Name == e.Name })
	}), nil
}

// changed writes down that a replica became ready, or ceased to be.
func (s *session) changed(e load.Endpoint, ready bool, at time.Time) {
	state := history.ReplicaUnready
	if ready {
		state = history.ReplicaReady
	}
	s.events.add(at, history.Event{Type: history.EventReplica, Name: e.Name, State: state}, time.Time{})
}

// awaitReady waits until the routing has seen every replica ready, so that
// the first requests find all of them.
func (s *session) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for s.router.Ready() < len(s.targets) {
		select {
		case <-ctx.Done():
			if interrupted(context.Cause(ctx)) {
				return context.Cause(ctx)
			}
			return fmt.Errorf("ready for traffic: %d of %d replicas of %s", s.router.Ready(), len(s.targets), s.exp.Target.Service)
		case <-tick.C:
		}
	}
	return nil
}

func serviceNames(replicas []platform.Replica) []string {
	var names []string
	for _, r := range replicas {
		if !slices.Contains(names, r.Service) {
			names = append(names, r.Service)
		}
	}
	return names
}
