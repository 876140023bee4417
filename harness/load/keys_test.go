package load

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The reference of measurement.md, section 2: n = 10⁵, θ = 0.99.
const (
	refCount = 100_000
	refTheta = 0.99
)

func refShare(ranks int) float64 { return Zeta(ranks, refTheta) / Zeta(refCount, refTheta) }

func TestZeta(t *testing.T) {
	if got := Zeta(refCount, refTheta); math.Abs(got-12.778338) > 5e-7 {
		t.Errorf("ζ(10⁵, 0.99) = %.7f, want 12.778338", got)
	}
	if got := Zeta(4, 0); got != 4 {
		t.Errorf("ζ(4, 0) = %v, want 4", got)
	}
}

// The table itself, without sampling: the probability of key i is the mean of
// what the columns give to it.
func TestAliasTableIsExact(t *testing.T) {
	check := func(weights []float64) float64 {
		table, err := newAlias(weights)
		if err != nil {
			t.Fatal(err)
		}
		got, sum := make([]float64, len(weights)), 0.0
		for i, keep := range table.keep {
			p := math.Ldexp(float64(keep), -64)
			got[i] += p
			got[table.other[i]] += 1 - p
			sum += weights[i]
		}
		worst := 0.0
		for i, w := range weights {
			worst = max(worst, math.Abs(got[i]/float64(len(weights))-w/sum))
		}
		return worst
	}
	weights := make([]float64, refCount)
	for i := range weights {
		weights[i] = math.Pow(float64(i+1), -refTheta)
	}
	if worst := check(weights); worst > 1e-12 {
		t.Errorf("zipf: a probability is off by %v", worst)
	}
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.SliceOfN(rapid.Float64Range(0, 1000), 1, 200).Draw(t, "weights")
		w[0] += 1e-3
		if worst := check(w); worst > 1e-12 {
			t.Fatalf("a probability is off by %v", worst)
		}
	})
}

func TestZipfShares(t *testing.T) {
	z, err := NewZipf(42, refTheta, refCount)
	if err != nil {
		t.Fatal(err)
	}
	const draws = 4_000_000
	counts := sample(z, draws)
	for _, c := range []struct {
		ranks int
		share float64
	}{{1, 0.07826}, {10, 0.2313}, {1000, 0.6048}} {
		if truth := refShare(c.ranks); math.Abs(truth-c.share) > 5e-5 {
			t.Errorf("the top %d have a share of %.5f, want %.5f", c.ranks, truth, c.share)
		}
		seen := 0
		for _, n := range counts[:c.ranks] {
			seen += n
		}
		got, deviation := float64(seen)/draws, math.Sqrt(c.share*(1-c.share)/draws)
		if z := (got - refShare(c.ranks)) / deviation; math.Abs(z) > 4 {
			t.Errorf("the top %d were drawn with a share of %.5f, want %.5f (z = %.1f)", c.ranks, got, c.share, z)
		}
	}
}

func sample(s Sampler, draws int) []int {
	counts := make([]int, refCount)
	for n := range uint64(draws) {
		counts[s.Key(n)]++
	}
	return counts
}

// chiSquareZ is the chi-square statistic of the counts as a number of
// standard deviations, by Wilson and Hilferty (1931).
func chiSquareZ(counts []int, p func(i int) float64, draws int) float64 {
	chi := 0.0
	for i, n := range counts {
		want := p(i) * float64(draws)
		chi += (float64(n) - want) * (float64(n) - want) / want
	}
	k := float64(len(counts) - 1)
	return (math.Cbrt(chi/k) - (1 - 2/(9*k))) / math.Sqrt(2/(9*k))
}

func TestKeysFitTheirDistribution(t *testing.T) {
	const draws = 6_000_000 // at least 5 expected of the rarest key
	zeta := Zeta(refCount, refTheta)
	seeds := int64(3)
	if testing.Short() {
		seeds = 1
	}
	for seed := int64(1); seed <= seeds; seed++ {
		z, err := NewZipf(seed, refTheta, refCount)
		if err != nil {
			t.Fatal(err)
		}
		u, err := NewUniform(seed, refCount)
		if err != nil {
			t.Fatal(err)
		}
		if z := chiSquareZ(sample(z, draws), func(i int) float64 { return math.Pow(float64(i+1), -refTheta) / zeta }, draws); math.Abs(z) > 4 {
			t.Errorf("seed %d: zipf is off by z = %.1f", seed, z)
		}
		if z := chiSquareZ(sample(u, draws), func(int) float64 { return 1.0 / refCount }, draws); math.Abs(z) > 4 {
			t.Errorf("seed %d: uniform is off by z = %.1f", seed, z)
		}
	}
}

// A test that cannot tell theta 0.99 from 0.98 would prove nothing.
func TestChiSquareTellsThetasApart(t *testing.T) {
	const draws = 1_000_000
	z, err := NewZipf(1, 0.98, refCount)
	if err != nil {
		t.Fatal(err)
	}
	zeta := Zeta(refCount, refTheta)
	if z := chiSquareZ(sample(z, draws), func(i int) float64 { return math.Pow(float64(i+1), -refTheta) / zeta }, draws); math.Abs(z) < 4 {
		t.Errorf("theta 0.98 passes for 0.99: z = %.1f", z)
	}
}

func TestOperationAndKeyAreIndependent(t *testing.T) {
	p := Plan{Mix: []float64{0.9, 0.1}, Seed: 7}
	var err error
	if p.mix, err = NewMix(p.Seed, p.Mix); err != nil {
		t.Fatal(err)
	}
	z, err := NewZipf(7, refTheta, refCount)
	if err != nil {
		t.Fatal(err)
	}
	const draws = 1_000_000
	puts, hot, hotPuts := 0.0, 0.0, 0.0
	for n := range uint64(draws) {
		put, top := p.kind(n) == 1, z.Key(n) == 0
		if put {
			puts++
		}
		if top {
			hot++
		}
		if put && top {
			hotPuts++
		}
	}
	if z := (puts - draws*0.1) / math.Sqrt(draws*0.09); math.Abs(z) > 4 {
		t.Errorf("%v puts of %d, z = %.1f", puts, draws, z)
	}
	want := puts * hot / draws
	if z := (hotPuts - want) / math.Sqrt(want); math.Abs(z) > 4 {
		t.Errorf("%v puts of the hottest key, want %.0f: z = %.1f", hotPuts, want, z)
	}
}

func TestKeySpacesThatCannotBeAreRefused(t *testing.T) {
	for _, c := range []struct {
		theta float64
		count int
	}{{0.99, 0}, {-1, 10}, {math.NaN(), 10}, {math.Inf(1), 10}} {
		if _, err := NewZipf(1, c.theta, c.count); err == nil {
			t.Errorf("zipf of theta %v over %d keys was accepted", c.theta, c.count)
		}
	}
	if _, err := NewUniform(1, 0); err == nil {
		t.Error("uniform over no keys was accepted")
	}
}
