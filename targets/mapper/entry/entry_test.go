package entry_test

import (
	"errors"
	"strings"
	"testing"

	"gauntlet/targets/mapper/entry"

	"pgregory.net/rapid"
)

func anyEntry(t *rapid.T) *entry.Entry {
	key := rapid.StringMatching(`[A-Za-z0-9_-]{1,128}`).Draw(t, "key")
	v := entry.Version{
		Time: rapid.Int64Range(0, 1<<53).Draw(t, "time"),
		Node: rapid.StringMatching(`[A-Za-z0-9_.-]{1,16}`).Draw(t, "node"),
	}
	if rapid.Bool().Draw(t, "deleted") {
		return entry.NewTombstone(key).At(v)
	}
	url := "https://" + rapid.StringMatching(`[!-~]{1,64}`).Draw(t, "url")
	return entry.New(key, url, rapid.Int64Range(0, 1<<50).Draw(t, "expiry")).At(v)
}

func TestLineRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEntry(t)
		got, err := entry.ParseLine(string(e.AppendLine(nil)))
		if err != nil {
			t.Fatal(err)
		}
		if *got != *e {
			t.Fatalf("got %+v, want %+v", got, e)
		}
	})
}

// Every order of applying the same writes must end in the same state: that
// is what lets replicas hear of them by push, snapshot and replay at once.
func TestNewerConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		writes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) entry.Version {
			return entry.Version{Time: rapid.Int64Range(0, 5).Draw(t, "time"), Node: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "node")}
		}), 1, 12).Draw(t, "writes")
		last := func(vs []entry.Version) *entry.Entry {
			var e *entry.Entry
			for _, v := range vs {
				if n := entry.New("k", "http://"+v.Node, 0).At(v); n.Newer(e) {
					e = n
				}
			}
			return e
		}
		other := rapid.Permutation(writes).Draw(t, "other order")
		if a, b := last(writes), last(other); a.Version != b.Version {
			t.Fatalf("%v ends at %v, %v at %v", writes, a.Version, other, b.Version)
		}
	})
}

func TestParseRefuses(t *testing.T) {
	for _, line := range []string{
		"", "k", "k 1", "k 1 n 0 s", "k 1 n 0 s ", "k x n 0 s u", "k -1 n 0 s u", "k 1 n x s u",
		"k 1 n -5 s u", "k 1 n 0 z u", "k 1 n 0 d u", "k 1  0 s u", " 1 n 0 s u",
	} {
		if e, err := entry.ParseLine(line); !errors.Is(err, entry.ErrMalformed) {
			t.Errorf("%q: got %+v, %v", line, e, err)
		}
	}
}

func FuzzParseLine(f *testing.F) {
	f.Add("k 1 n 0 s http://x")
	f.Add("k 1 n 0 d ")
	f.Fuzz(func(t *testing.T, line string) {
		e, err := entry.ParseLine(line)
		if err != nil {
			return
		}
		again, err := entry.ParseLine(string(e.AppendLine(nil)))
		if err != nil || *again != *e {
			t.Fatalf("%q: %+v became %+v, %v", line, e, again, err)
		}
	})
}

func TestLifeOfAKey(t *testing.T) {
	const hour = 3600_000
	life := entry.TombstoneLife.Milliseconds()
	ttl := entry.New("k", "http://x", 10*hour)
	gone := entry.NewTombstone("k").At(entry.Version{Time: 10 * hour * 1000, Node: "n"})
	forever := entry.New("k", "http://x", 0)
	for _, c := range []struct {
		name            string
		e               *entry.Entry
		now             int64
		live, forgotten bool
	}{
		{"before expiry", ttl, 10*hour - 1, true, false},
		{"at expiry", ttl, 10 * hour, false, false},
		{"long after expiry", ttl, 10*hour + life + 1, false, true},
		{"tombstone", gone, 10 * hour, false, false},
		{"old tombstone", gone, 10*hour + life + 1, false, true},
		{"no expiry", forever, 1 << 60, true, false},
	} {
		if c.e.Live(c.now) != c.live || c.e.Forgettable(c.now) != c.forgotten {
			t.Errorf("%s: live %v, forgettable %v", c.name, c.e.Live(c.now), c.e.Forgettable(c.now))
		}
	}
	if strings.Contains(gone.Value(), "http") || gone.URL() != "" {
		t.Error("a tombstone points somewhere")
	}
}
