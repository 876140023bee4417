package shards_test

import (
	"fmt"
	"sync"
	"testing"

	"gauntlet/targets/mapper/entry"
	"gauntlet/targets/mapper/shards"

	"pgregory.net/rapid"
)

func newMap(t testing.TB, kind string) *shards.Map {
	t.Helper()
	m, err := shards.New(kind, 42)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func at(key string, time int64) *entry.Entry {
	return entry.New(key, fmt.Sprintf("http://x/%d", time), 0).At(entry.Version{Time: time, Node: "n"})
}

// Every kind of map must behave like the plainest one.
func TestMatchesModel(t *testing.T) {
	for _, kind := range shards.Kinds {
		t.Run(kind, rapid.MakeCheck(func(rt *rapid.T) {
			m, model := newMap(t, kind), map[string]*entry.Entry{}
			key := rapid.SampledFrom([]string{"a", "b", "c", "d"})
			rt.Repeat(map[string]func(*rapid.T){
				"apply": func(rt *rapid.T) {
					e := at(key.Draw(rt, "key"), rapid.Int64Range(1, 9).Draw(rt, "time"))
					want := e.Newer(model[e.Key])
					if want {
						model[e.Key] = e
					}
					if got := m.Apply(e); got != want {
						rt.Fatalf("apply %v: %v, want %v", e, got, want)
					}
				},
				"drop": func(rt *rapid.T) {
					if e := model[key.Draw(rt, "key")]; e != nil {
						m.Drop(e)
						delete(model, e.Key)
					}
				},
				"drop what was replaced": func(rt *rapid.T) { m.Drop(at(key.Draw(rt, "key"), 5)) },
				"": func(rt *rapid.T) {
					if m.Size() != len(model) {
						rt.Fatalf("size %d, want %d", m.Size(), len(model))
					}
					for e := range m.All {
						if model[e.Key] != e || m.Peek(e.Key) != e {
							rt.Fatalf("%s: %v, want %v", e.Key, e, model[e.Key])
						}
					}
				},
			})
		}))
	}
}

// However many writers meet, the newest version stays.
func TestConcurrentAppliesConverge(t *testing.T) {
	for _, kind := range shards.Kinds {
		t.Run(kind, func(t *testing.T) {
			m := newMap(t, kind)
			const writers, writes = 8, 500
			var wg sync.WaitGroup
			for w := range writers {
				wg.Go(func() {
					for i := range writes {
						m.Apply(at(fmt.Sprint("k", i%7), int64(i*writers+w)))
					}
				})
			}
			wg.Wait()
			for i := writes - 7; i < writes; i++ {
				want := int64(i*writers + writers - 1)
				if got := m.Peek(fmt.Sprint("k", i%7)).Version.Time; got != want {
					t.Errorf("k%d ended at %d, want %d", i%7, got, want)
				}
			}
		})
	}
}

func TestSweepKeepsVersionsForADay(t *testing.T) {
	m := newMap(t, "sharded")
	m.Apply(entry.NewTombstone("gone").At(entry.Version{Time: 1000_000, Node: "n"}))
	m.Apply(entry.New("short", "http://x", 2000).At(entry.Version{Time: 1, Node: "n"}))
	m.Apply(at("stays", 1))
	if n := m.Sweep(1000 + entry.TombstoneLife.Milliseconds()); n != 0 {
		t.Fatalf("swept %d entries too early", n)
	}
	if n := m.Sweep(2001 + entry.TombstoneLife.Milliseconds()); n != 2 || m.Size() != 1 || m.Peek("stays") == nil {
		t.Fatalf("swept %d, left %d", n, m.Size())
	}
}

func TestKeysOfEvenDigits(t *testing.T) {
	used := func(kind string) int {
		m, seen := newMap(t, kind), map[int]bool{}
		for i := range 100_000 {
			key := []byte(fmt.Sprintf("%05d", i))
			for j := range key {
				key[j] = '0' + (key[j]-'0')*2%10
			}
			seen[m.Shard(string(key))] = true
		}
		return len(seen)
	}
	if n := used("sharded"); n != shards.Count {
		t.Errorf("xxhash reaches %d shards, want all", n)
	}
	if n := used("article"); n != shards.Count/2 {
		t.Errorf("fnv32 reaches %d shards, want half of them", n)
	}
}

func TestGetDoesNotAllocate(t *testing.T) {
	m := newMap(t, "sharded")
	m.Apply(at("key", 1))
	if n := testing.AllocsPerRun(100, func() { m.Get(m.Shard("key"), "key") }); n != 0 {
		t.Fatalf("%v allocations a read", n)
	}
}
