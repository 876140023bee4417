package experiment

import (
	"bytes"
	"fmt"
	"maps"
	"time"

	"github.com/goccy/go-yaml/ast"

	"gauntlet/harness/diagnostic"
)

// The kinds of file, as their field kind says.
const (
	KindExperiment = "Experiment" // also when the field is left out
	KindSuite      = "Suite"
)

// Suite is a checked suite file: experiments that are run one after the
// other, and judged together.
type Suite struct {
	Name        string
	Hypothesis  string        // what is expected to hold; may be empty
	Description string        // what it is for; may be empty
	File        string        // as the user named it
	Platform    string        // where its experiments run unless they say otherwise; "" when it does not say
	Budget      time.Duration // the time that all of it may take; 0: no limit
	Entries     []Member

	places *reader
}

// Member is an experiment of a suite, with what the suite changes about it.
type Member struct {
	Experiment *Experiment // with its fields set and its control applied
	Repeat     int         // ≥ 1
	Platform   string      // the member's own, else the suite's; "" when neither says
	Set        []Setting   // what the suite sets, in the order of the file
}

// Setting is a field that is overridden.
type Setting struct {
	Path  string // dotted
	Value string // as YAML writes it, on one line
}

// About is what the suite says of itself in a sentence: what it is for, else
// what it expects.
func (s *Suite) About() string {
	if s.Description != "" {
		return s.Description
	}
	return s.Hypothesis
}

// OverBudget is the mistake of a suite whose runs take planned, more than its
// budget; nil when they fit.
func (s *Suite) OverBudget(planned time.Duration) error {
	if s.Budget == 0 || planned <= s.Budget {
		return nil
	}
	return s.places.diagnose("budget", fmt.Sprintf("raise it to %s, or repeat less, or shorten phases with set", planned.Round(time.Second)),
		"the runs of %s take %s, more than the budget of %s: the last ones would not be started, and what is not measured is never a pass",
		s.Name, planned.Round(time.Second), s.Budget)
}

// Kind is what the file at path holds: KindSuite when it says so, else
// KindExperiment, which is also what a file that cannot be read is taken for:
// reading it as one tells why.
func Kind(path string) string {
	t, err := readText(path)
	if err != nil {
		return KindExperiment
	}
	t.source = bytes.TrimPrefix(t.source, []byte("\ufeff"))
	root, _ := t.parse(origins{})
	m, ok := root.(*ast.MappingNode)
	if !ok {
		return KindExperiment
	}
	if n := get(m, "kind"); n != nil {
		if w, ok := wordOf(n); ok && w.text == KindSuite {
			return KindSuite
		}
	}
	return KindExperiment
}

// ReadSuite reads the suite file at path and the experiments that it names. A
// mistake in any of them is a diagnostic.List that names all of them.
func ReadSuite(path string) (*Suite, error) {
	t, err := readText(path)
	if err != nil {
		return nil, fmt.Errorf("reading the suite: %w", err)
	}
	return ParseSuite(path, t.source)
}

// ParseSuite reads source, the text of the suite file named file; the
// experiments that it names are looked up from the folder of file.
func ParseSuite(file string, source []byte) (*Suite, error) {
	t := &text{file: file, source: bytes.TrimPrefix(source, []byte("\ufeff"))}
	r := &reader{root: "the suite", origins: origins{}, file: file, source: t.source, written: map[string]place{}}
	root, found := t.parse(r.origins)
	if len(found) > 0 {
		return nil, found.Err()
	}
	d := &suiteDraft{Suite: Suite{File: file}, read: map[string]*Experiment{}}
	suiteFields.read(r, "", root, d)
	if len(d.members) == 0 && len(r.found) == 0 {
		r.refuseAt("experiments", "experiments: [{name: pod-kill}]", "the suite has no experiments: it would pass without having tried anything")
	}
	for _, m := range d.members {
		d.resolve(r, m)
	}
	if err := r.found.Err(); err != nil {
		return nil, err
	}
	d.places = r
	return &d.Suite, nil
}

// resolve makes the experiment that an entry of the suite asks for.
func (d *suiteDraft) resolve(r *reader, m member) {
	if m.name == "" {
		return // it was refused when the entry was read
	}
	e := d.experiment(r, m)
	if e == nil {
		return
	}
	if m.set != nil {
		c := e.tree.change()
		maps.Copy(c.tree.origins, r.origins)
		c.set(m.set)
		changed, err := c.read()
		if err == nil {
			err = changed.checkControls().Err()
		}
		if err != nil {
			r.found = append(r.found, diagnostic.All(err)...)
			return
		}
		e = changed
	}
	if m.control != "" {
		c, err := e.Control(m.control)
		if err != nil {
			r.refuseAt(join(m.path, "control"), "", "%v", err)
			return
		}
		e = c
	}
	one := Member{Experiment: e, Repeat: e.Repeat, Platform: d.Platform}
	switch {
	case m.repeat > 0:
		one.Repeat = m.repeat
	case m.control != "": // it shows what the experiment can find, and not how well it does
		one.Repeat = 1
	}
	if m.platform != "" {
		one.Platform = m.platform
	}
	each(m.set, func(path step, value ast.Node) {
		one.Set = append(one.Set, Setting{Path: path.name, Value: flow(value)})
	})
	d.Entries = append(d.Entries, one)
}
