package experiment

import (
	"path/filepath"
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"
)

var faultFields = object[Fault]{
	scalar("at", "When, from the end of the baseline; equal times are together.", duration(0, day), func(f *Fault) *time.Duration { return &f.At }),
	scalar("for", "How long a Schedule goes on; of no other object.", duration(time.Millisecond, day), func(f *Fault) *time.Duration { return &f.For }),
	{name: "chaos", doc: "A Chaos Mesh object, or the path of a file that holds one.",
		schema: schema{"anyOf": []schema{{"type": "string", "minLength": 1}, {"type": "object"}}}, read: readChaos},
	{name: "action", doc: "What no Chaos Mesh object can say: scale, limit or restart.", schema: actionFields.schema(), read: readAction},
}

// faultSchema demands one of the two things that a fault can be.
func faultSchema() schema {
	s := faultFields.schema()
	s["oneOf"] = []schema{{"required": []string{"chaos"}}, {"required": []string{"action"}}}
	return s
}

var faultList = field[draft]{name: "faults", doc: "What is broken, and when.",
	schema: schema{"type": "array", "items": faultSchema()},
	read: func(r *reader, path string, n ast.Node, d *draft) {
		r.items(path, n, func(at string, item ast.Node) {
			var f Fault
			faultFields.read(r, at, item, &f)
			_, object := r.written[join(at, "chaos")]
			_, action := r.written[join(at, "action")]
			if _, isMapping := item.(*ast.MappingNode); isMapping && object == action {
				r.refuse(item, "write either chaos: (a Chaos Mesh object) or action: (scale, limit or restart)", "%s has %s", r.title(at), map[bool]string{false: "neither chaos nor action", true: "both chaos and action"}[object])
			}
			if _, long := r.written[join(at, "for")]; long && action {
				r.refuse(item, "write duration within the action", "%s says for, which is of a Schedule", r.title(at))
			}
			d.Faults = append(d.Faults, f)
		})
		slices.SortStableFunc(d.Faults, func(a, b Fault) int { return int(a.At - b.At) })
		d.nameActions()
	}}

// readChaos keeps the object as it was written; what it means is not known
// here.
func readChaos(r *reader, path string, n ast.Node, f *Fault) {
	switch n := n.(type) {
	case *ast.MappingNode:
		f.Chaos = Manifest{File: r.file, Source: r.source, Node: n}
		if t := r.origins[first(n)]; t != nil {
			f.Chaos.File, f.Chaos.Source = t.file, t.source
		}
	case *ast.StringNode:
		readChaosFile(r, path, n, f)
	default:
		r.refuse(n, "write the object here, or the path of a file that holds it", "%s must be a Chaos Mesh object or a path, not %s", path, kindOf(n))
	}
}

func readChaosFile(r *reader, path string, n *ast.StringNode, f *Fault) {
	t, err := readText(beside(r.file, n.Value))
	if err != nil {
		r.refuse(n, "paths are relative to the experiment file", "%s: %v", path, err)
		return
	}
	root, found := t.parse(r.origins)
	r.found = append(r.found, found...)
	if root == nil {
		return
	}
	if _, ok := root.(*ast.MappingNode); !ok {
		r.refuse(root, "", "a Chaos Mesh object is a mapping, not %s", kindOf(root))
		return
	}
	f.Chaos = Manifest{File: t.file, Source: t.source, Node: root}
}

// beside is path as seen from the folder of file.
func beside(file, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}
