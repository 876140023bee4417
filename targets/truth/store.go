package truth

import "sync"

// store holds the values, and what it takes to answer wrongly. The zero value
// is empty.
type store struct {
	mu     sync.Mutex
	values map[string]versions
	recent [2]string // keys that were written last, different ones
}

// versions are the last two values of a key.
type versions struct{ now, before string }

func (s *store) put(key, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values == nil {
		s.values = map[string]versions{}
	}
	s.values[key] = versions{now: value, before: s.values[key].now}
	if s.recent[0] != key {
		s.recent = [2]string{key, s.recent[0]}
	}
}

// get is the value of the key, "" when there is none.
func (s *store) get(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values[key].now
}

// stale is the value that the key had before its last, "" when it had none.
func (s *store) stale(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values[key].before
}

// wrong is the value of another key, "" while there is none.
func (s *store) wrong(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	other := s.recent[0]
	if other == key {
		other = s.recent[1]
	}
	return s.values[other].now
}
