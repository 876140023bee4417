package chaos

import (
	"context"
	"errors"
	"fmt"

	"gauntlet/harness/platform"
)

// podChaos is what PodChaos does to r, and the witness of r's death.
//
// pod-kill and container-kill are the same to a platform whose replicas are a
// single container each: the process dies and is started again at once.
// pod-failure keeps it down until it is undone.
func podChaos(sys platform.System, f Fault, set Settings, r platform.Replica) (*victim, error) {
	if r.State != platform.Running {
		return nil, fmt.Errorf("it is %s, and only what runs can be killed", r.State)
	}
	if r.Address == "" {
		return nil, errors.New("it has no port: without a connection that is refused nothing proves its death")
	}
	v := &victim{replica: r, witness: newDeath(sys, set, r, f.OneShot())}
	switch f.Action {
	case PodKill, ContainerKill:
		killer, ok := sys.(platform.Killer)
		if !ok {
			return nil, errors.New("the platform cannot kill a replica")
		}
		v.act = func(ctx context.Context) error { return killer.Kill(ctx, r.Name, f.GracePeriod) }
	case PodFailure:
		holder, ok := sys.(platform.Holder)
		if !ok {
			return nil, errors.New("the platform cannot hold a replica down")
		}
		v.act = func(ctx context.Context) error { return holder.Hold(ctx, r.Name) }
		v.undo = func(ctx context.Context) error { return holder.Release(ctx, r.Name) }
	default:
		return nil, fmt.Errorf("not supported in this version: action %q", f.Action)
	}
	return v, nil
}
