package experiment

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"gauntlet/harness/diagnostic"
)

// Control is e with its control name applied: env merged, args appended,
// fields set, faults inert when it says so, Expect and Applied filled in.
// Its Source is the text of that experiment; parsing it gives the same one.
func (e *Experiment) Control(name string) (*Experiment, error) {
	entry, path, err := e.findControl(name)
	if err != nil {
		return nil, err
	}
	c := e.tree.change()
	c.root = without(c.root, "controls", "control")
	c.mergeEnv(get(entry, "env"))
	c.appendArgs(get(entry, "args"))
	c.set(get(entry, "set"))
	kept := without(entry, "env", "args", "set")
	c.apply(steps(e.places.written[path].key, "control"), func(ast.Node) ast.Node { return kept })
	return c.read()
}

// With is e with fields set: dotted paths (load.rate, faults.0.at) to values
// as YAML writes them. Mistakes are reported under "--set".
func (e *Experiment) With(set map[string]string) (*Experiment, error) {
	c := e.tree.change()
	for _, path := range slices.Sorted(maps.Keys(set)) {
		asked := &text{file: "--set", source: []byte(path)}
		if !utf8.ValidString(path) {
			c.found = append(c.found, asked.whole("", "the path is not UTF-8 text"))
			continue
		}
		value := &text{file: "--set " + path, source: []byte(set[path])}
		n, found := value.parse(c.tree.origins)
		if c.found = append(c.found, found...); len(found) > 0 {
			continue
		}
		key := token.String(path, path, &token.Position{Line: 1, Column: 1})
		c.tree.origins[key] = asked
		c.setPath(key, n)
	}
	changed, err := c.read()
	if err != nil {
		return nil, err
	}
	return changed, changed.checkControls().Err()
}

func (e *Experiment) findControl(name string) (*ast.MappingNode, string, error) {
	names := make([]string, len(e.Controls))
	entries, _ := get(e.tree.root, "controls").(*ast.SequenceNode)
	for i, c := range e.Controls {
		if names[i] = c.Name; c.Name == name {
			return entries.Values[i].(*ast.MappingNode), fmt.Sprintf("controls.%d", i), nil
		}
	}
	if len(names) == 0 {
		return nil, "", fmt.Errorf("%s has no controls", e.File)
	}
	return nil, "", fmt.Errorf("%s has no control %q; %s", e.File, name, diagnostic.DidYouMean(name, names))
}

// change is a tree on its way to another.
type change struct {
	tree  *tree
	root  *ast.MappingNode
	found diagnostic.List
}

// change begins one. What it adds to the origins is its own, so that an
// experiment never changes and can be used from several goroutines.
func (t *tree) change() *change {
	own := &tree{text: t.text, origins: maps.Clone(t.origins), root: t.root, sent: t.sent}
	return &change{tree: own, root: t.root}
}

// apply changes the node at path.
func (c *change) apply(path []step, to func(old ast.Node) ast.Node) {
	root, d := c.tree.origins.edit(c.root, path, to)
	if d != nil {
		c.found = append(c.found, d)
		return
	}
	c.root = root.(*ast.MappingNode)
}

func (c *change) mergeEnv(env ast.Node) {
	each(env, func(service step, of ast.Node) {
		each(of, func(name step, value ast.Node) {
			c.apply(append(steps(service.tok, "target", "env"), service, name), func(ast.Node) ast.Node { return value })
		})
	})
}

func (c *change) appendArgs(args ast.Node) {
	each(args, func(service step, of ast.Node) {
		more, ok := of.(*ast.SequenceNode)
		if !ok {
			return // it was refused when the file was read
		}
		c.apply(append(steps(service.tok, "target", "args"), service), func(old ast.Node) ast.Node {
			return appended(old, more)
		})
	})
}

func (c *change) set(fields ast.Node) {
	each(fields, func(path step, value ast.Node) { c.setPath(path.tok, value) })
}

// setPath sets the field that the text of tok names.
func (c *change) setPath(tok *token.Token, value ast.Node) {
	var path []step
	column := 0
	for _, name := range strings.Split(tok.Value, ".") {
		at := *tok.Position
		at.Column += column
		part := token.String(name, name, &at)
		c.tree.origins[part] = c.tree.origins[tok]
		path = append(path, step{name, part})
		column += len([]rune(name)) + 1
	}
	if root := path[0].name; slices.Contains([]string{"name", "controls", "control"}, root) {
		c.found = append(c.found, c.tree.origins.mistake(tok, "", "%s cannot be set: it says which experiment this is", root))
		return
	}
	c.apply(path, func(ast.Node) ast.Node { return value })
}

// read is the experiment of the changed tree, with its text.
func (c *change) read() (*Experiment, error) {
	t := &tree{text: c.tree.text, origins: c.tree.origins, root: c.root, sent: c.tree.sent}
	e, found := t.read()
	if err := append(c.found, found...).Err(); err != nil {
		return nil, err
	}
	e.Source = render(t.root)
	return e, nil
}

// each calls do for the entries of a mapping; of anything else there are none.
func each(n ast.Node, do func(key step, value ast.Node)) {
	if m, ok := n.(*ast.MappingNode); ok {
		for _, v := range m.Values {
			do(step{keyOf(v), v.Key.GetToken()}, v.Value)
		}
	}
}
