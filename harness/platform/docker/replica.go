package docker

import (
	"context"
	"fmt"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// replica is one container.
type replica struct {
	name      string
	service   topology.Service
	id        string
	container testcontainers.Container
	ports     map[int]string // container port → host:port
}

func (r *replica) inspect(ctx context.Context, engine client.APIClient) (platform.Replica, error) {
	out := platform.Replica{
		Name: r.name, Service: r.service.Name, Labels: r.service.Labels, Ports: r.ports, Ready: r.service.Ready, State: platform.Down,
	}
	if len(r.service.Ports) > 0 {
		out.Address = r.ports[r.service.Ports[0]]
	}
	got, err := engine.ContainerInspect(ctx, r.id, client.ContainerInspectOptions{})
	if err != nil {
		return out, fmt.Errorf("%s: %w", r.name, err)
	}
	if state := got.Container.State; state != nil && state.Running {
		out.State = platform.Running
		out.Incarnation = fmt.Sprintf("%d@%s", state.Pid, state.StartedAt)
		out.Started, _ = time.Parse(time.RFC3339Nano, state.StartedAt)
	}
	return out, nil
}

// Kill ends the container's process and starts it again: the engine counts a
// kill through its API as wanted and does not restart it by itself.
func (s *system) Kill(ctx context.Context, name string, grace time.Duration) error {
	r, err := s.replica(name)
	if err != nil {
		return err
	}
	if err := s.end(ctx, r, grace); err != nil {
		return err
	}
	return s.start(ctx, r)
}

// Hold kills the container and leaves it down.
func (s *system) Hold(ctx context.Context, name string) error {
	r, err := s.replica(name)
	if err != nil {
		return err
	}
	return s.end(ctx, r, 0)
}

// Release starts it again.
func (s *system) Release(ctx context.Context, name string) error {
	r, err := s.replica(name)
	if err != nil {
		return err
	}
	state, err := r.inspect(ctx, s.engine)
	if err != nil || state.State == platform.Running {
		return err
	}
	return s.start(ctx, r)
}

func (s *system) start(ctx context.Context, r *replica) error {
	if _, err := s.engine.ContainerStart(ctx, r.id, client.ContainerStartOptions{}); err != nil {
		return fmt.Errorf("start %s: %w", r.name, err)
	}
	return nil
}

// end kills the container's process and returns when it is gone.
func (s *system) end(ctx context.Context, r *replica, grace time.Duration) error {
	gone := s.engine.ContainerWait(ctx, r.id, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	if grace > 0 {
		seconds := int((grace + time.Second - 1) / time.Second)
		if _, err := s.engine.ContainerStop(ctx, r.id, client.ContainerStopOptions{Timeout: &seconds}); err != nil {
			return fmt.Errorf("stop %s: %w", r.name, err)
		}
	} else if _, err := s.engine.ContainerKill(ctx, r.id, client.ContainerKillOptions{Signal: "SIGKILL"}); err != nil {
		return fmt.Errorf("kill %s: %w", r.name, err)
	}
	select {
	case <-gone.Result:
		return nil
	case err := <-gone.Error:
		return fmt.Errorf("wait for the end of %s: %w", r.name, err)
	}
}
