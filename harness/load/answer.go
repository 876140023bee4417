package load

import (
	"strconv"

	"gauntlet/harness/history"
)

// judge is the class of one attempt at request op, and what it read.
func (p *Plan) judge(op *history.Op, o *Operation, a attempt, key string, started uint64) (history.Class, history.Value) {
	if a.err != nil {
		return classOf(a.err), history.NoValue
	}
	if !o.right(a) {
		return classOfAnswer(a), history.NoValue
	}
	if o.Value == "" || a.status >= 400 {
		return history.OK, history.NoValue
	}
	value := p.read(a.value, op.Key, key, started)
	if value == history.ForeignValue {
		return history.WrongAnswer, value
	}
	return history.OK, value
}

// read says which write a value comes from. A value is foreign unless this
// very run wrote it to this very key: as the populated value of this rank, or
// by a request up to started, the last one sent so far, that writes, to this
// key, as that client. All of that is known from the plan.
func (p *Plan) read(text string, rank uint32, key string, started uint64) history.Value {
	w, err := ParseValue(text)
	if err != nil || w.Run != p.Run || w.Key != key {
		return history.ForeignValue
	}
	if w.Client == Populator {
		if w.Seq != uint64(rank) {
			return history.ForeignValue
		}
		return history.PopulatedValue
	}
	if w.Seq > started || w.Client != strconv.Itoa(p.client(w.Seq)) ||
		p.Sampler.Key(w.Seq) != rank || !p.Operations[p.kind(w.Seq)].Writes {
		return history.ForeignValue
	}
	return history.WriteOf(w.Seq)
}
