// Package monitor lets goroutines wait for a change of what they share.
package monitor

import (
	"context"
	"sync"
)

// Monitor guards a state, and wakes whoever waits for it to change. Its zero
// value is ready. A look at the state alone takes its lock.
type Monitor struct {
	sync.Mutex
	changed chan struct{} // closed at the next change; nil when nobody waits
}

// Update changes the state under the lock.
func (m *Monitor) Update(change func()) {
	m.Lock()
	defer m.Unlock()
	change()
	if m.changed != nil {
		close(m.changed)
		m.changed = nil
	}
}

// Await waits until done, which is asked under the lock and after every Update,
// says so. Its error is that of ctx.
func (m *Monitor) Await(ctx context.Context, done func() bool) error {
	for {
		m.Lock()
		if done() {
			m.Unlock()
			return nil
		}
		if m.changed == nil {
			m.changed = make(chan struct{})
		}
		changed := m.changed
		m.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
