package chaos

import (
	"fmt"
	"slices"
	"strings"

	"gauntlet/harness/diagnostic"
)

// The platforms that a system can run on.
const (
	Local      = "local"
	Docker     = "docker"
	Kubernetes = "kubernetes"
	External   = "external"
)

// Platforms is every platform, in the order of the table.
var Platforms = []string{Local, Docker, Kubernetes, External}

// Level is how well a platform can do a fault.
type Level string

// The levels, best first.
const (
	Faithful    Level = "faithful"    // as Chaos Mesh would do it
	Approximate Level = "approximate" // close to it; the reason says where it differs
	Refused     Level = "refused"     // not at all; the reason says why
)

// Capability is what a platform can make of a fault.
type Capability struct {
	Level  Level
	Reason string   // why it is no better; "" when faithful
	Field  string   // path of the field that the reason is about; "" for the object
	How    string   // what the platform does in place of a cluster; "" when refused
	By     string   // who does it, where it could also be somebody else; "" where it could not
	Notes  []string // fields that are read here in a way a reader should know
}

// String is the level, with who does it and the reason when there are any, as
// the report shows it.
func (c Capability) String() string {
	text := string(c.Level)
	if c.By != "" {
		text += ", by " + c.By
	}
	if c.Reason != "" {
		text += ": " + c.Reason
	}
	return text
}

// CapabilityOf is what the platform can make of f as a whole, on a machine with
// such a kernel: the worst of what it can make of its parts, so refused as soon
// as one field is.
func CapabilityOf(platform string, kernel Kernel, f Fault) Capability {
	c := ofKind(platform, kernel, f)
	if refused := refusedFields(platform, f); c.Level != Refused && len(refused) > 0 {
		return refused[0]
	}
	if c.Level != Refused {
		c.Notes = notes(platform, f)
	}
	return c
}

// Refuse is nil when the platform can do f, else every reason why not, each at
// its field, with the platforms that can.
func Refuse(platform string, f Fault) error {
	var all diagnostic.List
	reasons := refusedFields(platform, f)
	if c := ofKind(platform, Kernel{}, f); c.Level == Refused {
		reasons = append([]Capability{c}, reasons...)
	}
	for _, c := range reasons {
		all = append(all, f.mistake(c.Field, fmt.Sprintf("%s is refused on %s: %s", f.Title(), platform, c.Reason), able(f)))
	}
	return all.Err()
}

// able says which platforms can do f.
func able(f Fault) string {
	var can []string
	for _, p := range Platforms {
		if CapabilityOf(p, Kernel{}, f).Level != Refused {
			can = append(can, p)
		}
	}
	if len(can) == 0 {
		return "no platform of this version can do it"
	}
	return "it can be done on " + strings.Join(can, ", ")
}

// ofKind looks the kind and action of f up in the table.
func ofKind(platform string, kernel Kernel, f Fault) Capability {
	if !slices.Contains(Platforms, platform) {
		return Capability{Level: Refused, Reason: fmt.Sprintf("there is no platform %q; %s", platform, diagnostic.DidYouMean(platform, Platforms))}
	}
	for _, r := range table {
		if r.kind != f.Kind || r.action != f.Action && r.action != "" {
			continue
		}
		if platform == Docker && f.AsksKernel() {
			return kernel.orProxy(f, r.on[platform])
		}
		return r.on[platform]
	}
	return Capability{Level: Refused, Reason: "it is not known here"}
}

// refusedFields is a refusal for each field of f that cannot mean anything on
// the platform. A field is never ignored in silence: the user would believe it
// was done.
func refusedFields(platform string, f Fault) []Capability {
	if platform == Kubernetes {
		return nil
	}
	var all []Capability
	for _, path := range f.ClusterOnly {
		all = append(all, Capability{Level: Refused, Field: path, Reason: path + " means something in a cluster only"})
	}
	if f.Network != nil {
		all = append(all, f.Network.refused()...)
	}
	if f.Stress != nil {
		all = append(all, f.Stress.refused()...)
	}
	if f.linked() {
		rule := f.rule()
		if err := rule.Check(); err != nil { // found out before the load, not at the injection
			all = append(all, Capability{Level: Refused, Field: "spec", Reason: strings.ReplaceAll(err.Error(), "\n", "; ")})
		}
	}
	if f.endless() {
		all = append(all, Capability{Level: Refused, Field: "spec.duration", Reason: "it has no duration, and the faults of an experiment must end"})
	}
	for _, phase := range f.Selector.Phases {
		if phase != "Running" {
			all = append(all, Capability{Level: Refused, Field: "spec.selector.podPhaseSelectors",
				Reason: fmt.Sprintf("a replica has no phase %q here: it is Running or down", phase)})
		}
	}
	return all
}

// endless tells whether f is held and nothing ends it.
func (f Fault) endless() bool {
	return f.Duration == 0 && (f.Network != nil || f.HTTP != nil || f.Stress != nil)
}

// refused are the fields that only packets can have: a stream of bytes has
// none.
func (n *Network) refused() []Capability {
	var all []Capability
	for _, f := range []struct {
		path  string
		share float64
	}{{"spec.duplicate", n.Duplicate}, {"spec.corrupt", n.Corrupt}, {"spec.delay.reorder", n.Reorder}} {
		if f.share > 0 {
			all = append(all, Capability{Level: Refused, Field: f.path, Reason: hiddenByTCP})
		}
	}
	return all
}

// notes tells of the fields that mean less here than a reader might think.
func notes(platform string, f Fault) []string {
	all := slices.Clone(f.Notes)
	if f.OneShot() && f.Duration > 0 {
		all = append(all, fmt.Sprintf("duration %s has no effect: %s is done in an instant, here as upstream", f.Duration, f.Action))
	}
	if platform != Kubernetes && len(f.Selector.Namespaces) > 0 && len(f.Selector.Pods) == 0 {
		all = append(all, fmt.Sprintf("namespaces %s match every replica: on %s the whole system is one namespace", strings.Join(f.Selector.Namespaces, ", "), platform))
	}
	if f.linked() {
		all = append(all, "it touches what the Compose file declares (service:port in the environment of a service), what the load generator sends to the target, and no other connection; the replicas are those that the system starts with")
	}
	if platform == Docker && f.Network != nil && f.Network.Behavior == BehaviorReject {
		all = append(all, "what the load generator sends is not refused: Docker's own proxy before the published port accepts it, and hangs up")
	}
	if f.Stress != nil && f.Stress.MemoryBytes > 0 {
		all = append(all, "beside the memory asked for the burner takes about 9 MiB for itself; the pages of its program, which it shares with gauntlet, are not counted")
	}
	if len(f.Selector.Pods) > 0 {
		all = append(all, "selector.pods overrides every other selector; its names are those of replicas")
	}
	return all
}
