package experiment

// Comparable is the text of e without what changes nothing about a run: its
// hypothesis, its controls and how often it is run; with the trace of its
// load, if it has one. Runs whose Comparable, platform and machine are the same
// can be compared.
func (e *Experiment) Comparable() []byte {
	return append(render(without(e.tree.root, "hypothesis", "controls", "repeat")), e.Load.Trace.Source...)
}
