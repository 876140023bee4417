package load

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"gauntlet/harness/load/shape"
)

func TestConstantIsExactToANanosecond(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Constant{
			Begin: rapid.Int64Range(-1e12, 1e12).Draw(t, "begin"),
			Rate:  rapid.Float64Range(0.01, 1e6).Draw(t, "rate"),
		}
		n := rapid.Uint64Range(0, min(2_000_000_000, uint64(3e9*c.Rate))).Draw(t, "n")
		exact := new(big.Rat).SetInt64(int64(n) * 1e9)
		exact.Quo(exact, new(big.Rat).SetFloat64(c.Rate)).Add(exact, new(big.Rat).SetInt64(c.Begin))
		off, _ := exact.Sub(exact, new(big.Rat).SetInt64(c.Due(n))).Float64()
		if off > 1 || off < -1 {
			t.Fatalf("S(%d) = %d, off by %v ns", n, c.Due(n), off)
		}
		if c.Due(n+1) < c.Due(n) {
			t.Fatalf("S falls: S(%d) = %d, S(%d) = %d", n, c.Due(n), n+1, c.Due(n+1))
		}
	})
}

func TestConstantAtWholeRates(t *testing.T) {
	for _, c := range []struct {
		rate float64
		n    uint64
		want int64
	}{
		{1000, 0, 0}, {1000, 7, 7_000_000}, {1000, 1_000_000_007, 1_000_000_007_000_000},
		{3, 1, 333_333_333}, {3, 3, 1_000_000_000}, {0.5, 3, 6_000_000_000},
	} {
		if got := (Constant{Rate: c.rate}).Due(c.n); got != c.want {
			t.Errorf("S(%d) at %v/s = %d, want %d", c.n, c.rate, got, c.want)
		}
	}
}

func TestDueBeforeCountsWhatIsDue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Constant{Begin: rapid.Int64Range(-1e9, 1e9).Draw(t, "begin"), Rate: rapid.Float64Range(0.1, 1e5).Draw(t, "rate")}
		at := rapid.Int64Range(-2e9, 1e11).Draw(t, "at")
		n := shape.Before(c, at)
		if c.Due(n) < at || n > 0 && c.Due(n-1) >= at {
			t.Fatalf("%d due before %d: S(%d) = %d", n, at, n, c.Due(n))
		}
	})
}
