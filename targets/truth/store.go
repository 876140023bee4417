package truth

import (
	"sync"
	"time"
)

// store holds the values, and what it takes to answer wrongly.
type store struct {
	memory time.Duration // how far back it can be asked what a value was

	mu     sync.Mutex
	keys   map[string]*values
	recent [2]string // keys that were written last, different ones
}

func newStore(memory time.Duration) *store {
	return &store{memory: memory, keys: map[string]*values{}}
}

// value is one of a key. Those of a key are numbered from 1, in the order in
// which they came; the zero value is none.
type value struct {
	number int
	text   string
}

// values are those of a key.
type values struct {
	came  int // so many were numbered
	shown []shown
}

// shown is a value, and since when it is the one to be seen.
type shown struct {
	value
	since time.Duration
}

// take numbers a value that comes. Nobody sees it before show.
func (s *store) take(key, text string) value {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.keys[key]
	if !ok {
		k = &values{}
		s.keys[key] = k
	}
	k.came++
	return value{k.came, text}
}

// show lets a value that was taken be seen from now on, an instant of the log.
// One that came later stays: an older write never wins.
func (s *store) show(key string, v value, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keys[key]
	if v.number <= k.back(0).number {
		return
	}
	k.shown = append(k.shown, shown{v, now})
	k.forget(now - s.memory)
	if s.recent[0] != key {
		s.recent = [2]string{key, s.recent[0]}
	}
}

// forget drops what was over before an instant, but for the last two.
func (k *values) forget(before time.Duration) {
	n := 0
	for n+2 < len(k.shown) && k.shown[n+1].since <= before {
		n++
	}
	k.shown = k.shown[:copy(k.shown, k.shown[n:])]
}

// back is the value so many before the last.
func (k *values) back(n int) value {
	if k == nil || n >= len(k.shown) {
		return value{}
	}
	return k.shown[len(k.shown)-1-n].value
}

// get is the value of the key.
func (s *store) get(key string) value {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[key].back(0)
}

// before is the value that the key had before its last.
func (s *store) before(key string) value {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[key].back(1)
}

// asOf is the value of the key at an instant, none when that is the one that it
// has now.
func (s *store) asOf(key string, at time.Duration) value {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.keys[key]
	if k == nil {
		return value{}
	}
	for n := range k.shown {
		if k.shown[len(k.shown)-1-n].since <= at {
			if n == 0 {
				break
			}
			return k.back(n)
		}
	}
	return value{}
}

// other is the value of another key.
func (s *store) other(key string) value {
	s.mu.Lock()
	defer s.mu.Unlock()
	other := s.recent[0]
	if other == key {
		other = s.recent[1]
	}
	return s.keys[other].back(0)
}
