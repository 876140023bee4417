package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"gauntlet/harness/chaos/link"
	"gauntlet/harness/platform"
)

// linkVictims is what a NetworkChaos or HTTPChaos does: rules for the links of
// each replica chosen, and the witness of each.
func linkVictims(sys platform.System, f Fault, set Settings, replicas []platform.Replica, rnd *rand.Rand) ([]*victim, error) {
	linker, ok := sys.(platform.Linker)
	if !ok {
		return nil, fmt.Errorf("%s %q: the platform has no links", f.Title(), f.Name)
	}
	open := linker.Links()
	w := where{replicas: replicas}
	for _, l := range open {
		w.pairs = append(w.pairs, l.Pair)
	}
	rules, err := w.rules(f, w.drawing(f, rnd))
	if err != nil {
		return nil, err
	}
	var victims []*victim
	for _, r := range w.candidates(f.choice()) {
		if len(rules[r.Name]) == 0 {
			continue
		}
		views, err := linkViews(rules[r.Name], open, replicas)
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", f.Title(), f.Name, err)
		}
		victims = append(victims, linkVictim(linker.Shaper(), f, set, r, rules[r.Name], views))
	}
	return victims, nil
}

// linkVictim does the rules of one victim. They have a name of their own, so
// that each victim's are undone for itself.
func linkVictim(shaper link.Control, f Fault, set Settings, r platform.Replica, rules []link.Rule, views []*linkView) *victim {
	name := f.Name + " on " + r.Name
	for _, v := range views {
		v.fault = name
	}
	w := newLinkWitness(set, r.Name, shaper, views)
	return &victim{replica: r, witness: w, check: w.check,
		act: func(ctx context.Context) error {
			_, err := shaper.Apply(ctx, name, rules)
			return err
		},
		undo: func(ctx context.Context) error {
			_, err := shaper.Clear(ctx, name)
			return err
		},
	}
}

// linkViews is the links that the rules are for, each with a way to ask over
// it.
func linkViews(rules []link.Rule, open []platform.Link, replicas []platform.Replica) ([]*linkView, error) {
	var views []*linkView
	for _, r := range rules {
		if i := slices.IndexFunc(views, func(v *linkView) bool { return v.pair == r.Pair }); i >= 0 {
			views[i].rules = append(views[i].rules, r)
			continue
		}
		at := slices.IndexFunc(open, func(l platform.Link) bool { return l.Pair == r.Pair })
		to := slices.IndexFunc(replicas, func(o platform.Replica) bool { return o.Name == r.Destination })
		if at < 0 || to < 0 {
			return nil, fmt.Errorf("there is no link from %s to %s", r.Source, r.Destination)
		}
		views = append(views, &linkView{pair: r.Pair, rules: []link.Rule{r}, exchange: newExchange(replicas[to], r.Port, open[at].Address)})
	}
	for _, v := range views {
		v.late = v.expected()
	}
	return views, nil
}

// expected is by how much a round trip of the witness is longer under the
// rules.
func (l *linkView) expected() (sum time.Duration) {
	for _, r := range l.rules {
		sum += r.Delay
		if r.Delay == 0 {
			sum += r.Jitter / 4 // half of the draws are 0, the others half the jitter
		}
		if r.HTTP != nil && meets(*r.HTTP, l.ready.HTTP) {
			sum += r.HTTP.Delay
		}
	}
	return sum
}

// check is what keeps the links of the victim from being as they were.
func (w *linkWitness) check(context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.links {
		if !l.seen.isBack {
			return fmt.Errorf("does not reach %s as before the fault", l.pair.Destination)
		}
	}
	return nil
}
