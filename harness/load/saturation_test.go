package load

import (
	"testing"

	"pgregory.net/rapid"
)

// Against the sum over all intervals, which is what saturation stands for.
func TestSaturationRemembersBusyTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.Int64Range(-1e9, 1e9).Draw(t, "base")
		const span = int64(50e6)
		s := newSaturation(base, span)
		type interval struct{ from, until int64 }
		var all []interval
		now := base
		for i := range rapid.IntRange(1, 60).Draw(t, "intervals") {
			from := now + rapid.Int64Range(0, 5e6).Draw(t, "gap")
			if i%17 == 16 {
				from += rapid.Int64Range(0, 1e9).Draw(t, "calm")
			}
			now = from + rapid.Int64Range(0, 3e6).Draw(t, "busy")
			s.add(from, now)
			all = append(all, interval{from, now})

			due := now - rapid.Int64Range(-1e6, span).Draw(t, "ago")
			exact := int64(0)
			for _, in := range all {
				exact += max(0, in.until-max(in.from, due))
			}
			got := s.total - s.before(due)
			last := all[len(all)-1]
			if slack := s.width; due >= last.from && got != exact || got < exact-slack || got > exact+slack {
				t.Fatalf("since %d every worker was busy for %d ns, want %d (± %d)", due, got, exact, slack)
			}
		}
	})
}
