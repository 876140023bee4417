package consistency

import (
	"cmp"
	"fmt"
	"slices"

	"gauntlet/reports"
)

// The levels of consistency that registers can show.
const (
	levelLinearizable = "linearizable"
	levelSession      = "session guarantees"
	levelBounded      = "bounded staleness"
)

// describe says what the registers showed, promised or not.
func (f *findings) describe(c *reports.Consistency, q Question) {
	r := q.Registers
	c.Registers, c.RegisterReads, c.RegisterWrites, c.Stale = len(f.tallies), f.reads, f.writes, f.stale
	if f.reads == 0 {
		return
	}
	switch {
	case f.odd > 0: // what they showed is not known
	case f.unordered == 0 && f.unknown == 0:
		c.Level = levelLinearizable
	case f.broken == 0 && f.sessions > 0:
		c.Level = levelSession
	default:
		c.Level = levelBounded
	}
	longest := 0.0
	if len(f.oldest) > 0 {
		longest = float64(f.oldest[0].age) / 1e6
	}
	for _, t := range f.tallies {
		longest = max(longest, float64(t.age)/1e6)
	}
	c.MaxStalenessMs = number(longest)
	if f.odd == 0 && f.unknown == 0 && !slices.ContainsFunc(f.tallies, func(t tally) bool { return t.delta < 0 }) {
		c.DeltaMs = number(float64(f.delta) / 1e6)
	}
	for _, t := range f.worstKeys() {
		w := reports.WorstKey{Key: r.Name(t.key), Reads: t.reads, Writes: t.writes, Stale: t.stale, OldestMs: float64(t.age) / 1e6, OldestAt: seconds(t.at), Broken: t.broken}
		if t.delta >= 0 {
			w.DeltaMs = number(float64(t.delta) / 1e6)
		}
		c.WorstKeys = append(c.WorstKeys, w)
	}
	c.Examples = append(c.Examples, f.examples(r, q.Replicas)...)
}

// worstKeys are the registers that no order explains, or that broke a promise to
// a client, the worst first.
func (f *findings) worstKeys() []tally {
	all := slices.DeleteFunc(slices.Clone(f.tallies), func(t tally) bool { return !t.unordered && t.broken == 0 && t.stale == 0 })
	slices.SortFunc(all, func(a, b tally) int {
		return cmp.Or(cmp.Compare(b.broken, a.broken), cmp.Compare(b.age, a.age), cmp.Compare(b.delta, a.delta), cmp.Compare(a.key, b.key))
	})
	return all[:min(len(all), fewExamples)]
}

// examples are what broke the promise, in words.
func (f *findings) examples(r *Registers, replicas []string) []string {
	var all []string
	for _, b := range f.breaches {
		all = append(all, r.breach(b, replicas))
	}
	for _, h := range f.judged() {
		for _, o := range h.worst {
			if o.standing() == late {
				all = append(all, r.tell(o, replicas))
			}
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if f.phantoms > 0 {
		all = append(all, fmt.Sprintf("%d writes of registers surely had no effect by what was answered, and were read", f.phantoms))
	}
	return all
}
