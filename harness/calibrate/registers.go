package calibrate

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"gauntlet/harness/consistency"
	"gauntlet/harness/consistency/register"
	"gauntlet/harness/history"
)

// registers is a history of a few keys of which three replicas keep a copy each:
// what their clients wrote and read in 40 s, with a fault from 12 to 18 s.
//
// The system is sound but for what is planted. A write is seen at its own
// replica while its client still waits, at the others up to lag later; of two
// the one that took effect later stays. Requests lie over each other, so that
// reads of either order in a race are among them, and some time out: a write
// that did may have taken effect, or may long afterwards.
type registers struct {
	promise consistency.Promise
	deletes bool  // one write in five is one
	lag     int64 // ns
	apart   bool  // in the fault a replica hears nothing, and catches up until the data must have converged
	forgets bool  // it never hears of some of that
	plant   plant // nil: nothing
}

const (
	registerKeys    = 24
	registerClients = 16
	registerRate    = 50 // requests per second
	registerEnd     = 40 * second
	registerInject  = 12 * second
	registerHeal    = 18 * second
	registerRests   = 17 * second // every other key is not written from here
	registerWakes   = 32 * second // to here
)

// The operations.
const (
	reads = iota
	writes
	deletes
)

// request is one of a register, and what came of it in the system.
type request struct {
	op      history.Op
	session int
	value   int   // written, or given; 0: nothing
	effect  int64 // when it was read, or seen at its own replica first; never
	at      [dataReplicas]int64
}

// played is a history that was made, its requests by the time of sending.
type played struct {
	registers
	r        *rand.Rand
	requests []request
	byKey    [registerKeys][]int // places of requests
	broke    map[uint32]int      // by key, how often the plant broke a promise
}

// play is one seeded run.
func (g registers) play(seed uint64) (Truth, Told) {
	return g.made(seed).judged()
}

func (g registers) made(seed uint64) *played {
	p := &played{registers: g, broke: map[uint32]int{}, r: rand.New(rand.NewPCG(seed, 0xe7037ed1a0b428db))}
	for seq := range uint64(registerRate * registerEnd / second) {
		p.requests = append(p.requests, p.request(seq))
	}
	p.sort()
	p.answer()
	if g.plant != nil {
		g.plant(p)
	}
	return p
}

func (p *played) sort() {
	slices.SortFunc(p.requests, func(a, b request) int { return cmp.Compare(a.op.Sent, b.op.Sent) })
	p.byKey = [registerKeys][]int{}
	for i, q := range p.requests {
		p.byKey[q.op.Key] = append(p.byKey[q.op.Key], i)
	}
}

// request is one that was sent, and what comes of it when it writes.
func (p *played) request(seq uint64) request {
	due := int64(seq) * second / registerRate
	client := registerClient(seq)
	key := uint32(p.r.IntN(registerKeys))
	if seq%2 == 1 && p.r.IntN(3) == 0 { // the same client again, which may still wait for the other
		key = p.requests[seq-1].op.Key
	}
	q := request{op: history.Op{Stream: history.Register, Seq: seq, Key: key, Replica: uint16(client % dataReplicas), Attempts: 1, Due: due, Sent: due + p.r.Int64N(20*milli)}}
	if p.r.IntN(10) == 0 { // a client that was sent elsewhere
		q.op.Replica = uint16(p.r.IntN(dataReplicas))
	}
	q.session = client*dataReplicas + int(q.op.Replica)
	service := milli + int64(p.r.ExpFloat64()*float64(3*milli))
	if p.r.IntN(8) == 0 {
		service += p.r.Int64N(300 * milli)
	}
	q.op.Done, q.effect = q.op.Sent+service, q.op.Sent+p.r.Int64N(service)
	rests := q.op.Key%2 == 0 && due > registerRests && due < registerWakes
	if p.r.IntN(2) == 0 && !rests {
		p.write(&q)
	} else if p.r.IntN(50) == 0 {
		q.op.Class, q.op.Done = history.Timeout, q.op.Sent+int64(timeout)
	}
	return q
}

// registerClient sends two requests in a row.
func registerClient(seq uint64) int { return int(seq / 2 % registerClients) }

// write makes a write of a request.
func (p *played) write(q *request) {
	q.op.Kind, q.op.Effect, q.op.Status, q.value = writes, history.Acknowledged, 201, int(q.op.Seq)+1
	if p.deletes && p.r.IntN(5) == 0 {
		q.op.Kind, q.op.Status, q.value = deletes, 204, 0
	}
	switch x := p.r.Float64(); {
	case x < 0.01:
		q.op.Effect, q.op.Class, q.op.Status, q.effect = history.NoEffect, history.Refused, 0, never
	case x < 0.05:
		q.op.Effect, q.op.Class, q.op.Status, q.op.Done = history.UnknownEffect, history.Timeout, 0, q.op.Sent+int64(timeout)
		switch p.r.IntN(3) {
		case 0:
			q.effect = never
		case 1:
			q.effect = q.op.Sent + p.r.Int64N(2*int64(timeout))
		}
	}
	for i := range q.at {
		q.at[i] = q.effect
		if i == int(q.op.Replica) || q.effect == never {
			continue
		}
		if p.lag > 0 {
			q.at[i] += p.r.Int64N(p.lag)
		}
		if p.apart && i == 2 && q.effect >= registerInject-p.lag && q.effect < registerHeal {
			q.at[i] = registerHeal + p.r.Int64N(int64(p.promise.Convergence)*3/4)
			if p.forgets && p.r.IntN(4) == 0 {
				q.at[i] = never
			}
		}
	}
}

// answer gives every read what its replica had.
func (p *played) answer() {
	for i := range p.requests {
		q := &p.requests[i]
		if q.op.Kind != reads {
			continue
		}
		last := int64(-1)
		for _, j := range p.byKey[q.op.Key] {
			if w := &p.requests[j]; w.op.Kind != reads && w.effect > last && w.effect != never && w.at[q.op.Replica] <= q.effect {
				last, q.value = w.effect, w.value
			}
		}
		q.give(q.value)
	}
}

// give is the answer to a read.
func (q *request) give(value int) {
	q.value = value
	switch {
	case q.op.Class == history.Timeout:
	case value == 0:
		q.op.Class, q.op.Status, q.op.Value = history.Status4xx, 404, history.NoValue
	default:
		q.op.Class, q.op.Status, q.op.Value = history.OK, 302, history.WriteOf(uint64(value-1))
	}
}

// contact is the request as evidence; false of one that is none: it had surely
// no effect, or gave no answer.
func (q *request) contact() (c contact, ok bool) {
	c = contact{sent: q.op.Sent, done: q.op.Done, value: q.value, write: q.op.Kind != reads, session: q.session}
	switch {
	case !c.write:
		return c, q.op.Class != history.Timeout
	case q.op.Effect != history.Acknowledged:
		c.done = never
	}
	return c, q.op.Effect != history.NoEffect
}

// evidence is that of a key.
func (p *played) evidence(key uint32) evidence {
	e := make(evidence, 0, len(p.byKey[key]))
	for _, i := range p.byKey[key] {
		if c, ok := p.requests[i].contact(); ok {
			e = append(e, c)
		}
	}
	return e
}

// term is the promise, in the time of the history.
func (p *played) term() term {
	return term{begin: 2 * second, end: registerEnd, inject: registerInject, heal: registerHeal,
		healthy: int64(p.promise.Healthy), broken: int64(p.promise.Fault), convergence: int64(p.promise.Convergence),
		sessions: len(p.promise.Session) > 0, linearizable: p.promise.Linearizable}
}

// judged is what there is to find in the history, and what the checker finds.
func (p *played) judged() (Truth, Told) {
	var f found
	for key := range uint32(registerKeys) {
		f.prove(p.evidence(key), p.term())
	}
	if p.promise.Linearizable {
		f.Disordered = len(p.broke) // that there is no order is known from how it was broken
	}
	return Truth{Registers: &f.Registers, Broken: f.broken()}, p.asked(p.question())
}

// asked is what the checker says.
func (p *played) asked(q consistency.Question) Told {
	c := consistency.NewChecker()
	for _, r := range p.requests {
		c.Add(r.op)
	}
	counts, objectives := c.Check(q)
	return Told{Consistency: counts, Objectives: objectives}
}

func (p *played) question() consistency.Question {
	heal := registerHeal
	return consistency.Question{
		Replicas: []string{"mapper-1", "mapper-2", "mapper-3"}, Finished: true, Values: true,
		Faults: []consistency.Fault{{Name: "down", InjectBegin: registerInject, HealEnd: &heal}}, Planned: 1,
		Registers: &consistency.Registers{
			Promise: p.promise, Begin: p.term().begin, End: registerEnd, Search: time.Minute,
			Name:    registerKey,
			Client:  registerClient,
			Writes:  func(kind uint8) bool { return kind != reads },
			Deletes: func(kind uint8) bool { return kind == deletes },
		},
	}
}

func registerKey(i uint32) string { return "r-" + strconv.FormatUint(uint64(i), 10) }

// promised is what the registers promise, all of it, but for the changes.
func promised(change ...func(*consistency.Promise)) consistency.Promise {
	p := consistency.Promise{Healthy: 500 * time.Millisecond, Fault: consistency.Unbounded, Convergence: 4 * time.Second,
		Session: []string{register.ReadYourWrites, register.MonotonicReads}}
	for _, c := range change {
		c(&p)
	}
	return p
}

// oneOrder promises one order of everything.
func oneOrder(p *consistency.Promise) { p.Session, p.Linearizable = nil, true }
