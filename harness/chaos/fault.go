// Package chaos does what a Chaos Mesh object says, on a platform that is not
// a cluster: it chooses the targets, injects, heals, and proves from the
// victim's side that it worked. Reading the objects is the part of package
// manifest, the only one that imports the Kubernetes types.
//
// A kind of fault is one file (podchaos.go): what it does to one replica, and
// the witness that tells whether it was done. Everything that kinds have in
// common (targets, instants, several replicas at once, undoing the half of a
// failed injection) is in prepare.go, inject.go, heal.go and
// proof.go.
package chaos

import (
	"fmt"
	"time"

	"gauntlet/harness/diagnostic"
)

// Fault is a Chaos Mesh object as checked and as far as it is understood.
type Fault struct {
	Name   string // metadata.name
	Kind   string // "PodChaos"
	Action string // "pod-kill"; "" for kinds that have none

	// Duration is how long it lasts, counted from the injection (upstream counts
	// from the creation of the object); 0 when the object names none.
	Duration time.Duration

	Mode     Mode
	Value    int // of ModeFixed: replicas, ≥ 1; of the percent modes: percent, 1 … 100; else 0
	Selector Selector

	GracePeriod    time.Duration // pod-kill: from SIGTERM to SIGKILL; 0: SIGKILL at once
	ContainerNames []string      // container-kill: at least one

	// What the kind asks for; nil for every other kind.
	Network *Network
	HTTP    *HTTP
	Stress  *Stress
	Change  *Change // of the kinds Scale, Limit and Restart

	// Notes tell of fields that are read here in a way a reader should know.
	Notes []string

	// ClusterOnly lists the fields, by path, that the object sets and that mean
	// something in a cluster only. Every other platform refuses them.
	ClusterOnly []string

	// Places says where a field stands, by its path ("spec.selector.pods"); the
	// object itself is "".
	Places map[string]Place
}

// Timed is a fault with its place on the timeline: a Schedule or Workflow is
// several of them.
type Timed struct {
	At time.Duration // from the end of the baseline
	Fault
}

// PodChaos and its actions.
const (
	PodChaos      = "PodChaos"
	PodKill       = "pod-kill"
	PodFailure    = "pod-failure"
	ContainerKill = "container-kill"
)

// Mode says how many of the replicas that match are targets.
type Mode string

// The modes, as upstream has them.
const (
	ModeOne              Mode = "one"
	ModeAll              Mode = "all"
	ModeFixed            Mode = "fixed"
	ModeFixedPercent     Mode = "fixed-percent"
	ModeRandomMaxPercent Mode = "random-max-percent"
)

// Modes is every mode.
var Modes = []Mode{ModeOne, ModeAll, ModeFixed, ModeFixedPercent, ModeRandomMaxPercent}

// Selector says which replicas match. What is left empty matches all.
type Selector struct {
	// Namespaces are those of a cluster. A platform without namespaces is one,
	// whatever it is called: they then match every replica.
	Namespaces  []string
	Labels      map[string]string // of the Compose file's service, all of them to be had
	Expressions []Requirement     // all of them to be met
	// Pods names replicas, by namespace, and overrides everything else. A
	// platform without namespaces reads the names of all of them.
	Pods   map[string][]string
	Phases []string // "Running" matches a replica that runs
}

// Requirement is a set-based condition on a label.
type Requirement struct {
	Key      string
	Operator string // In, NotIn, Exists, DoesNotExist
	Values   []string
}

// Place is where something stands in a file.
type Place struct {
	File         string
	Line, Column int    // from 1
	Text         string // the line
}

// Title is what events and reports call the kind: "PodChaos pod-kill".
func (f Fault) Title() string {
	if f.Action == "" {
		return f.Kind
	}
	return f.Kind + " " + f.Action
}

// OneShot tells whether the fault is an instant: nothing is held, nothing is
// undone, and its heal is the victim's own return.
func (f Fault) OneShot() bool {
	return f.Kind == PodChaos && (f.Action == PodKill || f.Action == ContainerKill) || f.Kind == Restart || f.Kind == Scale && f.Duration == 0
}

// Distinct is nil when every fault has a name of its own, else a
// diagnostic.List: events and reports know a fault by its name alone.
func Distinct(faults []Timed) error {
	var all diagnostic.List
	seen := map[string]bool{}
	for _, f := range faults {
		if seen[f.Name] {
			all = append(all, f.mistake("metadata.name", fmt.Sprintf("two faults are called %q", f.Name), "events and the report call a fault by its name: give each its own"))
		}
		seen[f.Name] = true
	}
	return all.Err()
}

// mistake is a diagnostic at the field path, or at the nearest field around it
// that has a place.
func (f Fault) mistake(path, message, hint string) *diagnostic.Diagnostic {
	for {
		if p, ok := f.Places[path]; ok {
			return &diagnostic.Diagnostic{File: p.File, Line: p.Line, Column: p.Column, Message: message, Hint: hint, Snippet: p.Text}
		}
		if path == "" {
			return &diagnostic.Diagnostic{File: f.Title() + " " + f.Name, Message: message, Hint: hint}
		}
		path = parent(path)
	}
}

// parent is the path without its last element.
func parent(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '.' || path[i] == '[' {
			return path[:i]
		}
	}
	return ""
}
