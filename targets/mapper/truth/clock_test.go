package truth

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestStampsOnlyGrow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := NewClock(0)
		var last int64
		t.Repeat(map[string]func(*rapid.T){
			"stamp": func(t *rapid.T) {
				floor := c.Now() + rapid.Int64Range(-1e6, 1e6).Draw(t, "floor")
				got := c.Stamp(floor)
				if got <= last || got <= floor {
					t.Fatalf("stamp %d after %d with floor %d", got, last, floor)
				}
				last = got
			},
			"redis sets its clock": func(t *rapid.T) {
				sent := c.local()
				shift := time.Duration(rapid.Int64Range(-int64(time.Hour), int64(time.Hour)).Draw(t, "shift"))
				c.measured(sent.Add(shift), sent, sent)
			},
		})
	})
}

func TestQuickestMeasurementCounts(t *testing.T) {
	c := NewClock(0)
	now := c.local()
	measure := func(offset, roundTrip time.Duration) {
		c.measured(now.Add(roundTrip/2+offset), now, now.Add(roundTrip))
	}
	measure(300*time.Millisecond, 90*time.Millisecond)
	measure(200*time.Millisecond, time.Millisecond)
	measure(100*time.Millisecond, 50*time.Millisecond)
	if got := c.Offset(); got != 200*time.Millisecond {
		t.Fatalf("offset %v", got)
	}
	for range samplesKept { // a change of the clocks is believed in the end
		measure(-time.Second, 80*time.Millisecond)
	}
	if got := c.Offset(); got != -time.Second {
		t.Fatalf("offset %v", got)
	}
}

// A machine whose clock is wrong has Redis's time once it has measured it,
// unless it trusts its own.
func TestSkewIsMeasuredAway(t *testing.T) {
	for _, trusted := range []bool{false, true} {
		c := NewClock(-time.Hour)
		c.trusted = trusted
		sent := c.local()
		c.measured(time.Now(), sent, c.local())
		off := time.Since(time.UnixMicro(c.Now())).Round(time.Minute)
		if want := map[bool]time.Duration{false: 0, true: time.Hour}[trusted]; off != want {
			t.Errorf("trusted %v: off by %v, want %v", trusted, off, want)
		}
	}
}
