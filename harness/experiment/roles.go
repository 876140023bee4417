package experiment

import "slices"

// Writer is the operation that writes values: it populates, and writes the
// write-once keys. ok is false when the experiment has none, which then needs
// none.
func (e *Experiment) Writer() (o Operation, ok bool) { return e.first(Operation.stores) }

// Reader is the operation that reads a value back. Another one that neither
// writes nor tells a value (a health check, say) cannot take its place.
func (e *Experiment) Reader() (o Operation, ok bool) { return e.first(Operation.tells) }

// Remover is the operation that takes a key away, for the registers; most
// experiments have none.
func (e *Experiment) Remover() (o Operation, ok bool) { return e.first(Operation.removes) }

func (e *Experiment) first(does func(Operation) bool) (Operation, bool) {
	i := slices.IndexFunc(e.Load.Operations, does)
	if i < 0 {
		return Operation{}, false
	}
	return e.Load.Operations[i], true
}
