package experiment

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// maxScale bounds the replicas that a scale may ask for: those that one
// machine starts.
const maxScale = 64

var (
	// countedModes are those that say how many with a value.
	countedModes = []string{"fixed", "fixed-percent", "random-max-percent"}
	actionModes  = slices.Concat([]string{"one", "all"}, countedModes)
)

var serviceField = needed(scalar("service", "The service of the Compose file.", words("the name of a service"), func(a *Action) *string { return &a.Service }))

// actionDuration is optional for a scale, and needed for a limit.
func actionDuration(doc string) field[Action] {
	return scalar("duration", doc, duration(time.Millisecond, day), func(a *Action) *time.Duration { return &a.Duration })
}

var actionFields = object[Action]{
	scalar("name", "How events and the report call it; default: what it does and to which service, such as scale-mapper.",
		pattern("a name of lower-case letters, digits, dots and dashes", `^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`), func(a *Action) *string { return &a.Name }),
	deed(ActionScale, "More replicas of a service, or fewer.", object[Action]{
		serviceField,
		needed(scalar("to", "The number of its replicas.", integer("a number of replicas", 1, maxScale), func(a *Action) *int { return &a.To })),
		actionDuration("For how long; without it until the end of the run."),
	}),
	deed(ActionLimit, "Less of the processor for replicas of a service.", object[Action]{
		serviceField,
		scalar("replica", "This one of its replicas, such as mapper-1, in place of a mode.", words("the name of a replica"), func(a *Action) *string { return &a.Replica }),
		scalar("mode", "How many of its replicas; default: one.", oneOf(actionModes), func(a *Action) *string { return &a.Mode }),
		scalar("value", "Replicas of mode fixed, percent of the other modes that count.", integer("a number", 1, 100), func(a *Action) *int { return &a.Value }),
		needed(scalar("cpu", "Of a processor: 500m or 0.5 is half of one.", cores, func(a *Action) *float64 { return &a.Cores })),
		needed(actionDuration("For how long.")),
	}),
	deed(ActionRestart, "The replicas of a service restarted, one after the other.", object[Action]{
		serviceField,
		scalar("strategy", "rolling: the next when the one before is ready.", oneOf([]string{"rolling"}), func(a *Action) *string { return &a.Strategy }),
	}),
}

// cores is a share of processors as Kubernetes writes it. The kernel bounds no
// process to less than a hundredth.
var cores = unit[float64]{"a share of a processor such as 500m or 0.5",
	schema{"anyOf": []schema{{"type": "string", "pattern": `^([0-9]+m|[0-9]+(\.[0-9]+)?)$`}, {"type": "number", "minimum": leastCores, "maximum": mostCores}}},
	func(w word) (float64, error) {
		if w.kind == boolWord {
			return 0, wrong{}
		}
		number, milli := strings.CutSuffix(w.text, "m")
		f, err := strconv.ParseFloat(number, 64)
		if err != nil || math.IsNaN(f) || strings.Trim(number, "0123456789.") != "" || milli && strings.Contains(number, ".") {
			return 0, wrong{problem: fmt.Sprintf("%q is no share of a processor", w.text), hint: "half of one is 500m or 0.5"}
		}
		if milli {
			f /= 1000
		}
		return f, within(f, leastCores, mostCores, fmt.Sprint)
	}}

const (
	leastCores = 0.01
	mostCores  = 1024.0
)

// deed is the field of one kind of action.
func deed(kind, doc string, o object[Action]) field[Action] {
	return field[Action]{name: kind, doc: doc, schema: o.schema(), read: func(r *reader, path string, n ast.Node, a *Action) {
		if a.Kind != "" {
			r.found = append(r.found, r.origins.mistake(r.written[path].key, "write two entries of faults", "an action does one thing, here are %s and %s", a.Kind, kind))
			return
		}
		a.Kind = kind
		o.read(r, path, n, a)
		for _, f := range o {
			if p, ok := r.written[join(path, f.name)]; ok {
				a.Places[f.name] = r.placeOf(p.value)
			}
		}
		a.settle(r, path)
	}}
}

// settle fills in what was left out, and finds what does not fit together.
func (a *Action) settle(r *reader, path string) {
	switch a.Kind {
	case ActionRestart:
		a.Strategy = "rolling"
	case ActionLimit:
		at := join(path, "value")
		_, wrote := r.written[at]
		if a.Replica != "" {
			for _, f := range []string{"mode", "value"} {
				if at := join(path, f); r.written[at].key != nil {
					r.refuseAt(at, "leave either out", "replica names the one that is limited, so that %s says nothing", f)
				}
			}
			a.Mode = "all" // of those that are named
			return
		}
		if a.Mode == "" {
			a.Mode = "one"
		}
		counts := slices.Contains(countedModes, a.Mode)
		switch {
		case wrote && !counts:
			r.refuseAt(at, "leave it out, or choose "+list(countedModes), "mode %s takes no value", a.Mode)
		case !wrote && counts:
			r.refuseAt(join(path, "mode"), "add value: 1", "mode %s needs a value", a.Mode)
		}
	}
}

// placeOf is where tok stands.
func (r *reader) placeOf(tok *token.Token) Place {
	d := r.origins.mistake(tok, "", "")
	return Place{File: d.File, Line: d.Line, Column: d.Column, Text: d.Snippet}
}

func readAction(r *reader, path string, n ast.Node, f *Fault) {
	f.Action = &Action{Places: map[string]Place{"": r.placeOf(first(n))}}
	before := len(r.found)
	actionFields.read(r, path, n, f.Action)
	if f.Action.Kind == "" && len(r.found) == before {
		r.refuse(n, "known: "+list([]string{ActionScale, ActionLimit, ActionRestart}), "%s says nothing to do", r.title(path))
	}
}
