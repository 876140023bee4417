package slo

import (
	"runtime"
	"testing"
	"unsafe"

	"gauntlet/harness/history"
)

// million is 10,000 requests a second for 100 s: one of three replicas is down
// for ten of them, and the generator is late for one.
func million() Input {
	const rate, end = 10_000, 100
	c := NewCollector(rules)
	for _, op := range operations(rate, end, fails(20, 30, 3, history.Status5xx), fails(0, end, 2000, history.EOF), late(50, 51, 2)) {
		c.Add(op)
	}
	in := trial(rate)
	in.Samples, in.Phases.Observe.End = c.Samples(), end*second
	return in
}

// A million requests stay far below 150 MB: 24 bytes each, and what judging
// them allocates, garbage included.
func TestMemoryOfAMillionRequests(t *testing.T) {
	if size := unsafe.Sizeof(sample{}); size > 24 {
		t.Errorf("a sample is %d bytes", size)
	}
	in := million()
	if len(in.Samples.all) != 1e6 {
		t.Fatalf("%d samples", len(in.Samples.all))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	Judge(in)
	runtime.ReadMemStats(&after)
	allocated := float64(after.TotalAlloc-before.TotalAlloc) / (1 << 20)
	t.Logf("judging allocates %.1f MB beside %.1f MB of samples", allocated, float64(unsafe.Sizeof(sample{}))*1e6/(1<<20))
	if allocated > 60 {
		t.Errorf("judging a million requests allocates %.1f MB, want at most 60", allocated)
	}
}

func BenchmarkJudgeMillion(b *testing.B) {
	in := million()
	b.ReportAllocs()
	for b.Loop() {
		Judge(in)
	}
}

func BenchmarkCollectMillion(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		c := NewCollector(rules)
		for i := range int64(1e6) {
			due := i * ms / 10
			c.Add(history.Op{Due: due, Sent: due, Done: due + (i*7919)%100*ms})
		}
		c.Samples()
	}
}

// Who says how many requests there will be pays for them once.
func TestRoomForWhatIsExpected(t *testing.T) {
	const n = 1_000_000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c := NewCollector(rules)
	c.Expect(n)
	for i := range int64(n) {
		due := (i ^ 1) * ms / 10 // not quite in order
		c.Add(history.Op{Due: due, Sent: due, Done: due + ms})
	}
	s := c.Samples()
	runtime.ReadMemStats(&after)
	allocated := float64(after.TotalAlloc-before.TotalAlloc) / (1 << 20)
	if len(s.all) != n || allocated > 24 {
		t.Errorf("collecting %d requests allocates %.1f MB, want at most the 23 of their samples", len(s.all), allocated)
	}
}
