package run

import (
	"fmt"
	"math"
	"slices"

	"gauntlet/harness/experiment"
	"gauntlet/harness/load"
	"gauntlet/reports"
)

// keyName is what the load's keys are called.
func keyName(k experiment.Keys) (func(key uint32) string, error) {
	switch k.Distribution {
	case "single-slot":
		names, err := load.NewOneSlot(k.RedisKey, k.Slot)
		if err != nil {
			return nil, fmt.Errorf("load.keys: %w", err)
		}
		return names.Name, nil
	case "prefix":
		families, err := load.NewFamilies(0, families(k))
		if err != nil {
			return nil, fmt.Errorf("load.keys: %w", err)
		}
		return families.Name, nil
	}
	return load.KeyName, nil
}

func families(k experiment.Keys) []load.Family {
	all := make([]load.Family, len(k.Families))
	for i, f := range k.Families {
		all[i] = load.Family(f)
	}
	return all
}

// distribution is which key each request of the load asks for. hot is the keys
// of the one shard that was asked for.
func distribution(l experiment.Load, seed int64, hot []uint32) (load.Distribution, error) {
	k := l.Keys
	switch k.Distribution {
	case "uniform", "single-slot":
		return load.NewUniform(seed, k.Count)
	case "zipf":
		return load.NewZipf(seed, k.Theta, k.Count)
	case "hotset":
		return load.NewHotSet(seed, k.Count, k.Hot, k.Share)
	case "moving-hotset":
		return load.NewMovingHotSet(seed, k.Count, k.Hot, k.Share, k.Every, l.Rate.Schedule(load.Arrivals(seed)))
	case "latest":
		mix, err := load.NewMix(seed, weights(l))
		if err != nil {
			return nil, err
		}
		return load.NewLatest(seed, k.Theta, k.Count, func(n uint64) bool { return l.Operations[mix.Kind(n)].Writes })
	case "single-shard":
		return load.NewChosenHotSet(seed, k.Count, hot, k.Share)
	case "prefix":
		return load.NewFamilies(seed, families(k))
	}
	return nil, fmt.Errorf("load.keys: no distribution %q", k.Distribution)
}

// weights is the weight of each operation, in their order.
func weights(l experiment.Load) []float64 {
	all := make([]float64, len(l.Operations))
	for i, o := range l.Operations {
		for _, share := range l.Mix {
			if share.Operation == o.Name {
				all[i] = share.Share
			}
		}
	}
	return all
}

// keysOfShard chooses the keys of one shard by what the answers said while
// populating.
func keysOfShard(k experiment.Keys, name func(uint32) string, shards []int32) ([]uint32, error) {
	const needs = "load.keys: the distribution single-shard needs to know the shard of each key"
	if i := slices.Index(shards, load.Torn); i >= 0 {
		return nil, mistake("%s, and the replicas do not agree about %s: give them one seed to hash with", needs, name(uint32(i)))
	}
	if i := slices.Index(shards, load.Untold); i >= 0 {
		return nil, mistake("%s, and the answers about %s have no header X-Shard with a number", needs, name(uint32(i)))
	}
	wanted := int32(k.Shard)
	if k.Shard < 0 {
		wanted = shards[0]
	}
	var keys []uint32
	for i, shard := range shards {
		if shard == wanted {
			keys = append(keys, uint32(i))
		}
	}
	if len(keys) == 0 {
		return nil, mistake("load.keys: none of the %d keys is in shard %d", len(shards), wanted)
	}
	return keys, nil
}

// keyCounts compares how often the key of a rank was asked for with what the
// distribution says, at ranks spread evenly over the decades.
func (t *trial) keyCounts() []reports.KeyCount {
	asked := 0
	for _, n := range t.summary.ranks {
		asked += n
	}
	var counts []reports.KeyCount
	last := 0
	for i := 0; ; i++ {
		rank := int(math.Round(math.Pow(10, float64(i)/5)))
		if rank > t.keys.Ranks() {
			return counts
		}
		if rank == last {
			continue
		}
		last = rank
		counts = append(counts, reports.KeyCount{Rank: rank, Seen: t.summary.ranks[rank-1], Expected: float64(asked) * t.keys.Share(rank-1)})
	}
}
