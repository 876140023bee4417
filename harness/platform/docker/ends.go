package docker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"syscall"

	"github.com/moby/moby/client"

	"gauntlet/harness/platform/netfilter"
)

// end is the network namespace of a container in one of its lives. It dies
// with the container, its rules as well; as long as it is open here what it
// has counted can be read.
type end struct {
	life    string               // when it began, "" while there is none
	space   *netfilter.Namespace // nil while there is none
	address netip.Addr           // on the run's network
	first   int64                // segments that had been sent again when it was opened
	before  int64                // segments that were sent again in the lives before
}

func (e *end) there() bool { return e.space != nil }

func (e *end) close() {
	if e.there() {
		e.space.Close()
	}
}

func (e *end) counts(ctx context.Context) (map[string]netfilter.Count, error) {
	if !e.there() {
		return nil, nil
	}
	return e.space.Counts(ctx)
}

// resent is how many segments were sent again since the first of the lives was
// opened.
func (e *end) resent() (int64, error) {
	if !e.there() {
		return e.before, nil
	}
	now, err := e.space.Resent()
	return e.before + now - e.first, err
}

// endOf opens the network namespace of a container. While that does not run
// there is none.
func (s *system) endOf(ctx context.Context, r *replica) (*end, error) {
	got, err := s.engine.ContainerInspect(ctx, r.id, client.ContainerInspectOptions{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.name, err)
	}
	c := got.Container
	if c.State == nil || !c.State.Running || c.State.Pid == 0 || c.NetworkSettings == nil || c.NetworkSettings.Networks[s.network] == nil {
		return &end{}, nil
	}
	e := &end{life: c.State.StartedAt, address: c.NetworkSettings.Networks[s.network].IPAddress}
	if e.space, err = openSpace(c.State.Pid, r.id); err == nil {
		e.first, err = e.space.Resent()
	}
	if err == nil && !e.address.IsValid() {
		err = fmt.Errorf("it has no address on the network %s", s.network)
	}
	if err == nil {
		return e, nil
	}
	e.close()
	if hasEnded(err) {
		return &end{}, nil
	}
	return nil, fmt.Errorf("%s: %w", r.name, err)
}

// hasEnded tells whether err is that a process of which the engine told has
// ended meanwhile.
func hasEnded(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

// openSpace opens the network namespace of a container by its process. The
// engine names that as it sees it: where it runs elsewhere, or sees other
// processes than we do, it is none of the container's here.
func openSpace(pid int, id string) (*netfilter.Namespace, error) {
	space, err := netfilter.Of(pid)
	if err != nil {
		return nil, err
	}
	groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err == nil && !strings.Contains(string(groups), id) {
		err = fmt.Errorf("process %d is none of the container's on this machine: the engine must run beside gauntlet, and see the same processes", pid)
	}
	if err != nil {
		space.Close()
		return nil, err
	}
	return space, nil
}

// reachEnds finds out whether every container's network namespace is reached.
func (s *system) reachEnds(ctx context.Context) error {
	boxes := s.list()
	if s.links != nil {
		boxes = append(boxes[:len(boxes):len(boxes)], s.links.box)
	}
	for _, r := range boxes {
		e, err := s.endOf(ctx, r)
		if err == nil && !e.there() {
			err = fmt.Errorf("%s: it does not run, or gauntlet does not see its process", r.name)
		}
		if err != nil {
			return fmt.Errorf("packets cannot be dropped: %w", err)
		}
		e.close()
	}
	return nil
}
