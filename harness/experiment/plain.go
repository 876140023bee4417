package experiment

import (
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"gauntlet/harness/diagnostic"
)

// plain checks that a tree is plain data. What YAML offers beyond it (anchors,
// aliases, merge keys, tags, keys that are no words) makes it hard to say
// where a value was written, and none of it is needed here.
type plain struct {
	text    *text
	origins origins
	found   diagnostic.List
}

func (p *plain) refuse(n ast.Node, what string) {
	p.found = append(p.found, p.origins.mistake(first(n), "write the value out", "%s are not supported here", what))
}

func (p *plain) check(n ast.Node) {
	if tok := n.GetToken(); tok != nil {
		p.origins[tok] = p.text // the parser makes up tokens for what is left out
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		p.mapping(n)
	case *ast.SequenceNode:
		for _, v := range n.Values {
			p.check(v)
		}
	case *ast.AnchorNode, *ast.AliasNode:
		p.refuse(n, "anchors and aliases")
	case *ast.TagNode:
		p.refuse(n, "tags")
	case *ast.DirectiveNode:
		p.refuse(n, "directives")
	}
}

func (p *plain) mapping(n *ast.MappingNode) {
	seen := map[string]*token.Token{}
	for _, v := range n.Values {
		switch v.Key.(type) {
		case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		case *ast.MergeKeyNode:
			p.refuse(v.Key, "merge keys")
			continue
		default:
			p.refuse(v.Key, "keys other than words")
			continue
		}
		tok, key := v.Key.GetToken(), keyOf(v)
		if before, twice := seen[key]; twice {
			p.found = append(p.found, p.origins.mistake(tok, "", "%q is here a second time, the first is on line %d", key, before.Position.Line))
		} else {
			seen[key] = tok
		}
		p.check(v.Value)
	}
}

// keyOf is the key of an entry as text.
func keyOf(v *ast.MappingValueNode) string { return v.Key.GetToken().Value }

// first is the token that a node begins with; a block mapping begins with its
// first key, where goccy/go-yaml names the colon.
func first(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return first(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return first(n.Key)
	}
	return n.GetToken()
}
