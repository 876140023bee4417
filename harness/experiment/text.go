package experiment

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"gauntlet/harness/diagnostic"
	"gauntlet/harness/textfile"
)

// The bounds of a text. YAML parsers are slow, or run out of stack, on input
// made for it; no experiment that a person wrote comes near these.
const (
	maxBytes  = 64 << 10
	maxTokens = 8000
	maxDepth  = 64 // of [ and {, and of "- - -" on one line
)

// text is one YAML text: the experiment file, a file with a fault, or a value
// from the command line.
type text struct {
	file   string // as the user named it
	source []byte

	split sync.Once // once a mistake is shown
	lines []string  // of source
}

// line is the n-th line, from 1, as diagnostic.Line has it.
func (t *text) line(n int) string {
	t.split.Do(func() { t.lines = strings.Split(string(t.source), "\n") })
	if n > len(t.lines) {
		return ""
	}
	return strings.TrimRight(t.lines[n-1], "\r")
}

// origins knows the text that a token stands in. Values move from one text
// into another (a control into its experiment), and a mistake in them must
// still be shown where it was written.
type origins map[*token.Token]*text

// mistake is a diagnostic at tok.
func (o origins) mistake(tok *token.Token, hint, format string, args ...any) *diagnostic.Diagnostic {
	d := &diagnostic.Diagnostic{Message: fmt.Sprintf(format, args...), Hint: hint}
	t := o[tok]
	if t == nil {
		return d
	}
	d.File = t.file
	if tok.Position != nil {
		d.Line, d.Column = max(1, tok.Position.Line), max(1, tok.Position.Column)
		d.Snippet = t.line(d.Line)
	}
	return d
}

// whole is a diagnostic about t as a whole.
func (t *text) whole(hint, format string, args ...any) *diagnostic.Diagnostic {
	return &diagnostic.Diagnostic{File: t.file, Line: 1, Column: 1, Message: fmt.Sprintf(format, args...),
		Hint: hint, Snippet: t.line(1)}
}

// parse reads t as one YAML document of plain data: no anchors, tags or
// merge keys, no key twice. Its tokens are entered in o.
func (t *text) parse(o origins) (root ast.Node, found diagnostic.List) {
	if len(t.source) > maxBytes {
		return nil, diagnostic.List{t.whole("", "the file has %d bytes; %d is the limit", len(t.source), maxBytes)}
	}
	if !utf8.Valid(t.source) {
		return nil, diagnostic.List{t.whole("", "the file is not UTF-8 text")}
	}
	tokens := lexer.Tokenize(string(t.source))
	for _, tok := range tokens {
		o[tok] = t
	}
	if len(tokens) > maxTokens {
		return nil, diagnostic.List{o.mistake(tokens[maxTokens], "", "the file goes on after %d words and signs, which is the limit", maxTokens)}
	}
	if d := tooDeep(o, tokens); d != nil {
		return nil, diagnostic.List{d}
	}
	file, err := parseTokens(tokens)
	if err != nil {
		return nil, diagnostic.List{t.syntax(o, err)}
	}
	return t.document(o, file)
}

// document is the one document of file, checked to be plain data.
func (t *text) document(o origins, file *ast.File) (ast.Node, diagnostic.List) {
	var bodies []ast.Node
	for _, d := range file.Docs {
		if d.Body != nil {
			bodies = append(bodies, d.Body)
		}
	}
	switch {
	case len(bodies) == 0:
		return nil, diagnostic.List{t.whole("", "nothing is written here")}
	case len(bodies) > 1:
		return nil, diagnostic.List{o.mistake(first(bodies[1]), "", "a file holds one document, here begins a second")}
	}
	p := &plain{text: t, origins: o}
	p.check(bodies[0])
	return bodies[0], p.found
}

// parseTokens shields its caller from a panic of the parser: a file can be
// wrong in ways that its authors did not think of.
func parseTokens(tokens token.Tokens) (file *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the YAML parser gave up: %v", r)
		}
	}()
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

func (t *text) syntax(o origins, err error) *diagnostic.Diagnostic {
	var e yaml.Error
	if errors.As(err, &e) && e.GetToken() != nil && e.GetToken().Position != nil {
		tok := e.GetToken()
		o[tok] = t // the parser makes up tokens of its own
		return o.mistake(tok, "", "not YAML: %s", e.GetMessage())
	}
	return t.whole("", "not YAML: %v", err)
}

// tooDeep finds nesting that no sane file has before the parser recurses.
func tooDeep(o origins, tokens token.Tokens) *diagnostic.Diagnostic {
	depth, line, dashes := 0, 0, 0
	for _, tok := range tokens {
		if tok.Position.Line != line {
			line, dashes = tok.Position.Line, 0
		}
		switch tok.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType:
			dashes++
		}
		if depth > maxDepth || dashes > maxDepth {
			return o.mistake(tok, "", "nested deeper than %d", maxDepth)
		}
	}
	return nil
}

// readText reads a file of at most maxBytes.
func readText(path string) (*text, error) {
	source, err := textfile.Read(path, maxBytes)
	if err != nil {
		return nil, err
	}
	return &text{file: path, source: source}, nil
}
