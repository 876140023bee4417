package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// node is a piece of the object: a mapping (fields), a sequence (items), or a
// scalar (value: string, bool, int64, uint64, float64, or nil for null).
// Aliases, anchors, merges and tags are resolved.
type node struct {
	place
	kind   kind
	fields []entry
	items  []*node
	value  any
}

// entry is a field of a mapping, at the place of its key.
type entry struct {
	place
	name  string
	value *node
}

type kind string

const (
	mapping  kind = "a mapping"
	sequence kind = "a list"
	scalar   kind = "a scalar"
)

// Limits of an object, so that a text of a few lines full of aliases cannot
// take the machine's memory.
const (
	maxDepth = 64
	maxNodes = 20_000
)

// tree turns the parser's nodes into ours.
func (r *reader) tree(n ast.Node) *node {
	if n == nil {
		r.wrong(place{1, 1}, "there is no object here", "")
		return nil
	}
	return r.read(n, 0)
}

func (r *reader) read(n ast.Node, depth int) *node {
	if r.nodes++; depth > maxDepth || r.nodes > maxNodes {
		r.tooLarge(whereOf(n))
		return &node{place: whereOf(n), kind: scalar}
	}
	at := whereOf(n)
	switch n := n.(type) {
	case *ast.MappingNode:
		return r.mapping(at, n.Values, depth)
	case *ast.MappingValueNode:
		return r.mapping(at, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		s := &node{place: at, kind: sequence}
		for _, v := range n.Values {
			s.items = append(s.items, r.read(v, depth+1))
		}
		return s
	case *ast.AnchorNode:
		return r.read(n.Value, depth+1)
	case *ast.AliasNode:
		return r.alias(n, depth)
	case *ast.TagNode:
		return r.tagged(n, depth)
	case nil:
		return &node{place: at, kind: scalar}
	}
	return r.scalar(at, n)
}

// tooLarge notes, once, that a limit is exceeded, and lets nothing more be read.
func (r *reader) tooLarge(at place) {
	if !r.full {
		r.wrong(at, "too deep or too large for an object", "an alias that contains itself has no end")
	}
	r.full, r.nodes = true, maxNodes
}

// mapping reads the fields, those of a merge (<<) last, so that what is
// written out comes first.
func (r *reader) mapping(at place, values []*ast.MappingValueNode, depth int) *node {
	m := &node{place: at, kind: mapping}
	var merged []*node
	for _, v := range values {
		key := whereOf(v.Key)
		if v.Key.IsMergeKey() {
			merged = append(merged, r.read(v.Value, depth+1))
			continue
		}
		name := r.read(v.Key, depth+1)
		text, ok := name.value.(string)
		if !ok {
			text = strings.TrimSpace(v.Key.GetToken().Value)
		}
		if m.field(text) != nil {
			r.wrong(key, fmt.Sprintf("%q is there twice", text), "")
		}
		m.fields = append(m.fields, entry{place: key, name: text, value: r.read(v.Value, depth+1)})
	}
	for _, other := range merged {
		m.merge(other)
	}
	return m
}

// merge adds the fields of other, a mapping or a list of them, that m lacks.
func (m *node) merge(other *node) {
	for _, item := range other.items {
		m.merge(item)
	}
	for _, f := range other.fields {
		if m.field(f.name) == nil {
			m.fields = append(m.fields, f)
		}
	}
}

// alias reads what the alias stands for, wherever in the file that is.
func (r *reader) alias(n *ast.AliasNode, depth int) *node {
	if r.anchors == nil {
		r.anchors = map[string]ast.Node{}
		if file, err := parse(r.source); err == nil {
			for _, d := range file.Docs {
				if d.Body != nil {
					ast.Walk(anchors(r.anchors), d.Body)
				}
			}
		}
	}
	name := strings.TrimSpace(n.Value.GetToken().Value)
	target, ok := r.anchors[name]
	if !ok {
		r.wrong(whereOf(n), fmt.Sprintf("no anchor is called %q", name), "")
		return &node{place: whereOf(n), kind: scalar}
	}
	return r.read(target, depth+1)
}

// anchors gathers what is anchored, by name.
type anchors map[string]ast.Node

func (a anchors) Visit(n ast.Node) ast.Visitor {
	if n, ok := n.(*ast.AnchorNode); ok && n.Name != nil {
		a[strings.TrimSpace(n.Name.GetToken().Value)] = n.Value
	}
	return a
}

// tagged reads a value with a tag. Only !!str changes how a plain value reads.
func (r *reader) tagged(n *ast.TagNode, depth int) *node {
	v := r.read(n.Value, depth+1)
	if n.Start.Value == "!!str" && v.kind == scalar && n.Value != nil {
		if _, ok := v.value.(string); !ok {
			v.value = n.Value.GetToken().Value
		}
	} else if !strings.HasPrefix(n.Start.Value, "!!") {
		r.wrong(whereOf(n), fmt.Sprintf("tag %s is not known", n.Start.Value), "")
	}
	return v
}

func (r *reader) scalar(at place, n ast.Node) *node {
	s := &node{place: at, kind: scalar}
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.LiteralNode:
		s.value = n.Value.Value
	case *ast.InfinityNode, *ast.NanNode:
		r.wrong(at, "not a number that an object can hold", "")
	case ast.ScalarNode:
		s.value = n.GetValue()
	default:
		r.wrong(at, fmt.Sprintf("%s is not expected in an object", n.Type()), "")
	}
	if f, ok := s.value.(float64); ok && (math.IsInf(f, 0) || math.IsNaN(f)) {
		r.wrong(at, "not a number that an object can hold", "")
	}
	return s
}

// whereOf is where the text of n begins; of a mapping that is its first key.
func whereOf(n ast.Node) place {
	switch m := n.(type) {
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			return whereOf(m.Values[0])
		}
	case *ast.MappingValueNode:
		return whereOf(m.Key)
	case nil:
		return place{1, 1}
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return place{max(1, t.Position.Line), max(1, t.Position.Column)} // a token that the parser made up has none
	}
	return place{1, 1}
}

// field is the field called name, nil when there is none.
func (n *node) field(name string) *entry {
	if n == nil {
		return nil
	}
	for i := range n.fields {
		if n.fields[i].name == name {
			return &n.fields[i]
		}
	}
	return nil
}

// MarshalJSON is the JSON that the API server would be sent.
func (n *node) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	var err error
	put := func(v any) {
		if err == nil {
			var text []byte
			text, err = json.Marshal(v)
			b.Write(text)
		}
	}
	switch n.kind {
	case scalar:
		put(n.value)
	case sequence:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteByte(',')
			}
			put(item)
		}
		b.WriteByte(']')
	case mapping:
		b.WriteByte('{')
		for i, f := range n.fields {
			if i > 0 {
				b.WriteByte(',')
			}
			put(f.name)
			b.WriteByte(':')
			put(f.value)
		}
		b.WriteByte('}')
	}
	return b.Bytes(), err
}
