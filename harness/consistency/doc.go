// Package consistency decides what became of the data: acknowledged writes
// that were lost, values that nobody wrote, and answers that were too old or came
// in a wrong order. It is pure, like package slo:
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
// # Registers (§6.2)
//
// Registers are read and written all the time, and each value names its write.
// A read is stale when a write was acknowledged before it began that came after
// the one it returned; how long before is its age. That is a lower bound: what
// a client saw late, or sent late, makes it less, never more. What others on the
// host can have held the run up for is taken off before a read breaks a limit,
// and so is the time to converge (10 s where none is promised) after a write that
// took longer than an answer may be old while they did: what a system does with a
// write that takes too long is what it does in a fault, and it does it with those
// that follow.
//
//   - staleness: the age of a read is held to what is promised for when it
//     began: while nothing is broken, or from an injection until the data must
//     have converged after the heal. In a healthy stretch after a fault only
//     writes count that were acknowledged in it.
//   - convergence: what was written until then. A read that is older than while
//     healthy by a write of before the stretch shows that the data did not
//     converge. It is asked of registers at rest, since one that is written again
//     shows nothing, and after every heal.
//   - order: session guarantees, of a client through one replica, or one order
//     of everything.
//
// Of concurrent writes through different replicas that do not know of each other
// either may win: none is over before the other began. A write that was
// superseded is not lost.
//
// # Foreign values (§6.3)
//
// Every value names its write, so any read of any stream shows a value that
// this run never wrote to that key. There is no limit on those.
package consistency
