package consistency

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"gauntlet/harness/consistency/register"
)

// old is a read whose value was surely over for some time.
type old struct {
	key  uint32
	read register.Op
	by   register.Op // the write whose acknowledgement made an end of it
	age  int64       // ns, from that acknowledgement to the begin of the read
	held int64       // of it, for how long others can have held the run up

	limit time.Duration // what the age was held to; Unbounded: to nothing
}

// sure is the part of the age that nobody but the system can have made.
func (o old) sure() int64 { return o.age - o.held }

// How the age of a read stands to its limit.
const (
	within   = iota
	doubtful // above it, unless others held the run up
	late     // surely above it
)

func (o old) standing() int {
	switch {
	case o.sure() > int64(o.limit):
		return late
	case o.age > int64(o.limit):
		return doubtful
	}
	return within
}

// used is the part of the limit that the sure age takes up; above 1 it is late.
func (o old) used() float64 { return float64(o.sure()) / float64(o.limit) }

// oldest are the reads that are worst against their own limits, fewExamples of
// them: an hour is nothing where a day is allowed, and a second much where none
// is. Without limits they are those with the longest sure ages.
type oldest []old

func (all *oldest) add(o old) {
	at, _ := slices.BinarySearchFunc(*all, o, func(a, b old) int {
		return cmp.Or(cmp.Compare(b.standing(), a.standing()), cmp.Compare(b.used(), a.used()), cmp.Compare(b.sure(), a.sure()), cmp.Compare(b.age, a.age),
			cmp.Compare(a.key, b.key), cmp.Compare(a.read.Invoke, b.read.Invoke), cmp.Compare(a.read.Client, b.read.Client))
	})
	if at < fewExamples {
		*all = slices.Insert(*all, at, o)
		*all = (*all)[:min(len(*all), fewExamples)]
	}
}

// held are reads that were held to a limit.
type held struct {
	reads    int
	late     int
	doubtful int
	worst    oldest // of all of them that were stale
}

func (h *held) judge(o old, limit time.Duration) {
	if o.age <= 0 {
		return
	}
	o.limit = limit
	switch o.standing() {
	case late:
		h.late++
	case doubtful:
		h.doubtful++
	}
	h.worst.add(o)
}

// join adds others, which may have been held to another limit.
func (h *held) join(others held) {
	h.reads, h.late, h.doubtful = h.reads+others.reads, h.late+others.late, h.doubtful+others.doubtful
	for _, o := range others.worst {
		h.worst.add(o)
	}
}

// healing is what was read after a heal.
type healing struct {
	held         // of those that began when the data must have converged
	rested int   // of them, of registers that were last written before the heal
	last   int64 // when the last began that was older than while healthy, ns after the heal; 0: none was
	fresh  int64 // when every register and replica of such a read had given a fresh one, ns after the heal
	open   bool  // some never did
}

// broken is a session guarantee that was not kept.
type broken struct {
	key uint32
	register.Session
}

// tally is what there is to say of one register.
type tally struct {
	key           uint32
	reads, writes int
	stale         int
	age           int64 // the longest
	delta         int64 // the smallest staleness that explains it; −1: not known
	unordered     bool
	broken        int   // session guarantees, promised or not
	at            int64 // of the read with the longest age
}

// findings is everything that the register stream shows.
type findings struct {
	stretches []stretch
	detours   slowest   // by their ends
	healthy   held      // to what is promised while nothing is broken
	fault     held      // while something is
	healings  []healing // by the place of the stretch that was broken
	sessions  int       // reads that followed something of the same session
	broken    int       // reads that broke a session guarantee, promised or not
	owed      int       // reads that followed something that a promised guarantee is about
	unkept    int       // reads that broke one that is promised
	breaches  []broken  // the first of those
	tallies   []tally
	reads     int
	writes    int
	stale     int
	oldest    oldest // of all reads
	delta     int64
	unordered int // registers that no order explains
	deleted   int // of which it was searched
	unknown   int // and not found in time
	odd       int // whose values contradict the clocks
	phantoms  int
}

// judged are all that were held to a limit.
func (f *findings) judged() []held {
	all := []held{f.healthy, f.fault}
	for _, h := range f.healings {
		all = append(all, h.held)
	}
	return all
}

// findings reads the registers one after the other.
func (r *Registers) findings(g gathered, writes slowest, faults []Fault) *findings {
	f := &findings{stretches: stretches(faults, r.Promise, r.Begin, r.End), detours: r.detoured(writes)}
	f.healings = make([]healing, len(f.stretches))
	limit := r.Search / time.Duration(max(1, len(g)))
	for _, key := range g.keys() {
		ops, phantoms := r.operations(g[key])
		f.phantoms += phantoms
		h, err := register.New(ops)
		if m := (*register.Mistake)(nil); errors.As(err, &m) {
			f.odd++
			continue
		}
		f.one(r, key, ops, h, limit)
	}
	return f
}

// one enters a register.
func (f *findings) one(r *Registers, key uint32, ops []register.Op, h *register.History, limit time.Duration) {
	t := tally{key: key}
	w := walk{findings: f, Registers: r, key: key, history: h, tally: &t}
	for _, o := range ops {
		w.step(o)
	}
	w.settle()
	f.order(h, ops, &t, limit)
	f.session(r, key, h, ops, &t)
	f.reads, f.writes, f.stale = f.reads+t.reads, f.writes+t.writes, f.stale+t.stale
	f.tallies = append(f.tallies, t)
}

// order asks whether one order explains the register.
func (f *findings) order(h *register.History, ops []register.Op, t *tally, limit time.Duration) {
	if h.Deleted() {
		f.deleted++
		switch register.Search(ops, max(limit, time.Millisecond)) {
		case register.Unordered:
			t.unordered, t.delta = true, -1
			f.unordered++
		case register.Unknown:
			t.delta = -1
			f.unknown++
		}
		return
	}
	if _, ok := h.Linearizable(); !ok {
		t.unordered, t.delta = true, h.Staleness()
		f.unordered++
		f.delta = max(f.delta, t.delta)
	}
}

// session counts what broke a guarantee, and what broke one that is promised.
func (f *findings) session(r *Registers, key uint32, h *register.History, ops []register.Op, t *tally) {
	seen, followed := h.Sessions(ops, register.Guarantees)
	t.broken = len(seen)
	f.broken, f.sessions = f.broken+len(seen), f.sessions+followed
	promised, followed := h.Sessions(ops, r.Promise.Session)
	f.owed += followed
	for _, s := range promised {
		f.unkept++
		f.breaches = append(f.breaches, broken{key, s})
	}
	slices.SortStableFunc(f.breaches, func(a, b broken) int {
		return cmp.Or(cmp.Compare(a.Read.Invoke, b.Read.Invoke), cmp.Compare(a.key, b.key))
	})
	f.breaches = f.breaches[:min(len(f.breaches), fewExamples)]
}
