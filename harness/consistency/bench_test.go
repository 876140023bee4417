package consistency

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"gauntlet/harness/consistency/register"
	"gauntlet/harness/history"
)

// stream is so many operations of the register stream, 2,000 of each register,
// of a system that is as fast as it can be and always right: for a search the
// most work.
func stream(n int) []history.Op {
	rnd := rand.New(rand.NewPCG(1, 2))
	ops := make([]history.Op, 0, n)
	last := make([]history.Value, (n+1999)/2000)
	for seq := range uint64(n) {
		at := int64(seq) * int64(time.Millisecond) / int64(len(last))
		op := history.Op{Stream: history.Register, Seq: seq, Key: uint32(rnd.IntN(len(last))), Attempts: 1, Replica: uint16(rnd.IntN(3)),
			Sent: at - rnd.Int64N(2*ms), Done: at + rnd.Int64N(2*ms)}
		if rnd.IntN(2) == 0 {
			op.Kind, op.Effect = put, history.Acknowledged
			last[op.Key] = history.WriteOf(seq)
		} else if op.Value = last[op.Key]; op.Value == history.NoValue {
			op.Class, op.Status = history.Status4xx, 404
		}
		ops = append(ops, op)
	}
	return ops
}

// BenchmarkRegistersAgainstPorcupine judges a million operations, with all that a
// verdict needs, and has porcupine say whether they are linearizable, in turn.
func BenchmarkRegistersAgainstPorcupine(b *testing.B) {
	ops := stream(1_000_000)
	q := asking(func(q *Question) { q.Registers.End = 1 << 62 })
	var judge, search time.Duration
	var grown uint64
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		begin := time.Now()
		c := NewChecker()
		for _, op := range ops {
			c.Add(op)
		}
		counts, _ := c.Check(q)
		judge += time.Since(begin)
		runtime.ReadMemStats(&after)
		grown = max(grown, after.HeapSys-before.HeapInuse)
		if counts.Level != levelLinearizable {
			b.Fatal("a true history is not linearizable: ", counts.Level)
		}
		begin = time.Now()
		for _, key := range c.registers.keys() {
			all, _ := q.Registers.operations(c.registers[key])
			if register.Search(all, time.Hour) != register.Ordered {
				b.Fatal("porcupine cannot order a true history")
			}
		}
		search += time.Since(begin)
	}
	b.ReportMetric(judge.Seconds()/float64(b.N), "judge-s/1e6ops")
	b.ReportMetric(search.Seconds()/float64(b.N), "porcupine-s/1e6ops")
	b.ReportMetric(float64(grown)/(1<<20), "MiB-heap")
}
