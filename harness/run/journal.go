package run

import (
	"encoding/json"
	"io"
	"sync"
	"time"

	"gauntlet/harness/history"
)

// journal is the way of every event to the run's event log, and to whoever
// follows the run. Events that happen before the run has its origin wait for
// it, so that their times count from the same instant.
type journal struct {
	mu     sync.Mutex
	early  []early
	log    *history.Events
	clock  history.Clock
	closed bool
	follow io.Writer // may be nil
}

type early struct {
	at, until time.Time
	event     history.Event
}

func newJournal(follow io.Writer) *journal { return &journal{follow: follow} }

// open gives the journal its log and clock and writes what waited.
func (j *journal) open(log *history.Events, clock history.Clock) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.log, j.clock = log, clock
	for _, e := range j.early {
		j.write(e.event, e.at, e.until)
	}
	j.early = nil
}

// add records what happened at an instant; until is zero for what takes no
// time.
func (j *journal) add(at time.Time, e history.Event, until time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.log == nil {
		if !j.closed {
			j.early = append(j.early, early{at, until, e})
		}
		return
	}
	j.write(e, at, until)
}

// now records what happens at this instant.
func (j *journal) now(e history.Event) { j.add(time.Now(), e, time.Time{}) }

// record records an event that has its times already.
func (j *journal) record(e history.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.put(e)
}

func (j *journal) write(e history.Event, at, until time.Time) {
	e.At = j.clock.At(at)
	if !until.IsZero() {
		e.Until = j.clock.At(until)
	}
	j.put(e)
}

func (j *journal) put(e history.Event) {
	if j.log == nil {
		return
	}
	j.log.Record(e)
	if j.follow != nil {
		if line, err := json.Marshal(e); err == nil {
			j.follow.Write(append(line, '\n')) // a reader that is gone must not end the run
		}
	}
}

// close ends the log. What happens later (a process that dies while the
// system goes down) is not part of the run.
func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed, j.early = true, nil
	if j.log == nil {
		return nil
	}
	log := j.log
	j.log = nil
	return log.Close()
}
