package experiment

// Comparable is the text of e without what changes nothing about a run: its
// hypothesis and its controls. Runs whose Comparable, platform and machine are
// the same can be compared.
func (e *Experiment) Comparable() []byte {
	return render(without(e.tree.root, "hypothesis", "controls"))
}
