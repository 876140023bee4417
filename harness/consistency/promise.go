package consistency

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gauntlet/harness/consistency/register"
	"gauntlet/harness/history"
	"gauntlet/reports"
)

const (
	// leastReads is of how many reads an age must be known, for each limit.
	leastReads = 50
	// leastRested is how many reads of registers that rested since a heal must show
	// that the data converged: after each heal, for what one fault left behind says
	// nothing of another.
	leastRested = 5
	// leastFollowing is how many reads must have followed something of the same
	// session that a promised guarantee is about.
	leastFollowing = 30
)

// promised are the objectives that the promise makes.
func (f *findings) promised(q Question) []reports.Objective {
	r := q.Registers
	var all []reports.Objective
	if r.Promise.bounded() {
		all = append(all, f.stalenessObjective(q))
	}
	if r.Promise.converges() && (q.Planned > 0 || len(q.Faults) > 0) {
		all = append(all, f.convergenceObjective(q))
	}
	if r.Promise.ordered() {
		all = append(all, f.orderObjective(q))
	}
	return all
}

// stalenessObjective holds every read to the age that is promised for when it
// began, and tells of the one that is worst against its own limit. An age is a lower bound; of a hold-up by others it is not known whether
// it is a part of the age, so that the interval goes from the age without to the
// age with it.
func (f *findings) stalenessObjective(q Question) reports.Objective {
	r := q.Registers
	var h held
	h.join(f.healthy)
	h.join(f.fault)
	worst, told := old{limit: min(r.Promise.Healthy, r.Promise.Fault)}, ""
	if len(h.worst) > 0 {
		worst = h.worst[0]
		told = r.tell(worst, q.Replicas) + ", where " + millis(int64(worst.limit)) + " is promised"
	}
	o := reports.Objective{Name: "staleness", Target: targetAge(r.Promise), Measured: millis(worst.age), Samples: h.reads,
		Low: number(float64(worst.sure()) / 1e6), High: number(float64(worst.age) / 1e6), Margin: reports.Margin(float64(int64(worst.limit)-worst.age), float64(worst.limit))}
	thin, when := f.thinnest(q)
	missing, why := q.uninjected()
	switch {
	case h.late > 0:
		return because(o, reports.LimitBroken, fmt.Sprintf("%d of %d reads of registers were staler than promised: %s.", h.late, h.reads, told))
	case q.Aborted:
		return because(o, reports.RunAborted, fmt.Sprintf("None of %d reads of registers was staler than promised when the run was aborted.", h.reads))
	case h.doubtful > 0:
		return because(o, reports.InstrumentDisturbed, fmt.Sprintf("%d of %d reads of registers were staler than promised while others held the run up, which may have made them so: %s.", h.doubtful, h.reads, told))
	case f.odd > 0:
		return because(o, reports.InstrumentDisturbed, f.oddWords())
	case missing != "" && r.Promise.Fault != Unbounded:
		return because(o, missing, why)
	case thin < leastReads:
		return because(o, reports.TooFewSamples, fmt.Sprintf("%d reads of registers say how old the answers were while %s; it takes %d.", thin, when, leastReads))
	}
	if r.Promise.Fault != Unbounded {
		if reason, why := q.unproven("that its answers were not too old shows nothing"); reason != "" {
			return because(o, reason, why)
		}
	}
	if worst.age == 0 {
		return because(o, "", fmt.Sprintf("None of %d reads of registers returned a value that was surely over.", h.reads))
	}
	return because(o, "", fmt.Sprintf("The worst of %d reads of registers: %s.", h.reads, told))
}

// thinnest is how many reads were held to the limit with the fewest.
func (f *findings) thinnest(q Question) (n int, when string) {
	n, when = f.healthy.reads, "nothing was broken"
	p := q.Registers.Promise
	if p.Fault != Unbounded && (q.Planned > 0 || len(q.Faults) > 0) && (p.Healthy == Unbounded || f.fault.reads < n) {
		n, when = f.fault.reads, "something was"
	}
	return n, when
}

func targetAge(p Promise) string {
	age := func(d time.Duration) string {
		if d == Unbounded {
			return "unbounded"
		}
		return "≤ " + millis(int64(d))
	}
	return age(p.Healthy) + " while healthy, " + age(p.Fault) + " in a fault"
}

// convergenceObjective asks whether, the promised time after each heal, no read
// was any more older than while healthy by what had been written until then.
func (f *findings) convergenceObjective(q Question) reports.Objective {
	r := q.Registers
	limit := r.Promise.Convergence
	o := reports.Objective{Name: "convergence", Target: "≤ " + inSeconds(int64(limit)) + " after a heal", Measured: "nothing"}
	var all healing
	unhealed, last, least := "", -1, -1 // least: the stretch with the fewest such reads behind it
	for i, s := range f.stretches {
		if !s.broken {
			continue
		}
		h := &f.healings[i]
		o.Samples += h.rested
		all.join(h.held)
		all.last, all.fresh, all.open = max(all.last, h.last), max(all.fresh, h.fresh), all.open || h.open
		if least < 0 || h.rested < f.healings[least].rested {
			least = i
		}
		if last = i; s.unhealed {
			unhealed = s.names
		}
	}
	if last >= 0 {
		o.Measured, o.Low, o.Margin = inSeconds(all.last), number(float64(all.last)/1e9), reports.Margin(float64(int64(limit)-all.last), float64(limit))
		switch {
		case all.late+all.doubtful == 0: // whatever was read then, it had converged at the limit
			o.High = number(float64(min(max(all.last, all.fresh), int64(limit))) / 1e9)
			if all.open {
				o.High = number(float64(limit) / 1e9)
			}
		case !all.open:
			o.High = number(float64(max(all.last, all.fresh)) / 1e9)
		}
	}
	missing, absent := q.uninjected()
	reason, why := q.unproven("that the data converged shows nothing")
	switch {
	case all.late > 0:
		return because(o, reports.LimitBroken, fmt.Sprintf("%d reads of registers were older than %s by what had been written up to %s after the heal: %s.", all.late, millis(int64(r.Promise.Healthy)), inSeconds(int64(limit)), r.tell(all.worst[0], q.Replicas)))
	case q.Aborted:
		return because(o, reports.RunAborted, "The run was aborted before the data had to have converged.")
	case all.doubtful > 0:
		return because(o, reports.InstrumentDisturbed, fmt.Sprintf("%d reads of registers were older than %s while others held the run up, which may have made them so: %s.", all.doubtful, millis(int64(r.Promise.Healthy)), r.tell(all.worst[0], q.Replicas)))
	case f.odd > 0:
		return because(o, reports.InstrumentDisturbed, f.oddWords())
	case missing != "":
		return because(o, missing, absent)
	case last < 0:
		return because(o, reports.FaultUnproven, "No fault was active while the registers were asked.")
	case unhealed != "":
		return because(o, reports.ObserveTooShort, fmt.Sprintf("%s was not healed before the run ended.", unhealed))
	case f.stretches[last].end >= r.End:
		return because(o, reports.ObserveTooShort, fmt.Sprintf("The run ended %s after the heal of %s; the data has %s to converge.", inSeconds(r.End-f.stretches[last].heal), f.stretches[last].names, inSeconds(int64(limit))))
	case f.healings[least].rested < leastRested:
		return because(o, reports.TooFewSamples, fmt.Sprintf("%d reads were of registers that nobody had written since the heal of %s; it takes %d to say that they converged.", f.healings[least].rested, f.stretches[least].names, leastRested))
	case reason != "":
		return because(o, reason, why)
	case all.last == 0:
		return because(o, "", fmt.Sprintf("No read after a heal was older than %s.", millis(int64(r.Promise.Healthy))))
	}
	return because(o, "", fmt.Sprintf("The last read that was older than %s began %s after the heal.", millis(int64(r.Promise.Healthy)), inSeconds(all.last)))
}

// orderObjective asks for the session guarantees, or for one order of everything.
func (f *findings) orderObjective(q Question) reports.Objective {
	r := q.Registers
	o := reports.Objective{Name: "order", Target: strings.Join(r.Promise.Session, " and "), Measured: fmt.Sprintf("%d broken", f.unkept),
		Low: number(float64(f.unkept)), High: number(float64(f.unkept)), Samples: f.owed}
	least, kept, what := leastFollowing, "Every one of %d reads that followed something of the same client, through the same replica, kept it.", "reads followed something of the same client through the same replica"
	if r.Promise.Linearizable {
		o.Target, o.Measured, o.Samples = "linearizable", fmt.Sprintf("%d of %d registers are not", f.unordered, len(f.tallies)), f.reads
		o.Low, o.High = number(float64(f.unordered)), number(float64(f.unordered+f.unknown))
		least, kept, what = leastReads, "One order explains each register; %d reads fit in.", "reads say something about the order"
	}
	missing, absent := q.uninjected()
	reason, why := q.unproven("that everything was in order shows nothing")
	switch {
	case r.Promise.Linearizable && f.unordered > 0:
		return because(o, reports.LimitBroken, fmt.Sprintf("No order explains %d of %d registers, first %s%s.", f.unordered, len(f.tallies), r.Name(f.firstUnordered().key), f.deltaWords()))
	case !r.Promise.Linearizable && f.unkept > 0:
		return because(o, reports.LimitBroken, fmt.Sprintf("%d of %d reads broke a promise to their client: %s.", f.unkept, f.owed, r.breach(f.breaches[0], q.Replicas)))
	case q.Aborted:
		return because(o, reports.RunAborted, "Nothing was out of order when the run was aborted.")
	case r.Promise.Linearizable && f.unknown > 0:
		return because(o, reports.CheckerTimeout, fmt.Sprintf("For %d of %d registers no order was found in time, nor that there is none.", f.unknown, len(f.tallies)))
	case f.odd > 0:
		return because(o, reports.InstrumentDisturbed, f.oddWords())
	case missing != "":
		return because(o, missing, absent)
	case o.Samples < least:
		return because(o, reports.TooFewSamples, fmt.Sprintf("%d %s; it takes %d.", o.Samples, what, least))
	case reason != "":
		return because(o, reason, why)
	}
	return because(o, "", fmt.Sprintf(kept, o.Samples))
}

func (f *findings) oddWords() string {
	return fmt.Sprintf("In %d registers a value was read before it was written: the clocks of the generators differ.", f.odd)
}

func (f *findings) firstUnordered() tally {
	for _, t := range f.tallies {
		if t.unordered {
			return t
		}
	}
	return tally{}
}

// deltaWords says which staleness would explain everything.
func (f *findings) deltaWords() string {
	if f.delta == 0 {
		return ""
	}
	return "; with reads that may be " + millis(f.delta) + " stale one does"
}

// tell is a stale read in words.
func (r *Registers) tell(o old, replicas []string) string {
	return fmt.Sprintf("%s, read through %s at %.3f s, still had %s, %s after %s was acknowledged", r.Name(o.key), nameOf(replicas, replicaOf(o.read)),
		seconds(o.read.Invoke), valueName(o.read), millis(o.age), valueOfWrite(o.by))
}

// breach is a broken guarantee in words.
func (r *Registers) breach(b broken, replicas []string) string {
	what := "had read " + valueName(b.Before)
	if b.Before.Write {
		what = "had " + valueOfWrite(b.Before) + " acknowledged"
	}
	return fmt.Sprintf("client %d %s of %s by %.3f s, and at %.3f s got %s through the same replica, %s (%s)", clientOf(b.Read), what, r.Name(b.key),
		seconds(b.Before.Return), seconds(b.Read.Invoke), valueName(b.Read), nameOf(replicas, replicaOf(b.Read)), b.Broken)
}

// valueName is what a read returned.
func valueName(o register.Op) string {
	if o.Value == register.Initial {
		return "nothing"
	}
	return "the value of write " + writeNumber(o)
}

// valueOfWrite is what a write did.
func valueOfWrite(o register.Op) string {
	if o.Value == register.Initial {
		return "a delete"
	}
	return "write " + writeNumber(o)
}

// writeNumber is that of the request which wrote the operation's value.
func writeNumber(o register.Op) string {
	seq, _ := history.Value(o.Value).Write()
	return strconv.FormatUint(seq, 10)
}

// millis is a length of time in milliseconds, with what is worth telling of it.
func millis(ns int64) string {
	ms := float64(ns) / 1e6
	digits := 0
	if ms < 10 {
		digits = 2
	}
	s := strconv.FormatFloat(ms, 'f', digits, 64)
	if digits > 0 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s + " ms"
}

func inSeconds(ns int64) string {
	s := strconv.FormatFloat(float64(ns)/1e9, 'f', 3, 64)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".") + " s"
}

func number(v float64) *float64 { return &v }
