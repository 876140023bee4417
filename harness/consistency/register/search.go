package register

import (
	"time"

	"github.com/anishathalye/porcupine"
)

// Order is what a search for one order that explains everything came to.
type Order int

// The outcomes of a search.
const (
	Ordered   Order = iota // there is one
	Unordered              // there is none
	Unknown                // the time was up
)

// Search looks for one order that explains every operation, deletes among them,
// for as long as limit. A search that is not given the time to end may take time
// that grows without bound with the operations that lie over each other, as zones
// do not; it is for histories that those cannot tell of.
func Search(ops []Op, limit time.Duration) Order {
	seen := map[uint64]bool{}
	for _, o := range ops {
		if !o.Write {
			seen[o.Value] = true
		}
	}
	all := make([]porcupine.Operation, 0, len(ops))
	for i, o := range ops {
		if o.Write && o.Return == Never && !seen[o.Value] {
			continue // it may never have happened
		}
		all = append(all, porcupine.Operation{ClientId: i, Input: o, Call: o.Invoke, Return: o.Return})
	}
	switch porcupine.CheckOperationsTimeout(model, all, limit) {
	case porcupine.Ok:
		return Ordered
	case porcupine.Illegal:
		return Unordered
	}
	return Unknown
}

// model is a register as the search knows it.
var model = porcupine.Model{
	Init: func() any { return Initial },
	Step: func(state, input, _ any) (bool, any) {
		o := input.(Op)
		if o.Write {
			return true, o.Value
		}
		return o.Value == state.(uint64), state
	},
}
