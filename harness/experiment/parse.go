package experiment

import (
	"bytes"
	"fmt"

	"github.com/goccy/go-yaml/ast"

	"gauntlet/harness/diagnostic"
)

// tree is an experiment as it was written, or as a control changed it.
type tree struct {
	*text
	origins origins
	root    *ast.MappingNode
	sent    []string // the operations of a run that was made; nil: it is to be run
}

// Read reads the experiment file at path. A mistake in it is a
// diagnostic.List that names all of them.
func Read(path string) (*Experiment, error) {
	t, err := readText(path)
	if err != nil {
		return nil, fmt.Errorf("reading the experiment: %w", err)
	}
	return Parse(path, t.source)
}

// Parse reads source, the text of the experiment file named file: its name
// is what mistakes are reported under, and paths in it start at its folder.
// The only files it reads are those that hold a fault or a trace of load.
func Parse(file string, source []byte) (*Experiment, error) {
	t, err := parseTree(file, source)
	if err != nil {
		return nil, err
	}
	e, found := t.read()
	if len(found) > 0 {
		return nil, found.Err()
	}
	if err := e.checkControls().Err(); err != nil {
		return nil, err
	}
	return e, nil
}

// ParseRun reads source, the text of the experiment in the folder of a run that
// was made, as Parse does. Its operations are those of sent, the names that the
// log of the run has, as far as source knows them: which ones a version of
// gauntlet sends beside the mix, and what it refuses to send, is settled for a
// run that is over. Nor does it matter what became of its controls.
func ParseRun(file string, source []byte, sent []string) (*Experiment, error) {
	t, err := parseTree(file, source)
	if err != nil {
		return nil, err
	}
	t.sent = append([]string{}, sent...)
	e, found := t.read()
	if len(found) > 0 {
		return nil, found.Err()
	}
	return e, nil
}

func parseTree(file string, source []byte) (*tree, error) {
	source = bytes.TrimPrefix(source, []byte("\ufeff")) // some editors begin with one
	t := &tree{text: &text{file: file, source: source}, origins: origins{}}
	root, found := t.parse(t.origins)
	if len(found) > 0 {
		return nil, found.Err()
	}
	m, ok := root.(*ast.MappingNode)
	if !ok {
		return nil, t.origins.mistake(first(root), "it begins with name: and hypothesis:", "an experiment is a mapping, not %s", kindOf(root))
	}
	t.root = m
	return t, nil
}

// checkControls applies every control, and is what is wrong with them.
func (e *Experiment) checkControls() (found diagnostic.List) {
	for _, c := range e.Controls {
		if _, err := e.Control(c.Name); err != nil {
			found = append(found, diagnostic.All(err)...)
		}
	}
	return found
}

// read makes the experiment that t says.
func (t *tree) read() (*Experiment, diagnostic.List) {
	r := &reader{root: "the experiment", origins: t.origins, file: t.file, source: t.source, written: map[string]place{}}
	d := defaults()
	d.sent = t.sent
	file.read(r, "", t.root, d)
	if len(r.found) == 0 { // what lies between fields is only worth a look when each is right
		d.settle(r)
		d.check(r)
		d.lines(r)
	}
	e := d.Experiment
	e.File, e.Source, e.tree, e.places = t.file, t.source, t, r
	return &e, r.found
}
