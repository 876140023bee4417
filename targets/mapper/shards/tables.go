package shards

import (
	"sync"

	"gauntlet/targets/mapper/entry"

	"github.com/puzpuzpuz/xsync/v4"
)

// xsyncTable reads without a lock and gives memory back after deletes.
type xsyncTable struct {
	m *xsync.Map[string, *entry.Entry]
}

func newXsyncTable() table { return xsyncTable{xsync.NewMap[string, *entry.Entry]()} }

func (t xsyncTable) load(key string) *entry.Entry {
	e, _ := t.m.Load(key)
	return e
}

func (t xsyncTable) update(key string, decide func(*entry.Entry) *entry.Entry) {
	t.m.Compute(key, func(old *entry.Entry, _ bool) (*entry.Entry, xsync.ComputeOp) {
		if e := decide(old); e != nil {
			return e, xsync.UpdateOp
		}
		return nil, xsync.CancelOp
	})
}

func (t xsyncTable) drop(seen *entry.Entry) {
	t.m.Compute(seen.Key, func(old *entry.Entry, _ bool) (*entry.Entry, xsync.ComputeOp) {
		if old == seen {
			return nil, xsync.DeleteOp
		}
		return nil, xsync.CancelOp
	})
}

func (t xsyncTable) all(yield func(*entry.Entry) bool) {
	t.m.Range(func(_ string, e *entry.Entry) bool { return yield(e) })
}

func (t xsyncTable) size() int { return t.m.Size() }

// lockedTable is a plain map behind a read-write lock.
type lockedTable struct {
	mu sync.RWMutex
	m  map[string]*entry.Entry
}

func newLockedTable() table { return &lockedTable{m: map[string]*entry.Entry{}} }

func (t *lockedTable) load(key string) *entry.Entry {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.m[key]
}

func (t *lockedTable) update(key string, decide func(*entry.Entry) *entry.Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := decide(t.m[key]); e != nil {
		t.m[key] = e
	}
}

func (t *lockedTable) drop(seen *entry.Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.m[seen.Key] == seen {
		delete(t.m, seen.Key)
	}
}

// all visits a list taken under the lock: a visitor may write to the map.
func (t *lockedTable) all(yield func(*entry.Entry) bool) {
	t.mu.RLock()
	seen := make([]*entry.Entry, 0, len(t.m))
	for _, e := range t.m {
		seen = append(seen, e)
	}
	t.mu.RUnlock()
	for _, e := range seen {
		if !yield(e) {
			return
		}
	}
}

func (t *lockedTable) size() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.m)
}

// syncTable is the article's sync.Map. It has no update under a lock, so a
// writer repeats until nobody came between.
type syncTable struct{ m sync.Map }

func newSyncTable() table { return &syncTable{} }

func (t *syncTable) load(key string) *entry.Entry {
	if v, ok := t.m.Load(key); ok {
		return v.(*entry.Entry)
	}
	return nil
}

func (t *syncTable) update(key string, decide func(*entry.Entry) *entry.Entry) {
	for {
		old := t.load(key)
		e := decide(old)
		switch {
		case e == nil:
			return
		case old == nil:
			if _, taken := t.m.LoadOrStore(key, e); !taken {
				return
			}
		case t.m.CompareAndSwap(key, old, e):
			return
		}
	}
}

func (t *syncTable) drop(seen *entry.Entry) { t.m.CompareAndDelete(seen.Key, seen) }

func (t *syncTable) all(yield func(*entry.Entry) bool) {
	t.m.Range(func(_, v any) bool { return yield(v.(*entry.Entry)) })
}

func (t *syncTable) size() int {
	n := 0
	t.m.Range(func(_, _ any) bool { n++; return true })
	return n
}
