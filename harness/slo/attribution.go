package slo

import (
	"cmp"
	"slices"
)

// origin is where an episode's clock starts: an edge of a fault, or the
// episode's own onset.
type origin struct {
	kind             originKind
	fault            int   // whose edge; −1 for the onset's own
	begin            int64 // from which the clock counts
	earliest, latest int64 // the bounds of when it took effect
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

// attribute finds an episode's origin and owner (§4): of the edges in reach the
// one next to the onset; else the onset itself, and the fault injected last
// before it. An episode without a fault before it that was still open at an
// injection is held to that fault from then on.
func attribute(e *episode, faults []Fault) owned {
	order := byInjection(faults)
	if found, ok := e.choose(e.inReach(faults, order)); ok {
		return owned{episode: e, origin: found, owner: found.fault}
	}
	o := owned{episode: e, owner: -1, origin: origin{fromOnset, -1, e.degraded, e.degradedLow, e.degradedHigh}}
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
			o.owner, o.origin = i, origin{fromInjection, i, s.Begin, s.Begin, s.End}
			return o
		}
	}
	return o
}

// inReach is the edges that may have caused the episode: those in
// [degradedAt − H, degradedAt] or within the onset's interval. The return of a
// one-shot fault's victim is not one while its injection is: it follows from
// the injection and is nothing that was done to the system.
func (e *episode) inReach(faults []Fault, order []int) []origin {
	var found []origin
	reaches := func(s Span) bool {
		return s.Begin >= e.degraded-e.scope.horizon && s.Begin <= max(e.degraded, e.degradedHigh)
	}
	for _, i := range order {
		injection := faults[i].injection()
		if reaches(injection) {
			found = append(found, origin{fromInjection, i, injection.Begin, injection.Begin, injection.End})
		}
		heal, ok := faults[i].heal()
		if !ok || !reaches(heal) || faults[i].OneShot && reaches(injection) {
			continue
		}
		// A heal lasts until its victims are ready, long after it took effect: what
		// it caused shows that it had.
		latest := min(heal.End, max(heal.Begin, e.degradedHigh))
		found = append(found, origin{fromHeal, i, heal.Begin, heal.Begin, latest})
	}
	return found
}

// choose takes the edge next to the onset, of equals the later; before the
// onset that is the latest. When one of them lies behind the onset, though
// within its interval, it and the latest before the onset are both possible:
// the origin then reaches over all of these, so that the time from whichever it
// was lies within the bounds.
func (e *episode) choose(edges []origin) (chosen origin, ok bool) {
	if len(edges) == 0 {
		return origin{}, false
	}
	slices.SortStableFunc(edges, func(a, b origin) int { return cmp.Compare(a.begin, b.begin) })
	behind := slices.IndexFunc(edges, func(o origin) bool { return o.begin > e.degraded })
	if behind < 0 {
		return edges[len(edges)-1], true
	}
	possible := edges[max(0, behind-1):]
	chosen = possible[0]
	away := func(o origin) int64 { return max(o.begin-e.degraded, e.degraded-o.begin) }
	for _, o := range possible {
		if away(o) <= away(chosen) {
			chosen = o
		}
	}
	chosen.earliest = possible[0].begin
	for _, o := range possible {
		chosen.latest = max(chosen.latest, o.latest)
	}
	return chosen, true
}

// measure is a duration in ns with its interval; at is nil when only a bound
// is known, high nil when there is no upper one.
type measure struct {
	at   *int64
	low  int64
	high *int64
}

// since measures from o's origin to its end (§4): at most from the earliest
// that the origin can have been, at least from the latest. Of a censored one
// only the lower bound is known: up to the end of the bad, when that was seen,
// else to the end of the run.
func (o owned) since(runEnd int64) measure {
	if o.censored {
		return measure{low: max(0, o.lowest(runEnd)-o.origin.latest)}
	}
	at, high := max(0, o.recovered-o.origin.begin), max(0, o.recoveredHigh-o.origin.earliest)
	return measure{at: &at, low: min(at, max(0, o.recoveredLow-o.origin.latest)), high: &high}
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
