package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"gauntlet/harness/platform"
	"gauntlet/harness/platform/burn"
	"gauntlet/harness/platform/cgroup"
)

const (
	burnerBinary  = "/burner"
	burnerTimeout = 30 * time.Second // to hold its memory
	burnerPoll    = 20 * time.Millisecond
)

// burner is a container that computes and holds memory beside a replica.
type burner struct {
	id  string
	pid int // of its process, on this machine
}

// Stress implements platform.Stresser: a container whose control group lies
// within the replica's, so that both share its limits. It carries the run's
// label, and goes with everything else that does.
func (s *system) Stress(ctx context.Context, name string, w platform.Stress) error {
	r, err := s.named(name)
	if err != nil {
		return err
	}
	if err := r.begin(ctx); err != nil {
		return fmt.Errorf("stress %s: %w", name, err)
	}
	defer r.end()
	if err := s.stress(ctx, r, w); err != nil {
		return fmt.Errorf("stress %s: %w", name, err)
	}
	return nil
}

func (s *system) stress(ctx context.Context, r *replica, w platform.Stress) error {
	switch {
	case r.burning() != nil:
		return errors.New("it is stressed already")
	case r.now().incarnation == "":
		return platform.ErrDown
	}
	b := &burner{}
	err := s.createBurner(ctx, r, w, b)
	if b.id != "" { // whatever became of it, it is there to be relieved of
		r.mu.Update(func() { r.burner = b })
	}
	if err != nil {
		return fmt.Errorf("the burner: %w", err)
	}
	return s.awaitBurning(ctx, b)
}

// CanStress says why no replica can be stressed here, where that is known. A
// container can lie within another's control group only where a group may hold
// both processes and groups, which is version 1, and only the engine's own
// driver takes any group for a parent.
func (s *system) CanStress(ctx context.Context) error {
	if len(s.o.Burner) == 0 {
		return errors.New("no burner is known")
	}
	got, err := s.engine.Info(ctx, client.InfoOptions{})
	if err != nil {
		return err
	}
	if i := got.Info; i.CgroupDriver != "cgroupfs" || i.CgroupVersion == "2" {
		return fmt.Errorf("a burner shares the limits of a container only with control groups of version 1 and the engine's driver cgroupfs; here are version %s and driver %s", i.CgroupVersion, i.CgroupDriver)
	}
	return nil
}

func (s *system) createBurner(ctx context.Context, r *replica, w platform.Stress, b *burner) (err error) {
	more := []string{fmt.Sprintf("--workers=%d", w.Workers), fmt.Sprintf("--load=%d", w.Load), fmt.Sprintf("--memory=%d", w.Memory)}
	b.id, err = s.startAlone(ctx, s.o.Burner, burnerBinary, more, testcontainers.ContainerRequest{
		Name: fmt.Sprintf("%s-burner-%s-%d", prefix(s.o.RunID), r.name, time.Now().UnixNano()),
		// Its input stays open for as long as it runs.
		ConfigModifier: func(c *container.Config) { c.OpenStdin = true },
		HostConfigModifier: func(h *container.HostConfig) {
			h.CgroupParent = path.Join("/docker", r.id)
			h.NetworkMode = "none"
			h.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "1m", "max-file": "1"}}
		},
	})
	if err != nil {
		return err
	}
	got, err := s.engine.ContainerInspect(ctx, b.id, client.ContainerInspectOptions{})
	if err == nil && got.Container.State != nil {
		b.pid = got.Container.State.Pid
	}
	return err
}

// awaitBurning waits until the burner says that it burns.
func (s *system) awaitBurning(ctx context.Context, b *burner) error {
	ctx, cancel := context.WithTimeout(ctx, burnerTimeout)
	defer cancel()
	for {
		var said bytes.Buffer
		if err := s.copyOutput(ctx, &replica{name: "the burner", id: b.id}, &said, "all"); err != nil {
			return err
		}
		if strings.Contains(said.String(), burn.Ready) {
			return nil
		}
		select {
		case <-time.After(burnerPoll):
		case <-ctx.Done():
			return fmt.Errorf("the burner did not come up; it said %q: %w", said.String(), ctx.Err())
		}
	}
}

// Relieve implements platform.Stresser.
func (s *system) Relieve(ctx context.Context, name string) error {
	r, err := s.named(name)
	if err != nil {
		return err
	}
	b := r.burning()
	if b == nil {
		return nil
	}
	if _, err := s.engine.ContainerRemove(ctx, b.id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true}); err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("relieve %s: %w", name, err)
	}
	r.mu.Update(func() { r.burner = nil })
	return nil
}

// Stressing implements platform.Stresser: from the control groups, past the
// engine.
func (s *system) Stressing(name string) (t platform.Stressing, err error) {
	r, err := s.named(name)
	if err != nil {
		return t, err
	}
	if b := r.burning(); b != nil {
		t.How = "within the control group of the container"
		if t.Used, _, err = groupTime("/sys/fs/cgroup", path.Join(r.id, b.id)); err == nil {
			t.Held, err = burn.Held(b.pid)
		}
		if err != nil {
			return t, fmt.Errorf("the burner beside %s: %w", name, err)
		}
	}
	if r.now().incarnation == "" {
		return t, fmt.Errorf("%s: %w", name, platform.ErrDown)
	}
	tree, err := cgroup.Here()
	if err != nil {
		return t, fmt.Errorf("%s: %w", name, err)
	}
	g, err := tree.Container(r.id)
	if err != nil {
		return t, fmt.Errorf("%s: %w", name, err)
	}
	pids, err := g.Processes()
	if err != nil {
		return t, fmt.Errorf("%s: %w", name, err)
	}
	for _, pid := range pids {
		if waited, err := burn.Waited(pid); err == nil { // else it has ended
			t.Waited += waited
		}
	}
	return t, nil
}

func (r *replica) burning() *burner {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.burner
}
