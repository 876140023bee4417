package experiment

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// What the judge asks of the registers, and some more: they are read at random,
// and what is expected may be missed by a third.
const (
	leastReads     = 70  // in the stretches for which an age is promised
	leastRested    = 12  // of registers that nobody has written since a fault was healed
	leastRegisters = 500 // operations in all: some follow another of the same client through the same replica
)

// registers need enough reads for each thing that is promised of them.
func (d *decider) registers() {
	if d.e.Consistency == nil {
		return
	}
	share, p := d.e.Consistency.Share, d.e.Consistency.Promise
	const path, hint = "consistency.share", "raise consistency.share or load.rate, or promise less"
	healthy, broken := d.exposure()
	if p.Staleness.Bounded() {
		reads, when := 0.0, "while something is broken"
		if p.Staleness.Fault != Unbounded {
			reads += broken
		}
		if p.Staleness.Healthy != Unbounded {
			reads += healthy
			when = "while nothing is broken"
		}
		n := whole(share * readsOfShare * reads)
		d.demand("staleness", "≤ "+orUnbounded(min(p.Staleness.Healthy, p.Staleness.Fault)), fmt.Sprintf("%d reads of registers %s", leastReads, when), fmt.Sprint(n), n >= leastReads, path, hint)
	}
	if p.Converges() && len(d.e.Faults) > 0 {
		n := whole(share * readsOfShare * d.rested())
		d.demand("convergence", "≤ "+p.Convergence.String(), fmt.Sprintf("%d reads, %v after the last heal and later, of registers that were not written since", leastRested, p.Convergence),
			fmt.Sprint(n), n >= leastRested, "phases.observe", fmt.Sprintf("observe for longer than the %v of consistency.promise.convergence, or %s", p.Convergence, hint))
	}
	if p.Ordered() {
		n := whole(share * durableOfShare * d.offered(0, d.Total))
		d.demand("order", "", fmt.Sprintf("%d reads and writes of registers", leastRegisters), fmt.Sprint(n), n >= leastRegisters, path, hint)
	}
}

// exposure is how many requests of the load are due from the baseline on while
// nothing is broken, and while something is: from an injection until the data
// must have converged.
func (d *decider) exposure() (healthy, broken float64) {
	p := d.e.Consistency.Promise
	at := d.e.Phases.Warmup
	for _, w := range slices.SortedFunc(slices.Values(d.plan.windows), func(a, b window) int { return int(a.from - b.from) }) {
		from, to := d.injectable()+w.from, d.Total
		if p.Convergence != Unbounded {
			to = min(to, d.injectable()+w.to+p.Convergence)
		}
		healthy += d.offered(at, max(at, from))
		broken += d.offered(max(at, from), max(at, to))
		at = max(at, to)
	}
	return healthy + d.offered(at, max(at, d.Total)), broken
}

// rested is how many requests of the load are due when the data must have
// converged after the last heal, each weighed by the part of the registers that
// were last written before it: half of them rested then, and they wake one after
// the other during Rest.
func (d *decider) rested() float64 {
	const step = 100 * time.Millisecond
	heal, rest := d.injectable()+d.plan.lastHeal, d.e.Consistency.Rest()
	sum := 0.0
	for at := d.e.Consistency.Promise.Convergence; at < min(rest, d.Total-heal); at += step {
		sum += d.offered(heal+at, heal+at+step) * math.Max(0, 0.5*(1-float64(at)/float64(rest)))
	}
	return sum
}
