package chaos

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"gauntlet/harness/chaos/link"
	"gauntlet/harness/platform"
)

// seepage is the witness of packets that the kernel drops. They are proven by
// two observations: the rule at the one end dropped some of the packets that it
// met, and the kernel at the other end sent something again.
type seepage struct {
	sys     platform.System
	dropper platform.Dropper
	set     Settings
	victim  string
	name    string // under which the packets are dropped

	mu      sync.Mutex
	deed    int64 // acted was called, in ns of the run's clock
	free    bool  // mayReturn was called
	lost    []platform.Dropped
	lookErr error
}

// watch has nothing to see of the time before: the rules count from nothing.
func (s *seepage) watch(context.Context) {}

func (s *seepage) acted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deed = s.set.Clock.Now()
}

// mayReturn looks at the counters while they are there. It must also work when
// the run is interrupted.
func (s *seepage) mayReturn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free {
		return
	}
	s.free = true
	ctx, cancel := context.WithTimeout(context.Background(), countTimeout)
	defer cancel()
	s.lost, s.lookErr = s.dropper.Dropped(ctx, s.name)
}

func (s *seepage) back(ctx context.Context) (began, ready int64, ok bool) {
	return freed(ctx, s.sys, s.set, s.victim, func() bool {
		left, err := s.dropper.Dropped(ctx, s.name)
		return err == nil && len(left) == 0
	})
}

func (s *seepage) proof() (proven bool, at int64, detail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at = s.set.Clock.Now()
	switch {
	case s.lookErr != nil:
		return false, at, fmt.Sprintf("%s: what was dropped could not be counted: %v", s.victim, s.lookErr)
	case len(s.lost) == 0:
		return false, at, s.victim + ": no packet was dropped"
	}
	proven = true
	var details []string
	for _, l := range leaks(s.lost) {
		text := fmt.Sprintf("%s: %s", l.pair, l)
		if missing := l.missing(); missing != "" {
			proven, text = false, text+", "+missing
		}
		details = append(details, text)
	}
	if proven {
		at = s.deed
	}
	return proven, at, strings.Join(details, ", ")
}

// leak is what became of the packets of one pair.
type leak struct {
	pair    link.Pair
	streams []platform.Dropped
}

// leaks puts the streams of a pair together, in the order of their first.
func leaks(all []platform.Dropped) []leak {
	var leaks []leak
	at := map[link.Pair]int{}
	for _, d := range all {
		i, known := at[d.Pair]
		if !known {
			i = len(leaks)
			at[d.Pair] = i
			leaks = append(leaks, leak{pair: d.Pair})
		}
		leaks[i].streams = append(leaks[i].streams, d)
	}
	return leaks
}

func (l leak) sum() (lost, resent int64) {
	for _, d := range l.streams {
		lost += d.Lost
		resent += d.Resent
	}
	return lost, resent
}

// missing is what of the loss is not shown; "" when everything is.
func (l leak) missing() string {
	switch lost, resent := l.sum(); {
	case lost == 0:
		return "which is none"
	case resent == 0:
		return "and nobody noticed"
	}
	return ""
}

// String says what was counted: "31 of 640 packets there and 29 of 655 packets
// back dropped on arrival, 60 segments sent again".
func (l leak) String() string {
	var ways []string
	for _, d := range l.streams {
		way := "there"
		if d.Direction == link.Backward {
			way = "back"
		}
		ways = append(ways, fmt.Sprintf("%s of %s %s", thousands(d.Lost), several(d.Packets, "packet"), way))
	}
	_, resent := l.sum()
	return fmt.Sprintf("%s dropped on arrival, %s sent again", strings.Join(ways, " and "), several(resent, "segment"))
}
