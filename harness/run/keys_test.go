package run

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gauntlet/harness/experiment"
	"gauntlet/harness/load"
)

func TestTheKeysOfAShardAreThoseThatTheAnswersNamed(t *testing.T) {
	shards := []int32{3, 5, 3, 3, 5}
	for shard, want := range map[int][]uint32{-1: {0, 2, 3}, 3: {0, 2, 3}, 5: {1, 4}} {
		got, err := keysOfShard(experiment.Keys{Shard: shard}, load.KeyName, shards)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("shard %d: %v, %v; want %v", shard, got, err, want)
		}
	}
	for want, c := range map[string]struct {
		shard  int
		shards []int32
	}{
		"none of the 5 keys is in shard 7":   {7, shards},
		"about k-1 have no header X-Shard":   {-1, []int32{3, load.Untold}},
		"the replicas do not agree about k-": {-1, []int32{3, load.Torn}},
	} {
		_, err := keysOfShard(experiment.Keys{Shard: c.shard}, load.KeyName, c.shards)
		var wrong *Mistake
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// Whatever the file asks for, the generator has a distribution and names.
func TestEveryDistributionOfAFileIsThere(t *testing.T) {
	for name, fields := range map[string]string{
		"zipf": "", "uniform": "", "latest": "", "hotset": "keys: 10, share: 90%", "moving-hotset": "keys: 10, share: 90%, every: 5s",
		"single-shard": "", "single-slot": "redisKey: \"a:{key}\"", "prefix": "families: {user: {share: 70%, count: 900}, order: {share: 30%, count: 100}}",
	} {
		text := "name: x\nload: {keys: {distribution: " + name
		if name != "prefix" {
			text += ", count: 1000"
		}
		if fields != "" {
			text += ", " + fields
		}
		e, err := experiment.Parse("x.yaml", []byte(text+"}}\n"))
		if err != nil {
			t.Error(err)
			continue
		}
		d, err := distribution(e.Load, 1, []uint32{4, 9})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		naming, err := keyName(e.Load.Keys)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		seen := map[string]bool{}
		for i := range uint32(e.Load.Keys.Count) {
			seen[naming(i)] = true
		}
		if len(seen) != 1000 || d.Key(77) >= 1000 {
			t.Errorf("%s: %d names of 1000 keys, key %d", name, len(seen), d.Key(77))
		}
	}
}

func TestWhatCannotBeSentIsRefusedBeforehand(t *testing.T) {
	parse := func(text string) *experiment.Experiment {
		e, err := experiment.Parse("x.yaml", []byte("name: x\n"+text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	if err := preflight(Options{Experiment: parse(`load: {keys: {distribution: single-slot, redisKey: "{all}:{key}"}}`)}); err == nil || !strings.Contains(err.Error(), "whatever it is") {
		t.Errorf("a slot that cannot be had: %v", err)
	}
	pool, beside, err := workers(parse("load: {rate: {shape: ramp, from: 10/s, to: 1000/s, over: 9s}, timeout: 1s}\nconsistency: {share: 100%}"))
	if err != nil || pool != 1100 || beside != 550 {
		t.Errorf("%d workers and %d beside them, want 1100 and 550: %v", pool, beside, err)
	}
	if err := load.CheckDescriptors(1 << 30); err == nil {
		t.Error("a thousand million connections are allowed")
	}
}
