package compare

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// exactUpTo is up to how many pairs every choice of signs is looked at; drawn
// is how many are beyond it.
const (
	exactUpTo = 12
	drawn     = 8191
)

// choices are choices of signs for n pairs: bit i says that pair i's
// difference has the other sign. The first is the one that happened.
func choices(n int, seed uint64) []uint64 {
	if n <= exactUpTo {
		all := make([]uint64, 1<<n)
		for i := range all {
			all[i] = uint64(i)
		}
		return all
	}
	rng := rand.New(rand.NewPCG(seed, uint64(n)))
	all := make([]uint64, 1+drawn)
	for i := range drawn {
		all[i+1] = rng.Uint64() & (1<<n - 1)
	}
	return all
}

// subsets are, for every choice, the sum of the differences that it turns
// round.
func subsets(d []float64, choices []uint64) []float64 {
	sums := make([]float64, len(choices))
	if len(choices) == 1<<len(d) { // every one in order: each is a smaller one and its lowest bit
		for i := 1; i < len(sums); i++ {
			sums[i] = sums[i&(i-1)] + d[bits.TrailingZeros(uint(i))]
		}
		return sums
	}
	for i, choice := range choices {
		for ; choice != 0; choice &= choice - 1 {
			sums[i] += d[bits.TrailingZeros64(choice)]
		}
	}
	return sums
}

// statistics is T of the differences under every choice; 0 where nothing
// differs at all.
func statistics(d []float64, choices []uint64) []float64 {
	sum, squares := 0.0, 0.0
	for _, x := range d {
		sum += x
		squares += x * x
	}
	t := make([]float64, len(choices))
	if squares == 0 {
		return t
	}
	root := math.Sqrt(squares)
	for i, part := range subsets(d, choices) {
		t[i] = (sum - 2*part) / root
	}
	return t
}

// rivalry is how great T of a measure is under every choice in the eyes of the
// others: that of its differences, or that of what chance alone makes of them,
// which is about their mean. Where B is worse by many times the noise every
// difference is as large as the next, T next to √n under the one choice that
// happened, and the measure would be no rival to anybody.
func rivalry(d []float64, choices []uint64) []float64 {
	t := statistics(d, choices)
	mean, variance := moments(d)
	if variance <= 1e-18*mean*mean {
		return t // what rounding leaves is no chance
	}
	chance := make([]float64, len(d))
	for i, x := range d {
		chance[i] = x - mean
	}
	for i, v := range statistics(chance, choices) {
		t[i] = max(t[i], v)
	}
	return t
}

// lower is the largest shift up to which the test says at the level that d
// lies above it; −∞ when it cannot say so of any. rivals is, for every choice,
// the greatest rivalry among the other measures; nil without any.
//
// A choice speaks against a shift δ when it gives the measure itself a T no
// smaller than the one that happened, which is when the mean of the subset
// that it turns round is at most δ, or when a rival's T under it is no smaller.
// Either is so from some δ on, and the level says how many may speak so.
func lower(d []float64, choices []uint64, rivals []float64, level float64) float64 {
	may := int(math.Floor(level*float64(len(choices)) + 1e-9))
	if may < 1 {
		return math.Inf(-1)
	}
	mean, variance := moments(d)
	first := smallest{most: may + 1}
	for i, sum := range subsets(d, choices) {
		from := math.Inf(-1) // the one that happened always speaks so
		if n := bits.OnesCount64(choices[i]); n > 0 {
			from = sum / float64(n)
		}
		if rivals != nil {
			from = min(from, rivalled(rivals[i], mean, variance, len(d)))
		}
		first.add(from)
	}
	return first.all[len(first.all)-1]
}

// smallest holds the smallest numbers that it was given, in order.
type smallest struct {
	most int
	all  []float64
}

func (s *smallest) add(v float64) {
	if len(s.all) == s.most && v >= s.all[len(s.all)-1] {
		return
	}
	at, _ := slices.BinarySearch(s.all, v)
	s.all = slices.Insert(s.all, at, v)
	s.all = s.all[:min(len(s.all), s.most)]
}

// upper is the smallest shift from which on the test says at the level that d
// lies below it.
func upper(d []float64, choices []uint64, level float64) float64 {
	turned := make([]float64, len(d))
	for i, x := range d {
		turned[i] = -x
	}
	return -lower(turned, choices, nil, level)
}

// rivalled is the shift from which on a measure with this mean and variance
// has a T of at most rival: T = √n·u/√(u² + variance) with u = mean − shift,
// which falls as the shift grows.
func rivalled(rival, mean, variance float64, n int) float64 {
	room := float64(n) - rival*rival
	if room <= 1e-9*float64(n) { // no T is greater
		if rival > 0 {
			return math.Inf(-1)
		}
		return math.Inf(1)
	}
	return mean - math.Copysign(math.Sqrt(variance*rival*rival/room), rival)
}

func moments(d []float64) (mean, variance float64) {
	for _, x := range d {
		mean += x
	}
	mean /= float64(len(d))
	for _, x := range d {
		variance += (x - mean) * (x - mean)
	}
	return mean, variance / float64(len(d))
}

// middle is the Hodges–Lehmann estimate of where d lies.
func middle(d []float64) float64 {
	var means []float64
	for i, x := range d {
		for _, y := range d[i:] {
			means = append(means, (x+y)/2)
		}
	}
	return median(means)
}

// median of at least one number.
func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
