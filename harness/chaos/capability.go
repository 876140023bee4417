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
	Notes  []string // fields that are read here in a way a reader should know
}

// String is the level, with the reason when there is one, as the report shows
// it.
func (c Capability) String() string {
	if c.Reason == "" {
		return string(c.Level)
	}
	return string(c.Level) + ": " + c.Reason
}

// notYet is the reason of the platforms that this version does not run.
const notYet = "not supported in this version, which runs systems on local, docker and external"

// notOurs is the reason of external.
const notOurs = "an external system is not started by gauntlet, which therefore has no hold on its replicas"

// row is a line of the capability table.
type row struct {
	kind, action string
	on           map[string]Capability
}

// table is the one source of what can be done where. What is not in it is
// refused.
var table = []row{
	podChaosRow(PodKill, "SIGKILL (with gracePeriod SIGTERM first); the supervisor starts the replacement at once, as a Deployment would",
		"kill (with gracePeriod SIGTERM first), explicit start at once: the same container, its volumes and address kept"),
	podChaosRow(ContainerKill, "SIGKILL of the replica's process, its one container; the supervisor restarts it in place",
		"kill of the replica's container, explicit start at once"),
	podChaosRow(PodFailure, "SIGKILL, held down for the duration, started at its end",
		"kill, held down for the duration, explicit start at its end"),
	ownRow(Restart, "SIGTERM, SIGKILL after the service's grace; the supervisor starts the replacement at once; the next replica when it is ready",
		"SIGTERM, SIGKILL after the service's grace; explicit start at once; the next replica when it is ready"),
	ownRow(Scale, "processes like the others, at ports of their own; those that leave get SIGTERM and their grace",
		"containers like the others, on ports of their own; those that leave get SIGTERM and their grace"),
}

// ownRow is the row of a kind that is no Chaos Mesh object.
func ownRow(kind, local, docker string) row {
	r := podChaosRow("", local, docker)
	r.kind = kind
	return r
}

func podChaosRow(action, local, docker string) row {
	return row{kind: PodChaos, action: action, on: map[string]Capability{
		Local:      {Level: Faithful, How: local},
		Docker:     {Level: Faithful, How: docker},
		Kubernetes: {Level: Refused, Reason: notYet},
		External:   {Level: Refused, Reason: notOurs},
	}}
}

// CapabilityOf is what the platform can make of f as a whole: the worst of
// what it can make of its parts, so refused as soon as one field is.
func CapabilityOf(platform string, f Fault) Capability {
	c := ofKind(platform, f)
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
	if c := ofKind(platform, f); c.Level == Refused {
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
		if CapabilityOf(p, f).Level != Refused {
			can = append(can, p)
		}
	}
	if len(can) == 0 {
		return "no platform of this version can do it"
	}
	return "it can be done on " + strings.Join(can, ", ")
}

// ofKind looks the kind and action of f up in the table.
func ofKind(platform string, f Fault) Capability {
	if !slices.Contains(Platforms, platform) {
		return Capability{Level: Refused, Reason: fmt.Sprintf("there is no platform %q; %s", platform, diagnostic.DidYouMean(platform, Platforms))}
	}
	for _, r := range table {
		if r.kind == f.Kind && r.action == f.Action {
			return r.on[platform]
		}
	}
	return Capability{Level: Refused, Reason: fmt.Sprintf("not supported in this version on %s: of Chaos Mesh's kinds only PodChaos is", platform)}
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
	for _, phase := range f.Selector.Phases {
		if phase != "Running" {
			all = append(all, Capability{Level: Refused, Field: "spec.selector.podPhaseSelectors",
				Reason: fmt.Sprintf("a replica has no phase %q here: it is Running or down", phase)})
		}
	}
	return all
}

// notes tells of the fields that mean less here than a reader might think.
func notes(platform string, f Fault) []string {
	var all []string
	if f.OneShot() && f.Duration > 0 {
		all = append(all, fmt.Sprintf("duration %s has no effect: %s is done in an instant, here as upstream", f.Duration, f.Action))
	}
	if platform != Kubernetes && len(f.Selector.Namespaces) > 0 && len(f.Selector.Pods) == 0 {
		all = append(all, fmt.Sprintf("namespaces %s match every replica: on %s the whole system is one namespace", strings.Join(f.Selector.Namespaces, ", "), platform))
	}
	if len(f.Selector.Pods) > 0 {
		all = append(all, "selector.pods overrides every other selector; its names are those of replicas")
	}
	return all
}
