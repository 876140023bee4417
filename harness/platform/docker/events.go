package docker

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"
)

// watcher follows the engine's events of one run.
type watcher struct {
	stop context.CancelFunc
	done sync.WaitGroup

	mu      sync.Mutex
	stopped bool // on purpose
	err     error
}

// follow begins to follow the engine's events; it has subscribed when it
// returns.
func (s *system) follow() {
	ctx, cancel := context.WithCancel(context.Background())
	mine := make(client.Filters).Add("label", Label+"="+s.o.RunID).Add("type", "container").Add("event", "start", "die")
	stream := s.engine.Events(ctx, client.EventsListOptions{Filters: mine})
	w := &watcher{stop: cancel}
	w.done.Go(func() {
		for {
			select {
			case m := <-stream.Messages:
				s.tell(m)
			case err := <-stream.Err: // the stream ended, by our cancel or the engine's end
				w.mu.Lock()
				w.err = fmt.Errorf("the Docker engine no longer tells what happens to the containers: %w", err)
				w.mu.Unlock()
				return
			}
		}
	})
	s.watch = w
}

// tell takes down what the engine says happened.
func (s *system) tell(m events.Message) {
	name := strings.TrimPrefix(m.Actor.Attributes["name"], prefix(s.o.RunID)+"-")
	r, err := s.named(name)
	if err != nil {
		return
	}
	at := instant(m.TimeNano)
	switch m.Action {
	case events.ActionStart:
		unwanted := false
		r.mu.Update(func() {
			r.life = life{incarnation: fmt.Sprintf("%.12s@%d", m.Actor.ID, m.TimeNano), started: at}
			unwanted = r.held
		})
		s.o.OnState(name, StateStarting, at)
		s.follows(func() { s.startedAgain(r) })
		if unwanted { // it came back by itself in the moment in which it was taken away
			s.follows(func() {
				ctx, cancel := context.WithTimeout(context.Background(), killTimeout)
				defer cancel()
				if err := s.signal(ctx, r, "SIGKILL"); err != nil {
					r.mu.Update(func() { r.failure = fmt.Errorf("%s came back and cannot be held down: %w", name, err) })
				}
			})
		}
	case events.ActionDie:
		r.mu.Update(func() { r.life, r.deaths = life{}, r.deaths+1 })
		s.o.OnState(name, StateDown, at)
	}
}

// follows does what an event asks for, unless the system goes down: events
// come at any time, and what is waited for must not grow from nothing.
func (s *system) follows(do func()) {
	s.going.Lock()
	defer s.going.Unlock()
	if !s.ended {
		s.later.Go(do)
	}
}

// instant is the engine's wall-clock instant as one with a monotonic reading,
// so that a step of the clock later in the run does not move it.
func instant(wallNano int64) time.Time {
	now := time.Now()
	return now.Add(time.Unix(0, wallNano).Sub(now))
}

// failed is why nothing is known any more; nil as long as all is well, and
// after close.
func (w *watcher) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return nil
	}
	return w.err
}

// close ends following.
func (w *watcher) close() {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.stop()
	w.done.Wait()
}
