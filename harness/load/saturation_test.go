package load

import (
	"testing"

	"pgregory.net/rapid"
)

type interval struct{ from, until int64 }

// Against the sum over all intervals, which is what saturation stands for.
func TestSaturationRemembersBusyTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.Int64Range(-1e9, 1e9).Draw(t, "base")
		const span = int64(50e6)
		s := newSaturation(base, span)
		var all []interval
		now := base
		for i := range rapid.IntRange(1, 60).Draw(t, "intervals") {
			from := now + rapid.Int64Range(0, 5e6).Draw(t, "gap")
			if i%17 == 16 {
				from += rapid.Int64Range(0, 1e9).Draw(t, "calm")
			}
			now = from + rapid.Int64Range(0, 3e6).Draw(t, "busy")
			s.add(from, now)
			all = merge(all, interval{from, now})

			due := now - rapid.Int64Range(-1e6, span).Draw(t, "ago")
			begun := max(now, due) + rapid.Int64Range(0, 1e6).Draw(t, "late")
			exact := int64(0)
			for _, in := range all {
				exact += max(0, in.until-max(in.from, due))
			}
			if exact > 0 {
				if handing := begun - all[len(all)-1].until; handing <= handOver {
					exact += handing
				}
			}
			// An error at the far end may also be an error about whether the
			// request waited at all, and so of its own handing over.
			got, slack := s.blocked(due, begun), s.width+handOver
			recent := len(all) == 0 || due >= all[len(all)-1].from
			if recent && got != exact || got < exact-slack || got > exact+slack {
				t.Fatalf("from %d to %d every worker was busy for %d ns, want %d (± %d)", due, begun, got, exact, slack)
			}
		}
	})
}

// merge adds an interval, joining it to the last across a handing over.
func merge(all []interval, in interval) []interval {
	if in.until <= in.from {
		return all
	}
	if n := len(all); n > 0 && in.from-all[n-1].until <= handOver {
		all[n-1].until = in.until
		return all
	}
	return append(all, in)
}
