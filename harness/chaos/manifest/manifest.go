// Package manifest reads Chaos Mesh objects. It is the only package that
// imports their Go types, which bring most of Kubernetes with them; everybody
// else works with chaos.Fault.
//
// An object is read as the API server would read it, and then more strictly: a
// field that does not exist is an error, the defaults and checks of Chaos
// Mesh's own webhook are applied, and then ours, because upstream accepts much
// that can only be a mistake: an unknown action or mode, a negative duration, a
// pod-failure that lasts for no time, a selector that is empty by accident and
// means everything. Every mistake is reported, each with its place in the file.
package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"gauntlet/harness/chaos"
	"gauntlet/harness/diagnostic"
)

// MaxBytes bounds the file of an object: the parser's time grows with the square of some
// texts, and no object that a person wrote comes near it.
const MaxBytes = 64 << 10

// DecodeFile reads the objects that the file at path holds, at least one.
// Mistakes are a diagnostic.List; a file that cannot be read is an error of
// another kind. A Schedule in it goes on for within.
func DecodeFile(path string, within time.Duration) ([][]chaos.Timed, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > MaxBytes {
		return nil, diagnostic.List{{File: path, Message: fmt.Sprintf("not a regular file of at most %d bytes", MaxBytes)}}.Err()
	}
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	file, err := parse(source)
	if err != nil {
		return nil, syntax(path, source, err)
	}
	var all [][]chaos.Timed
	var mistakes diagnostic.List
	for _, d := range file.Docs {
		if d.Body == nil || d.Body.Type() == ast.CommentType {
			continue
		}
		one, err := (&reader{file: path, source: source, span: within}).decode(d.Body)
		mistakes = append(mistakes, diagnostic.All(err)...)
		all = append(all, one)
	}
	if len(all) == 0 {
		return nil, diagnostic.List{{File: path, Message: "there is no object in it", Hint: "a Chaos Mesh object begins with apiVersion: " + apiVersion}}.Err()
	}
	return all, mistakes.Err()
}

// Decode reads the object at node, a part of the YAML text source of the file:
// one fault, or of a Schedule or Workflow a timeline of them, in order, each
// with a name of its own. Their times count from the beginning of the object. A
// Schedule goes on for within, which is 0 for every other kind. A kind that no
// platform can do is read as well, as far as its name, kind, action and
// duration: chaos.Refuse says that it cannot be done. Mistakes are a
// diagnostic.List in the order of the file.
func Decode(file string, source []byte, node ast.Node, within time.Duration) ([]chaos.Timed, error) {
	return (&reader{file: file, source: source, within: within, span: within}).decode(node)
}

func (r *reader) decode(node ast.Node) ([]chaos.Timed, error) {
	root := r.tree(node)
	if len(r.mistakes) == 0 {
		timeline := r.timeline(root)
		if len(r.mistakes) == 0 {
			return timeline, nil
		}
	}
	return nil, r.mistakes.Err()
}

// reader reads one object and gathers its mistakes.
type reader struct {
	file     string
	source   []byte
	anchors  map[string]ast.Node // of the whole file, once an alias asks for one
	nodes    int                 // read so far, those behind aliases each time
	full     bool                // a limit is exceeded
	span     time.Duration       // how long a Schedule goes on; 0: not said
	within   time.Duration       // the same, said of this very object
	faults   int                 // made so far out of a Schedule or Workflow
	mistakes diagnostic.List
}

// place is a position in the file, from 1.
type place struct{ line, column int }

func (r *reader) at(p place, message, hint string) *diagnostic.Diagnostic {
	return &diagnostic.Diagnostic{File: r.file, Line: p.line, Column: p.column,
		Message: message, Hint: hint, Snippet: diagnostic.Line(r.source, p.line)}
}

// wrong notes a mistake, once: what stands behind two aliases is read twice.
func (r *reader) wrong(p place, message, hint string) {
	for _, m := range r.mistakes {
		if m.Line == p.line && m.Column == p.column && m.Message == message {
			return
		}
	}
	r.mistakes = append(r.mistakes, r.at(p, message, hint))
}

// noted tells whether there is a mistake at p.
func (r *reader) noted(p place) bool {
	return slices.ContainsFunc(r.mistakes, func(m *diagnostic.Diagnostic) bool { return m.Line == p.line && m.Column == p.column })
}

// parse parses YAML. The parser is known to panic on some malformed texts,
// which are syntax errors like any other.
func parse(source []byte) (file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			file, err = nil, fmt.Errorf("not YAML: %v", p)
		}
	}()
	return parser.ParseBytes(bytes.TrimPrefix(source, []byte("\ufeff")), 0)
}

// syntax is the parser's error with its place.
func syntax(file string, source []byte, err error) error {
	r := &reader{file: file, source: source}
	var where yaml.Error
	if errors.As(err, &where) && where.GetToken() != nil {
		t := where.GetToken().Position
		r.wrong(place{t.Line, t.Column}, where.GetMessage(), "")
	} else {
		r.mistakes = diagnostic.List{{File: file, Message: err.Error()}}
	}
	return r.mistakes.Err()
}

// IsObject tells whether a YAML text begins like a Chaos Mesh object: with an
// apiVersion of its own, which no file of gauntlet has.
func IsObject(text []byte) bool {
	if len(text) > MaxBytes {
		return false
	}
	file, err := parse(text)
	if err != nil {
		return false
	}
	for _, d := range file.Docs {
		if m, ok := d.Body.(*ast.MappingNode); ok {
			for _, v := range m.Values {
				if v.Key.String() == "apiVersion" {
					return true
				}
			}
		}
	}
	return false
}
