package calibrate

import (
	"errors"
	"math"
	"strings"

	"gauntlet/harness/calibrate/verdicts"
	"gauntlet/harness/consistency"
	"gauntlet/harness/history"
)

// exchange is a request of a register as both sides wrote it down.
type exchange struct {
	op      history.Op
	arrival verdicts.Arrival
	replica int
}

// registersOf is what the run's registers proved, and whether the harness read
// the values that the servers gave; nil without any. When a request was sent and
// answered is the run's to say, of which value it was the servers': the age of an
// answer, which is all that a promise is about, compares instants of the run
// alone, and the two clocks do not come into it.
func registersOf(ops map[name]history.Op, logs []*verdicts.Log, p consistency.Promise, begin int64) (*found, Share, error) {
	keys := map[string][]exchange{}
	for i, l := range logs {
		for _, a := range l.Arrivals {
			n, ok := nameOf(a)
			op, sent := ops[n]
			if ok && sent && n.stream == history.Register {
				keys[keyOf(a)] = append(keys[keyOf(a)], exchange{op, a, i})
			}
		}
	}
	if len(keys) == 0 {
		return nil, Share{}, nil
	}
	if p.Linearizable {
		return nil, Share{}, errors.New("that there is no order cannot be told from a server's log: promise session guarantees")
	}
	t := term{begin: begin, end: math.MaxInt64, inject: never, healthy: int64(p.Healthy), broken: int64(p.Fault), convergence: never, sessions: len(p.Session) > 0}
	f, read := &found{}, Share{}
	sessions := map[session]int{}
	for _, all := range keys {
		e, right := witnessed(all, sessions)
		f.prove(e, t)
		read.So, read.Of = read.So+right.So, read.Of+right.Of
	}
	return f, read, nil
}

// witnessed is the evidence of a key, and whether its reads were understood.
func witnessed(all []exchange, sessions map[session]int) (e evidence, read Share) {
	writer := map[int]uint64{} // by value, who wrote it
	for _, x := range all {
		if x.arrival.Put && x.arrival.Value > 0 {
			writer[x.value()] = x.op.Seq
		}
	}
	for _, x := range all {
		c := contact{sent: x.op.Sent, done: x.op.Done, write: x.arrival.Put, value: x.value(), session: x.session(sessions)}
		if c.write {
			if x.op.Effect != history.Acknowledged {
				c.done = never
			}
			if c.value == 0 {
				c.value = -1 - int(x.op.Seq) // forgotten, and a value of its own
			}
			e = append(e, c)
			continue
		}
		wrote, told := x.op.Value.Write()
		seq, given := writer[c.value]
		switch {
		case x.op.Class == history.OK && given:
			read.held(told && wrote == seq)
			e = append(e, c)
		case x.op.Class == history.OK && c.value > 0:
			read.held(false) // of a write that the run does not know
		case x.arrival.Did == verdicts.Missing:
			read.held(x.op.Value == history.NoValue)
			e = append(e, c)
		}
	}
	return e, read
}

// value tells the values of a key on all replicas apart; 0 is none.
func (x exchange) value() int {
	const replicas = 64
	return x.arrival.Value*replicas + min(x.arrival.Value, 1)*x.replica
}

// session is a client through one replica.
type session struct {
	client  string
	replica int
}

// session is the number of the request's.
func (x exchange) session(known map[session]int) int {
	client, _, _ := strings.Cut(x.arrival.ID, "/")
	who := session{client, x.replica}
	n, ok := known[who]
	if !ok {
		n = len(known)
		known[who] = n
	}
	return n
}

// keyOf is the key that an id names.
func keyOf(a verdicts.Arrival) string {
	_, rest, _ := strings.Cut(a.ID, "/")
	key, _, _ := strings.Cut(rest, "/")
	return key
}
