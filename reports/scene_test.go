package reports

import (
	"testing"

	"pgregory.net/rapid"
)

// Shades must cover what they stand for once: two over each other would be a
// darkness that means nothing.
func TestShadesCoverOnce(t *testing.T) {
	draw := rapid.Custom(func(t *rapid.T) []shade {
		var all []shade
		for range rapid.IntRange(0, 6).Draw(t, "n") {
			begin := rapid.IntRange(0, 50).Draw(t, "begin")
			all = append(all, shade{begin: float64(begin), end: float64(begin + rapid.IntRange(1, 20).Draw(t, "length"))})
		}
		return all
	})
	covers := func(all []shade, at float64) int {
		n := 0
		for _, s := range all {
			if s.begin <= at && at < s.end {
				n++
			}
		}
		return n
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "degraded"), draw.Draw(t, "faults")
		faults, rest := merged(b), without(merged(a), merged(b))
		for at := 0.5; at < 80; at++ {
			if got, want := covers(faults, at), min(1, covers(b, at)); got != want {
				t.Fatalf("at %v: %d fault shades, want %d", at, got, want)
			}
			want := 0
			if covers(a, at) > 0 && covers(b, at) == 0 {
				want = 1
			}
			if got := covers(rest, at); got != want {
				t.Fatalf("at %v: %d shades beyond the fault, want %d", at, got, want)
			}
		}
	})
}

func TestStripsAreWeighted(t *testing.T) {
	sc := scene{seconds: 1200, bin: 2}
	strip := Strip{N: []int{10, 30, 0, 5}, Bad: []*float64{ptr(0.5), ptr(0.1), nil, ptr(1.0)}}
	for i, want := range []float64{8.0 / 40, 1} {
		if got, ok := stripShare(sc, strip, i); !ok || got != want {
			t.Errorf("bin %d: %v, %v, want %v", i, got, ok, want)
		}
	}
	if _, ok := stripShare(sc, strip, 2); ok {
		t.Error("a bin without requests has a share")
	}
}

func TestAxesHoldTheirValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := band{10, 210}
		lo := rapid.Float64Range(1e-4, 1e4).Draw(t, "lo")
		hi := lo * rapid.Float64Range(1, 1e5).Draw(t, "ratio")
		for _, a := range []axis{logAxis(b, lo, hi), linearAxis(b, hi)} {
			if a.hi < hi*(1-1e-9) {
				t.Fatalf("axis to %v cuts %v off", a.hi, hi)
			}
			if y1, y2 := a.y(lo), a.y(hi); y1 < y2 || y2 < b.top || y1 > b.bottom {
				t.Fatalf("%v at %v, %v at %v", lo, y1, hi, y2)
			}
		}
	})
}
