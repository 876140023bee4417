package run

import (
	"maps"
	"math"
	"slices"

	"gauntlet/harness/history"
	"gauntlet/harness/load"
	"gauntlet/harness/slo"
	"gauntlet/reports"
)

// shardLoad gathers how the load lies on the shards, in one pass over the log,
// until the first fault: a replica that comes back may hash anew.
type shardLoad struct {
	until int64 // when the first fault was injected, ns; 0: to the end
	n     int
	last  int64           // the latest due time that was counted, ns
	named map[uint16]bool // as history.Op.Shard
	keys  map[keyOn]keyLoad
	moved bool // a replica had a key in several shards
}

// What is enough to tell shards apart, and takes some 10 MB: of a million keys
// and 60,000 shards this would take more than the rest of the judge.
const (
	mostSharded = 1 << 18 // requests
	mostShards  = 1 << 12 // of all replicas
)

// keyOn is a key as one replica has it.
type keyOn struct {
	key     uint32
	replica uint16
}

type keyLoad struct {
	shard    uint16 // as history.Op.Shard
	requests int32
}

// firstInjection is when the first fault was injected; 0 when none was.
func firstInjection(faults []slo.Fault) int64 {
	first := int64(0)
	for _, f := range faults {
		if at := f.InjectBegin; at != nil && (first == 0 || *at < first) {
			first = *at
		}
	}
	return first
}

// add counts one request. One that names no shard is left out, and one that was
// tried again: the shard may be that of one replica and the answer another's.
func (l *shardLoad) add(op history.Op) {
	if op.Shard == 0 || op.Replica == history.NoReplica || op.Attempts > 1 || l.moved || l.n == mostSharded {
		return
	}
	if l.until > 0 && max(op.Due, op.Done) >= l.until { // it may be the answer of one that came back
		return
	}
	if l.keys == nil {
		l.named, l.keys = map[uint16]bool{}, map[keyOn]keyLoad{}
	}
	on := keyOn{op.Key, op.Replica}
	k := l.keys[on]
	l.moved = k.shard != 0 && k.shard != op.Shard
	l.keys[on] = keyLoad{op.Shard, k.requests + 1}
	l.named[op.Shard] = true
	l.n++
	l.last = max(l.last, op.Due)
}

// counted is until when requests were counted; 0: to the end.
func (l *shardLoad) counted() int64 {
	if l.n == mostSharded {
		return l.last
	}
	return l.until
}

// report is the same beside what chance makes of it. The shards are those of
// the service where the replicas agree about every key, and else of each
// replica its own. chosen says that the load asks for one of them.
//
// It is nil when there is nothing to compare: no two shards, a key that a
// replica had in several, or so few of the numbers up to the highest that nobody
// knows how many there are.
func (l *shardLoad) report(replicas []string, chosen bool, seed int64) *reports.ShardLoad {
	if len(l.named) < 2 || l.moved {
		return nil
	}
	shards := int(slices.Max(slices.Collect(maps.Keys(l.named))))
	owners := l.owners()
	if len(l.named) < shards/4 || shards*max(1, len(owners)) > mostShards {
		return nil
	}
	out := &reports.ShardLoad{Until: seconds(l.counted()), Shards: shards, Chosen: chosen, Requests: make([]int, shards*max(1, len(owners)))}
	for _, replica := range owners {
		if int(replica) >= len(replicas) {
			return nil // the log is damaged
		}
		out.Replicas = append(out.Replicas, replicas[replica])
	}
	requests := make([]map[uint32]int, max(1, len(owners))) // by owner and key
	for i := range requests {
		requests[i] = map[uint32]int{}
	}
	keys := make([]int, len(out.Requests)) // by shard
	for on, k := range l.keys {
		i := max(0, slices.Index(owners, on.replica))
		shard := i*shards + int(k.shard) - 1
		out.Requests[shard] += int(k.requests)
		if requests[i][on.key] == 0 {
			keys[shard]++
		}
		requests[i][on.key] += int(k.requests)
	}
	byKey := make([][]int, len(requests))
	for i, of := range requests {
		byKey[i] = slices.Collect(maps.Values(of))
	}
	for _, b := range load.Scatter(byKey, shards, seed) {
		out.Chance = append(out.Chance, reports.ShardChance(b))
	}
	out.Uneven = uneven(slices.Collect(slices.Chunk(keys, shards)))
	return out
}

// owners are the replicas that have shards of their own, in order: none when
// they agree about every key.
func (l *shardLoad) owners() []uint16 {
	var all []uint16
	agree, shard := true, map[uint32]uint16{}
	for on, k := range l.keys {
		agree = agree && (shard[on.key] == 0 || shard[on.key] == k.shard)
		shard[on.key] = k.shard
		if !slices.Contains(all, on.replica) {
			all = append(all, on.replica)
		}
	}
	if agree {
		return nil
	}
	slices.Sort(all)
	return all
}

// uneven is by how many standard deviations the keys lie on the shards less
// evenly than a hash would have it for which every shard is as likely; nil with
// fewer than five keys to a shard, where the approximation fails. keys are
// counted by shard, in groups that have shards of their own: it is that of the
// least even, since groups that hash alike would count one hash several times.
//
// Keys are asked and not requests, for a key of a tenth of the requests would
// hide any hash. The statistic is Pearson's χ², turned into a normal one by its
// cube root (E. B. Wilson and M. M. Hilferty, "The distribution of chi-square",
// PNAS 17, 1931).
func uneven(keys [][]int) *float64 {
	worst := math.Inf(-1)
	for _, shards := range keys {
		all := 0
		for _, n := range shards {
			all += n
		}
		mean := float64(all) / float64(len(shards))
		if mean < 5 {
			return nil
		}
		square, freedom := 0.0, float64(len(shards)-1)
		for _, n := range shards {
			square += (float64(n) - mean) * (float64(n) - mean) / mean
		}
		spread := 2 / (9 * freedom)
		worst = max(worst, (math.Cbrt(square/freedom)-(1-spread))/math.Sqrt(spread))
	}
	worst = math.Round(worst*1000) / 1000
	return &worst
}
