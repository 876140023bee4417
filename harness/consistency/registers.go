package consistency

import (
	"cmp"
	"slices"
	"time"

	"gauntlet/harness/consistency/register"
	"gauntlet/harness/history"
)

// Unbounded is an age, or a time to converge, without a limit.
const Unbounded = time.Duration(1<<63 - 1)

// Promise is what the target declares about what its answers show.
type Promise struct {
	Healthy      time.Duration // the oldest answer while nothing is broken
	Fault        time.Duration // and from an injection until Convergence after its heal
	Convergence  time.Duration
	Session      []string // register.ReadYourWrites, register.MonotonicReads
	Linearizable bool
}

func (p Promise) bounded() bool   { return p.Healthy != Unbounded || p.Fault != Unbounded }
func (p Promise) converges() bool { return p.Healthy != Unbounded && p.Convergence != Unbounded }
func (p Promise) ordered() bool   { return p.Linearizable || len(p.Session) > 0 }

// Registers is what must be known to judge the register stream.
type Registers struct {
	Promise    Promise
	Begin, End int64                      // of what ages are judged in: from the end of the warm-up to the end of the run
	Name       func(key uint32) string    // of a register
	Client     func(seq uint64) int       // that sent a request of the stream
	Writes     func(kind uint8) bool      // whether an operation writes
	Deletes    func(kind uint8) bool      // whether it deletes
	HeldUp     func(from, to int64) int64 // for how long others can have held the run up, ns
	Search     time.Duration              // how long an order of what was deleted may be searched for, all registers together; > 0
}

// request is an operation of the register stream as it is kept: 40 bytes.
type request struct {
	sent, done int64
	seq        uint64
	value      history.Value
	status     uint16
	replica    uint16
	kind       uint8
	class      history.Class
	effect     history.Effect
	repeated   bool // on the wire more than once
}

// gathered is the register stream, by key.
type gathered map[uint32][]request

func (g gathered) add(op history.Op) {
	if op.Class == history.Unsent {
		return
	}
	g[op.Key] = append(g[op.Key], request{
		sent: op.Sent, done: op.Done, seq: op.Seq, value: op.Value, status: op.Status, replica: op.Replica,
		kind: op.Kind, class: op.Class, effect: op.Effect, repeated: op.Attempts > 1,
	})
}

// keys are the registers in order.
func (g gathered) keys() []uint32 {
	all := make([]uint32, 0, len(g))
	for key := range g {
		all = append(all, key)
	}
	slices.Sort(all)
	return all
}

// read is what a request that does not write saw; false when it says nothing:
// it failed, or its answer was none about a register.
func (r *request) read() (value uint64, ok bool) {
	gone := r.status == 404 || r.status == 410
	switch {
	case r.value == history.NoValue && gone && (r.class == history.OK || r.class == history.Status4xx):
		return register.Initial, true
	case r.class != history.OK:
		return 0, false
	}
	_, ok = r.value.Write()
	return uint64(r.value), ok
}

// What is known of a value.
const (
	written  = 1 << iota // by a request that the log has
	seen                 // by a read
	repeated             // its write was on the wire more than once
)

// operations is what the requests of one register say: its history, in order.
//
// A write of unknown outcome may take effect at any later time. One that surely
// had no effect is left out, unless it was read all the same: then that was not
// so sure, and it is one of unknown outcome too (phantoms). A write that a
// client sent several times may take effect as often, and what is read of it
// says nothing about when: such reads are left out.
//
// Who is told apart by a session is a client through one replica: that is what
// a client is that keeps to its own.
func (r *Registers) operations(requests []request) (ops []register.Op, phantoms int) {
	known := make(map[uint64]uint8, len(requests))
	for i := range requests {
		q := &requests[i]
		switch {
		case !r.Writes(q.kind):
			if v, ok := q.read(); ok {
				known[v] |= seen
			}
		case !r.Deletes(q.kind):
			known[uint64(history.WriteOf(q.seq))] |= written
			if q.repeated {
				known[uint64(history.WriteOf(q.seq))] |= repeated
			}
		}
	}
	ops = make([]register.Op, 0, len(requests))
	for i := range requests {
		q := &requests[i]
		o := register.Op{Invoke: q.sent, Return: q.done, Client: r.Client(q.seq)<<16 | int(q.replica)}
		switch value := uint64(history.WriteOf(q.seq)); {
		case !r.Writes(q.kind):
			v, ok := q.read()
			if !ok || v != register.Initial && known[v]&(written|repeated) != written {
				continue
			}
			o.Value = v
		case r.Deletes(q.kind):
			if q.effect == history.NoEffect {
				continue
			}
			o.Write = true
			if q.effect != history.Acknowledged || q.repeated {
				o.Return = register.Never
			}
		default:
			phantom := q.effect == history.NoEffect && known[value]&seen != 0
			if q.effect == history.NoEffect && !phantom {
				continue
			}
			if phantom {
				phantoms++
			}
			o.Write, o.Value = true, value
			if q.effect != history.Acknowledged {
				o.Return = register.Never
			}
		}
		ops = append(ops, o)
	}
	slices.SortFunc(ops, func(a, b register.Op) int {
		return cmp.Or(cmp.Compare(a.Invoke, b.Invoke), cmp.Compare(a.Return, b.Return), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Client, b.Client))
	})
	return ops, phantoms
}

// replicaOf is the replica that an operation went through.
func replicaOf(o register.Op) int { return o.Client & 0xffff }

// clientOf is the client that made it.
func clientOf(o register.Op) int { return o.Client >> 16 }
