package experiment

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"gauntlet/harness/diagnostic"
)

// reader walks the tree of an experiment along the table of its fields (see
// fields.go) and gathers every mistake it meets.
type reader struct {
	origins origins
	root    string // what the whole file is called: "the experiment"
	file    string // the experiment file: paths in it are relative to its folder
	source  []byte
	written map[string]place // by dotted path: what the file says, as opposed to what is defaulted
	found   diagnostic.List
}

// place is where a field was written.
type place struct{ key, value *token.Token }

func (r *reader) refuse(n ast.Node, hint, format string, args ...any) {
	r.found = append(r.found, r.origins.mistake(first(n), hint, format, args...))
}

// refuseAt is a mistake in the field at path, or, when it is a default, in
// the nearest field around it that was written.
func (r *reader) refuseAt(path, hint, format string, args ...any) {
	r.found = append(r.found, r.diagnose(path, hint, format, args...))
}

func (r *reader) diagnose(path, hint, format string, args ...any) *diagnostic.Diagnostic {
	for ; path != ""; path = parent(path) {
		if p, ok := r.written[path]; ok {
			return r.origins.mistake(p.value, hint, format, args...)
		}
	}
	return (&text{file: r.file, source: r.source}).whole(hint, format, args...)
}

// title is how a message calls the field at path, the root included.
func (r *reader) title(path string) string {
	if path == "" {
		return r.root
	}
	return path
}

// field is one key of an object of the file. The same table reads the file
// and makes its JSON schema.
type field[T any] struct {
	name   string
	doc    string // one sentence for editors
	needed bool
	schema schema // nil: this version does not have it
	read   func(r *reader, path string, value ast.Node, into *T)
}

// object is what may stand in a mapping.
type object[T any] []field[T]

// names are those of the fields that this version has.
func (o object[T]) names() []string {
	var names []string
	for _, f := range o {
		if f.schema != nil {
			names = append(names, f.name)
		}
	}
	return names
}

// read fills into from n.
func (o object[T]) read(r *reader, path string, n ast.Node, into *T) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		r.refuse(n, "known fields: "+list(o.names()), "%s must be a mapping, not %s", r.title(path), kindOf(n))
		return
	}
	later := false // a field of a later version may stand for one that is missing
	for _, v := range m.Values {
		key := keyOf(v)
		i := slices.IndexFunc(o, func(f field[T]) bool { return f.name == key })
		if i < 0 {
			r.refuse(v.Key, diagnostic.DidYouMean(key, o.names()), "unknown field %q in %s", key, r.title(path))
			continue
		}
		at := join(path, key)
		r.written[at] = place{key: v.Key.GetToken(), value: first(v.Value)}
		o[i].read(r, at, v.Value, into)
		later = later || o[i].schema == nil
	}
	for _, f := range o {
		if _, ok := r.written[join(path, f.name)]; f.needed && !ok && !later {
			r.refuse(n, "", "%s has no %s", r.title(path), f.name)
		}
	}
}

// scalar is a field that holds one value of unit u.
func scalar[T, V any](name, doc string, u unit[V], at func(*T) *V) field[T] {
	return field[T]{name: name, doc: doc, schema: u.schema, read: func(r *reader, path string, n ast.Node, into *T) {
		if v, ok := u.read(r, path, n); ok {
			*at(into) = v
		}
	}}
}

// nested is a field that holds an object.
func nested[T, V any](name, doc string, o object[V], at func(*T) *V) field[T] {
	return field[T]{name: name, doc: doc, schema: o.schema(), read: func(r *reader, path string, n ast.Node, into *T) {
		o.read(r, path, n, at(into))
	}}
}

// unsupported is a field that the design has and this version has not:
// refused by name, so that nobody believes that it was done.
func unsupported[T any](names ...string) []field[T] {
	fields := make([]field[T], len(names))
	for i, name := range names {
		fields[i] = field[T]{name: name, read: func(r *reader, path string, n ast.Node, _ *T) {
			r.found = append(r.found, r.origins.mistake(r.written[path].key, "", "%s is not supported in this version", path))
		}}
	}
	return fields
}

// needed marks f as a field that must be written.
func needed[T any](f field[T]) field[T] {
	f.needed = true
	return f
}

// entries calls each for the entries of the mapping n.
func (r *reader) entries(path string, n ast.Node, each func(at, key string, value ast.Node)) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		r.refuse(n, "", "%s must be a mapping, not %s", path, kindOf(n))
		return
	}
	for _, v := range m.Values {
		at := join(path, keyOf(v))
		r.written[at] = place{key: v.Key.GetToken(), value: first(v.Value)}
		each(at, keyOf(v), v.Value)
	}
}

// items calls each for the items of the list n.
func (r *reader) items(path string, n ast.Node, each func(at string, item ast.Node)) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.refuse(n, "", "%s must be a list, not %s", path, kindOf(n))
		return
	}
	for i, item := range s.Values {
		at := join(path, fmt.Sprint(i))
		r.written[at] = place{key: first(item), value: first(item)}
		each(at, item)
	}
}

// kindOf names what n is to a reader of the file.
func kindOf(n ast.Node) string {
	switch n := n.(type) {
	case *ast.MappingNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	case *ast.StringNode:
		return fmt.Sprintf("the text %q", n.Value)
	case *ast.LiteralNode:
		return "a block of text"
	case *ast.BoolNode:
		return n.GetToken().Value
	default:
		return "the number " + n.GetToken().Value
	}
}
