package load

import (
	"context"
	"testing"

	"pgregory.net/rapid"
)

// ready makes a service of the replicas that are ready, asking nobody.
func readyService(indices ...uint16) *Service {
	s := &Service{probe: func(context.Context, Endpoint) error { return nil }}
	s.ready.Store(&[]Endpoint{})
	for _, i := range indices {
		s.set(Endpoint{Index: i}, true)
	}
	return s
}

func TestAPinnedClientKeepsItsReplica(t *testing.T) {
	s := readyService(0, 1, 2)
	p := NewPinned(s, 6)
	first, used := map[int]uint16{}, map[uint16]int{}
	for client := range 6 {
		e, ok := p.Route(client, nil)
		if !ok {
			t.Fatal("no replica")
		}
		first[client] = e.Index
		used[e.Index]++
	}
	for i := range uint16(3) {
		if used[i] != 2 {
			t.Errorf("replica %d has %d clients of 6", i, used[i])
		}
	}
	again := func(when string, moved func(client int) bool) map[int]uint16 {
		now := map[int]uint16{}
		for range 5 {
			for client := range 6 {
				e, _ := p.Route(client, nil)
				if was, seen := now[client]; seen && was != e.Index || !moved(client) && e.Index != first[client] {
					t.Errorf("%s: client %d is at %d, was at %d", when, client, e.Index, first[client])
				}
				now[client] = e.Index
			}
		}
		return now
	}
	again("all ready", func(int) bool { return false })

	// A retry goes elsewhere, and the next request home again.
	if e, _ := p.Route(0, []uint16{first[0]}); e.Index == first[0] {
		t.Error("the retry went where it had failed")
	}
	again("after a retry", func(int) bool { return false })

	s.set(Endpoint{Index: 1}, false)
	at1 := func(client int) bool { return first[client] == 1 }
	without := again("one is away", at1)
	for client, index := range without {
		if index == 1 {
			t.Errorf("client %d is at the replica that is not ready", client)
		}
	}
	s.set(Endpoint{Index: 1}, true)
	for client, index := range again("it is back", at1) {
		if index != without[client] {
			t.Errorf("client %d moved back from %d to %d", client, without[client], index)
		}
	}
}

// Whatever is ready and avoided, a route leads to what is ready and not
// avoided, and there is one when there is such a replica.
func TestPinnedRoutesOnlyWhereItMay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := readyService()
		p := NewPinned(s, 3)
		ready := map[uint16]bool{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			i := uint16(rapid.IntRange(0, 4).Draw(t, "replica"))
			if rapid.Bool().Draw(t, "changes") {
				ready[i] = !ready[i]
				s.set(Endpoint{Index: i}, ready[i])
				continue
			}
			avoid := rapid.SliceOfN(rapid.Uint16Range(0, 4), 0, 4).Draw(t, "avoid")
			possible := map[uint16]bool{}
			for index, is := range ready {
				possible[index] = is
			}
			for _, a := range avoid {
				possible[a] = false
			}
			any := false
			for _, is := range possible {
				any = any || is
			}
			if e, ok := p.Route(rapid.IntRange(0, 9).Draw(t, "client"), avoid); ok != any || ok && !possible[e.Index] {
				t.Fatalf("ready %v, avoid %v: %v, %v", ready, avoid, e.Index, ok)
			}
		}
	})
}
