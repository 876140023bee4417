package compare

import (
	"math"
	"slices"

	"gauntlet/reports"
)

// Pair is two runs with one seed, one of each build.
type Pair struct{ A, B Values }

// Judge compares the builds over the pairs at a look. seed draws choices of
// signs where there are too many of them. Without a level (an Alpha and a
// Beta of 0) everything is INCONCLUSIVE, and the intervals have no ends.
func Judge(pairs []Pair, floors Floors, look Look, seed int64) []reports.ComparedMeasure {
	if len(pairs) == 0 {
		return nil
	}
	all := measures(pairs)
	signs := choices(len(pairs), uint64(seed))
	differences := make([][]float64, len(all))
	gating := make([][]float64, len(all)) // as rivals have it; nil for one that is not decided on
	for i, m := range all {
		differences[i] = apart(m, pairs, floors[m.Kind])
		if m.gates() {
			gating[i] = rivalry(differences[i], signs)
		}
	}
	rivals := others(gating, len(signs))
	out := make([]reports.ComparedMeasure, len(all))
	for i, m := range all {
		s := scene{m, pairs, floors[m.Kind], differences[i]}
		if !m.gates() {
			out[i] = s.shown(signs, look)
			continue
		}
		low := lower(s.d, signs, rivals[i], look.Alpha)
		out[i] = s.decided(low, upper(s.d, signs, look.Beta))
	}
	return out
}

// apart is the difference of every pair; where a run did not measure it, or
// ended first and may well have more than the other, the pair says nothing,
// which is a difference of 0: it changes its sign with the builds as any other.
func apart(m Measure, pairs []Pair, floor Floor) []float64 {
	d := make([]float64, len(pairs))
	for i, p := range pairs {
		a, okA := p.A.get(m)
		b, okB := p.B.get(m)
		known := okA && okB && !a.mayReach(b) && !b.mayReach(a)
		if known {
			d[i] = floor.apart(a.Amount, b.Amount)
		}
	}
	return d
}

// mayReach says that v is at least so much, which is less than other, and may
// be more than that.
func (v Value) mayReach(other Value) bool { return v.AtLeast && v.Amount < other.Amount }

// others is, for each measure and choice, the greatest rivalry of the other
// measures that are decided on; nil for a measure without others. The two
// greatest of all tell it for each.
func others(t [][]float64, choices int) [][]float64 {
	type best struct {
		of            int
		first, second float64
	}
	top := make([]best, choices)
	for c := range top {
		top[c] = best{-1, math.Inf(-1), math.Inf(-1)}
	}
	gating := 0
	for k, of := range t {
		if of != nil {
			gating++
		}
		for c, v := range of {
			if b := &top[c]; v > b.first {
				*b = best{k, v, b.first}
			} else {
				b.second = max(b.second, v)
			}
		}
	}
	all := make([][]float64, len(t))
	for i, of := range t {
		if gating == 0 || gating == 1 && of != nil {
			continue
		}
		all[i] = make([]float64, choices)
		for c, b := range top {
			all[i][c] = b.first
			if b.of == i {
				all[i][c] = b.second
			}
		}
	}
	return all
}

// scene is a measure before the judge.
type scene struct {
	m     Measure
	pairs []Pair
	floor Floor
	d     []float64
}

// row is what is told of the measure beside its interval and verdict.
func (s scene) row() reports.ComparedMeasure {
	var a, b, d []float64
	row := reports.ComparedMeasure{Name: s.m.Name(), Kind: s.m.Kind, Unit: units[s.m.Kind], Gates: s.m.gates()}
	for i, p := range s.pairs {
		va, okA := p.A.get(s.m)
		vb, okB := p.B.get(s.m)
		if okA {
			a = append(a, va.Amount)
		}
		if okB {
			b = append(b, vb.Amount)
		}
		if okA && okB {
			d = append(d, s.d[i])
		}
		if va.AtLeast || vb.AtLeast {
			row.Open++
		}
	}
	row.A, row.B = medianOf(a), medianOf(b)
	if row.Pairs = len(d); len(d) > 0 {
		row.Difference = s.told(middle(d))
	}
	row.Floor = *s.told(s.floor.shift())
	return row
}

// told is a difference in the unit; nil for one without an end.
func (s scene) told(d float64) *float64 {
	if math.IsInf(d, 0) || math.IsNaN(d) {
		return nil
	}
	typical := 0.0
	var a []float64
	for _, p := range s.pairs {
		if v, ok := p.A.get(s.m); ok {
			a = append(a, v.Amount)
		}
	}
	if len(a) > 0 {
		typical = median(a)
	}
	v := s.floor.amount(d, typical)
	return &v
}

func medianOf(all []float64) *float64 {
	if len(all) == 0 {
		return nil
	}
	m := median(all)
	return &m
}

// shown is a measure that is not decided on, with an interval of its own.
func (s scene) shown(signs []uint64, look Look) reports.ComparedMeasure {
	row := s.row()
	row.Low, row.High = s.told(lower(s.d, signs, nil, look.Beta)), s.told(upper(s.d, signs, look.Beta))
	return row
}

// decided is a measure with its verdict. What is missing in a pair keeps it
// from passing, and so does a recovery whose end was not seen.
func (s scene) decided(low, high float64) reports.ComparedMeasure {
	row := s.row()
	row.Low, row.High = s.told(low), s.told(high)
	floor := s.floor.shift()
	switch {
	case low > floor:
		row.Verdict, row.Reason = reports.Fail, reports.LimitBroken
	case row.Pairs < len(s.pairs):
		row.Verdict, row.Reason = reports.Inconclusive, reports.TooFewPairs
	case row.Open > 0:
		row.Verdict, row.Reason = reports.Inconclusive, reports.ObserveTooShort
	case high <= floor:
		row.Verdict = reports.Pass
	default:
		row.Verdict, row.Reason = reports.Inconclusive, reports.SpansFloor
	}
	row.Why = row.Sentence(len(s.pairs))
	return row
}

// Verdict merges the measures that are decided on, FAIL over INCONCLUSIVE over
// PASS, and tells the measure that decided: of those that ended so it is of
// the kind that weighs most, lost writes before bad requests before slow ones,
// and within that worse by the most floors. None at all is INCONCLUSIVE.
func Verdict(all []reports.ComparedMeasure) (reports.Verdict, *reports.ComparedMeasure) {
	verdict := reports.Inconclusive
	for _, v := range []reports.Verdict{reports.Pass, reports.Inconclusive, reports.Fail} {
		for _, m := range all {
			if m.Gates && m.Verdict == v {
				verdict = v
			}
		}
	}
	var first *reports.ComparedMeasure
	for i := range all {
		m := &all[i]
		if m.Gates && m.Verdict == verdict && (first == nil || weightier(m, first)) {
			first = m
		}
	}
	return verdict, first
}

func weightier(a, b *reports.ComparedMeasure) bool {
	if a.Kind != b.Kind {
		return slices.Index(kinds, a.Kind) < slices.Index(kinds, b.Kind)
	}
	return inFloors(a) > inFloors(b)
}

// inFloors is how often the floor fits into the difference that is sure; of
// one without an end, into the difference.
func inFloors(m *reports.ComparedMeasure) float64 {
	sure := m.Low
	if sure == nil {
		sure = m.Difference
	}
	switch {
	case sure == nil:
		return math.Inf(-1)
	case m.Floor == 0 && *sure > 0:
		return math.Inf(1)
	case m.Floor == 0:
		return *sure
	}
	return *sure / m.Floor
}
