package experiment

// Comparable is the text of e without what changes nothing about a run: its
// hypothesis, its controls and how often it is run. Runs whose Comparable, platform and machine are
// the same can be compared.
func (e *Experiment) Comparable() []byte {
	return render(without(e.tree.root, "hypothesis", "controls", "repeat"))
}
