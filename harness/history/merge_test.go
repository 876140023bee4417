package history

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// named is a request with its replica's name, which is what stays the same
// when logs are merged.
type named struct {
	Op
	replica string
}

// logOf writes a log of ops, which know the replicas by their place in names.
func logOf(t testing.TB, h Header, names []string, ops []Op) *Log {
	t.Helper()
	path := filepath.Join(t.TempDir(), fmt.Sprintf("ops-%d.log", h.Generator))
	w, err := Create(path, h)
	if err != nil {
		t.Fatal(err)
	}
	for i, op := range ops {
		if i < len(names) { // a replica may come to be known while the load flows
			w.Replica(names[i])
		}
		if op.Replica != NoReplica {
			op.Replica = w.Replica(names[op.Replica])
		}
		w.Append(op)
		if i%5 == 0 { // several blocks
			w.Flush()
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func readNamed(t interface{ Fatal(...any) }, l *Log) []named {
	var all []named
	for op, err := range l.Ops() {
		if err != nil {
			t.Fatal(err)
		}
		n := named{Op: op}
		if op.Replica != NoReplica {
			n.replica = l.Replicas[op.Replica]
		}
		n.Op.Replica = 0
		all = append(all, n)
	}
	return all
}

// behind is how far a request lies behind the latest due time before it.
func behind(ops []named) (most int64) {
	for i, latest := 0, int64(-1<<62); i < len(ops); i++ {
		latest = max(latest, ops[i].Due)
		most = max(most, latest-ops[i].Due)
	}
	return most
}

// Whatever the generators wrote is in the merged log, once each, with the
// order of each log kept, the replicas that it was about, and no request later
// in the log than it was in its own.
func TestMergeKeepsEverything(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k := rapid.IntRange(1, 4).Draw(rt, "generators")
		replicas := []string{"a-1", "a-2", "b-1"}
		logs := make([]*Log, k)
		written := make([][]named, k)
		seq, furthest := uint64(0), int64(0)
		for i := range k {
			names := rapid.Permutation(replicas).Draw(rt, "names")
			ops := rapid.SliceOfN(rapid.Custom(anyOp), 0, 30).Draw(rt, "ops")
			for j := range ops {
				ops[j].Seq, ops[j].Due = seq, ops[j].Due%1000
				if ops[j].Replica %= 4; ops[j].Replica == 3 {
					ops[j].Replica = NoReplica
				}
				seq++
			}
			if rapid.Bool().Draw(rt, "in order") {
				slices.SortFunc(ops, func(a, b Op) int { return cmp.Compare(a.Due, b.Due) })
			}
			h := Header{Run: "r", Clients: 3}
			if k > 1 {
				h.Generator, h.Generators = i+1, k
			}
			logs[i] = logOf(t, h, names, ops)
			written[i] = readNamed(rt, logs[i])
			furthest = max(furthest, behind(written[i]))
		}
		merged, err := Merge(logs...)
		if err != nil {
			rt.Fatal(err)
		}
		defer merged.Close()
		got := readNamed(rt, merged)
		if again := readNamed(rt, merged); !slices.Equal(got, again) {
			rt.Fatal("read twice, two orders")
		}
		if n := behind(got); n > furthest {
			rt.Fatalf("a request is %d ns behind a later one, in its own log at most %d", n, furthest)
		}
		place := map[uint64]int{}
		for i, op := range got {
			place[op.Seq] = i
		}
		if len(got) != int(seq) || len(place) != int(seq) {
			rt.Fatalf("%d requests (%d different), want %d", len(got), len(place), seq)
		}
		for _, ops := range written {
			last := -1
			for _, op := range ops {
				at := place[op.Seq]
				if at <= last {
					rt.Fatalf("request %d has changed places with one of its log", op.Seq)
				}
				if got[at] != op {
					rt.Fatalf("request %d:\n got %+v\nwant %+v", op.Seq, got[at], op)
				}
				last = at
			}
		}
	})
}

func TestMergeOfOrderedLogsIsInOrder(t *testing.T) {
	var logs []*Log
	for g := range 3 {
		var ops []Op
		for n := g; n < 100; n += 3 {
			ops = append(ops, Op{Seq: uint64(n), Due: int64(n) * 1e6, Replica: NoReplica})
		}
		logs = append(logs, logOf(t, Header{Generator: g + 1, Generators: 3}, nil, ops))
	}
	merged, err := Merge(logs...)
	if err != nil {
		t.Fatal(err)
	}
	defer merged.Close()
	for op, err := range merged.Ops() {
		if err != nil {
			t.Fatal(err)
		}
		if merged.Generator != int(op.Seq)%3 {
			t.Fatalf("request %d is told to be of log %d", op.Seq, merged.Generator)
		}
	}
	for i, op := range readNamed(t, merged) {
		if op.Seq != uint64(i) {
			t.Fatalf("request %d comes in place %d", op.Seq, i)
		}
	}
}

// A generator that was killed takes nothing away from the others.
func TestMergeOfATornLogKeepsTheOthers(t *testing.T) {
	ops := make([]Op, 20)
	for i := range ops {
		ops[i] = Op{Seq: uint64(i), Due: int64(i), Replica: NoReplica}
	}
	torn := logOf(t, Header{Generator: 1, Generators: 2}, nil, ops)
	info, err := torn.f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(torn.f.Name(), info.Size()-3); err != nil {
		t.Fatal(err)
	}
	merged, err := Merge(torn, logOf(t, Header{Generator: 2, Generators: 2}, nil, ops))
	if err != nil {
		t.Fatal(err)
	}
	defer merged.Close()
	n, last := [2]int{}, error(nil)
	for _, err := range merged.Ops() {
		if last = err; err == nil {
			n[merged.Generator]++
		}
	}
	if !errors.Is(last, ErrTorn) || n[1] != 20 || n[0] == 0 || n[0] == 20 {
		t.Errorf("%d and %d requests, then %v; want some of the first, all of the second, and ErrTorn", n[0], n[1], last)
	}
}

func TestMergeRefusesWhatDoesNotBelongTogether(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers []Header
		want    string
	}{
		{"two runs", []Header{{Run: "r", Generator: 1, Generators: 2}, {Run: "s", Generator: 2, Generators: 2}}, "has the run s"},
		{"two origins", []Header{{StartedAt: "1", Generator: 1, Generators: 2}, {StartedAt: "2", Generator: 2, Generators: 2}}, "has the origin 2"},
		{"other operations", []Header{{Operations: []string{"get"}, Generator: 1, Generators: 2}, {Generator: 2, Generators: 2}}, "operations"},
		{"other clients", []Header{{Clients: 1, Generator: 1, Generators: 2}, {Clients: 2, Generator: 2, Generators: 2}}, "number of clients"},
		{"one is missing", []Header{{Generator: 1, Generators: 3}, {Generator: 2, Generators: 3}}, "one of 3 generators, and there are 2 logs"},
		{"one alone of two", []Header{{Generator: 1, Generators: 2}}, "one of 2 generators"},
		{"one twice", []Header{{Generator: 1, Generators: 2}, {Generator: 1, Generators: 2}}, "both of generator 1"},
		{"none of them says", []Header{{}, {}}, "one of 1 generators, and there are 2 logs"},
		{"a number that is none", []Header{{Generator: 3, Generators: 2}, {Generator: 1, Generators: 2}}, "generator 3 of 2"},
		{"none at all", nil, "no log"},
	} {
		var logs []*Log
		for _, h := range c.headers {
			logs = append(logs, logOf(t, h, nil, nil))
		}
		if _, err := Merge(logs...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.want)
		}
	}
}
