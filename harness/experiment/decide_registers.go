package experiment

import (
	"fmt"
	"math"
	"time"
)

// What the judge asks of the registers, and some more: they are read at random,
// and what is expected may be missed by a third.
const (
	leastReads     = 70  // while nothing is broken, and while something is where an age is promised then as well
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
		reads, when := healthy, "while nothing is broken"
		if p.Staleness.Fault != Unbounded && len(d.e.Faults) > 0 && broken < healthy {
			reads, when = broken, "while something is broken"
		}
		n := whole(share * readsOfShare * reads)
		d.demand("staleness", "≤ "+orUnbounded(min(p.Staleness.Healthy, p.Staleness.Fault)), fmt.Sprintf("%d reads of registers %s", leastReads, when), fmt.Sprint(n), n >= leastReads, path, hint)
	}
	if p.Converges() && len(d.e.Faults) > 0 {
		rested, last := d.rested()
		path, do := "phases.observe", fmt.Sprintf("observe for longer than the %v of consistency.promise.convergence", p.Convergence)
		if !last {
			path, do = "faults", fmt.Sprintf("inject the next fault later than the %v of consistency.promise.convergence after a heal, or before they are over", p.Convergence)
		}
		n := whole(share * readsOfShare * rested)
		d.demand("convergence", "≤ "+p.Convergence.String(), fmt.Sprintf("%d reads, %v after each heal and later, of registers that were not written since", leastRested, p.Convergence),
			fmt.Sprint(n), n >= leastRested, path, do+", or "+hint)
	}
	if p.Ordered() {
		n := whole(share * durableOfShare * d.offered(0, d.Total))
		d.demand("order", "", fmt.Sprintf("%d reads and writes of registers", leastRegisters), fmt.Sprint(n), n >= leastRegisters, path, hint)
	}
}

// trouble is a part of the plan in which something is broken: from an injection
// until the data must have converged after the heal, or the end.
type trouble struct{ from, heal, to time.Duration }

// troubles are those of the plan. Faults that lie over each other, or of which one
// comes before the data converged after another, make one.
func (d *decider) troubles() []trouble {
	var all []trouble
	for _, w := range d.plan.windows {
		s := trouble{d.injectable() + w.from, d.injectable() + w.to, d.Total}
		if p := d.e.Consistency.Promise; p.Convergence != Unbounded {
			s.to = min(d.Total, s.heal+p.Convergence)
		}
		if n := len(all); n > 0 && s.from <= all[n-1].to {
			last := &all[n-1]
			last.heal, last.to = max(last.heal, s.heal), max(last.to, s.to)
			continue
		}
		all = append(all, s)
	}
	return all
}

// exposure is how many requests of the load are due from the baseline on while
// nothing is broken, and while something is.
func (d *decider) exposure() (healthy, broken float64) {
	at := d.e.Phases.Warmup
	for _, s := range d.troubles() {
		healthy += d.offered(at, s.from)
		broken += d.offered(s.from, s.to)
		at = s.to
	}
	return healthy + d.offered(at, d.Total), broken
}

// rested is how many requests of the load are due between the time to converge
// after a heal and the next injection, or the end, each weighed by the part of
// the registers that were last written before the heal: half of them rested then,
// and they wake one after the other during Rest. Of several heals it is the one
// with the fewest; last says that no fault comes after it.
func (d *decider) rested() (fewest float64, last bool) {
	const step = 100 * time.Millisecond
	rest, all := d.e.Consistency.Rest(), d.troubles()
	for i, s := range all {
		until, sum := d.Total, 0.0
		if i+1 < len(all) {
			until = all[i+1].from
		}
		for at := d.e.Consistency.Promise.Convergence; at < min(rest, until-s.heal); at += step {
			sum += d.offered(s.heal+at, s.heal+at+step) * math.Max(0, 0.5*(1-float64(at)/float64(rest)))
		}
		if i == 0 || sum < fewest {
			fewest, last = sum, i+1 == len(all)
		}
	}
	return fewest, last
}
