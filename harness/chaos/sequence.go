package chaos

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gauntlet/harness/platform"
)

// undoing is how long the end of a fault may take until the next can begin on
// the same replica.
const undoing = time.Second

// Clash is nil when none of the faults stands in the way of another, whatever
// the seed; else a mistake at the later of two. A replica is limited or stressed
// once at a time; two that hold it down would release it for each other; and a
// scale begins with the replicas of the beginning.
func Clash(faults []Timed, replicas []platform.Replica) error {
	inTime := slices.SortedStableFunc(slices.Values(faults), func(a, b Timed) int { return cmp.Compare(a.At, b.At) })
	for i, later := range inTime {
		for _, earlier := range inTime[:i] {
			if !excludes(earlier.Fault, later.Fault) || later.At >= earlier.free() {
				continue
			}
			shared, err := shared(earlier.Fault, later.Fault, replicas)
			if err != nil {
				return err
			}
			if len(shared) > 0 {
				return later.mistake("", fmt.Sprintf("%s %s begins %v after the baseline and may meet %s, which %s %s may have until %s", later.Title(), later.Name, later.At,
					strings.Join(shared, ", "), earlier.Title(), earlier.Name, earlier.ending()), "let one follow the other, a second apart at least, or name other replicas")
			}
		}
	}
	return nil
}

// excludes tells whether two faults cannot be done to one replica at once.
func excludes(a, b Fault) bool {
	if a.Kind != b.Kind || a.Action != b.Action {
		return false
	}
	return a.Kind == Limit || a.Kind == StressChaos || a.Kind == Scale || a.Action == PodFailure
}

// free is when t is undone; never, for what is not undone.
func (t Timed) free() time.Duration {
	if t.Kind == Scale && t.Duration == 0 {
		return math.MaxInt64
	}
	return t.At + t.Duration + undoing
}

func (t Timed) ending() string {
	if t.free() == math.MaxInt64 {
		return "the end of the run"
	}
	return (t.At + t.Duration).String()
}

// shared is the replicas that both may draw; of two scales, those of the
// service.
func shared(a, b Fault, replicas []platform.Replica) ([]string, error) {
	if a.Kind == Scale {
		if a.Change.Service != b.Change.Service {
			return nil, nil
		}
		return []string{"the replicas of " + a.Change.Service}, nil
	}
	_, ofA, err := most(a, replicas)
	if err != nil {
		return nil, err
	}
	_, ofB, err := most(b, replicas)
	return slices.DeleteFunc(ofA, func(name string) bool { return !slices.Contains(ofB, name) }), err
}

// Newcomers names the replicas that a scale before f adds, that f would match,
// and that it does not touch: targets are chosen among the replicas that the
// system starts with.
func Newcomers(f Timed, faults []Timed, replicas []platform.Replica) []string {
	if f.Kind == Scale {
		return nil
	}
	var names []string
	for _, s := range faults {
		if s.Kind != Scale || s.At > f.At || s.free() <= f.At {
			continue
		}
		of, err := ofService(s.Fault, replicas)
		if err != nil {
			continue // Aim says so
		}
		for n := len(of) + 1; n <= s.Change.To; n++ {
			added := of[0]
			added.Name = fmt.Sprintf("%s-%d", s.Change.Service, n)
			if f.matches(added) {
				names = append(names, added.Name)
			}
		}
	}
	return names
}

// matches tells whether f's selector or that of its target matches r.
func (f Fault) matches(r platform.Replica) bool {
	choices := []choice{f.choice()}
	if f.Network != nil && f.Network.Target != nil {
		choices = append(choices, f.Network.Target.choice())
	}
	return slices.ContainsFunc(choices, func(c choice) bool {
		match, err := c.matching(f, []platform.Replica{r})
		return err == nil && len(match) > 0
	})
}
