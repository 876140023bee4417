package run

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

// eventful is a run of which there is much to tell: an outage that others on
// the host had a part in, late requests, three replicas and shards, foreign
// values, lost and silent writes.
func eventful(t *testing.T) string {
	dir := witnessed(t, handMade(t, 1500*time.Millisecond), host{6000, 6400, 0.8, 60 * time.Millisecond, 0})
	header, names, ops := logIn(t, dir)
	names = append(names, "external-2", "external-3")
	for i := range ops {
		op := &ops[i]
		if op.Stream != history.Load {
			continue
		}
		op.Replica = uint16(op.Seq % 3)
		op.Key = uint32(op.Seq % 29)
		op.Shard = uint16((op.Key + uint32(op.Replica)) % 7) // each replica hashes in a way of its own; 0: it did not say
		switch {
		case op.Seq%101 == 0: // the generator was late, and only therefore the answer
			op.Sent, op.Done = op.Due+90e6, op.Due+110e6
		case op.Seq%777 == 0:
			op.Class, op.Value = history.WrongAnswer, history.ForeignValue
		case op.Seq%50 == 0: // due first, known last
			op.Class, op.Done = history.Timeout, op.Due+1e9
		}
	}
	for n := range uint64(300) {
		due := int64(n) * 40e6
		write := history.Op{Stream: history.Durability, Seq: n, Key: uint32(n), Class: history.OK, Effect: history.Acknowledged, Replica: uint16(n % 3), Due: due, Sent: due, Done: due + 3e6}
		if n%60 == 0 {
			write.Class, write.Effect = history.Status5xx, history.UnknownEffect
		}
		ops = append(ops, write)
		for replica := range uint16(3) {
			read := history.Op{Stream: history.Final, Seq: n, Key: uint32(n), Replica: replica, Value: history.WriteOf(n), Due: 15 * second, Sent: 15 * second, Done: 15*second + 1e6}
			if n == 17 && replica == 1 {
				read.Class, read.Status, read.Value = history.Status4xx, 404, history.NoValue
				ops = append(ops, read) // not there yet, and then it is
				read = history.Op{Stream: history.Final, Seq: n, Key: uint32(n), Replica: replica, Value: history.WriteOf(n), Due: 16 * second, Sent: 16 * second, Done: 16*second + 1e6}
			}
			if n%90 == 1 && replica == 2 {
				read.Class, read.Status, read.Value = history.Status4xx, 404, history.NoValue
			}
			ops = append(ops, read)
		}
	}
	slices.SortStableFunc(ops, func(a, b history.Op) int { return int(min(max(a.Done-b.Done, -1), 1)) })
	writeLog(t, dir, header, names, ops)
	return dir
}

// logIn is the log of the run in dir.
func logIn(t *testing.T, dir string) (history.Header, []string, []history.Op) {
	t.Helper()
	log, err := openLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	var all []history.Op
	for op, err := range log.Ops() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, op)
	}
	return log.Header, slices.Clone(log.Replicas), all
}

// writeLog writes the log of the run in dir, or of a generator that it is of.
func writeLog(t *testing.T, dir string, h history.Header, replicas []string, ops []history.Op) {
	t.Helper()
	path := filepath.Join(dir, opsFile)
	if h.Generators > 0 {
		path = filepath.Join(dir, fmt.Sprintf("ops-%d.log", h.Generator))
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	w, err := history.Create(path, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range replicas {
		w.Replica(name)
	}
	for _, op := range ops {
		if err := w.Append(op); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// However the load of a run is spread over generators, with their slips and
// their control streams, it is judged as if one had sent all of it, to the
// byte: verdict, intervals, histograms and examples.
func TestSeveralGeneratorsAreJudgedAsOne(t *testing.T) {
	dir := eventful(t)
	r, want := judgement(t, dir)
	_, series, err := Judge(dir)
	if err != nil {
		t.Fatal(err)
	}
	if l := series.Shards; l == nil || !slices.Equal(l.Replicas, []string{"external", "external-2", "external-3"}) || l.Until > 0 {
		t.Fatalf("what each replica has of shards is not told: %+v", l)
	}
	if r.Verdict != reports.Fail || r.Consistency.Foreign == 0 || r.Consistency.Lost == 0 || r.Consistency.Unknown == 0 || r.Validity.MaskedRatio == 0 || r.Validity.ExcludedRatio == r.Validity.MaskedRatio || len(r.Episodes) == 0 {
		t.Fatalf("the run does not tell enough: %s, %+v, %+v, %d episodes", r.Verdict, r.Consistency, r.Validity, len(r.Episodes))
	}
	header, names, ops := logIn(t, dir)
	if err := os.Remove(filepath.Join(dir, opsFile)); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		k := rapid.IntRange(1, 12).Draw(rt, "generators")
		lot := rapid.SliceOfN(rapid.IntRange(0, k-1), 97, 97).Draw(rt, "lot")
		parts := make([][]history.Op, k)
		for i, op := range ops {
			to := lot[i%len(lot)]
			if op.Stream == history.Final { // the reads of a key are one generator's
				to = lot[int(op.Seq)%len(lot)]
			}
			parts[to] = append(parts[to], op)
		}
		for g := range parts {
			h := header
			h.Generator, h.Generators = g+1, k
			own := names
			if g > 0 { // a generator of its own has its own numbers for the replicas
				own = rapid.Permutation(names).Draw(rt, "names")
			}
			renamed := slices.Clone(parts[g])
			for i, op := range renamed {
				if op.Replica != history.NoReplica {
					renamed[i].Replica = uint16(slices.Index(own, names[op.Replica]))
				}
			}
			writeLog(t, dir, h, own, renamed)
		}
		if _, got := judgement(t, dir); got != want {
			rt.Fatalf("%d generators, another result", k)
		}
		for g := range parts {
			os.Remove(filepath.Join(dir, fmt.Sprintf("ops-%d.log", g+1)))
		}
	})
}

// Each generator is judged by its own host: that one was disturbed says nothing
// about the echo of another.
func TestAGeneratorHasItsOwnHost(t *testing.T) {
	disturbed := host{6000, 11500, 0.8, 60 * time.Millisecond, 0}
	busy, late := disturbed, disturbed
	busy.echo, late.others = time.Millisecond, 0.1
	for name, c := range map[string]struct {
		first, second host
		want          reports.Verdict
	}{
		"both witnesses of one host":           {disturbed, host{}, reports.Inconclusive},
		"one witness of each of the two hosts": {busy, late, reports.Fail},
	} {
		dir := t.TempDir()
		for g, h := range []host{c.first, c.second} {
			from := witnessed(t, handMade(t, 5500*time.Millisecond), h)
			header, names, ops := logIn(t, from)
			ops = slices.DeleteFunc(ops, func(op history.Op) bool { return op.Stream == history.Load && int(op.Seq%2) != g })
			header.Generator, header.Generators = g+1, 2
			writeLog(t, dir, header, names, ops)
			move(t, from, dir, map[string]string{experimentFile: experimentFile, factsFile: factsFile, eventsFile: eventsFile, hostFile: fmt.Sprintf("host-%d.jsonl", g+1)})
		}
		if r, _ := judgement(t, dir); r.Verdict != c.want {
			t.Errorf("%s: %s, want %s: %s", name, r.Verdict, c.want, r.Why)
		}
	}
}

func move(t *testing.T, from, to string, files map[string]string) {
	t.Helper()
	for name, as := range files {
		if err := os.Rename(filepath.Join(from, name), filepath.Join(to, as)); err != nil {
			t.Fatal(err)
		}
	}
}

// A generator whose log is not there is not passed over.
func TestAMissingGeneratorIsNoRun(t *testing.T) {
	dir := handMade(t, 0)
	header, names, ops := logIn(t, dir)
	header.Generator, header.Generators = 2, 3
	writeLog(t, dir, header, names, ops)
	if _, _, err := Judge(dir); err == nil || !strings.Contains(err.Error(), "of one generator or of several") {
		t.Errorf("two kinds of log: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, opsFile)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Judge(dir); err == nil || !strings.Contains(err.Error(), "one of 3 generators, and there are 1 logs") {
		t.Errorf("two of three are missing: %v", err)
	}
}
