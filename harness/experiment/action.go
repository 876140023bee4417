package experiment

import (
	"fmt"
	"time"
)

// Action is what an experiment does to its system that no Chaos Mesh object
// can say. The fields that its Kind has no use for are zero.
type Action struct {
	Name    string // of its own among the faults
	Kind    string // ActionScale, ActionLimit or ActionRestart
	Service string

	To       int           // scale: the number of replicas, ≥ 1
	Cores    float64       // limit: of a processor, > 0
	Replica  string        // limit: the only one; "": as many as Mode says
	Mode     string        // limit: "one", "all", "fixed", "fixed-percent" or "random-max-percent" of the replicas
	Value    int           // limit: of the modes that count; else 0
	Strategy string        // restart: "rolling"
	Duration time.Duration // limit: > 0; scale: 0 is until the end of the run

	// Places says where a field stands, by its name in the file; the action
	// itself is "".
	Places map[string]Place
}

// The kinds of actions.
const (
	ActionScale   = "scale"
	ActionLimit   = "limit"
	ActionRestart = "restart"
)

// Place is where something stands in a file.
type Place struct {
	File         string
	Line, Column int    // from 1
	Text         string // the line
}

// title is what the action does, in words.
func (a *Action) title() string {
	switch a.Kind {
	case ActionScale:
		return fmt.Sprintf("scale %s to %d", a.Service, a.To)
	case ActionLimit:
		return fmt.Sprintf("limit %s to %g cores", a.Service, a.Cores)
	}
	return a.Kind + " " + a.Service
}

// title is what the fault calls itself.
func (f Fault) title() string {
	if f.Action != nil {
		return f.Action.title()
	}
	return f.Chaos.title()
}

// nameActions gives every action that has no name one that no other fault has:
// events and the report know a fault by its name.
func (d *draft) nameActions() {
	taken := map[string]bool{}
	for _, f := range d.Faults {
		switch {
		case f.Action == nil:
			taken[f.Chaos.name()] = true
		case f.Action.Name != "":
			taken[f.Action.Name] = true
		}
	}
	for _, f := range d.Faults {
		if f.Action == nil || f.Action.Name != "" {
			continue
		}
		name := f.Action.Kind + "-" + f.Action.Service
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s-%s-%d", f.Action.Kind, f.Action.Service, n)
		}
		f.Action.Name, taken[name] = name, true
	}
}
