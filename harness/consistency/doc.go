// Package consistency decides what became of the data: acknowledged writes
// that were lost, and values that nobody wrote. It is pure, like package slo:
// the same log gives the same answer, bit for bit. Time is int64 nanoseconds
// since the run's origin.
//
// # Durability (measurement.md §6.1)
//
// The durability stream writes each key once, so that a value which is gone
// later was lost and not overwritten. After the faults the final stream reads
// every acknowledged key through every replica. A write is then
//
//   - stable: every replica that was asked returned it;
//   - lost: at least one replica answered and did not have it. That others
//     have it does not make it whole: a client that is sent to the replica
//     without it has lost an acknowledged write. The examples say who had it;
//   - unreachable: no replica denied it, and at least one gave no answer, or
//     was never asked: inconclusive, not lost.
//
// A write with unknown effect is counted, and promises nothing. A write that
// surely had no effect and is read all the same is resurrected. When a key is
// read several times through a replica, the last answer counts; a time-out
// after an answer does not take the answer back.
//
// # Foreign values (§6.3)
//
// Every value names its write, so any read of any stream shows a value that
// this run never wrote to that key. There is no limit on those.
package consistency
