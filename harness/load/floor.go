package load

import (
	"math"
	"sync"

	"gauntlet/harness/history"
)

// floor is where the workers stand: which are busy, which replica holds how
// many of them, and up to when requests may begin. One lock guards it all,
// because whether a request may begin and what is known of those before it
// must be decided in one instant.
type floor struct {
	clock   history.Clock
	workers int

	mu       sync.Mutex
	busy     int
	full     int64 // when the last worker became busy; while busy == workers
	past     *saturation
	holds    []int  // requests in flight, by Endpoint.Index
	handed   uint64 // ticks that vegeta handed to a worker: requests 0 … handed−1
	started  uint64 // the highest request that began
	lastDue  int64  // its due time
	end      int64  // no request due at or after it begins
	finished bool   // the pacer has reached end
	moved    chan struct{}
}

func newFloor(clock history.Clock, workers int, span int64) *floor {
	return &floor{
		clock: clock, workers: workers, past: newSaturation(clock.Now(), span),
		lastDue: math.MinInt64, end: math.MaxInt64, moved: make(chan struct{}),
	}
}

// begin makes a worker busy with request n. It returns the instant, how much
// of the time since due passed with every worker busy, and false when the
// attack ended before the request: then the worker stays free.
//
// A worker counts as busy from here to leave; see handOver for the time
// between the two.
func (f *floor) begin(n uint64, due int64) (now, blocked int64, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.handed++
	if due >= f.end {
		return 0, 0, false
	}
	now = f.clock.Now()
	f.started, f.lastDue = max(f.started, n), max(f.lastDue, due)
	blocked = f.past.blocked(due, now)
	f.busy++
	if f.busy == f.workers {
		f.full = now
	}
	return now, blocked, true
}

// leave makes the worker free again.
func (f *floor) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.busy == f.workers {
		f.past.add(f.full, f.clock.Now())
	}
	f.busy--
}

// take lets the replica hold one request more, unless it holds limit.
func (f *floor) take(replica uint16, limit int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for int(replica) >= len(f.holds) {
		f.holds = append(f.holds, 0)
	}
	if f.holds[replica] >= limit {
		return false
	}
	f.holds[replica]++
	return true
}

func (f *floor) release(replica uint16) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.holds[replica]--
}

// blocked is what begin says of a request that is given up before it began.
func (f *floor) blocked(due int64) (now, blocked int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now = max(due, f.clock.Now())
	return now, f.past.blocked(due, now)
}

// highest is the highest request that began, for judging what was read.
func (f *floor) highest() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.started
}

// endAt moves the end, and returns where it is now: never before what began
// already, and no more to be moved once it was reached.
func (f *floor) endAt(ns int64) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.finished {
		return f.end
	}
	if f.lastDue != math.MinInt64 {
		ns = max(ns, f.lastDue+1)
	}
	f.end = ns
	close(f.moved)
	f.moved = make(chan struct{})
	return ns
}

// limits is the end, and a channel that closes when it is moved.
func (f *floor) limits() (end int64, moved <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.end, f.moved
}

// finish fixes the end when it is reached; false when it is not, or was moved.
func (f *floor) finish() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.finished = f.finished || f.clock.Now() >= f.end
	return f.finished
}

// inFlight is the number of busy workers.
func (f *floor) inFlight() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.busy
}
