package main

import (
	"gauntlet/harness/chaos"
	"gauntlet/harness/experiment"
)

// actionPaths are the names by which package chaos knows the fields of an
// action, where they differ from those of the file.
var actionPaths = map[string]string{"mode": "spec.mode", "value": "spec.value", "replica": "spec.selector.pods"}

// actionFault is an action as a fault.
func actionFault(a *experiment.Action) chaos.Fault {
	f := chaos.Fault{
		Name: a.Name, Kind: a.Kind, Duration: a.Duration, Mode: chaos.ModeAll, Value: a.Value,
		Change: &chaos.Change{Service: a.Service, To: a.To, Cores: a.Cores, Strategy: a.Strategy},
		Places: map[string]chaos.Place{},
	}
	if a.Mode != "" {
		f.Mode = chaos.Mode(a.Mode)
	}
	if a.Replica != "" {
		f.Selector.Pods = map[string][]string{"": {a.Replica}}
	}
	for field, place := range a.Places {
		if path, other := actionPaths[field]; other {
			field = path
		}
		f.Places[field] = chaos.Place(place)
	}
	return f
}
