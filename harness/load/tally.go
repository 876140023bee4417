package load

import (
	"sync"
	"time"

	"gauntlet/harness/history"
)

// tally takes the outcomes from the workers and hands them to the recorder,
// some milliseconds' worth at a time from one goroutine, so that a disk that
// stalls for a moment holds up no worker. What waits is bounded: beyond
// mostWaiting the workers write themselves, and wait.
type tally struct {
	plan *Plan

	mu      sync.Mutex
	waiting []history.Op
	spare   []history.Op
	told    bool // of the first error of class Other

	writing sync.Mutex // before mu
	rec     Recorder
	err     error // the recorder's first
	live    live
}

const (
	flushEvery  = 10 * time.Millisecond
	mostWaiting = 1 << 15
)

func newTally(p *Plan, rec Recorder) *tally {
	return &tally{plan: p, rec: rec, live: newLive(p)}
}

func (t *tally) add(op history.Op) {
	t.mu.Lock()
	t.waiting = append(t.waiting, op)
	full := len(t.waiting) >= mostWaiting
	t.mu.Unlock()
	if full {
		t.flush()
	}
}

// flush records what waits. Its error is the first that the recorder gave.
func (t *tally) flush() error {
	t.writing.Lock()
	defer t.writing.Unlock()
	t.mu.Lock()
	batch := t.waiting
	t.waiting = t.spare[:0]
	t.mu.Unlock()
	for _, op := range batch {
		t.live.count(op)
		if t.err == nil {
			t.err = t.rec.Append(op)
		}
	}
	t.spare = batch
	return t.err
}

// other tells the plan of the first error without a class.
func (t *tally) other(err error) {
	t.mu.Lock()
	first := !t.told
	t.told = true
	t.mu.Unlock()
	if first && t.plan.Other != nil {
		t.plan.Other(err)
	}
}

// flushRegularly flushes until the channel that it returns is closed, and
// then closes ended. A recorder that fails ends the attack: there is no use in
// traffic that nobody can judge.
func (a *Attack) flushRegularly(ended chan<- struct{}) chan<- struct{} {
	quit := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(flushEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if a.tally.flush() != nil {
					a.Stop()
				}
			case <-quit:
				return
			}
		}
	}()
	return quit
}
