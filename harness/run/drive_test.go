package run

import (
	"testing"
	"time"

	"gauntlet/harness/chaos"
	"gauntlet/harness/history"
)

func TestWhenAFaultIsOver(t *testing.T) {
	injected, healed := history.Event{At: 10, Until: 20}, &history.Event{At: 500, Until: 600}
	kill := chaos.Fault{Kind: chaos.PodChaos, Action: chaos.PodKill}
	failure := chaos.Fault{Kind: chaos.PodChaos, Action: chaos.PodFailure, Duration: 400}
	for name, c := range map[string]struct {
		f    chaos.Fault
		heal *history.Event
		want int64
	}{
		"healed":              {failure, healed, 600},
		"back":                {kill, healed, 600},
		"not back":            {kill, nil, 120},
		"could not be undone": {failure, nil, 900}, // not in the past: observe would begin before it was tried
	} {
		if got := over(c.f, injected, c.heal, 900, 100*time.Nanosecond); got != c.want {
			t.Errorf("%s: over at %d, want %d", name, got, c.want)
		}
	}
}
