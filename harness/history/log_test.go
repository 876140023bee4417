package history

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

func anyOp(t *rapid.T) Op {
	due := rapid.Int64Range(-1e12, 1e15).Draw(t, "due")
	sent := due + rapid.Int64Range(-1e6, 1e10).Draw(t, "slip")
	return Op{
		Stream:   Stream(rapid.IntRange(0, int(streams)-1).Draw(t, "stream")),
		Seq:      rapid.Uint64().Draw(t, "seq"),
		Kind:     uint8(rapid.IntRange(0, 63).Draw(t, "kind")),
		Class:    Class(rapid.IntRange(0, int(classes)-1).Draw(t, "class")),
		Effect:   Effect(rapid.IntRange(0, int(effects)-1).Draw(t, "effect")),
		Attempts: rapid.Uint8().Draw(t, "attempts"),
		Status:   rapid.Uint16().Draw(t, "status"),
		Replica:  rapid.Uint16().Draw(t, "replica"),
		Shard:    rapid.Uint16().Draw(t, "shard"),
		Key:      rapid.Uint32().Draw(t, "key"),
		Value:    Value(rapid.Uint64().Draw(t, "value")),
		BytesIn:  rapid.Uint32().Draw(t, "bytes"),
		Due:      due,
		Sent:     sent,
		Done:     sent + rapid.Int64Range(0, 1e11).Draw(t, "service"),
		Blocked:  rapid.Int64Range(0, 1e10).Draw(t, "blocked"),
	}
}

func TestLogGivesBackWhatWasAppended(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		path := filepath.Join(dir, "ops"+string(rune('a'+n%26))+".log")
		os.Remove(path)
		w, err := Create(path, Header{Run: "r", Operations: []string{"get", "put"}, Clients: 64})
		if err != nil {
			t.Fatal(err)
		}
		names := rapid.SliceOfDistinct(rapid.StringN(1, 20, 40), rapid.ID).Draw(t, "replicas")
		for i, name := range names {
			if got := w.Replica(name); int(got) != i {
				t.Fatalf("Replica(%q) = %d, want %d", name, got, i)
			}
		}
		want := rapid.SliceOfN(rapid.Custom(anyOp), 0, 50).Draw(t, "ops")
		for i, op := range want {
			if err := w.Append(op); err != nil {
				t.Fatal(err)
			}
			if i%7 == 0 { // several blocks
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
		defer l.Close()
		var got []Op
		for op, err := range l.Ops() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, op)
		}
		if len(got) != len(want) {
			t.Fatalf("read %d ops, wrote %d", len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("op %d:\n got %+v\nwant %+v", i, got[i], want[i])
			}
		}
		if len(l.Replicas) != len(names) {
			t.Fatalf("replicas %q, want %q", l.Replicas, names)
		}
	})
}

// writeSample makes a log of two blocks of 10 ops each.
func writeSample(t testing.TB, path string) {
	w, err := Create(path, Header{Run: "r", Operations: []string{"get"}})
	if err != nil {
		t.Fatal(err)
	}
	w.Replica("mapper-1")
	for i := range 20 {
		w.Append(Op{Seq: uint64(i), Due: int64(i) * 1e6, Sent: int64(i)*1e6 + 5e4, Done: int64(i)*1e6 + 4e5, Status: 302, Key: uint32(i * 31)})
		if i == 9 {
			w.Flush()
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func readAll(path string) (n int, err error) {
	l, err := Open(path)
	if err != nil {
		return 0, err
	}
	defer l.Close()
	for _, err := range l.Ops() {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func TestTornTailKeepsEveryWholeBlock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ops.log")
	writeSample(t, path)
	info, _ := os.Stat(path)
	for cut := int64(1); cut < 60; cut += 7 {
		if err := os.Truncate(path, info.Size()-cut); err != nil {
			t.Fatal(err)
		}
		n, err := readAll(path)
		if !errors.Is(err, ErrTorn) || n != 10 {
			t.Fatalf("cut by %d: %d ops, %v; want the 10 of the first block and ErrTorn", cut, n, err)
		}
	}
}

func TestFlippedBitIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ops.log")
	writeSample(t, path)
	data, _ := os.ReadFile(path)
	data[len(data)-20] ^= 4
	os.WriteFile(path, data, 0o644)
	if n, err := readAll(path); err == nil || errors.Is(err, ErrTorn) || n != 10 {
		t.Fatalf("%d ops, %v; want the 10 of the first block and an error of damage", n, err)
	}
}

func TestOperationsTakeAtMost40Bytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ops.log")
	w, err := Create(path, Header{})
	if err != nil {
		t.Fatal(err)
	}
	const n = 100_000
	for i := range uint64(n) {
		due := int64(i) * 1e6
		w.Append(Op{Seq: i, Kind: uint8(i % 2), Attempts: 1, Status: 302, Replica: uint16(i % 3), Shard: 64, Key: uint32(i * 2654435761 % 100_000),
			Value: WriteOf(i / 2), BytesIn: 200, Due: due, Sent: due + 150_000, Done: due + 2_100_000_000})
	}
	w.Close()
	info, _ := os.Stat(path)
	if per := float64(info.Size()) / n; per > 40 {
		t.Fatalf("%.1f bytes an operation, want ≤ 40", per)
	}
}

func FuzzLog(f *testing.F) {
	path := filepath.Join(f.TempDir(), "ops.log")
	writeSample(f, path)
	data, _ := os.ReadFile(path)
	f.Add(data)
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "ops.log")
		os.WriteFile(path, data, 0o644)
		readAll(path) // must end, and not panic
	})
}
