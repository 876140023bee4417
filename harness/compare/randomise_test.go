package compare

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func differences(t *rapid.T, n int) []float64 {
	d := make([]float64, n)
	for i := range d {
		d[i] = float64(rapid.IntRange(-20, 60).Draw(t, "d")) / 8 // ties are likely, and exact
	}
	return d
}

// surprise is the p-value of the test that d lies above shift, by its
// definition: the share of the choices that give d − shift a T as great, or a
// rival one.
func surprise(d []float64, signs []uint64, rivals [][]float64, shift float64) float64 {
	x := make([]float64, len(d))
	for i := range d {
		x[i] = d[i] - shift
	}
	all := statistics(x, signs)
	n := 0
	for i := range signs {
		great := all[i]
		for _, rival := range rivals {
			great = max(great, statistics(rival, signs)[i])
		}
		if great >= all[0]-1e-12 {
			n++
		}
	}
	return float64(n) / float64(len(signs))
}

// The ends of an interval, which are found without trying shifts, are those
// that trying finds.
func TestTheLowerEndInvertsTheTest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(4, 8).Draw(t, "n")
		d := differences(t, n)
		rivals := [][]float64{differences(t, n), differences(t, n)}
		level := rapid.Float64Range(0.01, 0.2).Draw(t, "level")
		signs := choices(n, 0)
		all := [][]float64{statistics(d, signs), statistics(rivals[0], signs), statistics(rivals[1], signs)}
		low := lower(d, signs, others(all, len(signs))[0], level)
		const step = 1e-3
		if math.IsInf(low, -1) {
			if p := surprise(d, signs, rivals, slices.Min(d)-100); p <= level {
				t.Fatalf("no lower end, and yet p = %g at %g far below all of them", p, level)
			}
			return
		}
		if p := surprise(d, signs, rivals, low-step); p > level {
			t.Errorf("p = %g just below the lower end %g, want at most %g", p, low, level)
		}
		if p := surprise(d, signs, rivals, low+step); p <= level {
			t.Errorf("p = %g just above the lower end %g, want more than %g", p, low, level)
		}
	})
}

// Differences that all say the same are as sure as their number allows: 7 are
// enough for 1 %, 6 are not.
func TestHowManyMustAgree(t *testing.T) {
	for n, want := range map[int]bool{6: false, 7: true} {
		d := make([]float64, n)
		for i := range d {
			d[i] = 1 + float64(i)/10
		}
		if low := lower(d, choices(n, 0), nil, Alpha); low > 0 != want {
			t.Errorf("%d differences from 1 up: the lower end is %g", n, low)
		}
	}
	if low := lower([]float64{1, 1, 1, 1, 1, 1, 1, -5}, choices(8, 0), nil, Alpha); low > 0 {
		t.Errorf("one large difference the other way, and yet the lower end is %g", low)
	}
}

// Differences that are all the same have no chance in them, and what rounding
// leaves of their mean (0.35, eight times, is a little more) is none.
func TestRoundingIsNoRival(t *testing.T) {
	same := slices.Repeat([]float64{0.35}, 8)
	if got, want := rivalry(same, choices(8, 0)), statistics(same, choices(8, 0)); !slices.Equal(got, want) {
		t.Errorf("T is at most %g but for the choice that happened, and a rivalry reaches %g", slices.Max(want[1:]), slices.Max(got[1:]))
	}
}

// Beyond the number up to which every choice is looked at, a sample gives
// nearly the same.
func TestASampleOfChoicesStandsForAll(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const n = exactUpTo
	d := make([]float64, n)
	for i := range d {
		d[i] = 1 + 0.5*r.NormFloat64()
	}
	exact := lower(d, choices(n, 0), nil, 0.05)
	sample := []uint64{0}
	for range drawn {
		sample = append(sample, r.Uint64()&(1<<n-1))
	}
	if got := lower(d, sample, nil, 0.05); math.Abs(got-exact) > 0.05 {
		t.Errorf("%g from a sample, %g from all", got, exact)
	}
	if got := choices(20, 3); len(got) != 1+drawn || got[0] != 0 || !slices.Equal(got, choices(20, 3)) || slices.Equal(got, choices(20, 4)) {
		t.Error("a sample depends on more or less than its seed, or lacks what happened")
	}
}

// Turning all differences round turns the interval round, and scaling them
// scales it.
func TestIntervalsGoWithTheirDifferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(7, 10).Draw(t, "n")
		d := differences(t, n)
		signs := choices(n, 0)
		turned, scaled := make([]float64, n), make([]float64, n)
		for i, x := range d {
			turned[i], scaled[i] = -x, 4*x
		}
		low, high := lower(d, signs, nil, Beta), upper(d, signs, Beta)
		if got := upper(turned, signs, Beta); got != -low {
			t.Errorf("turned round the upper end is %g, want %g", got, -low)
		}
		if got := lower(scaled, signs, nil, Beta); math.Abs(got-4*low) > 1e-9 {
			t.Errorf("four times as far apart the lower end is %g, want %g", got, 4*low)
		}
		if m := middle(d); m < low || m > high {
			t.Errorf("the difference %g is outside [%g, %g]", m, low, high)
		}
	})
}
