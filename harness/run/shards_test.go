package run

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/history"
	"gauntlet/harness/load"
	"gauntlet/harness/slo"
)

// FNV-1 modulo 64, which the mapper's defect fnv-shards hashes with, reaches
// half of the shards with keys of even digits; a good hash all of them, as
// unevenly as chance has it. The names that the load gives to keys have all
// digits, and FNV-1 is even with them. The skew hides nothing of it: the hottest
// key alone has more requests than most shards together.
func TestAHashThatIsUnevenShows(t *testing.T) {
	fnv1 := func(key string) uint32 {
		h := fnv.New32()
		h.Write([]byte(key))
		return h.Sum32()
	}
	sha := func(key string) uint32 {
		h := sha256.Sum256([]byte(key))
		return binary.BigEndian.Uint32(h[:])
	}
	evenDigits := func(key uint32) string {
		return strings.Map(func(r rune) rune { return '0' + 2*(r-'0') }, strconv.FormatInt(int64(key), 5))
	}
	zipf, err := load.NewZipf(7, 0.99, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		hash   func(string) uint32
		key    func(uint32) string
		uneven bool
	}{
		{"fnv-1, even digits", fnv1, evenDigits, true},
		{"sha-256, even digits", sha, evenDigits, false},
		{"fnv-1, all digits", fnv1, load.KeyName, false},
	} {
		var l shardLoad
		for n := range uint64(20_000) {
			key := zipf.Key(n)
			l.add(history.Op{Key: key, Shard: uint16(c.hash(c.key(key))%64) + 1, Replica: uint16(n % 3)})
		}
		got := l.report(nil, false, 1)
		if got == nil || len(got.Replicas) > 0 || len(got.Chance) != len(got.Requests) || got.Uneven == nil {
			t.Fatalf("%s: %+v", c.name, got)
		}
		if uneven := *got.Uneven > 5; uneven != c.uneven {
			t.Errorf("%s: uneven by %v standard deviations", c.name, *got.Uneven)
		}
	}
}

// The measure of evenness is a standard normal one when the hash is even: five
// is never met, and two seldom.
func TestEvenKeysAreSeldomCalledUneven(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const cases = 2000
	sum, square, beyond := 0.0, 0.0, 0
	for range cases {
		keys := make([]int, 64)
		for range 64 * 8 {
			keys[rnd.IntN(64)]++
		}
		z := *uneven([][]int{keys})
		sum, square = sum+z, square+z*z
		if z > 1.96 {
			beyond++
		}
		if z > 5 {
			t.Errorf("even keys are uneven by %v", z)
		}
	}
	mean := sum / cases
	if deviation := math.Sqrt(square/cases - mean*mean); math.Abs(mean) > 0.1 || math.Abs(deviation-1) > 0.1 || beyond < cases/80 || beyond > cases/20 {
		t.Errorf("mean %.3f, deviation %.3f, %d of %d beyond 1.96", mean, deviation, beyond, cases)
	}
	if z := uneven([][]int{{50, 50}, {5, 4}}); z != nil {
		t.Errorf("nine keys on two shards are uneven by %v", *z)
	}
	if one, two := *uneven([][]int{{90, 10}}), *uneven([][]int{{50, 50}, {90, 10}}); one != two || one < 5 {
		t.Errorf("uneven by %v, and beside one that is even by %v", one, two)
	}
}

// A key that every replica has is one key of the service.
func TestAKeyIsCountedOnce(t *testing.T) {
	var one, three shardLoad
	for key := range uint32(1000) {
		h := sha256.Sum256([]byte(load.KeyName(key)))
		op := history.Op{Key: key, Shard: uint16(h[0]%64) + 1}
		one.add(op)
		for op.Replica = range 3 {
			three.add(op)
		}
	}
	a, b := one.report(nil, false, 1), three.report(nil, false, 1)
	if *a.Uneven != *b.Uneven || *a.Uneven > 5 {
		t.Errorf("uneven by %v on one replica, %v on three", *a.Uneven, *b.Uneven)
	}
}

func TestShardsAreComparedWhereThereAreSome(t *testing.T) {
	var none, one, moved, unanswered, sparse, unnamed, retried shardLoad
	for key := range uint32(10) {
		none.add(history.Op{Key: key})
		one.add(history.Op{Key: key, Shard: 8})
		unanswered.add(history.Op{Key: key, Shard: 1 + uint16(key), Replica: history.NoReplica})
		sparse.add(history.Op{Key: key, Shard: 1 + 5*uint16(key)}) // ten of 46
		for shard := range uint16(3) {
			moved.add(history.Op{Key: key, Shard: 1 + shard})
			unnamed.add(history.Op{Key: key, Shard: 1 + shard, Replica: shard})
			retried.add(history.Op{Key: key, Shard: 1 + uint16(key%3), Attempts: 1})
			retried.add(history.Op{Key: key, Shard: 1 + shard, Attempts: 2})
		}
	}
	for name, l := range map[string]*shardLoad{"none": &none, "one": &one, "moved": &moved, "unanswered": &unanswered, "sparse": &sparse, "unnamed": &unnamed} {
		if got := l.report([]string{"m-1"}, false, 1); got != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := retried.report(nil, true, 1); got == nil || !slices.Equal(got.Requests, []int{12, 9, 9}) || !got.Chosen {
		t.Errorf("what was tried again counts: %+v", got)
	}
}

// Replicas that hash each in a way of its own have each its own shards; until
// the first fault, for one that comes back may hash anew.
func TestReplicasThatHashApartHaveShardsOfTheirOwn(t *testing.T) {
	l := shardLoad{until: 5 * second}
	for key := range uint32(4) {
		for replica := range uint16(2) {
			for range 1 + key {
				l.add(history.Op{Key: key, Replica: replica, Shard: 1 + uint16(key+uint32(replica))%2, Due: second})
			}
			l.add(history.Op{Key: key, Replica: replica, Shard: 1 + uint16(1+key+uint32(replica))%2, Due: 5 * second})
			l.add(history.Op{Key: key, Replica: replica, Shard: 1 + uint16(1+key+uint32(replica))%2, Due: 4 * second, Done: 6 * second}) // held up
		}
	}
	got := l.report([]string{"m-1", "m-2"}, false, 1)
	if got == nil || got.Shards != 2 || got.Until != 5 || !slices.Equal(got.Replicas, []string{"m-1", "m-2"}) || !slices.Equal(got.Requests, []int{4, 6, 6, 4}) || len(got.Chance) != 4 {
		t.Errorf("%+v", got)
	}
}

// What is kept of a run does not grow with its keys, nor with its shards.
func TestManyKeysAndShardsAreCountedForAWhile(t *testing.T) {
	var keys, shards shardLoad
	for i := range uint32(mostSharded + 1000) {
		keys.add(history.Op{Key: i, Shard: 1 + uint16(i%7), Due: int64(i)})
		shards.add(history.Op{Key: i, Shard: 1 + uint16(i%60_000)})
	}
	got := keys.report(nil, false, 1)
	all := 0
	for _, n := range got.Requests {
		all += n
	}
	if all != mostSharded || got.Until != seconds(mostSharded-1) {
		t.Errorf("%d requests until %v s", all, got.Until)
	}
	if got := shards.report(nil, false, 1); got != nil {
		t.Errorf("60000 shards: %d", got.Shards)
	}
}

func TestTheFirstInjection(t *testing.T) {
	early, late := 3*second, 7*second
	for want, faults := range map[int64][]slo.Fault{0: {{}}, early: {{}, {InjectBegin: &late}, {InjectBegin: &early}}, late: {{InjectBegin: &late}}} {
		if got := firstInjection(faults); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
}

// The judge counts until the first injection, and knows what the load asked for.
func TestShardsAreJudgedUntilTheFirstInjection(t *testing.T) {
	dir := handMade(t, 0)
	source := strings.Replace(judged, "keys: {distribution: uniform, count: 10}", "populate: {count: 10}, keys: {distribution: single-shard, share: 50%, count: 10}", 1) +
		"faults:\n  - at: 0s\n    chaos: {apiVersion: chaos-mesh.org/v1alpha1, kind: PodChaos, metadata: {name: gone}, spec: {action: pod-kill, mode: one, selector: {labelSelectors: {app: x}}}}\n"
	if err := os.WriteFile(filepath.Join(dir, experimentFile), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	facts := Facts{SchemaVersion: 1, Run: "r", StartedAt: time.Unix(1e9, 0), Platform: "external", Workers: 550, HotKeys: []uint32{3}, Faults: []FaultFacts{{Name: "gone", Kind: "PodChaos", OneShot: true}}}
	if err := writeJSON(filepath.Join(dir, factsFile), facts); err != nil {
		t.Fatal(err)
	}
	events, err := os.OpenFile(filepath.Join(dir, eventsFile), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	line, err := json.Marshal(history.Event{Type: history.EventInject, Name: "gone", At: 8 * second, Until: 8*second + 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := events.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	events.Close()
	header, names, ops := logIn(t, dir)
	for i := range ops {
		ops[i].Key = uint32(ops[i].Seq % 10)
		ops[i].Shard = 1 + uint16(ops[i].Key)%4
		if ops[i].Done >= 8*second { // it came back, and hashes anew
			ops[i].Shard = 1 + uint16(ops[i].Key+1)%4
		}
	}
	writeLog(t, dir, header, names, ops)
	_, series, err := Judge(dir)
	if err != nil {
		t.Fatal(err)
	}
	if l := series.Shards; l == nil || l.Until != 8 || !l.Chosen || l.Shards != 4 {
		t.Errorf("%+v", l)
	}
}
