package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"gauntlet/targets/mapper/entry"
	"gauntlet/targets/mapper/journal"

	"pgregory.net/rapid"
)

const megabyte = 1 << 20

func open(t testing.TB, path string, maxBytes int64) *journal.Journal {
	t.Helper()
	j, err := journal.Open(path, maxBytes, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func write(i int) *entry.Entry {
	return entry.New(fmt.Sprintf("key-%d", i), fmt.Sprintf("http://example.com/%d", i), 0).
		At(entry.Version{Time: int64(i), Node: "n"})
}

func keys(t testing.TB, j *journal.Journal) []string {
	t.Helper()
	var got []string
	if err := j.All(func(r journal.Record) { got = append(got, r.Entry.Key) }); err != nil {
		t.Fatal(err)
	}
	return got
}

// The journal is a queue that survives being closed at any time.
func TestQueueSurvivesReopening(t *testing.T) {
	dir := t.TempDir()
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		path := filepath.Join(dir, fmt.Sprintf("%d.journal", run))
		j := open(t, path, megabyte)
		defer func() { j.Close() }()
		var model []string
		next := 0
		rt.Repeat(map[string]func(*rapid.T){
			"append": func(rt *rapid.T) {
				next++
				if err := j.Append(write(next)); err != nil {
					rt.Fatal(err)
				}
				model = append(model, write(next).Key)
			},
			"trim": func(rt *rapid.T) {
				n := rapid.IntRange(1, 5).Draw(rt, "n")
				records, err := j.Oldest(n)
				if err != nil || len(records) != min(n, len(model)) {
					rt.Fatalf("oldest %d of %d: %d, %v", n, len(model), len(records), err)
				}
				if len(records) > 0 {
					if err := j.Trim(records[len(records)-1].Seq); err != nil {
						rt.Fatal(err)
					}
				}
				model = model[len(records):]
			},
			"reopen": func(rt *rapid.T) {
				if err := j.Close(); err != nil {
					rt.Fatal(err)
				}
				j = open(t, path, megabyte)
			},
			"": func(rt *rapid.T) {
				if got := keys(t, j); !slices.Equal(got, model) || j.Depth() != len(model) {
					rt.Fatalf("holds %v (depth %d), want %v", got, j.Depth(), model)
				}
			},
		})
	})
}

func TestFullJournalRefusesAndRecovers(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "n.journal"), 1000)
	defer j.Close()
	taken := 0
	for err := error(nil); err == nil; taken++ {
		err = j.Append(write(taken))
		if err != nil && !errors.Is(err, journal.ErrFull) {
			t.Fatal(err)
		}
	}
	taken--
	if j.Depth() != taken || j.Bytes() > 1000 {
		t.Fatalf("took %d, holds %d in %d bytes", taken, j.Depth(), j.Bytes())
	}
	records, _ := j.Oldest(1)
	if err := j.Trim(records[0].Seq); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(write(0)); err != nil {
		t.Fatalf("after a trim: %v", err)
	}
}

func TestConcurrentAppendsShareSyncs(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "n.journal"), megabyte)
	defer j.Close()
	const writers, writes = 32, 20
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range writes {
				if err := j.Append(write(w*writes + i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if j.Depth() != writers*writes {
		t.Fatalf("depth %d, want %d", j.Depth(), writers*writes)
	}
	if s := j.Syncs(); s > writers*writes/2 {
		t.Errorf("%d syncs for %d appends by %d writers: nothing was shared", s, writers*writes, writers)
	}
}

func TestClosedJournalRefuses(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "n.journal"), megabyte)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(write(1)); !errors.Is(err, journal.ErrClosed) {
		t.Fatalf("got %v", err)
	}
}

func TestLockedJournalIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n.journal")
	j := open(t, path, megabyte)
	defer j.Close()
	if _, err := journal.Open(path, megabyte, 20*time.Millisecond); !errors.Is(err, journal.ErrLocked) {
		t.Fatalf("got %v", err)
	}
}

func TestFlippedBitIsDetected(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n.journal")
	j := open(t, path, megabyte)
	for i := range 20 {
		if err := j.Append(write(i)); err != nil {
			t.Fatal(err)
		}
	}
	j.Close()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := 0
	for at := 0; ; at += 5 { // in every copy of the page that holds it
		i := bytes.Index(data[at:], []byte("example.com/7"))
		if i < 0 {
			break
		}
		at += i
		data[at] ^= 1
		flipped++
	}
	if flipped == 0 {
		t.Fatal("the record is not in the file")
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Open(path, megabyte, 50*time.Millisecond); !errors.Is(err, journal.ErrCorrupt) {
		t.Fatalf("got %v", err)
	}
}

// A process killed while it made the file has acknowledged nothing; one killed
// while it committed leaves the commit before.
func TestTornFile(t *testing.T) {
	t.Run("creation", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "n.journal")
		if err := os.WriteFile(path, []byte("torn"), 0o600); err != nil {
			t.Fatal(err)
		}
		j := open(t, path, megabyte)
		defer j.Close()
		if j.Depth() != 0 {
			t.Fatalf("depth %d", j.Depth())
		}
	})
	t.Run("newest meta page", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "n.journal")
		j := open(t, path, megabyte)
		for i := range 10 {
			if err := j.Append(write(i)); err != nil {
				t.Fatal(err)
			}
		}
		j.Close()
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		newest := 0
		if txid := func(page int) byte { return data[page*os.Getpagesize()+16+48] }; txid(1) > txid(0) {
			newest = 1
		}
		clear(data[newest*os.Getpagesize()+16 : newest*os.Getpagesize()+64]) // torn: half of it never arrived
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		j = open(t, path, megabyte)
		defer j.Close()
		if got := j.Depth(); got != 9 {
			t.Fatalf("depth %d, want the 9 of the commit before", got)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	j := open(b, filepath.Join(b.TempDir(), "n.journal"), 1<<30)
	defer j.Close()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if err := j.Append(write(i)); err != nil {
				b.Error(err)
			}
		}
	})
}
