package observe

import (
	"testing"
	"time"
)

func TestWhatTheRunTook(t *testing.T) {
	const second = int64(time.Second)
	half := func(from int64) Sample {
		return Sample{From: from * second, At: (from + 1) * second, Others: 0.25, Free: 0.25, Processors: 4}
	}
	quiet := []Sample{half(0), half(1), half(2), half(3)}
	if took, known := Taken(quiet, Span{second / 2, 7 * second / 2}); !known || took != 6*time.Second {
		t.Errorf("half of 4 processors for 3 s is %v (%v), want 6 s", took, known)
	}
	for name, samples := range map[string][]Sample{
		"nothing": nil, "half of it": quiet[:2], "a gap": append(quiet[:3:3], Sample{From: 3 * second, At: 4 * second, Gap: "gone", Processors: 4}),
		"an earlier version": {{From: 0, At: 4 * second, Free: 0.5}},
	} {
		if took, known := Taken(samples, Span{0, 4 * second}); known {
			t.Errorf("%s: %v", name, took)
		}
	}
}
