package experiment

import (
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// day bounds every length of time in a file: a longer one is a slip.
const day = 24 * time.Hour

// draft is an experiment while it is being read.
type draft struct {
	Experiment
	operations []Operation     // that the file defines or changes, as far as they are written
	ours       map[string]bool // those of them that take nothing over from the mapper's protocol
	controls   []control
	sent       []string // see tree
}

// file is the table of the experiment file: what stands in it, how it is
// read, and what an editor says about it. fields_*.go hold its parts.
var file = slices.Concat(object[draft]{
	needed(scalar("name", "What the experiment is called: the name of its file.",
		pattern("a name of letters, digits, '.', '_' and '-'", `^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`),
		func(d *draft) *string { return &d.Name })),
	scalar("hypothesis", "What is expected to hold, in one sentence.", prose("a sentence"),
		func(d *draft) *string { return &d.Hypothesis }),
	nested("target", "The system under test.", targetFields, func(d *draft) *draft { return d }),
	nested("load", "The traffic.", loadFields, func(d *draft) *draft { return d }),
	nested("phases", "How long the phases last; the faults themselves take their own time between baseline and observe.",
		phaseFields, func(d *draft) *Phases { return &d.Phases }),
	faultList,
	orNone(nested("consistency", "What is asked about the data, beside the load.", consistencyFields,
		func(d *draft) *Consistency { return d.Consistency }), func(d *draft) { d.Consistency = nil }),
	nested("slo", "What the run is held to.", sloFields, func(d *draft) *SLO { return &d.SLO }),
	repeatField,
	controlList,
	nested("control", "The control that this file is; gauntlet writes it when it applies one.", appliedFields,
		func(d *draft) *draft { return d }),
	kindField,
	nested("limits", "What the faults may touch at most; more is refused before anything is started.", limitFields,
		func(d *draft) *Limits { return &d.Limits }),
	orNone(nested("stop", "When a run is ended before its time: the faults are undone, the load stops, and what was measured is judged.", stopFields,
		func(d *draft) *Stop {
			d.Stop = &Stop{For: stopAfter}
			return d.Stop
		}), func(d *draft) { d.Stop = nil }),
}, ofSuites("experiments", "budget"))

// stopAfter is how long a stop condition must hold when the file does not say.
const stopAfter = 30 * time.Second

var stopFields = object[Stop]{
	needed(scalar("availabilityBelow", "The share of good requests, of all operations together, below which it is.", share("20%", true),
		func(s *Stop) *float64 { return &s.AvailabilityBelow })),
	scalar("for", "Over how long a stretch.", duration(time.Second, day), func(s *Stop) *time.Duration { return &s.For }),
}

var limitFields = object[Limits]{
	scalar("replicas", "How many replicas may be touched at one time.", integer("a number of replicas", 1, 10_000), func(l *Limits) *int { return &l.Replicas }),
}

var phaseFields = object[Phases]{
	scalar("warmup", "Load that is not judged, before the baseline.", duration(0, day), func(p *Phases) *time.Duration { return &p.Warmup }),
	scalar("baseline", "Load on the healthy system, against which it is judged; at least 1,000 requests.", duration(0, day),
		func(p *Phases) *time.Duration { return &p.Baseline }),
	scalar("observe", "Load after the last fault is healed.", duration(time.Millisecond, day), func(p *Phases) *time.Duration { return &p.Observe }),
}

// repeats is how often an experiment is run.
var repeats = integer("a number of repetitions", 1, 1000)

var repeatField = scalar("repeat", "How often it is run, one after the other, each time with another seed and the faults at another phase; the worst conclusive repetition gates.",
	repeats, func(d *draft) *int { return &d.Repeat })

// kindField tells an experiment from a suite; a file that leaves it out is an
// experiment.
var kindField = field[draft]{name: "kind", doc: "What the file is.", schema: schema{"const": KindExperiment},
	read: func(r *reader, path string, n ast.Node, _ *draft) {
		if w, ok := wordOf(n); ok && w.text == KindSuite {
			r.refuse(n, "name one experiment; a suite is run and validated as a whole, and holds no other suite", "this is a suite, where an experiment is wanted")
			return
		}
		oneOf([]string{KindExperiment, KindSuite}).read(r, path, n)
	}}

// ofSuites are fields that only a suite has.
func ofSuites(names ...string) []field[draft] {
	fields := make([]field[draft], len(names))
	for i, name := range names {
		fields[i] = field[draft]{name: name, read: func(r *reader, path string, n ast.Node, _ *draft) {
			if kind, ok := r.written["kind"]; ok && kind.value.Value == KindSuite {
				return // that it is a suite is said already
			}
			r.found = append(r.found, r.origins.mistake(r.written[path].key, "a suite begins with kind: Suite", "%s belongs to a suite, and this is an experiment", path))
		}}
	}
	return fields
}

// orNone lets "none" stand for a field of f that is not wanted.
func orNone[T any](f field[T], clear func(*T)) field[T] {
	read := f.read
	f.schema = schema{"anyOf": []schema{{"const": "none"}, f.schema}}
	f.read = func(r *reader, path string, n ast.Node, into *T) {
		if s, ok := n.(*ast.StringNode); ok && s.Value == "none" {
			clear(into)
			return
		}
		read(r, path, n, into)
	}
	return f
}
