package load

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// alias draws from a finite distribution in constant time, exactly (to the
// 64 bits of the draw): Vose's form of the alias method (M. D. Vose, "A
// Linear Algorithm for Generating Random Numbers with a Given Distribution",
// IEEE TSE 17(9), 1991).
type alias struct {
	keep  []uint64 // column i gives i when the second draw is below keep[i] …
	other []uint32 // … and other[i] when it is not
}

func newAlias(weights []float64) (alias, error) {
	if len(weights) == 0 || len(weights) > math.MaxUint32 {
		return alias{}, fmt.Errorf("%d weights; between 1 and %d are possible", len(weights), uint32(math.MaxUint32))
	}
	sum := 0.0
	for i, w := range weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return alias{}, fmt.Errorf("weight %d is %v", i, w)
		}
		sum += w
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return alias{}, errors.New("the weights add up to nothing")
	}
	t := alias{keep: make([]uint64, len(weights)), other: make([]uint32, len(weights))}
	scaled := make([]float64, len(weights))
	var small, large []uint32
	for i, w := range weights {
		scaled[i] = w / sum * float64(len(weights))
		if scaled[i] < 1 {
			small = append(small, uint32(i))
		} else {
			large = append(large, uint32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		t.keep[s], t.other[s] = threshold(scaled[s]), l
		scaled[l] -= 1 - scaled[s]
		if scaled[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	// What is left is 1 but for rounding: it keeps its whole column.
	for _, i := range append(small, large...) {
		t.keep[i], t.other[i] = math.MaxUint64, i
	}
	return t, nil
}

// threshold is p in [0, 1) as a share of 2⁶⁴.
func threshold(p float64) uint64 {
	if p <= 0 {
		return 0
	}
	return uint64(math.Ldexp(p, 64))
}

func (t alias) pick(a, b uint64) uint32 {
	i, _ := bits.Mul64(a, uint64(len(t.keep)))
	if b < t.keep[i] {
		return uint32(i)
	}
	return t.other[i]
}
