package experiment

import "github.com/goccy/go-yaml/ast"

// Comparable is the text of e without what changes nothing about a run: its
// hypothesis, its controls, how often it is run, its error budget and what of it
// is waived; with the trace of its load, if it has one. Runs whose Comparable,
// platform and machine are the same can be compared.
func (e *Experiment) Comparable() []byte {
	root := without(e.tree.root, "hypothesis", "controls", "repeat")
	if slo, ok := get(root, "slo").(*ast.MappingNode); ok {
		root = with(root, "slo", without(slo, "budget", "waivers"))
	}
	return append(render(root), e.Load.Trace.Source...)
}
