package load

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// What the skew of 10⁵ keys predicts for few shards (section 2 of
// measurement.md): the hottest over the mean.
func TestScatterKnowsWhatSkewMakesOfShards(t *testing.T) {
	z, err := NewZipf(1, 0.99, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	requests, all := make([]int, z.Ranks()), 0
	for rank := range requests {
		requests[rank] = int(math.Round(1e8 * z.Share(rank)))
		all += requests[rank]
	}
	for shards, want := range map[int]float64{3: 1.16, 8: 1.52, 16: 2.16} {
		bands := Scatter([][]int{requests}, shards, 42)
		hottest := float64(bands[0].Median) / (float64(all) / float64(shards))
		if math.Abs(hottest-want) > 0.05*want {
			t.Errorf("%d shards: the hottest has %.3f times the mean, want about %.2f", shards, hottest, want)
		}
	}
}

func TestScatterIsAFunctionOfWhatItIsGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		group := rapid.SliceOfN(rapid.IntRange(0, 1000), 0, 200)
		requests := rapid.SliceOfN(group, 1, 3).Draw(t, "requests")
		shards := rapid.IntRange(1, 40).Draw(t, "shards")
		bands := Scatter(requests, shards, 7)
		all, most := 0, 0
		for _, group := range requests {
			for _, n := range group {
				all += n
				most = max(most, n)
			}
			slices.Reverse(group)
		}
		if !slices.Equal(bands, Scatter(requests, shards, 7)) {
			t.Fatalf("the order of the keys changes the bands")
		}
		places := shards * len(requests)
		if len(bands) != places || bands[0].Low < max(most, (all+places-1)/places) || bands[0].High > all {
			t.Fatalf("of %d requests, %d for one key, the busiest of %d shards has %+v", all, most, places, bands[0])
		}
		for i, b := range bands {
			if b.Low < 0 || b.Low > b.Median || b.Median > b.High {
				t.Fatalf("place %d: %+v", i, b)
			}
			if i > 0 && (b.Low > bands[i-1].Low || b.Median > bands[i-1].Median || b.High > bands[i-1].High) {
				t.Fatalf("place %d has %+v, the busier one before it %+v", i, b, bands[i-1])
			}
		}
	})
	if got := Scatter([][]int{{1, 2}}, 0, 1); got != nil {
		t.Errorf("no shard has %+v", got)
	}
}

// Groups that have shards of their own lie on no more than those: all requests
// of a group of one key are on one.
func TestScatterKeepsGroupsApart(t *testing.T) {
	bands := Scatter([][]int{{70}, {20}, {10}}, 4, 1)
	for place, want := range []int{70, 20, 10, 0} {
		if bands[place] != (Band{want, want, want}) {
			t.Errorf("place %d: %+v, want %d", place, bands[place], want)
		}
	}
}

// The ends are those that 2.5 % of the cases are beyond: of many equal keys on
// two shards the busier has 2.24 standard deviations of a normal distribution
// more than half, at the most in 97.5 % of the cases.
func TestTheEndsOfTheBandAreThoseOfTheLaw(t *testing.T) {
	const keys, seeds = 2000, 40
	equal := make([]int, keys)
	for i := range equal {
		equal[i] = 1
	}
	high, low := 0.0, 0.0
	for seed := range int64(seeds) {
		bands := Scatter([][]int{equal}, 2, seed)
		high += float64(bands[0].High - keys/2)
		low += float64(keys/2 - bands[1].Low)
	}
	want := 2.2414 * math.Sqrt(keys) / 2
	for end, got := range map[string]float64{"High of the busiest": high / seeds, "Low of the idlest": low / seeds} {
		if math.Abs(got-want) > 0.05*want {
			t.Errorf("%s lies %.1f from the mean, want %.1f", end, got, want)
		}
	}
}
