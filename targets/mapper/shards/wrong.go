package shards

import "gauntlet/targets/mapper/entry"

// This file is the mistakes that are made on purpose: see package defect.

// NewFNV is New with the article's hash for any kind: the defect fnv-shards.
func NewFNV(kind string) (*Map, error) {
	m, err := New(kind, 0)
	if err == nil {
		m.hash = fnv32
	}
	return m, err
}

// NewUnlocked is one map for all keys, without a lock: the defect
// unlocked-map.
func NewUnlocked() *Map {
	m := &Map{hash: func(string) uint64 { return 0 }}
	for i := range m.tables {
		m.tables[i] = plainTable{}
	}
	return m
}

// plainTable is a map as Go has it. When a writer meets a writer or a reader
// the runtime ends the process, and no recover helps.
type plainTable map[string]*entry.Entry

func (t plainTable) load(key string) *entry.Entry { return t[key] }

func (t plainTable) update(key string, decide func(*entry.Entry) *entry.Entry) {
	if e := decide(t[key]); e != nil {
		t[key] = e
	}
}

func (t plainTable) drop(seen *entry.Entry) {
	if t[seen.Key] == seen {
		delete(t, seen.Key)
	}
}

func (t plainTable) all(yield func(*entry.Entry) bool) {
	for _, e := range t {
		if !yield(e) {
			return
		}
	}
}

func (t plainTable) size() int { return len(t) }
