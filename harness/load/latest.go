package load

import (
	"sync"
)

// Latest reads mostly what was written a short while ago, as in YCSB's
// workload D: a read asks for the key that was written r writes ago with
// Zipf's probability of r. Writes go round the keys, so that what is asked for
// is always a key that was written before, by this load or while populating.
// That a write is due before the read does not mean that it has been answered.
type Latest struct {
	recency *Zipf
	writes  func(n uint64) bool

	mu     sync.Mutex
	before []uint64 // writes before each block of requests
}

// NewLatest prepares the distribution over count keys, all of them populated
// in their order. writes says whether request n is a write; it must be a pure
// function.
func NewLatest(seed int64, theta float64, count int, writes func(n uint64) bool) (*Latest, error) {
	recency, err := NewZipf(seed, theta, count)
	if err != nil {
		return nil, err
	}
	return &Latest{recency: recency, writes: writes, before: []uint64{0}}, nil
}

// writesBlock is how many requests are counted anew for each key: the price
// of one in time, against 8 bytes of memory for each block.
const writesBlock = 32

// written is the number of writes before request n. Blocks are counted once,
// in order.
func (l *Latest) written(n uint64) uint64 {
	l.mu.Lock()
	for block := uint64(len(l.before)); block <= n/writesBlock; block++ {
		l.before = append(l.before, l.before[block-1]+l.count((block-1)*writesBlock, block*writesBlock))
	}
	sum := l.before[n/writesBlock]
	l.mu.Unlock()
	return sum + l.count(n-n%writesBlock, n)
}

func (l *Latest) count(from, to uint64) (writes uint64) {
	for n := from; n < to; n++ {
		if l.writes(n) {
			writes++
		}
	}
	return writes
}

// Key is the key of request n: of a write the one whose turn it is, of a read
// one that was written lately.
func (l *Latest) Key(n uint64) uint32 {
	next, count := l.written(n), uint64(l.Ranks())
	if l.writes(n) {
		return uint32(next % count)
	}
	return uint32((next + 2*count - 1 - uint64(l.recency.Key(n))) % count)
}

// Ranks is the number of keys.
func (l *Latest) Ranks() int { return l.recency.Ranks() }

// Share is Zipf's, by how many writes ago the key was written.
func (l *Latest) Share(rank int) float64 { return l.recency.Share(rank) }

// Rank is how many keys were written since this one; a write has none.
func (l *Latest) Rank(n uint64, key uint32) (int, bool) {
	count := uint64(l.Ranks())
	if l.writes(n) || uint64(key) >= count {
		return 0, false
	}
	return int((l.written(n)%count + 2*count - 1 - uint64(key)) % count), true
}
