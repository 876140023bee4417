package experiment

import (
	"slices"
	"strconv"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"gauntlet/harness/diagnostic"
)

// step is one name on the way to a field, and the token that asked for it.
type step struct {
	name string
	tok  *token.Token
}

// edit is tree n with the node at path changed to what change makes of it;
// change gets nil when there is none. Nothing of n itself is changed: a tree
// is shared by an experiment and its controls.
func (o origins) edit(n ast.Node, path []step, change func(old ast.Node) ast.Node) (ast.Node, *diagnostic.Diagnostic) {
	if len(path) == 0 {
		return change(n), nil
	}
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return o.editMapping(o.mapping(path[0].tok), path, change)
	case *ast.MappingNode:
		return o.editMapping(n, path, change)
	case *ast.SequenceNode:
		return o.editSequence(n, path, change)
	}
	return nil, o.mistake(path[0].tok, "set it as a whole", "there is no %q within %s", path[0].name, kindOf(n))
}

func (o origins) editMapping(m *ast.MappingNode, path []step, change func(ast.Node) ast.Node) (ast.Node, *diagnostic.Diagnostic) {
	edited := *m
	edited.Values = slices.Clone(m.Values)
	i := slices.IndexFunc(edited.Values, func(v *ast.MappingValueNode) bool { return keyOf(v) == path[0].name })
	if i < 0 {
		value, d := o.edit(nil, path[1:], change)
		edited.Values = append(edited.Values, o.entry(path[0], value))
		return &edited, d
	}
	value, d := o.edit(edited.Values[i].Value, path[1:], change)
	entry := *edited.Values[i]
	entry.Value = value
	edited.Values[i] = &entry
	return &edited, d
}

func (o origins) editSequence(s *ast.SequenceNode, path []step, change func(ast.Node) ast.Node) (ast.Node, *diagnostic.Diagnostic) {
	i, err := strconv.Atoi(path[0].name)
	if err != nil || i < 0 || i >= len(s.Values) {
		return nil, o.mistake(path[0].tok, "items are counted from 0", "%q is no item of a list of %d", path[0].name, len(s.Values))
	}
	edited := *s
	edited.Values = slices.Clone(s.Values)
	value, d := o.edit(s.Values[i], path[1:], change)
	edited.Values[i] = value
	return &edited, d
}

// mapping is a new mapping; mistakes in it are shown at tok.
func (o origins) mapping(tok *token.Token, entries ...*ast.MappingValueNode) *ast.MappingNode {
	return &ast.MappingNode{BaseNode: &ast.BaseNode{}, Start: tok, End: tok, IsFlowStyle: true, Values: entries}
}

// entry is a new entry of a mapping.
func (o origins) entry(key step, value ast.Node) *ast.MappingValueNode {
	return &ast.MappingValueNode{BaseNode: &ast.BaseNode{}, Start: key.tok, Key: ast.String(o.token(key.name, key.tok)), Value: value}
}

// token is a new token of text, at the place of tok.
func (o origins) token(text string, tok *token.Token) *token.Token {
	made := token.String(text, text, tok.Position)
	o[made] = o[tok]
	return made
}

// get is the value of key in m; nil when there is none.
func get(m *ast.MappingNode, key string) ast.Node {
	for _, v := range m.Values {
		if keyOf(v) == key {
			return v.Value
		}
	}
	return nil
}

// without is m less the entries keys.
func without(m *ast.MappingNode, keys ...string) *ast.MappingNode {
	edited := *m
	edited.Values = slices.DeleteFunc(slices.Clone(m.Values), func(v *ast.MappingValueNode) bool { return slices.Contains(keys, keyOf(v)) })
	return &edited
}

// with is m with the value of key, which is there, changed to n; an empty one is
// left out.
func with(m *ast.MappingNode, key string, n *ast.MappingNode) *ast.MappingNode {
	if len(n.Values) == 0 {
		return without(m, key)
	}
	edited := *m
	edited.Values = slices.Clone(m.Values)
	for i, v := range edited.Values {
		if keyOf(v) == key {
			entry := *v
			entry.Value = n
			edited.Values[i] = &entry
		}
	}
	return &edited
}

// steps is the way to the field names, as asked for by tok.
func steps(tok *token.Token, names ...string) []step {
	path := make([]step, len(names))
	for i, name := range names {
		path[i] = step{name, tok}
	}
	return path
}

// appended is the list old with the items of more behind it; what is no list
// stays, since reading the tree refuses it.
func appended(old ast.Node, more *ast.SequenceNode) ast.Node {
	switch old := old.(type) {
	case nil, *ast.NullNode:
		return more
	case *ast.SequenceNode:
		edited := *old
		edited.Values = slices.Concat(old.Values, more.Values)
		return &edited
	}
	return old
}
