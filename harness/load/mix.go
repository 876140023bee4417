package load

import "fmt"

// Mix says which operation request n is, as an index. It is a pure function of
// n, and says nothing about the request's key.
type Mix struct {
	seed  uint64
	table alias
}

// NewMix prepares a mix of operations with the given weights.
func NewMix(seed int64, weights []float64) (*Mix, error) {
	table, err := newAlias(weights)
	if err != nil {
		return nil, fmt.Errorf("load: mix: %w", err)
	}
	return &Mix{seed: seedFor(seed, useMix), table: table}, nil
}

// Kind is the operation of request n.
func (m *Mix) Kind(n uint64) uint8 { return uint8(m.table.pick(draw(m.seed, n))) }
