package register

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// of is n operations on keys of 2,000 each, at 64 clients' concurrency: true
// histories, which are the most work for a search.
func of(n int) [][]Op {
	rnd := rand.New(rand.NewPCG(1, 2))
	var keys [][]Op
	for len(keys)*2000 < n {
		var ops []Op
		value := uint64(0)
		for i := range min(2000, n-len(keys)*2000) {
			at := int64(i) * 1_000_000
			before, after := rnd.Int64N(2_000_000), rnd.Int64N(2_000_000)
			if rnd.IntN(2) == 0 {
				value++
				ops = append(ops, write(at-before, at+after, value))
			} else {
				ops = append(ops, read(at-before, at+after, value))
			}
		}
		keys = append(keys, ops)
	}
	return keys
}

// BenchmarkAgainstPorcupine judges a million operations by zones and by
// porcupine, in turn.
func BenchmarkAgainstPorcupine(b *testing.B) {
	keys := of(1_000_000)
	var zones, search time.Duration
	var grown uint64
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		for _, ops := range keys {
			h, err := New(ops)
			if err != nil {
				b.Fatal(err)
			}
			if _, ok := h.Linearizable(); !ok {
				b.Fatal("a true history cannot be ordered")
			}
			h.Ages(ops)
		}
		zones += time.Since(begin)
		runtime.ReadMemStats(&after)
		grown = max(grown, after.HeapInuse)
		begin = time.Now()
		for _, ops := range keys {
			if !porcupine.CheckOperations(model, operations(ops)) {
				b.Fatal("porcupine cannot order a true history")
			}
		}
		search += time.Since(begin)
	}
	b.ReportMetric(zones.Seconds()/float64(b.N), "zones-s/1e6ops")
	b.ReportMetric(search.Seconds()/float64(b.N), "porcupine-s/1e6ops")
	b.ReportMetric(search.Seconds()/zones.Seconds(), "times-faster")
	b.ReportMetric(float64(grown)/(1<<20), "MiB-heap")
}
