// Package shards is the mapper's copy of all mappings in memory: 64 maps, so
// that writers of different keys do not wait for each other.
package shards

import (
	"fmt"
	"sync/atomic"

	"gauntlet/targets/mapper/entry"
)

// Count is the number of shards, as the article has it.
const Count = 64

// Kinds are the values of --map.
var Kinds = []string{"sharded", "rwmutex", "article"}

// table is the map of one shard.
type table interface {
	load(key string) *entry.Entry
	// update replaces what a key has by what decide returns; nil keeps it.
	update(key string, decide func(old *entry.Entry) *entry.Entry)
	// drop removes a key whose entry is still the one that was seen.
	drop(seen *entry.Entry)
	all(yield func(*entry.Entry) bool)
	size() int
}

// Counts of what was done with one shard since the start.
type Counts struct {
	Load, Hit, Store, Delete uint64
	Size                     int
}

// counters are padded to a cache line, so that cores that serve different
// shards do not share one.
type counters struct {
	load, hit, store, del atomic.Uint64
	_                     [32]byte
}

// Map is safe for concurrent use.
type Map struct {
	tables [Count]table
	counts [Count]counters
	hash   func(key string) uint64
}

// New makes a map of a kind of Kinds. The seed makes the place of a key
// unpredictable, so that nobody can fill one shard on purpose; the article's
// kind ignores it.
func New(kind string, seed uint64) (*Map, error) {
	m := &Map{}
	var make1 func() table
	switch kind {
	case "sharded":
		make1, m.hash = newXsyncTable, seeded(seed)
	case "rwmutex":
		make1, m.hash = newLockedTable, seeded(seed)
	case "article":
		make1, m.hash = newSyncTable, fnv32
	default:
		return nil, fmt.Errorf("unknown map %q; there are: %v", kind, Kinds)
	}
	for i := range m.tables {
		m.tables[i] = make1()
	}
	return m, nil
}

// Shard is the number of the shard that a key belongs to, 0 to Count-1.
func (m *Map) Shard(key string) int { return int(m.hash(key) % Count) }

// Get is what the copy has for a key, tombstones and expired entries
// included; nil when it never heard of the key. The shard is that of Shard.
func (m *Map) Get(shard int, key string) *entry.Entry {
	c := &m.counts[shard]
	c.load.Add(1)
	e := m.tables[shard].load(key)
	if e != nil {
		c.hit.Add(1)
	}
	return e
}

// Peek is Get without being counted as a request.
func (m *Map) Peek(key string) *entry.Entry { return m.tables[m.Shard(key)].load(key) }

// Apply takes a write over unless the copy has the same or a newer one, and
// says whether it did. Any order of the same writes ends in the same state.
func (m *Map) Apply(e *entry.Entry) bool {
	applied := false
	shard := m.Shard(e.Key)
	m.tables[shard].update(e.Key, func(old *entry.Entry) *entry.Entry {
		if applied = e.Newer(old); applied {
			return e
		}
		return nil
	})
	if applied {
		m.count(shard, e)
	}
	return applied
}

// Put takes a write over whatever the copy has: only the deliberate defects
// want that.
func (m *Map) Put(e *entry.Entry) {
	shard := m.Shard(e.Key)
	m.tables[shard].update(e.Key, func(*entry.Entry) *entry.Entry { return e })
	m.count(shard, e)
}

func (m *Map) count(shard int, e *entry.Entry) {
	if e.Deleted {
		m.counts[shard].del.Add(1)
	} else {
		m.counts[shard].store.Add(1)
	}
}

// Drop removes an entry, version and all, unless it was replaced meanwhile.
func (m *Map) Drop(seen *entry.Entry) { m.tables[m.Shard(seen.Key)].drop(seen) }

// All visits every entry that is there throughout, tombstones included, in no
// order. It does not stop writers.
func (m *Map) All(yield func(*entry.Entry) bool) {
	goOn := true
	for _, t := range m.tables {
		t.all(func(e *entry.Entry) bool {
			goOn = yield(e)
			return goOn
		})
		if !goOn {
			return
		}
	}
}

// Sweep drops what may be forgotten at a time (milliseconds since 1970) and
// returns how many entries that were.
func (m *Map) Sweep(nowMillis int64) int {
	dropped := 0
	for e := range m.All {
		if e.Forgettable(nowMillis) {
			m.Drop(e)
			dropped++
		}
	}
	return dropped
}

// Size is the number of entries, tombstones included.
func (m *Map) Size() int {
	n := 0
	for _, t := range m.tables {
		n += t.size()
	}
	return n
}

// Counts of one shard.
func (m *Map) Counts(shard int) Counts {
	c := &m.counts[shard]
	return Counts{Load: c.load.Load(), Hit: c.hit.Load(), Store: c.store.Load(), Delete: c.del.Load(), Size: m.tables[shard].size()}
}
