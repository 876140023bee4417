package load

import (
	"context"
	"strconv"

	"gauntlet/harness/history"
)

// request carries out request n, start to end, on a worker.
func (a *Attack) request(n uint64) {
	due := a.plan.Schedule.Due(n)
	now, blocked, ok := a.floor.begin(n, due)
	if !ok {
		return
	}
	op := a.describe(n, due)
	op.Blocked = blocked // of one that is not sent: of the time until now
	if now > due+int64(a.plan.Timeout) {
		op.Class, op.Sent, op.Done = history.Unsent, due, now
	} else {
		op.Sent = now
		a.send(&op)
		if op.Class == history.Unsent { // this machine could not dial
			op.Sent, op.Blocked = due, 0
		}
	}
	a.floor.leave() // before recording: what a slow disk costs is the generator's
	a.tally.add(op)
}

// send makes the attempts of one request until one is final. With no replica
// ready it is refused at once, without a network call.
func (a *Attack) send(op *history.Op) {
	p := &a.plan
	o, key := &p.Operations[op.Kind], p.KeyName(op.Key)
	b := blanks{key: key, value: p.value(o, key, op.Seq), client: strconv.Itoa(p.client(op.Seq)), seq: op.Seq}
	ctx, cancel := context.WithDeadline(a.ctx, a.clock.Time(op.Sent+int64(p.Timeout)))
	defer cancel()

	op.Class = history.Refused
	var room [4]uint16
	tried := room[:0]
	for {
		to, ok := a.route(p.client(op.Seq), tried)
		if !ok {
			break
		}
		got := a.wire.try(ctx, to, o, b)
		a.floor.release(to.Index)
		a.note(op, to, o, key, got)
		if len(tried) >= p.Retries || ctx.Err() != nil || !p.again(o, got, op.Class) {
			break
		}
		if p.Backoff > 0 && !pause(ctx, p.Backoff<<min(len(tried), 20)) {
			break // the time is up, and the last attempt stands
		}
		tried = append(tried, to.Index)
	}
	op.Done = a.clock.Now()
}

// note puts the outcome of an attempt into op. Of several attempts the last
// one decides the class, and the strongest the effect: a write that may have
// happened once is not undone by a later refusal. One that this machine could
// not make leaves the class open and the rest as it was.
func (a *Attack) note(op *history.Op, to Endpoint, o *Operation, key string, got attempt) {
	started := op.Seq
	if o.Value != "" {
		started = a.floor.highest()
	}
	op.Class, op.Value = a.plan.judge(op, o, got, key, started)
	if op.Class == history.Unsent {
		return
	}
	op.Status, op.Replica, op.BytesIn = uint16(got.status), to.Index, uint32(got.bytes)
	if got.shard >= 0 {
		op.Shard = uint16(got.shard + 1)
	}
	op.Attempts = uint8(min(int(op.Attempts)+int(got.sends), 255))
	if o.Writes {
		op.Effect = max(op.Effect, effectOf(got, op.Class))
	}
	if op.Class == history.Other {
		a.tally.other(got.err)
	}
}

// route finds a replica that was not tried and has room. No replica holds
// more than its share of the workers and a fifth: the shares add up to more
// than there are workers, so that a first attempt always finds room with
// another replica while any is ready; a further attempt that finds none is
// not made.
func (a *Attack) route(client int, tried []uint16) (Endpoint, bool) {
	ready := max(1, a.router.Ready())
	limit := (6*a.plan.Workers + 5*ready - 1) / (5 * ready)
	avoid := tried[:len(tried):len(tried)]
	for range ready + 1 {
		to, ok := a.router.Route(client, avoid)
		if !ok {
			break
		}
		if a.floor.take(to.Index, limit) {
			return to, true
		}
		avoid = append(avoid, to.Index)
	}
	return Endpoint{}, false
}
