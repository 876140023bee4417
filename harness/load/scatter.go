package load

import (
	"math/bits"
	"slices"
)

// Band is where a number of requests lies by chance: about 2.5 % of the cases
// are below Low, half are below Median, about 2.5 % are above High.
type Band struct{ Low, Median, High int }

// scatters is how many cases Scatter makes; ten of them are beyond each end.
const scatters = 400

// Scatter says how many requests the busiest shard gets, and the next, and so
// on, when each key goes to any of so many shards alike and takes its requests
// with it. requests is by key, in any order, of each group of keys, which has
// shards of its own. A skewed load makes a shard busier than the others however
// good the hash is: this is by how much. The cases are drawn at random, as a
// function of seed.
func Scatter(requests [][]int, shards int, seed int64) []Band {
	if shards <= 0 || len(requests) == 0 {
		return nil
	}
	sorted := make([][]int, len(requests))
	for i, group := range requests {
		sorted[i] = slices.Sorted(slices.Values(group)) // or the order would be part of the seed
	}
	on := make([]int, len(requests)*shards)
	places := make([][]int, len(on)) // the busiest last; of each case
	state := seedFor(seed, useScatter)
	for range scatters {
		clear(on)
		for i, group := range sorted {
			of := on[i*shards : (i+1)*shards]
			for key, n := range group {
				h, _ := draw(state, uint64(key))
				shard, _ := bits.Mul64(h, uint64(shards))
				of[shard] += n
			}
			state = mix64(state)
		}
		slices.Sort(on)
		for place, n := range on {
			places[place] = append(places[place], n)
		}
	}
	bands := make([]Band, len(on))
	for place, cases := range places {
		slices.Sort(cases)
		bands[len(on)-1-place] = Band{cases[scatters/40], cases[scatters/2], cases[scatters-1-scatters/40]}
	}
	return bands
}
