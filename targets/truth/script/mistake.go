package script

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Mistake is one thing that is wrong in a script: what, where, and what to do.
type Mistake struct {
	File         string // as the user named it
	Line, Column int    // from 1
	Message      string
	Hint         string // may be empty
}

func (m Mistake) Error() string {
	text := fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.Message)
	if m.Hint != "" {
		text += "\n  hint: " + m.Hint
	}
	return text
}

// Mistakes are all that were found in a script, in its order.
type Mistakes []Mistake

func (l Mistakes) Error() string {
	lines := make([]string, len(l))
	for i, m := range l {
		lines[i] = m.Error()
	}
	return strings.Join(lines, "\n")
}

// syntax is the mistake of a text that is no YAML.
func syntax(file string, err error) Mistakes {
	m := Mistake{File: file, Line: 1, Column: 1, Message: fmt.Sprintf("not YAML: %v", err)}
	var e yaml.Error
	if errors.As(err, &e) {
		m.Message = "not YAML: " + e.GetMessage()
		m.Line, m.Column = place(e.GetToken())
	}
	return Mistakes{m}
}

// place is where a token stands.
func place(t *token.Token) (line, column int) {
	if t == nil || t.Position == nil {
		return 1, 1
	}
	return max(1, t.Position.Line), max(1, t.Position.Column)
}

// first is the token that a node begins with: a block mapping begins with its
// first key, where the parser names the colon.
func first(n ast.Node) *token.Token {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return first(m.Values[0].Key)
	}
	if n == nil {
		return nil
	}
	return n.GetToken()
}
