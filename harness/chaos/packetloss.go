package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"

	"gauntlet/harness/chaos/link"
	"gauntlet/harness/platform"
)

// lossVictims is what a loss does where the kernel drops the packets: the
// streams of each replica chosen, the same that links would be shaped for.
func lossVictims(sys platform.System, f Fault, set Settings, replicas []platform.Replica, rnd *rand.Rand) ([]*victim, error) {
	dropper, ok := sys.(platform.Dropper)
	if !ok {
		return nil, fmt.Errorf("%s %q: the platform drops no packets", f.Title(), f.Name)
	}
	w := where{replicas: replicas, pairs: dropper.Connections()}
	rules, err := w.rules(f, w.drawing(f, rnd))
	if err != nil {
		return nil, err
	}
	var victims []*victim
	for _, r := range replicas {
		if len(rules[r.Name]) > 0 {
			victims = append(victims, lossVictim(sys, dropper, f, set, r, rules[r.Name]))
		}
	}
	return victims, nil
}

// lossVictim drops packets on behalf of one victim, under a name of its own, so
// that each victim's are undone for itself.
func lossVictim(sys platform.System, dropper platform.Dropper, f Fault, set Settings, r platform.Replica, rules []link.Rule) *victim {
	name := f.Name + " on " + r.Name
	streams := make([]platform.Stream, len(rules))
	for i, rule := range rules {
		streams[i] = platform.Stream{Pair: rule.Pair, Direction: rule.Direction}
	}
	return &victim{
		replica: r,
		act:     func(ctx context.Context) error { return dropper.Drop(ctx, name, streams, f.Network.Loss) },
		undo:    func(ctx context.Context) error { return dropper.Undrop(ctx, name) },
		witness: &seepage{sys: sys, dropper: dropper, set: set, victim: r.Name, name: name},
	}
}
