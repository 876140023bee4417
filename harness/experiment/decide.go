package experiment

import (
	"fmt"
	"math"
	"sort"
	"time"

	"gauntlet/harness/diagnostic"
	"gauntlet/harness/load/shape"
)

// Decision is what a run of an experiment takes, and what it can decide.
type Decision struct {
	Experiment string
	Timeline   []Mark
	Total      time.Duration // from the warm-up to the end, at the least
	Extra      time.Duration // how much longer it may take for faults that heal in their own time
	Populate   int           // keys written before it
	Rate       shape.Shape
	Requests   int // of the load, at the least
	Workers    int
	Demands    []Demand // one for each objective that needs enough of something
	Floors     []Floor  // for all requests, a third, and 5 %
	Notes      []string // what is worth knowing and no reason to refuse
}

// Demand is what an objective needs to be decided, and what it gets.
type Demand struct {
	Objective string
	Target    string // the limit: "≥ 99.9%"
	Need      string
	Have      string
	Met       bool
}

// Part is one fault of an entry of the timeline: most entries have one, a
// Schedule or a Workflow several.
type Part struct {
	After   time.Duration // from the entry's own time
	Lasts   time.Duration // 0 with OneShot
	OneShot bool          // it is over at once (a kill), and its heal is the victim's return
	Within  time.Duration // with OneShot: until its last victim is back or given up, at the longest
	Title   string        // "" for the title of the entry
}

// The least that is asked of a run (section 4 of measurement.md).
const (
	leastBaseline  = 1000 // requests
	leastDurable   = 100  // acknowledged writes around each fault
	wilsonSquared  = 1.96 * 1.96
	durableOfShare = 0.5  // of consistency.share goes to write-once keys, the rest to registers
	readsOfShare   = 0.25 // goes to reads of registers
)

// Decide says whether a run of e can decide what it is held to, before any
// load is sent. parts tells what the i-th of its faults is made of, shifts how
// much later than the file says they may come: without any they come as it
// says. A rate that changes may do so in a run with one shift and not in that
// with another. The Decision is that of the first, and complete all the same
// where what cannot be decided with one of them is a diagnostic.List.
func Decide(e *Experiment, parts func(i int) []Part, shifts ...time.Duration) (Decision, error) {
	if len(shifts) == 0 {
		return e.decide(parts, 0)
	}
	first, err := e.decide(parts, shifts[0])
	for _, shift := range shifts[1:] {
		if err == nil {
			_, err = e.decide(parts, shift)
		}
	}
	return first, err
}

// decide is Decide of the run whose faults come that much later: its baseline
// is so much longer.
func (e *Experiment) decide(parts func(i int) []Part, shift time.Duration) (Decision, error) {
	longer := *e
	longer.Phases.Baseline += shift
	e = &longer
	p := e.plan(parts)
	pool, err := e.Load.Pool()
	if err != nil {
		return Decision{}, fmt.Errorf("%s: %w", e.Name, err)
	}
	marks := e.timeline(p)
	d := &decider{e: e, plan: p, shift: shift, Decision: Decision{
		Experiment: e.Name, Timeline: marks, Total: marks[len(marks)-1].At, Extra: p.latestHeal - p.lastHeal,
		Populate: e.Load.Populate, Rate: e.Load.Rate, Workers: pool,
	}}
	d.Requests = whole(e.Load.Rate.Count(d.Total))
	d.lowest = shape.Lowest(e.Load.Rate, e.Phases.Warmup, d.Total+d.Extra, settling)
	d.changes()
	d.stops()
	d.baseline()
	d.recovery()
	for _, a := range e.SLO.Availability {
		if d.availability(a) { // else there is too little of it anyway
			d.residual(a)
		}
	}
	d.durability()
	d.registers()
	for _, share := range []float64{1, 1. / 3, 0.05} {
		d.Floors = append(d.Floors, FloorOf(share, d.lowest, whole(d.offered(e.Phases.Warmup, e.Phases.Warmup+e.Phases.Baseline))))
	}
	return d.Decision, d.found.Err()
}

// decider gathers a Decision and what is wrong with it.
type decider struct {
	Decision
	e      *Experiment
	plan   plan
	shift  time.Duration // with which e has its baseline already
	lowest float64       // rate of any H from the baseline to the end
	found  diagnostic.List
}

// injectable is the end of the baseline, from which the faults' times count.
func (d *decider) injectable() time.Duration { return d.e.Phases.Warmup + d.e.Phases.Baseline }

// offered is how many requests are due between two instants; none is before
// the run.
func (d *decider) offered(from, to time.Duration) float64 {
	return d.e.Load.Rate.Count(max(0, to)) - d.e.Load.Rate.Count(max(0, from))
}

// needed is how long it takes from an instant on until so many requests are
// due; Unbounded when they never are.
func (d *decider) needed(from time.Duration, count float64) time.Duration {
	const most = 30 * day
	if d.offered(from, from+most) < count {
		return Unbounded
	}
	return time.Duration(sort.Search(int(most/time.Millisecond), func(ms int) bool {
		return d.offered(from, from+time.Duration(ms)*time.Millisecond) >= count-1e-6
	})) * time.Millisecond
}

// changes tells what follows from a rate that changes.
func (d *decider) changes() {
	if _, constant := d.e.Load.Rate.(shape.Constant); constant {
		return
	}
	d.Notes = append(d.Notes, fmt.Sprintf("the rate changes: up to %.6g/s, which the workers are for; from the baseline on at least %.6g/s, which decides what is seen",
		d.e.Load.Rate.Peak(d.e.Load.Timeout), d.lowest))
}

// stops tells what the stop condition takes away: an outage that would end
// within the limit may end the run first, and what is cut short is not decided
// by it. One that can end no run is refused: somebody relies on it.
func (d *decider) stops() {
	stop, limit := d.e.Stop, d.e.SLO.Recovery
	if stop == nil {
		return
	}
	if longest := d.Total + d.Extra; stop.For > longest {
		d.found = append(d.found, d.e.places.diagnose("stop.for", fmt.Sprintf("write less, such as for: %v", max(time.Second, min(stopAfter, (longest/4).Truncate(time.Second)))),
			"no run is stopped by it: %v is longer than the run, which takes %v", stop.For, longest))
		return
	}
	note := fmt.Sprintf("the run is stopped when less than %s is good over %v", percent(stop.AvailabilityBelow), stop.For)
	if limit != nil && stop.For <= limit.Within {
		note += fmt.Sprintf(": before it shows whether an outage is over within the limit of %v", limit.Within)
	}
	d.Notes = append(d.Notes, note)
}

// demand enters that objective needs need, and refuses it at path when have
// is less.
func (d *decider) demand(objective, target, need, have string, met bool, path, hint string) {
	d.Demands = append(d.Demands, Demand{objective, target, need, have, met})
	if !met {
		when := ""
		if d.shift > 0 {
			when = fmt.Sprintf(" when the faults come %v later", d.shift)
		}
		d.found = append(d.found, d.e.places.diagnose(path, hint, "%s cannot be decided%s: it needs %s, and there are %s", objective, when, need, have))
	}
}

func (d *decider) baseline() {
	n := whole(d.offered(d.e.Phases.Warmup, d.injectable()))
	least := d.needed(d.e.Phases.Warmup, leastBaseline)
	d.demand("steadyState", "≤ 1% bad", fmt.Sprintf("%d requests in the baseline", leastBaseline), fmt.Sprint(n), n >= leastBaseline,
		"phases.baseline", orRaise(least, "make it at least %v"))
}

// recovery needs the time in which a recovery at the limit still shows: the
// clock starts at the last edge, which is the last heal, since an episode
// that a heal causes is held to the limit too. That it lasts shows after the H
// of the thinnest operation that is judged.
func (d *decider) recovery() {
	limit := d.e.SLO.Recovery
	if limit == nil {
		return
	}
	rate := d.lowest
	if rate < leastRate {
		d.demand("recovery", "", fmt.Sprintf("%d requests/s", leastRate), fmt.Sprintf("%.3g", rate), false, "load.rate", "raise the rate, or recovery: none")
		return
	}
	settles := settlingAt(rate)
	for _, share := range d.e.Load.Mix {
		// The judge holds every operation that it can judge to the limit.
		if of := rate * share.Share; of >= leastRate {
			settles = max(settles, settlingAt(of))
		} else {
			d.Notes = append(d.Notes, fmt.Sprintf("%s has %.3g requests/s: its episodes are drawn and not judged (%d/s are needed)", share.Operation, of, leastRate))
		}
	}
	settles = roundTo(settles)
	for _, scope := range limit.Scopes {
		d.Notes = append(d.Notes, fmt.Sprintf("each of the %s is held to the recovery limit too: recovery is INCONCLUSIVE where one gets fewer than %d requests/s, and %.6g/s are enough for %d even ones at the most",
			scope, leastRate, rate, int(rate/leastRate)))
	}
	need := plus(limit.Within, settles)
	d.demand("recovery", fmt.Sprintf("≤ %v from %s", limit.Within, limit.From), fmt.Sprintf("%v of observe (the limit and %v to see that it lasts)", need, settles),
		fmt.Sprint(d.e.Phases.Observe), d.e.Phases.Observe >= need, "phases.observe", fmt.Sprintf("observe for at least %v, or lower slo.recovery", roundUp(need)))
}

// availability p can only be shown by n ≥ z²·p/(1−p) requests, all of them
// good: the lower end of their Wilson interval is then p.
func (d *decider) availability(a Availability) (met bool) {
	share := d.e.shareOf(a.Operation)
	from := d.injectable() + d.plan.firstInject
	to := from + d.e.judged(d.plan)
	n := whole(share * d.offered(from, to))
	need := int(math.Ceil(wilsonSquared*a.Ratio/(1-a.Ratio) - 1e-9)) // as the judge rounds
	missing := d.needed(to, float64(need-n)/share)
	path := "slo.availability"
	if a.Operation != "" {
		path = join(path, a.Operation)
	}
	d.demand(a.objective(), "≥ "+percent(a.Ratio), fmt.Sprintf("%d requests", need), fmt.Sprint(n), n >= need,
		path, orRaise(missing, "observe for %v longer, or lower the limit"))
	return n >= need
}

// leastResidual is the lowest bad share that the residual is held to: 3·p0,
// with the p0 of a flawless baseline.
const leastResidual = 3e-3

// residual is judged from recovery + H to the end, H being that of the
// operation. With no request bad, the upper end of the Wilson interval is
// z²/(n + z²), and that must not lie above the limit.
func (d *decider) residual(a Availability) {
	share := d.e.shareOf(a.Operation)
	limit := max(leastResidual, 1-a.Ratio)
	settles := time.Duration(0)
	if len(d.e.Faults) > 0 && !d.e.Inert {
		settles = settlingAt(share * d.lowest)
	}
	observe := d.injectable() + d.plan.lastHeal
	n := whole(share * d.offered(observe+min(settles, d.e.Phases.Observe), observe+d.e.Phases.Observe))
	need := int(math.Ceil(wilsonSquared * (1 - limit) / limit))
	subject := "all requests"
	if a.Operation != "" {
		subject = a.Operation
	}
	d.demand("residual of "+subject, "≤ "+percent(limit), fmt.Sprintf("%d requests after recovery and the %v in which it settles", need, roundTo(settles)),
		fmt.Sprint(n), n >= need, "phases.observe", orRaise(plus(settles, d.needed(observe+settles, float64(need)/share)), "observe for at least %v"))
}

func (e *Experiment) shareOf(operation string) float64 {
	if operation == "" {
		return 1
	}
	for _, s := range e.Load.Mix {
		if s.Operation == operation {
			return s.Share
		}
	}
	return 0
}

// durability needs acknowledged writes in [inject − H, max(heal, inject + H)] of
// every fault. Those that are offered in an outage are not acknowledged: as many
// may be missing as the other objectives let fail.
func (d *decider) durability() {
	if d.e.SLO.LostWrites == nil || d.e.Consistency == nil {
		return
	}
	share := d.e.Consistency.Share * durableOfShare
	least, of, where := share*d.offered(0, d.Total), share*d.offered(0, d.Total), "in all" // without a fault
	for i, w := range d.plan.windows {
		from := d.injectable() + w.from
		to := max(d.injectable()+w.to, from+settling)
		all := share * d.offered(from-settling, to)
		if sure := all - share*d.failing(from, to); i == 0 || sure < least {
			least, of, where = sure, all, "around "+w.title
		}
	}
	hint := "raise load.rate"
	if enough := d.e.Consistency.Share * leastDurable / least; least > 0 && enough <= 1 {
		hint = fmt.Sprintf("raise consistency.share (%s suffices) or load.rate", percent(math.Ceil(enough*100)/100))
	}
	d.demand("lostWrites", fmt.Sprintf("≤ %d", *d.e.SLO.LostWrites), fmt.Sprintf("%d acknowledged writes around each fault", leastDurable),
		fmt.Sprintf("at least %d of %d %s", whole(least), whole(of), where), whole(least) >= leastDurable,
		"consistency.share", hint)
}

// failing is how many of the requests, were all of them writes, may fail
// between an injection and the end of what counts as around it, in a run that
// keeps its other objectives: up to the recovery limit every one, and as many
// as the availability of writes allows.
func (d *decider) failing(inject, to time.Duration) float64 {
	n := d.offered(inject, to)
	if limit := d.e.SLO.Recovery; limit != nil {
		n = min(n, d.offered(inject, inject+limit.Within))
	}
	begin := d.injectable() + d.plan.firstInject
	judged := d.offered(begin, begin+d.e.judged(d.plan))
	write, _ := d.e.Writer()
	for _, a := range d.e.SLO.Availability {
		switch a.Operation {
		case write.Name:
			n = min(n, (1-a.Ratio)*judged)
		case "": // all that fail may be writes
			if share := d.e.shareOf(write.Name); share > 0 {
				n = min(n, (1-a.Ratio)*judged/share)
			}
		}
	}
	return n
}

// whole is a count that was worked out, without what rounding left of it.
func whole(count float64) int { return int(math.Floor(count + 1e-6)) }

// plus is a sum of lengths of time, one of which may be Unbounded.
func plus(a, b time.Duration) time.Duration {
	if a == Unbounded || b == Unbounded {
		return Unbounded
	}
	return a + b
}

// orRaise is a hint to take the time d, or, where no time suffices, another.
func orRaise(d time.Duration, hint string) string {
	if d == Unbounded {
		return "raise load.rate"
	}
	return fmt.Sprintf(hint, roundUp(d))
}

// roundUp is d in whole tenths of a second, for hints.
func roundUp(d time.Duration) time.Duration {
	const tenth = 100 * time.Millisecond
	return (d + tenth - 1) / tenth * tenth
}
