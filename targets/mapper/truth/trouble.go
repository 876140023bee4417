package truth

import (
	"sync"
	"time"
)

const (
	// The breaker opens when four of the last ten calls failed …
	failuresToOpen = 4
	failuresOf     = 10
	// … and four failures followed one upon the other within this.
	troubleWithin = time.Second
)

// trouble tells trouble that lasts from a moment's. Calls that are under way
// together fail together: when a machine stops for a moment, or a connection is
// lost, ten failures are one event, and nobody is better off for not asking a
// Redis that answers again. So a failure follows upon another only if its call
// began when that one was known. Four of them that time out take 0.6 s, however
// many calls a second there are.
type trouble struct {
	mu       sync.Mutex
	failed   [failuresOf]bool // of the last calls, a ring
	next     int
	failures [failuresToOpen]time.Time // the last that followed one upon the other, newest last
}

// lasts takes a call down, and says whether the breaker should open.
func (t *trouble) lasts(began, ended time.Time, failed bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed[t.next] = failed
	t.next = (t.next + 1) % failuresOf
	if !failed {
		return false
	}
	if last := t.failures[failuresToOpen-1]; !began.Before(last) {
		copy(t.failures[:], t.failures[1:])
		t.failures[failuresToOpen-1] = ended
	}
	n := 0
	for _, f := range t.failed {
		if f {
			n++
		}
	}
	return n >= failuresToOpen && ended.Sub(t.failures[0]) <= troubleWithin
}

// forget begins anew.
func (t *trouble) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed, t.failures = [failuresOf]bool{}, [failuresToOpen]time.Time{}
}
