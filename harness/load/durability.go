package load

import (
	"fmt"
	"slices"
	"strconv"

	"gauntlet/harness/history"
)

// Durability is the plan of the stream that asks whether acknowledged writes
// last: request n of it writes the key d-<client>-<n>, once, and no other
// stream touches it, so that a value which is gone later was lost and not
// overwritten. All but schedule, workers and the name of the writing operation
// is taken from the load's plan.
func Durability(load Plan, schedule Schedule, workers int, write string) (Plan, error) {
	i := slices.IndexFunc(load.Operations, func(o Operation) bool { return o.Name == write })
	if i < 0 || !load.Operations[i].Writes {
		return Plan{}, fmt.Errorf("load: no operation %q that writes, for the durability keys", write)
	}
	p := load
	p.Stream, p.Schedule, p.Workers = history.Durability, schedule, workers
	p.Mix = make([]float64, len(load.Operations))
	p.Mix[i] = 1
	p.Sampler = Once{}
	p.Shards = nil // its keys are others
	p.KeyName = func(key uint32) string { return DurabilityKey(load.Clients, uint64(key)) }
	return p, nil
}

// DurabilityKey is the name of the key that request seq of the durability
// stream writes: d-<client>-<seq>.
func DurabilityKey(clients int, seq uint64) string {
	return "d-" + strconv.FormatUint(seq%uint64(clients), 10) + "-" + strconv.FormatUint(seq, 10)
}
