package monitor

import (
	"context"
	"errors"
	"sync"
	"testing"
)

// Each of many waits for a number, and somebody counts: nobody misses his.
func TestEveryChangeIsSeen(t *testing.T) {
	var m Monitor
	n := 0
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if err := m.Await(t.Context(), func() bool { return n >= i }); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	for range 50 {
		all.Go(func() { m.Update(func() { n++ }) })
	}
	all.Wait()
	if m.Lock(); n != 50 {
		t.Errorf("%d of 50 changes", n)
	}
	m.Unlock()
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	var m Monitor
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Await(ctx, func() bool { return false }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := m.Await(ctx, func() bool { return true }); err != nil {
		t.Errorf("what is so already: %v", err)
	}
}
