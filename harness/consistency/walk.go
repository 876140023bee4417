package consistency

import (
	"math"

	"gauntlet/harness/consistency/register"
)

// walk goes through the operations of a register in the order in which they
// began.
type walk struct {
	*findings
	*Registers
	key     uint32
	history *register.History
	tally   *tally

	acked   int64                        // when a write was first acknowledged; 0 before
	wrote   int64                        // when the last write began
	unfresh map[int]map[int]*unfreshness // by stretch that was broken, and replica
}

// unfreshness is what a replica gave of a register after a heal.
type unfreshness struct {
	stale, fresh int64 // the begin of the last read that was too old, and the end of the first behind it that was not; 0: none yet
}

func (w *walk) step(o register.Op) {
	if o.Write {
		w.tally.writes++
		w.wrote = o.Invoke
		if o.Return != register.Never && (w.acked == 0 || o.Return < w.acked) {
			w.acked = o.Return
		}
		return
	}
	w.tally.reads++
	ever := w.old(o, math.MinInt64)
	if ever.age > 0 {
		w.tally.stale++
		w.findings.oldest.add(ever)
		if ever.age > w.tally.age {
			w.tally.age, w.tally.at = ever.age, o.Invoke
		}
	}
	i := at(w.stretches, o.Invoke)
	if i < 0 {
		return
	}
	s := w.stretches[i]
	if s.broken {
		if w.Promise.Fault != Unbounded {
			w.fault.reads++
			w.fault.judge(ever, w.Promise.Fault)
		}
		if o.Invoke >= s.heal && !s.unhealed {
			w.freshness(i, o, ever)
		}
		return
	}
	if w.Promise.Healthy == Unbounded {
		return
	}
	// What was over before the fault ended is for the convergence to say.
	since := ever
	if s.after >= 0 {
		since = w.old(o, s.begin)
	}
	w.healthy.reads++
	w.healthy.judge(since, w.Promise.Healthy)
	if s.after >= 0 && w.Promise.converges() {
		w.converged(s, o, ever)
	}
}

// old is how old a read is by the writes that were acknowledged at from or
// later.
func (w *walk) old(o register.Op, from int64) old {
	by, ok := w.history.Over(o, from)
	if !ok || by.Return >= o.Invoke {
		return old{key: w.key, read: o}
	}
	all := old{key: w.key, read: o, by: by, age: o.Invoke - by.Return, limit: Unbounded}
	if w.HeldUp != nil {
		all.held = min(all.age, w.HeldUp(by.Return, o.Invoke))
		if aside := w.Promise.aside(); w.detours.during(by.Invoke-aside, by.Return) {
			all.held = max(all.held, min(all.age, aside))
		}
	}
	return all
}

// converged holds a read in a healthy stretch to what it must have converged to
// when the stretch began.
func (w *walk) converged(s stretch, o register.Op, ever old) {
	h := &w.healings[s.after]
	h.reads++
	if was := w.stretches[s.after]; w.acked != 0 && w.acked <= was.heal && w.wrote <= was.heal {
		h.rested++
	}
	if ever.age == 0 || ever.by.Return <= s.begin {
		h.judge(ever, w.Promise.Healthy)
		w.freshness(s.after, o, ever)
	}
}

// freshness notes how fresh a read after a heal was.
func (w *walk) freshness(broken int, o register.Op, ever old) {
	replicas := w.unfresh[broken]
	u := replicas[replicaOf(o)]
	if ever.age <= int64(w.Promise.Healthy) {
		if u != nil && u.fresh == 0 {
			u.fresh = o.Return
		}
		return
	}
	if u == nil {
		if replicas == nil {
			if w.unfresh == nil {
				w.unfresh = map[int]map[int]*unfreshness{}
			}
			replicas = map[int]*unfreshness{}
			w.unfresh[broken] = replicas
		}
		u = &unfreshness{}
		replicas[replicaOf(o)] = u
	}
	u.stale, u.fresh = o.Invoke, 0
}

// settle enters when the register had converged after each heal.
func (w *walk) settle() {
	for broken, replicas := range w.unfresh {
		h, heal := &w.healings[broken], w.stretches[broken].heal
		for _, u := range replicas {
			h.last = max(h.last, u.stale-heal)
			h.fresh = max(h.fresh, u.fresh-heal)
			h.open = h.open || u.fresh == 0
		}
	}
}
