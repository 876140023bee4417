package topology

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"gauntlet/harness/diagnostic"
)

// source is the text of a Compose file with the places of what it says.
// compose-go forgets them, so the text is parsed once more for errors.
type source struct {
	file    string
	text    []byte
	root    ast.Node // nil when it is not YAML
	anchors map[string]ast.Node
}

func newSource(file string, text []byte) *source {
	s := &source{file: file, text: text, anchors: map[string]ast.Node{}}
	parsed, err := parser.ParseBytes(text, 0)
	if err != nil || len(parsed.Docs) == 0 || parsed.Docs[0].Body == nil {
		return s
	}
	s.root = parsed.Docs[0].Body
	ast.Walk(anchorFinder(s.anchors), s.root)
	return s
}

type anchorFinder map[string]ast.Node

// Visit implements ast.Visitor.
func (f anchorFinder) Visit(n ast.Node) ast.Visitor {
	if a, ok := n.(*ast.AnchorNode); ok && a.Name != nil {
		f[a.Name.GetToken().Value] = a.Value
	}
	return f
}

// diagnose is a mistake at path, or at the nearest place above it that the
// text has.
func (s *source) diagnose(path []string, message, hint string) *diagnostic.Diagnostic {
	d := &diagnostic.Diagnostic{File: s.file, Message: message, Hint: hint}
	d.Line, d.Column = s.place(path)
	d.Snippet = diagnostic.Line(s.text, d.Line)
	return d
}

// place is the line and column of the key (or list item) at path; 0, 0 when
// nothing of path is in the text.
func (s *source) place(path []string) (line, column int) {
	node := s.root
	for _, step := range path {
		key, value := s.child(node, step, 0)
		if key == nil {
			break
		}
		if t := key.GetToken(); t != nil && t.Position != nil {
			line, column = t.Position.Line, t.Position.Column
		}
		node = value
	}
	return line, column
}

// maxAliases bounds how often an alias is followed, since one may name itself.
const maxAliases = 20

// child finds a key of a mapping or an item of a sequence, through anchors,
// aliases and merge keys.
func (s *source) child(node ast.Node, step string, depth int) (key, value ast.Node) {
	if depth > maxAliases {
		return nil, nil
	}
	switch n := node.(type) {
	case *ast.AnchorNode:
		return s.child(n.Value, step, depth+1)
	case *ast.AliasNode:
		if n.Value == nil {
			return nil, nil
		}
		return s.child(s.anchors[n.Value.GetToken().Value], step, depth+1)
	case *ast.TagNode:
		return s.child(n.Value, step, depth+1)
	case *ast.SequenceNode:
		i, err := strconv.Atoi(step)
		if err != nil || i < 0 || i >= len(n.Values) {
			return nil, nil
		}
		return n.Values[i], n.Values[i]
	case *ast.MappingNode:
		return s.field(n.Values, step, depth)
	case *ast.MappingValueNode:
		return s.field([]*ast.MappingValueNode{n}, step, depth)
	}
	return nil, nil
}

func (s *source) field(values []*ast.MappingValueNode, step string, depth int) (key, value ast.Node) {
	for _, v := range values {
		if v.Key.GetToken() != nil && v.Key.GetToken().Value == step {
			return v.Key, v.Value
		}
	}
	for _, v := range values {
		if _, merge := v.Key.(*ast.MergeKeyNode); merge {
			if key, value = s.child(v.Value, step, depth+1); key != nil {
				return key, value
			}
		}
	}
	return nil, nil
}

var (
	yamlPlace    = regexp.MustCompile(`line (\d+)(?:, column (\d+))?`)
	yamlNoise    = regexp.MustCompile(`^(failed to parse \S+: |yaml: (construct errors:\s*)?|validating \S+: |line \d+: )+`)
	composePath  = regexp.MustCompile(`\b(services|volumes|networks|secrets|configs)(\.[A-Za-z0-9_-]+)+`)
	composeName  = regexp.MustCompile(`\bservice "?([A-Za-z0-9._-]+)"?`)
	unknownName  = regexp.MustCompile(`additional properties '([^']+)' not allowed`)
	escapeAdvice = "a $ that is meant as such is written $$"
)

// explain gives an error of compose-go the place that its words let find.
func (s *source) explain(err error) error {
	message := strings.TrimSuffix(yamlNoise.ReplaceAllString(err.Error(), ""), ": invalid compose project")
	message = strings.TrimSpace(strings.ReplaceAll(message, s.file, "the file"))
	hint := ""
	if i := strings.Index(message, "\nYou may need to escape"); i >= 0 {
		message, hint = message[:i], escapeAdvice
	}
	if field, ok := strings.CutSuffix(message, " false schema"); ok {
		message = field + " is not a field of a Compose file"
	}
	if s.root == nil {
		return s.unparsed(err, message, hint)
	}
	if m := unknownName.FindStringSubmatch(message); m != nil {
		path := append(s.pathIn(message), m[1])
		if len(path) == 1 {
			hint = diagnostic.DidYouMean(m[1], []string{"name", "services", "volumes", "networks", "configs", "secrets", "include"})
		}
		return s.diagnose(path, strings.TrimSpace(message), hint)
	}
	return s.diagnose(s.pathIn(message), message, hint)
}

// unparsed places an error in a text that is not YAML at all. The last place
// that the parser names is where it noticed.
func (s *source) unparsed(err error, message, hint string) error {
	d := &diagnostic.Diagnostic{File: s.file, Message: message, Hint: hint}
	text, _, _ := strings.Cut(err.Error(), " already defined at ")
	if all := yamlPlace.FindAllStringSubmatch(text, -1); len(all) > 0 {
		last := all[len(all)-1]
		d.Line, _ = strconv.Atoi(last[1])
		d.Column = 1
		if last[2] != "" {
			d.Column, _ = strconv.Atoi(last[2])
		}
		d.Snippet = diagnostic.Line(s.text, d.Line)
	}
	return d
}

// pathIn is the place in the file that message names, as far as it names one.
func (s *source) pathIn(message string) []string {
	if p := composePath.FindString(message); p != "" {
		return strings.Split(p, ".")
	}
	if m := composeName.FindStringSubmatch(message); m != nil {
		return []string{"services", m[1]}
	}
	return nil
}

// mistakes gathers what Load finds wrong by itself.
type mistakes struct {
	*source
	list diagnostic.List
}

func (m *mistakes) add(path []string, message, hint string) {
	m.list = append(m.list, m.diagnose(slices.Clone(path), message, hint))
}
