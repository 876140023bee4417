package replica

import (
	"slices"
	"sync"
	"time"

	"gauntlet/targets/mapper/entry"
)

// recentLife is how long a write that Redis has acknowledged is remembered.
// Redis syncs its log every second, and puts that off for up to two more when
// the disk is slow; ten seconds leave room, and some for noticing.
const recentLife = 15 * time.Second

// recent remembers the last writes that Redis has acknowledged, to this
// replica or, by push, to another. A Redis that was killed may have lost them.
type recent struct {
	mu   sync.Mutex
	list []dated // oldest first
	held []*entry.Entry
}

type dated struct {
	at    time.Time
	entry *entry.Entry
}

func (r *recent) add(e *entry.Entry, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh := 0
	for fresh < len(r.list) && now.Sub(r.list[fresh].at) > recentLife {
		fresh++
	}
	if fresh > 0 {
		r.list = slices.Delete(r.list, 0, fresh)
	}
	r.list = append(r.list, dated{now, e})
}

// hold keeps what is remembered until take, however long Redis is away.
func (r *recent) hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.list {
		r.held = append(r.held, d.entry)
	}
	r.list = nil
}

// take returns what is held, and forgets it.
func (r *recent) take() []*entry.Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	held := r.held
	r.held = nil
	return held
}

// giveBack holds again what could not be offered.
func (r *recent) giveBack(entries []*entry.Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = append(entries, r.held...)
}
