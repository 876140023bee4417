package experiment

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml/ast"
)

// StandaloneTrace is what Standalone calls the file of the load's trace, which
// must lie beside it.
const StandaloneTrace = "trace.csv"

// Standalone is the text of e with the faults that are in files of their own
// written out, and the trace of its load under the name StandaloneTrace, so
// that it can be read where those files are not: in the folder of a run.
// Without such files it is Source, to the letter. The path of the Compose file
// stays as it was written, relative to File.
func (e *Experiment) Standalone() ([]byte, error) {
	c := e.tree.change()
	e.writeOutFaults(c)
	e.renameTrace(c)
	if c.root == e.tree.root {
		return e.Source, nil
	}
	return render(c.root), c.found.Err()
}

func (e *Experiment) writeOutFaults(c *change) {
	faults, _ := get(e.tree.root, "faults").(*ast.SequenceNode)
	if faults == nil {
		return
	}
	for i, f := range faults.Values {
		path, ok := get(f.(*ast.MappingNode), "chaos").(*ast.StringNode)
		if !ok {
			continue
		}
		at := slices.IndexFunc(e.Faults, func(f Fault) bool { return f.Chaos.File == beside(e.File, path.Value) })
		object := e.Faults[at].Chaos.Node
		c.apply(steps(path.GetToken(), "faults", fmt.Sprint(i), "chaos"), func(ast.Node) ast.Node { return object })
	}
}

func (e *Experiment) renameTrace(c *change) {
	if e.Load.Trace.File == "" {
		return
	}
	c.apply(steps(first(c.root), "load", "rate", "file"), func(old ast.Node) ast.Node {
		return ast.String(c.tree.origins.token(StandaloneTrace, old.GetToken()))
	})
}
