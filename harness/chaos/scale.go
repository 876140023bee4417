package chaos

import (
	"context"
	"fmt"
	"slices"

	"gauntlet/harness/platform"
)

// scaleVictims is the replicas that come or go when f's service gets another
// number of them: those after the last, or the last ones. Each has the whole
// scaling as its deed, which the platform does once.
func scaleVictims(sys platform.System, f Fault, set Settings, replicas []platform.Replica) ([]*victim, error) {
	scaler, ok := sys.(platform.Scaler)
	if !ok {
		return nil, f.cannot("the platform cannot change the number of replicas")
	}
	service := f.Change.Service
	have, err := ofService(f, replicas)
	if err != nil {
		return nil, err
	}
	to, from := f.Change.To, len(have)
	if to == from {
		return nil, f.mistake("to", fmt.Sprintf("%s has %d replicas as it is: nothing would change", service, from), "for a while is said with duration")
	}
	if have[0].Address == "" {
		return nil, f.cannot("its replicas have no port: without a connection nothing proves that one is there, or gone")
	}
	var victims []*victim
	for n := min(to, from); n < max(to, from); n++ {
		v := &victim{act: func(ctx context.Context) error { return scaler.Scale(ctx, service, to) }}
		if f.Duration > 0 {
			v.undo = func(ctx context.Context) error { return scaler.Scale(ctx, service, from) }
		}
		if to > from {
			v.replica = platform.Replica{Name: fmt.Sprintf("%s-%d", service, n+1), Service: service, State: platform.Down}
			v.leaves = f.Duration > 0
			v.witness = newArrival(sys, set, v.replica.Name, f.Duration > 0)
		} else {
			v.replica = have[n]
			v.leaves = f.Duration == 0
			v.witness = newDeparture(sys, set, have[n], f.Duration == 0)
		}
		victims = append(victims, v)
	}
	return victims, nil
}

// cannot is why an action is not possible, whatever the file says.
func (f Fault) cannot(why string) error {
	return fmt.Errorf("%s %q of %s: %s", f.Kind, f.Name, f.Change.Service, why)
}

// departure is the witness of a replica that leaves: of its death, and, unless
// it leaves for good, of its return.
type departure struct {
	*death
	forGood bool
}

func newDeparture(sys platform.System, set Settings, r platform.Replica, forGood bool) *departure {
	d := &departure{death: newDeath(sys, set, r, false), forGood: forGood}
	d.mayBeUnlisted = true
	return d
}

// back of a replica that leaves for good is its end.
func (d *departure) back(ctx context.Context) (began, ready int64, ok bool) {
	if !d.forGood {
		return d.death.back(ctx)
	}
	for {
		d.mu.Lock()
		gone, refused := d.gone, d.refused
		d.mu.Unlock()
		if gone != 0 && refused != 0 {
			return gone, max(gone, refused), true
		}
		if !rest(ctx, lookEvery, nil, nil) {
			return 0, 0, false
		}
	}
}

func (d *departure) proof() (proven bool, at int64, detail string) {
	if proven, at, detail = d.death.proof(); proven && d.forGood {
		d.mu.Lock()
		defer d.mu.Unlock()
		detail = fmt.Sprintf("%s left at %s, first refused connection %s", d.victim.Name, seconds(d.gone), seconds(d.refused))
	}
	return proven, at, detail
}

// listedAs is the replica of that name, nil when it is not listed.
func listedAs(ctx context.Context, sys platform.System, name string) (*platform.Replica, error) {
	replicas, err := sys.Replicas(ctx)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(replicas, func(r platform.Replica) bool { return r.Name == name }); i >= 0 {
		return &replicas[i], nil
	}
	return nil, nil
}
