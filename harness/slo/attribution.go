package slo

import (
	"cmp"
	"slices"
)

// origin is where an episode's clock starts: an edge of a fault, or the
// episode's own onset. The edge happened within [begin, end].
type origin struct {
	kind       originKind
	fault      int // whose edge; −1 for the onset's own
	begin, end int64
}

type originKind uint8

const (
	fromOnset originKind = iota
	fromInjection
	fromHeal
)

// groups numbers the faults from 1 in order of injection; those injected
// within H of the one before are one group. Faults never injected have 0.
func groups(faults []Fault) []int {
	numbers := make([]int, len(faults))
	group, last := 0, int64(0)
	for _, i := range byInjection(faults) {
		begin := *faults[i].InjectBegin
		if group == 0 || begin-last > horizonFloor {
			group++
		}
		numbers[i], last = group, begin
	}
	return numbers
}

// byInjection is the indices of the injected faults in order of injection.
func byInjection(faults []Fault) []int {
	var order []int
	for i, f := range faults {
		if f.injected() {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(*faults[a].InjectBegin, *faults[b].InjectBegin) })
	return order
}

// owned is an episode, where its clock starts, and the fault it belongs to
// (−1: none).
type owned struct {
	*episode
	origin origin
	owner  int
}

// attribute finds an episode's origin and owner (§4): the latest edge in
// [degradedAt − H, degradedAt], where an edge within the onset's interval
// counts as before it; else the onset itself, and the fault injected last
// before it. An episode without a fault before it that was still open at an
// injection is held to that fault from then on.
func attribute(e *episode, faults []Fault) owned {
	o := owned{episode: e, owner: -1, origin: origin{fromOnset, -1, e.degradedLow, e.degradedHigh}}
	latest := e.degraded - e.scope.horizon - 1
	consider := func(kind originKind, fault int, s Span) {
		if s.Begin > latest && s.Begin <= max(e.degraded, e.degradedHigh) {
			latest = s.Begin
			o.origin, o.owner = origin{kind, fault, s.Begin, s.End}, fault
		}
	}
	order := byInjection(faults)
	for _, i := range order {
		consider(fromInjection, i, faults[i].injection())
	}
	for _, i := range order {
		if heal, ok := faults[i].heal(); ok {
			consider(fromHeal, i, heal)
		}
	}
	if o.owner >= 0 {
		return o
	}
	for _, i := range order {
		if *faults[i].InjectBegin <= e.degraded {
			o.owner = i
		}
	}
	if o.owner >= 0 {
		return o
	}
	for _, i := range order {
		if s := faults[i].injection(); s.Begin < e.recovered || !e.stopped {
			o.owner, o.origin = i, origin{fromInjection, i, s.Begin, s.End}
			return o
		}
	}
	return o
}

// measure is a duration in ns with its interval; at is nil when only a bound
// is known, high nil when there is no upper one.
type measure struct {
	at   *int64
	low  int64
	high *int64
}

// since measures from o's origin to its end (§4). Of a censored one only the
// lower bound is known: up to the end of the bad, when that was seen, else to
// the end of the run.
func (o owned) since(runEnd int64) measure {
	if o.censored {
		return measure{low: max(0, o.lowest(runEnd)-o.origin.end)}
	}
	begin := o.origin.begin
	if o.origin.kind == fromOnset {
		begin = o.degraded
	}
	at, high := max(0, o.recovered-begin), max(0, o.recoveredHigh-o.origin.begin)
	return measure{at: &at, low: min(at, max(0, o.recoveredLow-o.origin.end)), high: &high}
}

// sinceHeal measures from the end of a heal to o's end, never below zero.
func (o owned) sinceHeal(healEnd, runEnd int64) measure {
	if o.censored {
		return measure{low: max(0, o.lowest(runEnd)-healEnd)}
	}
	at, high := max(0, o.recovered-healEnd), max(0, o.recoveredHigh-healEnd)
	return measure{at: &at, low: max(0, o.recoveredLow-healEnd), high: &high}
}

// lowest is the earliest that a censored episode can have ended.
func (o owned) lowest(runEnd int64) int64 {
	if o.stopped {
		return o.recoveredLow
	}
	return runEnd
}
