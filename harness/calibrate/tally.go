package calibrate

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// Tally is what came of runs. Tallies add up.
type Tally struct {
	Runs int `json:"runs"`

	Outages   int       `json:"outages"`
	Found     int       `json:"found"`
	Open      int       `json:"open"`      // found, and told to have no end
	Extra     int       `json:"extra"`     // episodes of impact that nothing caused
	Onset     []float64 `json:"onset"`     // absolute errors, ms
	Recovery  []float64 `json:"recovery"`  // absolute errors, ms
	Intervals Share     `json:"intervals"` // of edges, that held the truth
	Requests  Count     `json:"requests"`  // that the outages made bad
	Losses    []float64 `json:"losses"`    // relative errors of that, by outage

	FalseFails  int            `json:"falseFails"`  // runs with a FAIL that nothing caused
	FalsePasses int            `json:"falsePasses"` // objectives that were broken and did pass
	Undecided   int            `json:"undecided"`   // runs that were INCONCLUSIVE
	Reasons     map[string]int `json:"reasons,omitempty"`

	Lost    Count `json:"lost"`    // acknowledged writes
	Foreign Count `json:"foreign"` // reads of another key's value

	Stale      Count `json:"stale"`      // reads of registers whose value was surely over
	Disordered Count `json:"disordered"` // see Registers
}

// Share is how many of several were so.
type Share struct {
	So int `json:"so"`
	Of int `json:"of"`
}

func (s *Share) held(so bool) {
	s.Of++
	if so {
		s.So++
	}
}

// Ratio is 1 where there was none to be counted.
func (s Share) Ratio() float64 {
	if s.Of == 0 {
		return 1
	}
	return float64(s.So) / float64(s.Of)
}

// Count is a number as it was, and as it was told.
type Count struct {
	Truth int `json:"truth"`
	Told  int `json:"told"`
}

func (c *Count) add(truth, told int) { c.Truth, c.Told = c.Truth+truth, c.Told+told }

// Off is how far the number told is off, as a share of the truth.
func (c Count) Off() float64 {
	if c.Truth == c.Told {
		return 0
	}
	return math.Abs(float64(c.Told-c.Truth)) / max(1, float64(c.Truth))
}

// Add adds the tally of other runs.
func (t *Tally) Add(o Tally) {
	t.Runs += o.Runs
	t.Outages, t.Found, t.Open, t.Extra = t.Outages+o.Outages, t.Found+o.Found, t.Open+o.Open, t.Extra+o.Extra
	t.Onset, t.Recovery, t.Losses = append(t.Onset, o.Onset...), append(t.Recovery, o.Recovery...), append(t.Losses, o.Losses...)
	t.Intervals = Share{t.Intervals.So + o.Intervals.So, t.Intervals.Of + o.Intervals.Of}
	t.Requests.add(o.Requests.Truth, o.Requests.Told)
	t.FalseFails, t.FalsePasses, t.Undecided = t.FalseFails+o.FalseFails, t.FalsePasses+o.FalsePasses, t.Undecided+o.Undecided
	for reason, n := range o.Reasons {
		if t.Reasons == nil {
			t.Reasons = map[string]int{}
		}
		t.Reasons[reason] += n
	}
	t.Lost.add(o.Lost.Truth, o.Lost.Told)
	t.Foreign.add(o.Foreign.Truth, o.Foreign.Told)
	t.Stale.add(o.Stale.Truth, o.Stale.Told)
	t.Disordered.add(o.Disordered.Truth, o.Disordered.Told)
}

// Clone is a copy that shares nothing.
func (t Tally) Clone() Tally {
	t.Onset, t.Recovery, t.Losses, t.Reasons = slices.Clone(t.Onset), slices.Clone(t.Recovery), slices.Clone(t.Losses), maps.Clone(t.Reasons)
	return t
}

// Quantile is the smallest of all that at least q of them do not exceed (the
// nearest rank); NaN of none.
func Quantile(all []float64, q float64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(all))
	rank := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[min(len(sorted)-1, max(0, rank))]
}

// Bound is the upper end of the 95 % interval of a share of which n tries
// showed none: 3/n (the rule of three), at most 1.
func Bound(n int) float64 { return min(1, 3/float64(max(1, n))) }

// String is the tally in a line, without what the row has nothing of.
func (t Tally) String() string {
	s := fmt.Sprintf("%d runs, FAIL %d, INCONCLUSIVE %d", t.Runs, t.FalseFails, t.Undecided)
	if t.Outages+t.Extra > 0 {
		s += fmt.Sprintf(", found %d of %d, %d more", t.Found, t.Outages, t.Extra)
	}
	if len(t.Recovery) > 0 {
		s += fmt.Sprintf(", recovery p50 %.2f p95 %.2f max %.2f ms", Quantile(t.Recovery, 0.5), Quantile(t.Recovery, 0.95), Quantile(t.Recovery, 1))
	}
	if len(t.Onset) > 0 {
		s += fmt.Sprintf(", onset p95 %.2f ms", Quantile(t.Onset, 0.95))
	}
	if t.Intervals.Of > 0 {
		s += fmt.Sprintf(", intervals %.1f %%", 100*t.Intervals.Ratio())
	}
	if len(t.Losses) > 0 {
		s += fmt.Sprintf(", losses p95 %.2f %%", 100*Quantile(t.Losses, 0.95))
	}
	for _, c := range []struct {
		name string
		Count
	}{{"lost", t.Lost}, {"foreign", t.Foreign}, {"stale", t.Stale}, {"disordered", t.Disordered}} {
		if c.Truth+c.Told > 0 {
			s += fmt.Sprintf(", %s %d of %d", c.name, c.Told, c.Truth)
		}
	}
	return s
}
