package experiment

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml/ast"
)

// Standalone is the text of e with the faults that are in files of their own
// written out, so that it can be read where those files are not: in the
// folder of a run. Without such faults it is Source, to the letter. The path
// of the Compose file stays as it was written, relative to File.
func (e *Experiment) Standalone() ([]byte, error) {
	faults, _ := get(e.tree.root, "faults").(*ast.SequenceNode)
	if faults == nil {
		return e.Source, nil
	}
	c := e.tree.change()
	for i, f := range faults.Values {
		path, ok := get(f.(*ast.MappingNode), "chaos").(*ast.StringNode)
		if !ok {
			continue
		}
		at := slices.IndexFunc(e.Faults, func(f Fault) bool { return f.Chaos.File == beside(e.File, path.Value) })
		object := e.Faults[at].Chaos.Node
		c.apply(steps(path.GetToken(), "faults", fmt.Sprint(i), "chaos"), func(ast.Node) ast.Node { return object })
	}
	if c.root == e.tree.root {
		return e.Source, nil
	}
	return render(c.root), c.found.Err()
}
