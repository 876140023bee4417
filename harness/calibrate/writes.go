package calibrate

import (
	"math/rand/v2"
	"slices"

	"gauntlet/harness/consistency"
	"gauntlet/harness/history"
)

// data is a history of writes and of what replicas said of them at the end.
type data struct {
	writes  int
	lost    float64 // share of the acknowledged writes that at least one replica forgets
	foreign float64 // share of the reads of the load that return another key's value
	silent  float64 // share of the runs in which a replica does not answer for some keys
}

const dataReplicas = 3

// play is one seeded run. Replicas converge late, answers time out and are
// asked for again, writes of unknown effect may or may not be there: none of
// that is a lost write.
func (d data) play(seed uint64) (Truth, Told) {
	r := rand.New(rand.NewPCG(seed, 0xd1b54a32d192ed03))
	silent := r.Float64() < d.silent
	var truth Truth
	c := consistency.NewChecker()
	for seq := range uint64(d.writes) {
		w := history.Op{Stream: history.Durability, Seq: seq, Key: uint32(seq), Effect: history.Acknowledged, Due: int64(seq) * milli, Done: int64(seq)*milli + milli}
		forgets := [dataReplicas]bool{}
		switch x := r.Float64(); {
		case x < 0.01:
			w.Effect, w.Class = history.NoEffect, history.Refused
			forgets = [dataReplicas]bool{true, true, true}
		case x < 0.03:
			w.Effect, w.Class = history.UnknownEffect, history.Timeout
			forgets = someReplicas(r)
		case r.Float64() < d.lost:
			forgets = someReplicas(r)
			truth.LostWrites++
		}
		c.Add(w)
		for replica, forgot := range forgets {
			mute := silent && replica == 2 && seq%50 == 0 && !slices.Contains(forgets[:], true)
			for _, op := range finalReads(r, seq, uint16(replica), forgot, mute) {
				c.Add(op)
			}
		}
		read := history.Op{Stream: history.Load, Seq: seq, Value: history.PopulatedValue}
		if r.Float64() < d.foreign {
			read.Value, read.Class = history.ForeignValue, history.WrongAnswer
			truth.Foreign++
		}
		c.Add(read)
	}
	if truth.LostWrites > 0 {
		truth.Broken = append(truth.Broken, "lostWrites")
	}
	if truth.Foreign > 0 {
		truth.Broken = append(truth.Broken, "foreign")
	}
	limit := 0
	counts, objectives := c.Check(consistency.Question{LostLimit: &limit, Replicas: []string{"mapper-1", "mapper-2", "mapper-3"},
		Faults: []consistency.Fault{{Name: "down", InjectBegin: int64(d.writes) / 2 * milli}}, Planned: 1, Finished: true, Values: true})
	return truth, Told{Consistency: counts, Objectives: objectives}
}

// someReplicas is at least one of them.
func someReplicas(r *rand.Rand) (some [dataReplicas]bool) {
	some[r.IntN(dataReplicas)] = true
	for i := range some {
		some[i] = some[i] || r.IntN(2) == 0
	}
	return some
}

// finalReads is what a replica says of a write, and what it said before.
func finalReads(r *rand.Rand, seq uint64, replica uint16, forgot, silent bool) []history.Op {
	answer := func(class history.Class, status uint16, value history.Value) history.Op {
		return history.Op{Stream: history.Final, Seq: seq, Key: uint32(seq), Replica: replica, Class: class, Status: status, Value: value}
	}
	var all []history.Op
	if r.Float64() < 0.05 {
		all = append(all, answer(history.Timeout, 0, history.NoValue)) // asked again
	}
	if silent {
		return append(all, answer(history.Timeout, 0, history.NoValue))
	}
	if r.Float64() < 0.05 {
		all = append(all, answer(history.Status4xx, 404, history.NoValue)) // not yet there
	}
	if forgot {
		return append(all, answer(history.Status4xx, 404, history.NoValue))
	}
	return append(all, answer(history.OK, 302, history.WriteOf(seq)))
}
