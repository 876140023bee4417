package chaos

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"gauntlet/harness/platform"
)

// chance is the source of all chance of a fault: two faults of one experiment
// draw independently.
func chance(seed uint64, f Fault) *rand.Rand {
	return rand.New(rand.NewPCG(seed, xxhash.Sum64String(f.Name)))
}

// Aim names the replicas that f touches with the seed, as Prepare chooses them:
// those that it is done to, of a scale those that come or go. The error is one
// of the selector, at its place.
func Aim(f Fault, replicas []platform.Replica, seed uint64) ([]string, error) {
	if f.linked() {
		replicas = where{replicas: replicas}.candidates(f.choice())
	}
	if f.Kind != Scale {
		return Select(f, replicas, chance(seed, f))
	}
	have, err := ofService(f, replicas)
	if err != nil {
		return nil, err
	}
	var names []string
	for n := min(f.Change.To, len(have)); n < max(f.Change.To, len(have)); n++ {
		names = append(names, fmt.Sprintf("%s-%d", f.Change.Service, n+1))
	}
	return names, nil
}

// most is how many replicas f may touch at one time, whatever the seed, and
// which ones these may be. A restart takes one after the other; a replica that
// comes is none that is touched.
func most(f Fault, replicas []platform.Replica) (n int, of []string, err error) {
	highest, all := f, f
	if all.Mode = ModeAll; f.Mode == ModeRandomMaxPercent {
		highest.Mode = ModeFixedPercent
	}
	drawn, err := Aim(highest, replicas, 0)
	if err != nil {
		return 0, nil, err
	}
	if of, err = Aim(all, replicas, 0); err != nil {
		return 0, nil, err
	}
	isNone := func(name string) bool { // the load generator, and those that a scale adds
		return !slices.ContainsFunc(replicas, func(r platform.Replica) bool { return r.Name == name })
	}
	n, of = len(slices.DeleteFunc(drawn, isNone)), slices.DeleteFunc(of, isNone)
	if f.takesTurns() {
		n = min(n, 1)
	}
	return n, of, nil
}

// Most is how many replicas f may touch at one time, whatever the seed.
func Most(f Fault, replicas []platform.Replica) (int, error) {
	n, _, err := most(f, replicas)
	return n, err
}

// Reach is the most replicas that faults may touch at one time, whatever the
// seed: their blast radius.
type Reach struct {
	Replicas int
	At       time.Duration // the first instant at which it is so many, from the end of the baseline
	Faults   []Timed       // those that are active then
}

// Blast is the reach of faults on the replicas. A one-shot fault counts for as
// long as it may take when each victim may take returns to be ready again, and
// those that leave with a scale without a duration to the end. Replicas that two faults may both draw count twice, since
// with another seed they are two, as far as there are so many to draw.
func Blast(faults []Timed, replicas []platform.Replica, returns time.Duration) (Reach, error) {
	touched, of, ends := make([]int, len(faults)), make([][]string, len(faults)), make([]time.Duration, len(faults))
	for i, f := range faults {
		var err error
		if touched[i], of[i], err = most(f.Fault, replicas); err != nil {
			return Reach{}, err
		}
		ends[i] = f.end(replicas, returns)
	}
	var widest Reach
	for _, f := range faults { // it grows only where a fault begins
		r := Reach{At: f.At}
		within := map[string]bool{}
		for i, o := range faults {
			if o.At <= f.At && f.At < ends[i] && touched[i] > 0 {
				r.Replicas += touched[i]
				r.Faults = append(r.Faults, o)
				for _, name := range of[i] {
					within[name] = true
				}
			}
		}
		r.Replicas = min(r.Replicas, len(within))
		if r.Replicas > widest.Replicas {
			widest = r
		}
	}
	widest.Faults = slices.Clip(widest.Faults)
	return widest, nil
}

// end is when t no longer counts as active.
func (t Timed) end(replicas []platform.Replica, returns time.Duration) time.Duration {
	switch {
	case t.Kind == Scale && t.Duration == 0:
		return math.MaxInt64 // who left stays away
	case t.OneShot():
		return t.At + t.Within(replicas, returns)
	}
	return t.At + max(t.Duration, time.Nanosecond)
}

// Limit is nil when the faults touch at most so many replicas at one time, else
// a mistake at the fault that is one too many.
func (r Reach) Limit(replicas int) error {
	if r.Replicas <= replicas {
		return nil
	}
	last := r.Faults[len(r.Faults)-1]
	for _, f := range r.Faults {
		if f.At >= last.At {
			last = f
		}
	}
	names := make([]string, len(r.Faults))
	for i, f := range r.Faults {
		names[i] = f.Title() + " " + f.Name
	}
	return last.mistake("", fmt.Sprintf("%d replicas may be touched at once, %v after the baseline (%s), and limits.replicas is %d", r.Replicas, r.At, strings.Join(names, ", "), replicas),
		"raise limits.replicas, or let the faults follow each other")
}
