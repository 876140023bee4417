package manifest

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"

	"gauntlet/harness/chaos"
)

var networkActions = []string{chaos.NetworkDelay, chaos.NetworkLoss, chaos.NetworkDuplicate, chaos.NetworkCorrupt,
	chaos.NetworkBandwidth, chaos.NetworkPartition, chaos.NetworkNetem}

// networkChaos checks and reads what is NetworkChaos's own.
func (r *reader) networkChaos(root *node, object *v1alpha1.NetworkChaos, f *chaos.Fault) {
	s := &object.Spec
	r.oneOf(root, specOf, "action", f.Action, networkActions)
	r.selected(root, s.PodSelector, f)
	n := &chaos.Network{Direction: string(s.Direction), External: s.ExternalTargets}
	r.oneOf(root, specOf, "direction", n.Direction, []string{"to", "from", "both"})
	r.netem(root, s, f, n)
	r.bandwidth(root, s, f, n)
	if f.Action == chaos.NetworkPartition {
		n.Behavior = string(s.PartitionBehavior)
		r.oneOf(root, specOf, "partitionBehavior", n.Behavior, []string{"drop", "reject"})
	} else if text(root, "spec", "partitionBehavior") != "" {
		r.wrong(r.near(root, "spec", "partitionBehavior"), "partitionBehavior is of partition alone", "leave it out, or write action: partition")
	}
	r.target(root, s, f, n)
	for i, host := range s.ExternalTargets {
		if host == "" {
			r.wrong(r.near(root, "spec", "externalTargets", strconv.Itoa(i)), "an external target without a name", "")
		}
	}
	for name, device := range map[string]string{"device": s.Device, "targetDevice": s.TargetDevice} {
		if device != "" {
			f.ClusterOnly = append(f.ClusterOnly, "spec."+name)
		}
	}
	slices.Sort(f.ClusterOnly)
	remote(s.RemoteCluster, f)
	f.Network = n
}

// target reads the other end.
func (r *reader) target(root *node, s *v1alpha1.NetworkChaosSpec, f *chaos.Fault, n *chaos.Network) {
	if s.Target != nil {
		at := []string{"spec", "target"}
		t := &chaos.Target{}
		t.Mode, t.Value = r.mode(root, at, *s.Target)
		t.Selector = r.selector(root, at, s.Target.Selector, t.Mode, f)
		n.Target = t
	}
	if n.Direction != "to" && s.Target == nil && (len(s.ExternalTargets) == 0 || f.Action != chaos.NetworkPartition) {
		r.wrong(r.near(root, "spec", "direction"), fmt.Sprintf("direction %s needs a target: from whom?", n.Direction),
			"add target: {mode: all, selector: {labelSelectors: {app: redis}}}")
	}
}

// netem reads what happens to single packets: the block of the action, and
// for netem every block that there is.
func (r *reader) netem(root *node, s *v1alpha1.NetworkChaosSpec, f *chaos.Fault, n *chaos.Network) {
	blocks := []struct {
		name  string
		there bool
		read  func(at []string)
	}{
		{"delay", s.Delay != nil, func(at []string) { r.delay(root, at, s.Delay, n) }},
		{"loss", s.Loss != nil, func(at []string) {
			n.Loss, n.LossCorrelation = r.some(root, at, "loss", s.Loss.Loss), r.share(root, append(at, "correlation"), s.Loss.Correlation)
		}},
		{"duplicate", s.Duplicate != nil, func(at []string) {
			n.Duplicate, n.DuplicateCorrelation = r.some(root, at, "duplicate", s.Duplicate.Duplicate), r.share(root, append(at, "correlation"), s.Duplicate.Correlation)
		}},
		{"corrupt", s.Corrupt != nil, func(at []string) {
			n.Corrupt, n.CorruptCorrelation = r.some(root, at, "corrupt", s.Corrupt.Corrupt), r.share(root, append(at, "correlation"), s.Corrupt.Correlation)
		}},
		{"rate", s.Rate != nil, func(at []string) { n.Rate = r.rate(root, append(at, "rate"), s.Rate.Rate) }},
	}
	found := false
	for _, b := range blocks {
		asked := b.name == f.Action || f.Action == chaos.NetworkNetem
		switch {
		case b.there && asked:
			found = true
			b.read([]string{"spec", b.name})
		case b.there && f.Action != "":
			r.wrong(r.near(root, "spec", b.name), fmt.Sprintf("action %s does nothing with %s", f.Action, b.name), "leave it out, or write action: netem")
		case !b.there && b.name == f.Action:
			r.wrong(r.near(root, "spec"), fmt.Sprintf("action %s has no block %s", f.Action, b.name), blockHints[b.name])
		}
	}
	if f.Action == chaos.NetworkNetem && !found {
		r.wrong(r.near(root, "spec"), "netem has nothing to do", "add delay, loss, duplicate, corrupt or rate")
	}
}

var blockHints = map[string]string{
	"delay": "add delay: {latency: 100ms}", "loss": `add loss: {loss: "25"}`,
	"duplicate": `add duplicate: {duplicate: "25"}`, "corrupt": `add corrupt: {corrupt: "25"}`,
}

// some reads a percentage that must not be nothing.
func (r *reader) some(root *node, at []string, name, written string) float64 {
	p := r.share(root, append(slices.Clone(at), name), written)
	if place := r.below(root, at, name); p == 0 && !r.noted(place) {
		r.wrong(place, fmt.Sprintf("%s of %q percent does nothing", name, written), "")
	}
	return p
}

func (r *reader) delay(root *node, at []string, d *v1alpha1.DelaySpec, n *chaos.Network) {
	in := func(name string) []string { return append(slices.Clone(at), name) }
	n.Delay, n.Jitter = r.length(root, in("latency"), d.Latency), r.length(root, in("jitter"), d.Jitter)
	n.DelayCorrelation = r.share(root, in("correlation"), d.Correlation)
	if place := r.near(root, in("latency")...); n.Delay == 0 && n.Jitter == 0 && !r.noted(place) {
		r.wrong(place, "a delay of nothing", "write latency: 100ms")
	}
	if d.Reorder != nil {
		at := in("reorder")
		n.Reorder, n.ReorderCorrelation, n.ReorderGap = r.some(root, at, "reorder", d.Reorder.Reorder), r.share(root, append(at, "correlation"), d.Reorder.Correlation), d.Reorder.Gap
	}
}

// bandwidth reads the block of the action bandwidth.
func (r *reader) bandwidth(root *node, s *v1alpha1.NetworkChaosSpec, f *chaos.Fault, n *chaos.Network) {
	b := s.Bandwidth
	switch {
	case b == nil && f.Action == chaos.NetworkBandwidth:
		r.wrong(r.near(root, "spec"), "action bandwidth has no block bandwidth", "add bandwidth: {rate: 1mbps, limit: 20971520, buffer: 10000}")
	case b == nil:
	case f.Action != chaos.NetworkBandwidth:
		r.wrong(r.near(root, "spec", "bandwidth"), fmt.Sprintf("action %s does nothing with bandwidth", f.Action), "leave it out, or write action: bandwidth")
	default:
		n.Rate = r.rate(root, []string{"spec", "bandwidth", "rate"}, b.Rate)
		n.Limit, n.Buffer = int64(b.Limit), int64(b.Buffer)
		for name, v := range map[string]uint32{"limit": b.Limit, "buffer": b.Buffer} {
			if v == 0 {
				r.wrong(r.near(root, "spec", "bandwidth", name), fmt.Sprintf("bandwidth has no %s", name), "it is in bytes, 1 or more")
			}
		}
		if b.Peakrate != nil && *b.Peakrate > 0 {
			f.ClusterOnly = append(f.ClusterOnly, "spec.bandwidth.peakrate")
		}
		if b.Minburst != nil && *b.Minburst > 0 {
			f.ClusterOnly = append(f.ClusterOnly, "spec.bandwidth.minburst")
		}
	}
}
