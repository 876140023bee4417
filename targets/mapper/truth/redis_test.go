package truth_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"gauntlet/targets/mapper/defect"
	"gauntlet/targets/mapper/entry"
	"gauntlet/targets/mapper/redistest"
	"gauntlet/targets/mapper/truth"
)

func connect(t *testing.T, s *redistest.Server, node string, change func(*truth.Options)) *truth.Redis {
	t.Helper()
	o := truth.Options{Addr: s.Addr, Node: node, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o)
	}
	r := truth.New(o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; r.Close() })
	<-r.Tried()
	return r
}

func eventually(t *testing.T, what string, is func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	for !is() {
		if time.Since(start) > 10*time.Second {
			t.Fatalf("not within 10 s: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
	return time.Since(start)
}

func write(t *testing.T, r *truth.Redis, e *entry.Entry, known int64) *entry.Entry {
	t.Helper()
	stored, _, err := r.Write(t.Context(), e, known)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func get(t *testing.T, r *truth.Redis, key string) *entry.Entry {
	t.Helper()
	e, err := r.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// A later acknowledged write has the higher version, whatever was there.
func TestWriteAssignsGrowingVersions(t *testing.T) {
	r := connect(t, redistest.Start(t), "a", nil)
	if e := get(t, r, "k"); e != nil {
		t.Fatalf("a fresh redis has %+v", e)
	}
	first := write(t, r, entry.New("k", "http://x/1", 0), 0)
	if d := time.Since(time.UnixMicro(first.Version.Time)); d.Abs() > 5*time.Second {
		t.Errorf("version is %v from now", d)
	}
	future := first.Version.Time + time.Hour.Microseconds()
	second := write(t, r, entry.New("k", "http://x/2", 0), future)
	third := write(t, r, entry.NewTombstone("k"), 0)
	if second.Version.Time != future+1 || third.Version.Time != future+2 {
		t.Errorf("versions %d, %d, want just above %d", second.Version.Time, third.Version.Time, future)
	}
	if e := get(t, r, "k"); e == nil || *e != *third {
		t.Errorf("holds %+v, want %+v", e, third)
	}
}

func TestOfferIsSetIfNewer(t *testing.T) {
	r := connect(t, redistest.Start(t), "a", nil)
	stored := write(t, r, entry.New("k", "http://x/stored", 0), 0)
	at := func(time int64, node, url string) *entry.Entry {
		return entry.New("k", url, 0).At(entry.Version{Time: time, Node: node})
	}
	for _, c := range []struct {
		name  string
		offer *entry.Entry
		wins  bool
	}{
		{"older", at(stored.Version.Time-1, "z", "http://x/older"), false},
		{"same write", at(stored.Version.Time, "a", "http://x/same"), false},
		{"same time, higher node", at(stored.Version.Time, "b", "http://x/tie"), true},
		{"same time, lower node", at(stored.Version.Time, "a", "http://x/lost"), false},
		{"newer", at(stored.Version.Time+1, "a", "http://x/newer"), true},
	} {
		before := get(t, r, "k")
		if err := r.Offer(t.Context(), []*entry.Entry{c.offer}); err != nil {
			t.Fatal(err)
		}
		want := before
		if c.wins {
			want = c.offer
		}
		if got := get(t, r, "k"); *got != *want {
			t.Errorf("%s: holds %+v, want %+v", c.name, got, want)
		}
	}
}

// A delete keeps its version for a day, so an older write cannot come back.
func TestDeleteOutlivesReplay(t *testing.T) {
	old := entry.New("k", "http://x/old", 0).At(entry.Version{Time: 1000, Node: "b"})
	for _, forget := range []bool{false, true} {
		t.Run(fmt.Sprintf("forget=%v", forget), func(t *testing.T) {
			s := redistest.Start(t)
			r := connect(t, s, "a", func(o *truth.Options) {
				if forget {
					o.Defects = defect.Of(defect.ResurrectDeleted)
				}
			})
			write(t, r, entry.NewTombstone("k"), 0)
			if err := r.Offer(t.Context(), []*entry.Entry{old}); err != nil {
				t.Fatal(err)
			}
			e := get(t, r, "k")
			if resurrected := e != nil && !e.Deleted; resurrected != forget {
				t.Errorf("after the replay: %+v", e)
			}
		})
	}
}

func TestOlderWriteWinsOnlyByDefect(t *testing.T) {
	r := connect(t, redistest.Start(t), "a", func(o *truth.Options) { o.Defects = defect.Of(defect.OlderWriteWins) })
	write(t, r, entry.New("k", "http://x/new", 0), 0)
	old := entry.New("k", "http://x/old", 0).At(entry.Version{Time: 1000, Node: "b"})
	if err := r.Offer(t.Context(), []*entry.Entry{old}); err != nil {
		t.Fatal(err)
	}
	if got := get(t, r, "k"); *got != *old {
		t.Fatalf("holds %+v", got)
	}
}

// Keys that end stay in Redis for a day beyond, for their version.
func TestEndIsAbsolute(t *testing.T) {
	s := redistest.Start(t)
	r := connect(t, s, "a", nil)
	end := time.Now().Add(time.Hour).UnixMilli()
	write(t, r, entry.New("ttl", "http://x", end), 0)
	write(t, r, entry.New("forever", "http://x", 0), 0)
	if got, want := s.Cli("PEXPIRETIME", "mapper:k:ttl"), fmt.Sprint(end+entry.TombstoneLife.Milliseconds()); got != want {
		t.Errorf("ends at %s, want %s", got, want)
	}
	if got := s.Cli("PTTL", "mapper:k:forever"); got != "-1" {
		t.Errorf("a key without an end has %s ms", got)
	}
}

func TestStreamHasNoHoles(t *testing.T) {
	r := connect(t, redistest.Start(t), "a", nil)
	write(t, r, entry.New("before", "http://x", 0), 0)
	stream, err := r.Subscribe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if stream.Base != 1 || stream.RunID == "" {
		t.Fatalf("base %d, run id %q", stream.Base, stream.RunID)
	}
	for i := range 10 {
		want := write(t, r, entry.New(fmt.Sprint("k", i), "http://x", 0), 0)
		select {
		case c := <-stream.Changes:
			if c.Sequence != stream.Base+1+int64(i) || *c.Entry != *want {
				t.Fatalf("change %d: %d %+v, want %+v", i, c.Sequence, c.Entry, want)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("no push")
		}
	}
}

func TestScanVisitsEverything(t *testing.T) {
	r := connect(t, redistest.Start(t), "a", nil)
	const n = 5000
	var batch []*entry.Entry
	for i := range n {
		batch = append(batch, entry.New(fmt.Sprint("k", i), fmt.Sprint("http://x/", i), 0).At(entry.Version{Time: int64(i), Node: "n"}))
	}
	if err := r.Offer(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	if err := r.Scan(t.Context(), truth.ScanBatch, 0, func(e *entry.Entry) { seen[e.Key] = e.URL() }); err != nil {
		t.Fatal(err)
	}
	for _, e := range batch {
		if seen[e.Key] != e.URL() {
			t.Fatalf("%s: %q", e.Key, seen[e.Key])
		}
	}
	if len(seen) != n {
		t.Fatalf("%d keys, want %d", len(seen), n)
	}
}

// A Redis that is gone costs the callers nothing once the breaker is open,
// and it closes soon after the return.
func TestBreakerOpensAndCloses(t *testing.T) {
	s := redistest.Start(t)
	r := connect(t, s, "a", nil)
	write(t, r, entry.New("k", "http://x", 0), 0)
	s.Kill()
	if d := eventually(t, "unavailable", func() bool { return !r.Available() }); d > 3*time.Second {
		t.Errorf("open after %v", d)
	}
	if _, _, err := r.Write(t.Context(), entry.New("k", "http://x", 0), 0); !errors.Is(err, truth.ErrUnavailable) {
		t.Errorf("write while away: %v", err)
	}
	s.Start()
	d := eventually(t, "available", r.Available)
	t.Logf("breaker closed %v after redis answered", d)
	if d > 3*time.Second { // 1.2 s on a quiet machine
		t.Errorf("closed after %v", d)
	}
	write(t, r, entry.New("k", "http://x", 0), 0)
}

// A write that Redis gets to see only after its writer gave up must not be
// done: it was acknowledged elsewhere, and others were since.
func TestLateWriteIsNotDone(t *testing.T) {
	s := redistest.Start(t)
	r := connect(t, s, "a", nil)
	write(t, r, entry.New("k", "http://x/1", 0), 0)
	s.Pause()
	start := time.Now()
	_, _, err := r.Write(t.Context(), entry.New("k", "http://x/late", 0), 0)
	if !errors.Is(err, truth.ErrUncertain) {
		t.Fatalf("write to a paused redis: %v", err)
	}
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("took %v, meant to take %v", d, truth.Timeout)
	}
	s.Resume()
	eventually(t, "available", r.Available)
	if e := get(t, r, "k"); e.URL() != "http://x/1" {
		t.Errorf("holds %s", e.URL())
	}
}

func TestAwayAtTheStart(t *testing.T) {
	s := redistest.Reserve(t)
	r := connect(t, s, "a", nil)
	if r.Available() {
		t.Fatal("available without a redis")
	}
	s.Start()
	eventually(t, "available", r.Available)
	write(t, r, entry.New("k", "http://x", 0), 0)
}
