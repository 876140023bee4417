package chaos

import (
	"context"

	"gauntlet/harness/platform"
)

// freed waits until nothing weighs on the replica any more, as light says from
// the replica's side, and it is ready. It is for faults that a replica lives
// through: it began to be free when it was first seen so, whether or not it
// could answer then.
func freed(ctx context.Context, sys platform.System, set Settings, name string, light func() bool) (began, ready int64, ok bool) {
	for {
		if light() {
			if began == 0 {
				began = set.Clock.Now()
			}
			if isReady(ctx, sys, set, name) {
				return began, set.Clock.Now(), true
			}
		}
		if !rest(ctx, lookEvery, nil, nil) {
			return 0, 0, false
		}
	}
}

func isReady(ctx context.Context, sys platform.System, set Settings, name string) bool {
	r, err := listedAs(ctx, sys, name)
	if err != nil || r == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return set.Probe(ctx, *r) == nil
}
