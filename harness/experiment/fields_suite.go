package experiment

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"gauntlet/harness/diagnostic"
)

// suiteDraft is a suite while it is being read.
type suiteDraft struct {
	Suite
	members []member
	read    map[string]*Experiment // by path; nil for one that is not valid
}

// member is an entry of experiments as it is written.
type member struct {
	path     string // of the entry
	name     string
	repeat   int // 0: not written
	control  string
	platform string
	set      ast.Node // nil: not written
}

// suiteFields is the table of the suite file, as file is of the experiment's.
var suiteFields = object[suiteDraft]{
	needed(field[suiteDraft]{name: "kind", doc: "What the file is.", schema: schema{"const": KindSuite},
		read: func(r *reader, path string, n ast.Node, _ *suiteDraft) { oneOf([]string{KindSuite}).read(r, path, n) }}),
	needed(scalar("name", "What the suite is called: the name of its file.",
		pattern("a name of letters, digits, '.', '_' and '-'", `^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`), func(d *suiteDraft) *string { return &d.Name })),
	scalar("hypothesis", "What is expected to hold, in one sentence.", prose("a sentence"), func(d *suiteDraft) *string { return &d.Hypothesis }),
	scalar("description", "What the suite is for, in one sentence.", prose("a sentence"), func(d *suiteDraft) *string { return &d.Description }),
	scalar("platform", "Where its experiments run; --platform wins over it.", platformName, func(d *suiteDraft) *string { return &d.Platform }),
	scalar("budget", "The time that all of it may take. What does not fit any more is not started, and makes the suite INCONCLUSIVE.",
		duration(time.Second, 7*day), func(d *suiteDraft) *time.Duration { return &d.Budget }),
	needed(field[suiteDraft]{name: "experiments", doc: "What is run, in this order.",
		schema: schema{"type": "array", "minItems": 1, "items": memberFields.schema()}, read: readMembers}),
}

var memberFields = object[member]{
	needed(scalar("name", "An experiment: its name, or the path of its file from here.", words("the name of an experiment"), func(m *member) *string { return &m.name })),
	scalar("repeat", "How often it is run; otherwise as the experiment says, and a control once.", repeats, func(m *member) *int { return &m.repeat }),
	{name: "set", doc: "Any field of the experiment, by its dotted path, and its value instead.", schema: schema{"type": "object"},
		read: func(r *reader, path string, n ast.Node, m *member) {
			r.entries(path, n, func(string, string, ast.Node) {})
			m.set = n
		}},
	scalar("control", "Run this control of the experiment: it must end as the experiment says.", words("the name of a control"),
		func(m *member) *string { return &m.control }),
	scalar("platform", "Where it runs, instead of the suite's platform.", platformName, func(m *member) *string { return &m.platform }),
}

var platformName = oneOf([]string{"local", "docker"}, "kubernetes")

func readMembers(r *reader, path string, n ast.Node, d *suiteDraft) {
	r.items(path, n, func(at string, item ast.Node) {
		m := member{path: at}
		memberFields.read(r, at, item, &m)
		d.members = append(d.members, m)
	})
}

// experiment reads the experiment that m names, once for all entries that
// name it; nil when it cannot, which r then knows.
func (d *suiteDraft) experiment(r *reader, m member) *Experiment {
	at := join(m.path, "name")
	path, ok := d.locate(r, at, m.name)
	if !ok {
		return nil
	}
	if e, known := d.read[path]; known {
		return e
	}
	d.read[path] = nil
	if Kind(path) == KindSuite {
		r.refuseAt(at, "name its experiments here", "%s is a suite; a suite holds experiments, and no other suite", m.name)
		return nil
	}
	e, err := Read(path)
	if list := diagnostic.All(err); len(list) > 0 {
		r.found = append(r.found, list...)
		return nil
	} else if err != nil {
		r.refuseAt(at, "", "%v", err)
		return nil
	}
	d.read[path] = e
	return e
}

// locate finds the file of the experiment name: beside the suite's own folder
// for a suite in experiments/suites, then beside the suite, then in the
// nearest folder of experiments above it.
func (d *suiteDraft) locate(r *reader, at, name string) (string, bool) {
	if strings.ContainsRune(name, '/') || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		path := beside(d.File, name)
		if !regular(path) {
			r.refuseAt(at, "paths are relative to the suite's file", "there is no file %s", path)
			return "", false
		}
		return path, true
	}
	dir := filepath.Dir(d.File)
	dirs := []string{dir}
	if abs, err := filepath.Abs(dir); err == nil {
		if filepath.Base(abs) == suiteFolder {
			dirs = []string{filepath.Dir(dir), dir}
			if dir == "." {
				dirs[0] = ".."
			}
		}
		if above, ok := nearest(abs); ok {
			dirs = append(dirs, above)
		}
	}
	var names []string
	for _, dir := range dirs {
		if path := filepath.Join(dir, name+".yaml"); regular(path) {
			return path, true
		}
		if filepath.Base(dir) != suiteFolder { // what is in there is no experiment
			names = append(names, namesIn(dir)...)
		}
	}
	slices.Sort(names)
	r.refuseAt(at, diagnostic.DidYouMean(name, slices.Compact(names)), "there is no experiment %q", name)
	return "", false
}
