package load

import (
	"context"
	"iter"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"gauntlet/harness/history"
)

// FinalPlan says which writes of the durability stream are looked for when
// all is quiet again.
type FinalPlan struct {
	Run     string
	Clients int              // of the plan that wrote
	Seqs    iter.Seq[uint64] // the acknowledged writes, by number
	Kind    uint8            // of Read, for the history
	Read    Operation
	Timeout time.Duration // of one read
	Until   int64         // ns since the origin: what is absent or unreachable is read again until then
}

const (
	// rereadEvery is the least time between two reads of one key through one
	// replica.
	rereadEvery = 250 * time.Millisecond
	// silentAfter time-outs in a round a replica is left alone until the next,
	// so that one that swallows everything cannot hold up the end: a round
	// takes at most some time-outs.
	silentAfter = besides
)

// FinalReads reads every acknowledged durability key through every replica,
// past the router. What is not the value written is read again until the
// plan's deadline. An Op of history.Final is recorded whenever the answer for
// a key and replica changes, and for the last read: Seq is the number of the
// write, Replica the one that was asked. What was never asked at last, because
// its replica had gone silent, is history.Unsent.
//
// complete says that every last read was answered, rightly or wrongly. The
// error is the recorder's, or that the context ended.
func FinalReads(ctx context.Context, clock history.Clock, plan FinalPlan, replicas []Endpoint, rec Recorder) (complete bool, err error) {
	transport := newTransport(besides, plan.Timeout)
	defer transport.CloseIdleConnections()
	f := &finals{FinalPlan: plan, clock: clock, wire: &wire{transport: transport}, rec: rec}
	var open []finalRead
	for seq := range plan.Seqs {
		for i := range replicas {
			open = append(open, finalRead{seq: seq, from: &replicas[i]})
		}
	}
	for {
		last := clock.Now() >= plan.Until
		open, err = f.round(ctx, open, last)
		if err != nil || last || len(open) == 0 {
			return err == nil && f.silent.Load() == 0, err
		}
		wait := min(rereadEvery, time.Duration(plan.Until-clock.Now()))
		if wait > 0 && !pause(ctx, wait) {
			return false, context.Cause(ctx)
		}
	}
}

// finalRead is a key through a replica, and the answer that was recorded.
type finalRead struct {
	seq  uint64
	from *Endpoint
	told bool
	was  answer
}

type answer struct {
	class  history.Class
	status uint16
	value  history.Value
}

type finals struct {
	FinalPlan
	clock  history.Clock
	wire   *wire
	silent atomic.Int64 // last reads without an answer

	mu  sync.Mutex
	rec Recorder
}

// round makes every open read once, and returns those still open.
func (f *finals) round(ctx context.Context, open []finalRead, last bool) ([]finalRead, error) {
	var timeouts sync.Map // Endpoint.Index → *atomic.Int64
	err := forEach(ctx, len(open), func(ctx context.Context, i int) error {
		r := &open[i]
		counter, _ := timeouts.LoadOrStore(r.from.Index, new(atomic.Int64))
		missed := counter.(*atomic.Int64)
		asked := missed.Load() < silentAfter
		op := f.unsent(r)
		if asked {
			op = f.ask(ctx, r)
		}
		if op.Class == history.Timeout {
			missed.Add(1)
		}
		return f.settle(r, op, asked, last)
	})
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	var still []finalRead
	for _, r := range open {
		if !r.told || r.was.class != history.OK {
			still = append(still, r)
		}
	}
	return still, err
}

func (f *finals) unsent(r *finalRead) history.Op {
	now := f.clock.Now()
	return history.Op{
		Stream: history.Final, Seq: r.seq, Kind: f.Kind, Key: uint32(r.seq), Class: history.Unsent,
		Replica: r.from.Index, Due: now, Sent: now, Done: now,
	}
}

func (f *finals) ask(ctx context.Context, r *finalRead) history.Op {
	op := f.unsent(r)
	ctx, cancel := context.WithTimeout(ctx, f.Timeout)
	defer cancel()
	key := DurabilityKey(f.Clients, r.seq)
	want := Written{Run: f.Run, Key: key, Client: strconv.FormatUint(r.seq%uint64(f.Clients), 10), Seq: r.seq}
	got := f.wire.try(ctx, *r.from, &f.Read, blanks{key: key, client: want.Client, seq: r.seq})
	op.Done = f.clock.Now()
	op.Status, op.Attempts = uint16(got.status), got.sends
	op.Shard, op.BytesIn = uint16(got.shard+1), uint32(got.bytes)
	switch {
	case got.err != nil:
		op.Class = classOf(got.err)
	case !f.Read.right(got) || got.status >= 400:
		// "Not found" can be a right answer to the load; here it is that the write
		// is not there, and no other value.
		op.Class = classOfAnswer(got)
	case got.value == want.String():
		op.Class, op.Value = history.OK, history.WriteOf(r.seq)
	default:
		op.Class, op.Value = history.WrongAnswer, history.ForeignValue
	}
	return op
}

// settle records what has to be.
func (f *finals) settle(r *finalRead, op history.Op, asked, last bool) error {
	now := answer{op.Class, op.Status, op.Value}
	if last && !answered(op.Class) {
		f.silent.Add(1)
	}
	if !last && (!asked || r.told && now == r.was) {
		return nil
	}
	r.told, r.was = true, now
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rec.Append(op)
}

// answered says whether a read of the class tells what the replica holds.
func answered(c history.Class) bool {
	return c == history.OK || c == history.Status4xx || c == history.WrongAnswer
}
