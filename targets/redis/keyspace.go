package redis

import (
	"container/heap"
)

// keyspace knows which keys there are and when each goes. Its slots give SCAN
// what a real Redis promises: a key that is there all the while is returned,
// whatever else comes and goes, and each call costs what it returns. (miniredis
// sorts all keys for each call.)
type keyspace struct {
	index map[string]*slot
	slots []*slot // nil: free
	free  []int
	due   dueHeap
}

type slot struct {
	key     string
	at      int   // in keyspace.slots
	expires int64 // milliseconds since 1970, or never
	due     int   // in the heap, -1 when not in it
}

const (
	never   = -1
	missing = -2
)

func newKeyspace() *keyspace {
	return &keyspace{index: map[string]*slot{}}
}

// set says that key is there and when it goes: milliseconds since 1970, never,
// or missing when it is not there.
func (k *keyspace) set(key string, expires int64) {
	s := k.index[key]
	switch {
	case expires == missing && s == nil:
		return
	case expires == missing:
		k.remove(s)
		return
	case s == nil:
		s = k.add(key)
	}
	s.expires = expires
	switch {
	case expires == never && s.due >= 0:
		heap.Remove(&k.due, s.due)
	case expires == never:
	case s.due >= 0:
		heap.Fix(&k.due, s.due)
	default:
		heap.Push(&k.due, s)
	}
}

func (k *keyspace) add(key string) *slot {
	s := &slot{key: key, due: -1}
	if n := len(k.free); n > 0 {
		s.at, k.free = k.free[n-1], k.free[:n-1]
		k.slots[s.at] = s
	} else {
		s.at = len(k.slots)
		k.slots = append(k.slots, s)
	}
	k.index[key] = s
	return s
}

func (k *keyspace) remove(s *slot) {
	if s.due >= 0 {
		heap.Remove(&k.due, s.due)
	}
	delete(k.index, s.key)
	k.slots[s.at] = nil
	k.free = append(k.free, s.at)
}

// expires tells when key goes: milliseconds since 1970, never, or missing.
func (k *keyspace) expires(key string) int64 {
	if s := k.index[key]; s != nil {
		return s.expires
	}
	return missing
}

// next is a key whose time has come at now, if there is one.
func (k *keyspace) next(now int64) (string, bool) {
	if len(k.due) == 0 || k.due[0].expires > now {
		return "", false
	}
	return k.due[0].key, true
}

// scan returns the keys of up to count slots from cursor on, and the cursor to
// go on with, 0 at the end.
func (k *keyspace) scan(cursor, count int) (keys []string, next int) {
	for at := cursor; at < len(k.slots); at++ {
		if count == 0 {
			return keys, at
		}
		if s := k.slots[at]; s != nil {
			keys = append(keys, s.key)
			count--
		}
	}
	return keys, 0
}

// dueHeap has the slots that expire, the first to go on top.
type dueHeap []*slot

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].expires < h[j].expires }
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].due, h[j].due = i, j
}
func (h *dueHeap) Push(x any) {
	s := x.(*slot)
	s.due = len(*h)
	*h = append(*h, s)
}
func (h *dueHeap) Pop() any {
	old := *h
	s := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	s.due = -1
	return s
}
