package journal

import (
	"slices"
	"sync"

	"gauntlet/targets/mapper/entry"
)

// Volatile is a journal that forgets everything when the process dies: the
// defect memory-only-writeback, and nothing to use otherwise.
type Volatile struct {
	mu      sync.Mutex
	last    uint64
	pending []Record
}

// Append keeps the entry in memory.
func (v *Volatile) Append(e *entry.Entry) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.last++
	v.pending = append(v.pending, Record{Seq: v.last, Entry: e})
	return nil
}

// Oldest returns up to n pending records, oldest first.
func (v *Volatile) Oldest(n int) ([]Record, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.pending[:min(n, len(v.pending))]), nil
}

// Trim forgets the records up to and including a place.
func (v *Volatile) Trim(through uint64) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pending = slices.DeleteFunc(v.pending, func(r Record) bool { return r.Seq <= through })
	return nil
}

// Depth is the number of pending entries.
func (v *Volatile) Depth() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.pending)
}
