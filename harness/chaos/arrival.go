package chaos

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"gauntlet/harness/platform"
)

// arrival is the witness of a replica that joins its service. That it joined is
// proven by two observations: a life of it is listed where there was none, and
// a connection to its address was accepted.
type arrival struct {
	sys   platform.System
	set   Settings
	name  string
	stays bool // until the end of the run; otherwise it is to leave again

	ready chan struct{} // closed when it is ready for the first time
	left  chan struct{} // closed when it is gone again, having been allowed to

	mu       sync.Mutex
	isFree   bool // mayReturn was called: it is to leave
	there    bool // it was listed before the deed
	began    int64
	readyAt  int64
	accepted int64
	gone     int64
	other    error // why it could not be connected to, or the platform not be asked
}

func newArrival(sys platform.System, set Settings, name string, leaves bool) *arrival {
	return &arrival{sys: sys, set: set, name: name, stays: !leaves, ready: make(chan struct{}), left: make(chan struct{})}
}

func (a *arrival) watch(ctx context.Context) {
	if r, err := listedAs(ctx, a.sys, a.name); err != nil {
		a.other = err
	} else if r != nil {
		a.there = true
	}
	go a.follow(ctx)
}

func (a *arrival) acted() {}

// mayReturn: as it was before is not there.
func (a *arrival) mayReturn() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.isFree = true
}

// follow looks at the replica until it is what it is to become.
func (a *arrival) follow(ctx context.Context) {
	for {
		r, err := listedAs(ctx, a.sys, a.name)
		if ctx.Err() != nil {
			return
		}
		if a.note(ctx, r, err) {
			return
		}
		pause := lookEvery
		if a.isReady() {
			pause = lookSlowly
		}
		if !rest(ctx, pause, nil, nil) {
			return
		}
	}
}

func (a *arrival) isReady() bool {
	select {
	case <-a.ready:
		return true
	default:
		return false
	}
}

// note takes down a look and tells whether it was the last.
func (a *arrival) note(ctx context.Context, r *platform.Replica, err error) (last bool) {
	runs := err == nil && r != nil && r.State == platform.Running
	a.mu.Lock()
	now := a.set.Clock.Now()
	if err != nil {
		a.other = err
	}
	if runs && a.began == 0 {
		a.began = now
		if !r.Started.IsZero() {
			a.began = min(a.set.Clock.At(r.Started), now)
		}
	}
	if err == nil && r == nil && a.isFree {
		a.gone = now
		a.mu.Unlock()
		close(a.left)
		return true
	}
	connected := a.accepted != 0
	a.mu.Unlock()
	if !runs || a.isReady() {
		return false
	}
	if !connected {
		a.connect(ctx, r.Address)
	}
	probing, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if a.set.Probe(probing, *r) != nil {
		return false
	}
	a.mu.Lock()
	a.readyAt = a.set.Clock.Now()
	a.mu.Unlock()
	close(a.ready)
	return a.stays
}

func (a *arrival) connect(ctx context.Context, address string) {
	err := dial(ctx, address)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		a.accepted = a.set.Clock.Now()
	} else {
		a.other = err
	}
}

// back is when it began to run and was ready, or, of one that leaves again,
// when it was gone.
func (a *arrival) back(ctx context.Context) (began, ready int64, ok bool) {
	done := a.ready
	if !a.stays {
		done = a.left
	}
	select {
	case <-done:
	case <-ctx.Done():
		select {
		case <-done:
		default:
			return 0, 0, false
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.stays {
		return a.gone, a.gone, true
	}
	return a.began, a.readyAt, true
}

func (a *arrival) proof() (proven bool, at int64, detail string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	proven = !a.there && a.began != 0 && a.accepted != 0
	var all []string
	switch {
	case a.there:
		all = append(all, "was there before it was to come")
	case a.began == 0:
		all = append(all, "never ran")
	default:
		all = append(all, "started at "+seconds(a.began))
	}
	switch {
	case a.accepted != 0:
		all = append(all, "first accepted connection "+seconds(a.accepted))
	case a.began != 0:
		all = append(all, "accepted no connection")
	}
	switch {
	case a.readyAt != 0:
		all = append(all, "ready "+seconds(a.readyAt))
	case a.accepted != 0:
		all = append(all, "not ready")
	}
	if a.gone != 0 && a.began != 0 {
		all = append(all, "gone "+seconds(a.gone))
	}
	if !proven && a.other != nil {
		all = append(all, fmt.Sprintf("the last trouble: %v", a.other))
	}
	at = max(a.began, a.accepted)
	if !proven {
		at = a.set.Clock.Now()
	}
	return proven, at, a.name + " " + strings.Join(all, ", ")
}

var _ witness = (*arrival)(nil)
