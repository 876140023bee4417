package experiment

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// render writes a tree of plain data as YAML, a field a line, without
// comments. Reading it gives the same tree.
func render(n ast.Node) []byte {
	var b strings.Builder
	renderValue(&b, n, 0)
	return []byte(strings.TrimPrefix(b.String(), "\n") + "\n")
}

// renderValue writes what stands behind "key:" or "-".
func renderValue(b *strings.Builder, n ast.Node, indent int) {
	margin := "\n" + strings.Repeat("  ", indent)
	switch n := n.(type) {
	case *ast.MappingNode:
		if len(n.Values) == 0 {
			b.WriteString(" {}")
		}
		for _, v := range n.Values {
			b.WriteString(margin + quoted(keyOf(v)) + ":")
			renderValue(b, v.Value, indent+1)
		}
	case *ast.SequenceNode:
		if len(n.Values) == 0 {
			b.WriteString(" []")
		}
		for _, v := range n.Values {
			var item strings.Builder
			renderValue(&item, v, indent+1)
			// A mapping begins on the line of its dash.
			b.WriteString(margin + "- " + strings.TrimLeft(item.String(), "\n "))
		}
	case *ast.StringNode:
		b.WriteString(" " + quoted(n.Value))
	case *ast.LiteralNode:
		b.WriteString(" " + quoted(n.Value.Value))
	case *ast.NullNode:
		b.WriteString(" null")
	default:
		b.WriteString(" " + n.GetToken().Value)
	}
}

// flow writes a tree of plain data as YAML on one line. Reading it gives the
// same tree.
func flow(n ast.Node) string {
	var items []string
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			items = append(items, inFlow(keyOf(v))+": "+flow(v.Value))
		}
		return "{" + strings.Join(items, ", ") + "}"
	case *ast.SequenceNode:
		for _, v := range n.Values {
			items = append(items, flow(v))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case *ast.StringNode:
		return inFlow(n.Value)
	case *ast.LiteralNode:
		return inFlow(n.Value.Value)
	case *ast.NullNode:
		return "null"
	}
	return n.GetToken().Value
}

// inFlow is text within [ ] or { }, where a comma ends it.
func inFlow(text string) string {
	if strings.Contains(text, ",") {
		return inQuotes(text)
	}
	return quoted(text)
}

// bare is text that needs no quotes wherever it stands in a block, as long as
// it is not read as another kind of value.
var bare = regexp.MustCompile(`^[A-Za-z0-9./][A-Za-z0-9./%_+-]*( [A-Za-z0-9./%_+,;-]+)*$`)

// quoted is text as YAML reads it back; JSON's strings are YAML's.
func quoted(text string) string {
	if bare.MatchString(text) {
		if tokens := lexer.Tokenize(text); len(tokens) == 1 && tokens[0].Type == token.StringType {
			return text
		}
	}
	return inQuotes(text)
}

func inQuotes(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic(err) // a string always has a form
	}
	return strings.TrimSuffix(b.String(), "\n")
}
