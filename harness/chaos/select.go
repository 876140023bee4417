package chaos

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"gauntlet/harness/diagnostic"
	"gauntlet/harness/platform"
)

// Select draws the targets of f among the replicas and names them in the order
// given. All chance comes from rnd. When no replica matches, the error says
// which labels there are (upstream goes on in silence); only
// random-max-percent may draw no target although replicas match.
func Select(f Fault, replicas []platform.Replica, rnd *rand.Rand) ([]string, error) {
	c := f.choice()
	match, err := c.matching(f, replicas)
	if err != nil {
		return nil, err
	}
	if len(f.ContainerNames) > 0 {
		if err := haveContainers(f, match); err != nil {
			return nil, err
		}
	}
	return c.draw(f, match, rnd)
}

// choice is a mode with its selector, and where in the object it stands.
type choice struct {
	path  string // "spec" or "spec.target"
	mode  Mode
	value int
	Selector
}

// choice is that of the replicas that f is done to.
func (f Fault) choice() choice { return choice{"spec", f.Mode, f.Value, f.Selector} }

// choice is that of the other end.
func (t Target) choice() choice { return choice{"spec.target", t.Mode, t.Value, t.Selector} }

// draw takes as many of those that match as the mode says, by name, in their
// order.
func (c choice) draw(f Fault, match []platform.Replica, rnd *rand.Rand) ([]string, error) {
	n, err := count(c.mode, c.value, len(match), rnd)
	if err != nil {
		return nil, f.mistake(c.path+".mode", err.Error(), "")
	}
	drawn := rnd.Perm(len(match))[:n]
	slices.Sort(drawn)
	names := make([]string, n)
	for i, k := range drawn {
		names[i] = match[k].Name
	}
	return names, nil
}

// matching is the replicas that the selector matches, at least one.
func (c choice) matching(f Fault, replicas []platform.Replica) ([]platform.Replica, error) {
	if f.Change != nil {
		var err error
		if replicas, err = ofService(f, replicas); err != nil || len(c.Pods) == 0 {
			return replicas, err
		}
	}
	if len(c.Pods) > 0 {
		return c.named(f, replicas)
	}
	var match []platform.Replica
	for _, r := range replicas {
		if c.matches(r) {
			match = append(match, r)
		}
	}
	if len(match) == 0 {
		return nil, c.noMatch(f, replicas)
	}
	return match, nil
}

// ofService is the replicas of the service that an action names.
func ofService(f Fault, replicas []platform.Replica) ([]platform.Replica, error) {
	var match []platform.Replica
	var services []string
	for _, r := range replicas {
		if r.Service == f.Change.Service {
			match = append(match, r)
		}
		if !slices.Contains(services, r.Service) {
			services = append(services, r.Service)
		}
	}
	if len(match) == 0 {
		return nil, f.mistake("service", fmt.Sprintf("there is no service %q that runs", f.Change.Service), diagnostic.DidYouMean(f.Change.Service, services))
	}
	return match, nil
}

// matches tells whether every selector but Pods matches r.
func (s Selector) matches(r platform.Replica) bool {
	for k, v := range s.Labels {
		if have, ok := r.Labels[k]; !ok || have != v {
			return false
		}
	}
	for _, q := range s.Expressions {
		if !q.met(r.Labels) {
			return false
		}
	}
	return len(s.Phases) == 0 || slices.Contains(s.Phases, "Running") && r.State == platform.Running
}

// met is the set-based requirement as Kubernetes defines it: NotIn is met by a
// replica without the label, too.
func (q Requirement) met(labels map[string]string) bool {
	have, ok := labels[q.Key]
	switch q.Operator {
	case "In":
		return ok && slices.Contains(q.Values, have)
	case "NotIn":
		return !ok || !slices.Contains(q.Values, have)
	case "Exists":
		return ok
	case "DoesNotExist":
		return !ok
	}
	return false
}

// named is the replicas that selector.pods names, in the order of replicas. A
// name that is not there is an error, where upstream only logs it.
func (c choice) named(f Fault, replicas []platform.Replica) ([]platform.Replica, error) {
	var known []string
	for _, r := range replicas {
		known = append(known, r.Name)
	}
	wanted := map[string]bool{}
	for _, ns := range slices.Sorted(maps.Keys(c.Pods)) {
		for i, name := range c.Pods[ns] {
			if !slices.Contains(known, name) {
				return nil, f.mistake(fmt.Sprintf("%s.selector.pods.%s[%d]", c.path, ns, i),
					fmt.Sprintf("there is no replica %q", name), diagnostic.DidYouMean(name, known))
			}
			wanted[name] = true
		}
	}
	var match []platform.Replica
	for _, r := range replicas {
		if wanted[r.Name] {
			match = append(match, r)
		}
	}
	if len(match) == 0 {
		return nil, f.mistake(c.path+".selector.pods", "selector.pods names no replica", "the replicas are "+strings.Join(known, ", "))
	}
	return match, nil
}

// noMatch says why no replica matches: the label that none has, or that none
// has all of them.
func (c choice) noMatch(f Fault, replicas []platform.Replica) error {
	values := map[string]map[string]bool{}
	for _, r := range replicas {
		for k, v := range r.Labels {
			if values[k] == nil {
				values[k] = map[string]bool{}
			}
			values[k][v] = true
		}
	}
	var there []string
	for _, k := range slices.Sorted(maps.Keys(values)) {
		for _, v := range slices.Sorted(maps.Keys(values[k])) {
			there = append(there, k+"="+v)
		}
	}
	hint := "the labels here are " + strings.Join(there, ", ")
	if len(there) == 0 {
		hint = "no replica has a label"
	}
	for _, k := range slices.Sorted(maps.Keys(c.Labels)) {
		if v := c.Labels[k]; !values[k][v] {
			return f.mistake(c.path+".selector.labelSelectors."+k, fmt.Sprintf("no replica has the label %s=%s", k, v), hint)
		}
	}
	return f.mistake(c.path+".selector", "no replica matches the whole selector", hint)
}

// haveContainers checks containerNames: a replica here is one container, named
// like its service, as the Deployment made from the Compose file would name
// it. Every replica that matches must have one that is named, and every name
// must be of one that matches, else a part of the object would do nothing.
func haveContainers(f Fault, match []platform.Replica) error {
	const rule = "here a replica is one container, named like its service"
	services := map[string]bool{}
	for _, r := range match {
		services[r.Service] = true
		if !slices.Contains(f.ContainerNames, r.Service) {
			return f.mistake("spec.containerNames", fmt.Sprintf("%s matches the selector and has no container named %s", r.Name, strings.Join(f.ContainerNames, " or ")),
				rule+": "+r.Service)
		}
	}
	for i, name := range f.ContainerNames {
		if !services[name] {
			return f.mistake(fmt.Sprintf("spec.containerNames[%d]", i), fmt.Sprintf("no replica that matches has a container %q", name),
				rule+": "+strings.Join(slices.Sorted(maps.Keys(services)), ", "))
		}
	}
	return nil
}

// count is how many of n ≥ 1 matching replicas the mode makes targets, as
// upstream's FilterObjectsByMode has it: fixed takes at most all of them,
// percentages round up, random-max-percent draws the percentage from
// [0, value] and so may take none.
func count(mode Mode, value, n int, rnd *rand.Rand) (int, error) {
	percent := func(p int) int { return (n*p + 99) / 100 }
	switch {
	case mode == ModeOne:
		return 1, nil
	case mode == ModeAll:
		return n, nil
	case mode == ModeFixed && value >= 1:
		return min(value, n), nil
	case mode == ModeFixedPercent && value >= 1 && value <= 100:
		return percent(value), nil
	case mode == ModeRandomMaxPercent && value >= 1 && value <= 100:
		return percent(rnd.IntN(value + 1)), nil
	}
	return 0, fmt.Errorf("mode %q with value %d selects nothing", mode, value)
}
