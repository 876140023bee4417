package load

import (
	"fmt"
	"math"
	"math/bits"
	"time"
)

// HotSet asks for a few keys with a share of the requests, each of them
// equally often, and for all others alike with the rest.
type HotSet struct {
	seed  uint64
	share float64 // of the hot keys together
	below uint64  // a draw below it is for a hot key
	hot   uint32  // how many are hot
	count uint32

	order []uint32 // the key of each place, hot ones first; nil: places are keys
	place []uint32 // the inverse of order

	every    int64 // the hot set moves on after so many ns; 0: never
	schedule Schedule
}

// NewHotSet prepares a hot set of the first hot of count keys, which get share
// in (0, 1] of the requests.
func NewHotSet(seed int64, count, hot int, share float64) (*HotSet, error) {
	switch {
	case count < 1 || count > math.MaxUint32 || hot < 1 || hot > count:
		return nil, fmt.Errorf("a hot set of %d of %d keys", hot, count)
	case !(share > 0 && share <= 1):
		return nil, fmt.Errorf("a hot set with a share of %v", share)
	case hot == count:
		share = 1 // there are no others
	}
	h := &HotSet{seed: seedFor(seed, useKeys), share: share, below: math.MaxUint64, hot: uint32(hot), count: uint32(count)}
	if share < 1 {
		h.below = threshold(share)
	}
	return h, nil
}

// NewMovingHotSet prepares a hot set that moves on by its own size after each
// stretch of every, by the due times of the schedule: request n asks for what
// is hot when it is due, whenever it is sent.
func NewMovingHotSet(seed int64, count, hot int, share float64, every time.Duration, schedule Schedule) (*HotSet, error) {
	if every <= 0 || schedule == nil {
		return nil, fmt.Errorf("a hot set that moves every %v", every)
	}
	h, err := NewHotSet(seed, count, hot, share)
	if err != nil {
		return nil, err
	}
	h.every, h.schedule = int64(every), schedule
	return h, nil
}

// NewChosenHotSet prepares a hot set of certain keys.
func NewChosenHotSet(seed int64, count int, keys []uint32, share float64) (*HotSet, error) {
	h, err := NewHotSet(seed, count, len(keys), share)
	if err != nil {
		return nil, err
	}
	h.order, h.place = make([]uint32, 0, count), make([]uint32, count)
	chosen := make([]bool, count)
	for _, k := range keys {
		if int(k) >= count || chosen[k] {
			return nil, fmt.Errorf("a hot set of key %d, twice or beyond %d keys", k, count)
		}
		chosen[k] = true
		h.order = append(h.order, k)
	}
	for k := range uint32(count) {
		if !chosen[k] {
			h.order = append(h.order, k)
		}
	}
	for i, k := range h.order {
		h.place[k] = uint32(i)
	}
	return h, nil
}

// Key is the key of request n.
func (h *HotSet) Key(n uint64) uint32 {
	a, b := draw(h.seed, n)
	from, many := uint32(0), h.hot
	if b >= h.below && h.share < 1 {
		from, many = h.hot, h.count-h.hot
	}
	i, _ := bits.Mul64(a, uint64(many))
	place := from + uint32(i)
	if h.order != nil {
		return h.order[place]
	}
	return uint32((uint64(place) + h.moved(n)) % uint64(h.count))
}

// moved is by how many keys the hot set has moved on for request n.
func (h *HotSet) moved(n uint64) uint64 {
	if h.every == 0 {
		return 0
	}
	moves := uint64(max(0, h.schedule.Due(n)) / h.every)
	return moves % uint64(h.count) * uint64(h.hot) % uint64(h.count)
}

// Ranks is the number of keys that are asked for.
func (h *HotSet) Ranks() int {
	if h.share == 1 {
		return int(h.hot)
	}
	return int(h.count)
}

// Share is that of one hot key, or of one other.
func (h *HotSet) Share(rank int) float64 {
	if rank < int(h.hot) {
		return h.share / float64(h.hot)
	}
	return (1 - h.share) / float64(h.count-h.hot)
}

// Rank is the key's place: among the hot ones of the time, or behind them.
func (h *HotSet) Rank(n uint64, key uint32) (int, bool) {
	if key >= h.count {
		return 0, false
	}
	if h.order != nil {
		return int(h.place[key]), true
	}
	return int((uint64(key) + uint64(h.count) - h.moved(n)) % uint64(h.count)), true
}
