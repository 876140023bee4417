package load

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fleet is replicas whose readiness the test sets.
type fleet struct {
	mu    sync.Mutex
	state map[string]string // "ready", "unready", "hangs"
}

func (f *fleet) set(name, state string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state[name] = state
}

func (f *fleet) probe(ctx context.Context, e Endpoint) error {
	f.mu.Lock()
	state := f.state[e.Name]
	f.mu.Unlock()
	switch state {
	case "ready":
		return nil
	case "hangs":
		<-ctx.Done()
		return ctx.Err()
	}
	return errors.New("not ready")
}

var abc = []Endpoint{{0, "a", "http://a"}, {1, "b", "http://b"}, {2, "c", "http://c"}}

func routes(s *Service, n int, avoid ...uint16) map[string]int {
	seen := map[string]int{}
	for range n {
		if e, ok := s.Route(0, avoid); ok {
			seen[e.Name]++
		}
	}
	return seen
}

func TestServiceRoutesRoundRobinOverTheReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{state: map[string]string{"a": "ready", "b": "ready"}}
		s := NewService(abc, f.probe, nil)
		defer s.Close()
		synctest.Wait()
		if got := routes(s, 100); got["a"] != 50 || got["b"] != 50 || s.Ready() != 2 {
			t.Errorf("%v of 100, %d ready", got, s.Ready())
		}
		if got := routes(s, 10, 0); got["b"] != 10 {
			t.Errorf("%v of 10 with a to be avoided", got)
		}
		if got := routes(s, 10, 0, 1); len(got) != 0 {
			t.Errorf("%v with both to be avoided", got)
		}
		f.set("a", "unready") // one failure removes
		f.set("c", "ready")   // one success admits
		time.Sleep(PollEvery + time.Millisecond)
		if got := routes(s, 100); got["b"] != 50 || got["c"] != 50 {
			t.Errorf("%v of 100", got)
		}
	})
}

func TestAHangingProbeDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type change struct {
			name  string
			ready bool
			at    time.Duration
		}
		var mu sync.Mutex
		var changes []change
		begun := time.Now()
		f := &fleet{state: map[string]string{"a": "ready", "b": "ready", "c": "ready"}}
		s := NewService(abc, f.probe, func(e Endpoint, ready bool, at time.Time) {
			mu.Lock()
			defer mu.Unlock()
			changes = append(changes, change{e.Name, ready, at.Sub(begun)})
		})
		defer s.Close()
		time.Sleep(time.Second + PollEvery/2)
		f.set("a", "hangs")
		time.Sleep(PollEvery)
		f.set("b", "unready")
		time.Sleep(2 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if len(changes) != 5 {
			t.Fatalf("%v", changes)
		}
		if want := (change{"b", false, 1200 * time.Millisecond}); changes[3] != want {
			t.Errorf("%v, want %v", changes[3], want)
		}
		if want := (change{"a", false, 1100*time.Millisecond + ProbeTimeout}); changes[4] != want {
			t.Errorf("%v, want %v", changes[4], want)
		}
	})
}
