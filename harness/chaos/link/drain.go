package link

import (
	"net"
	"slices"
)

// together is how many chunks go in one write at most.
const together = 64

// drain writes what waits when it is due, and ends when nothing waits.
func (s *stream) drain() {
	alarm := s.clock.alarm()
	defer alarm.stop()
	for {
		batch, next, ok := s.take()
		switch {
		case !ok:
			return
		case len(batch) == 0:
			alarm.wait(next, s.wake)
		case batch[0].end != open:
			s.carrier.passed(s, batch[0].end)
		case !s.write(batch):
			s.carrier.broke(s)
		}
	}
}

// take removes from the queue what is due, or else says when the first of it
// will be. Not ok: nothing waits any more.
func (s *stream) take() (batch []chunk, next int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.follow()
	if s.closed || len(s.queue) == 0 {
		s.running = false
		return nil, 0, false
	}
	now := s.clock.now()
	n := 0
	for n < len(s.queue) && n < together && s.queue[n].due <= now && s.queue[n].end == open {
		n++
	}
	if n == 0 && s.queue[0].due <= now {
		n = 1 // an end goes by itself
	}
	batch, s.queue = s.queue[:n:n], s.queue[n:]
	if n == 0 {
		return nil, s.queue[0].due, true
	}
	return batch, 0, true
}

// beyond is what of batch comes after its first n bytes.
func beyond(batch []chunk, n int) []chunk {
	for len(batch) > 0 && n >= len(batch[0].data) {
		n -= len(batch[0].data)
		batch = batch[1:]
	}
	batch = slices.Clone(batch)
	if len(batch) > 0 {
		batch[0].data = batch[0].data[n:]
	}
	return batch
}

// write writes the batch and counts what of it went out.
func (s *stream) write(batch []chunk) bool {
	now := s.clock.now()
	buffers := make(net.Buffers, len(batch))
	for i, c := range batch {
		buffers[i] = c.data
	}
	// Counted before: who has seen them arrive sees them counted.
	all := s.count.passing(batch, now, 1)
	passed, err := buffers.WriteTo(s.to)
	if err != nil {
		s.count.passing(beyond(batch, int(passed)), now, -1)
	}
	for i := range batch {
		batch[i].data = nil // the queue's memory stays for a while
	}
	s.mu.Lock()
	s.waiting -= all
	s.mu.Unlock()
	signal(s.room)
	return err == nil
}
