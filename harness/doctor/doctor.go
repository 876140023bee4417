// Package doctor tells what this machine can do for gauntlet: what is there,
// what is missing, why it matters, and how to get it. It looks, and changes
// nothing: what has to be tried out is tried in a namespace that is thrown
// away, and what a dead run left is only named.
//
// The checks are pure functions of a Machine, whose functions are all the
// input and output there is.
package doctor

import (
	"context"

	"gauntlet/harness/capacity"
)

// State is what came of a check.
type State string

// The states of a check.
const (
	OK      State = "ok"      // there, and good enough
	Warn    State = "warn"    // works, with the limits that the check names
	Missing State = "missing" // not there, or not usable
	Unknown State = "unknown" // cannot be found out here, or not by this user
)

// Check is one thing that was looked at.
type Check struct {
	Name   string   `json:"name"`
	State  State    `json:"state"`
	Found  string   `json:"found"`         // what was seen, in a sentence or less
	Needed bool     `json:"needed"`        // nothing runs on the local platform without it
	For    []string `json:"for"`           // who uses it: local, docker, tests
	Why    string   `json:"why"`           // why it matters
	Get    *Get     `json:"get,omitempty"` // how to get it; nil when nothing is to be got
}

// Get is how to get what is missing.
type Get struct {
	Debian  string `json:"debian,omitempty"` // a command, for Debian and what descends from it
	General string `json:"general"`          // for every other system, or what to change
}

// Report is what a machine can do. Its JSON form only grows: fields are added,
// never renamed.
type Report struct {
	SchemaVersion int     `json:"schemaVersion"`  // 1
	OK            bool    `json:"ok"`             // everything that the local platform needs is there, and Load can be sent
	Load          string  `json:"load,omitempty"` // the name of the load that was asked about
	Checks        []Check `json:"checks"`         // in the order in which a reader wants them
}

// Needs is what a run asks of the machine.
type Needs struct {
	Out                 string // the folder that runs are written below; it need not exist
	Workers             int    // the most requests that may be under way at once
	FirstPort, LastPort int    // replicas get ports of this range, both included
	Load                *Load  // that is to be sent; nil: none in particular
}

// Load is what an experiment asks of the generator.
type Load struct {
	Name   string
	Rate   float64 // the highest, in requests a second
	Times  float64 // requests that are sent for each of them; ≥ 1
	Stress capacity.Stress
}

// Examine carries out every check, one after the other: the measurement of
// the timer is disturbed by nothing of ours. It takes some two seconds, and
// never more than the time-outs of the commands that it asks.
func Examine(ctx context.Context, m Machine, n Needs) Report {
	r := Report{SchemaVersion: 1, OK: true}
	if n.Load != nil {
		r.Load = n.Load.Name
	}
	for _, c := range table {
		f := c.look(ctx, m, n)
		done := Check{Name: c.name, State: f.state, Found: f.found, Needed: c.needed, For: c.uses, Why: c.why}
		if f.state != OK && (c.get != Get{} || f.advice != "") {
			get := c.get
			if f.advice != "" {
				get = Get{General: f.advice}
			}
			done.Get = &get
		}
		if c.needed && f.state == Missing {
			r.OK = false
		}
		r.Checks = append(r.Checks, done)
	}
	return r
}

// finding is what a look came to. An advice replaces the check's own Get: a
// program that is there and does not answer is not to be installed.
type finding struct {
	state  State
	found  string
	advice string
}
