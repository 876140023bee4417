package peers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"gauntlet/targets/mapper/entry"
	"gauntlet/targets/mapper/peers"
)

func some(n int) []*entry.Entry {
	var out []*entry.Entry
	for i := range n {
		e := entry.New(fmt.Sprint("k", i), fmt.Sprint("http://x/", i), int64(i))
		if i%5 == 0 {
			e = entry.NewTombstone(fmt.Sprint("k", i))
		}
		out = append(out, e.At(entry.Version{Time: int64(i), Node: "n"}))
	}
	return out
}

func text(t *testing.T, entries []*entry.Entry) string {
	t.Helper()
	var b bytes.Buffer
	if err := peers.Write(&b, slices.Values(entries)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSnapshotRoundTrip(t *testing.T) {
	want := some(100)
	var got []*entry.Entry
	if err := peers.Read(strings.NewReader(text(t, want)), func(e *entry.Entry) { got = append(got, e) }); err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(got, want, func(a, b *entry.Entry) bool { return *a == *b }) {
		t.Fatalf("got %d entries, want %d", len(got), len(want))
	}
}

// Wherever a snapshot is cut, it must not pass for a whole one.
func TestCutSnapshotIsRefused(t *testing.T) {
	whole := text(t, some(20))
	for n := range len(whole) - 1 { // without the last end of line it is still whole
		if err := peers.Read(strings.NewReader(whole[:n]), func(*entry.Entry) {}); err == nil {
			t.Fatalf("cut at %d of %d: %q was taken for whole", n, len(whole), whole[:n])
		}
	}
}

func serve(t *testing.T, node string, status int, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(peers.NodeHeader, node)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func TestFetchTakesTheFirstWholeCopy(t *testing.T) {
	whole := text(t, some(7))
	self := serve(t, "me", 200, whole)
	starting := serve(t, "starting", 503, "")
	cut := serve(t, "cut", 200, whole[:len(whole)-3])
	good := serve(t, "good", 200, whole)
	fetch := func(addrs ...string) (int, error) {
		seen := map[string]bool{}
		err := peers.New("me", addrs).Fetch(context.Background(), nil, func(e *entry.Entry) { seen[e.Key] = true })
		return len(seen), err
	}
	if n, err := fetch(self, starting, "127.0.0.1:1", cut, good); n != 7 || err != nil {
		t.Fatalf("fetched %d entries, %v", n, err)
	}
	if _, err := fetch(self, starting, cut); !errors.Is(err, peers.ErrNone) {
		t.Fatalf("without a good peer: %v", err)
	}
	if _, err := fetch(); !errors.Is(err, peers.ErrNone) {
		t.Fatalf("without peers: %v", err)
	}
}

// Behind one address are several replicas, oneself among them.
func TestFetchTriesAnAddressAgain(t *testing.T) {
	whole := text(t, some(7))
	var calls, asked int
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		since, err := peers.ParseSince(r.URL.Query())
		if err == nil && since != nil && *since == (peers.Since{Sequence: 42, RunID: "a&b"}) {
			asked++
		}
		switch calls {
		case 1:
			w.Header().Set(peers.NodeHeader, "me")
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			fmt.Fprint(w, whole)
		}
	}))
	defer s.Close()
	n := 0
	err := peers.New("me", []string{strings.TrimPrefix(s.URL, "http://")}).
		Fetch(t.Context(), &peers.Since{Sequence: 42, RunID: "a&b"}, func(*entry.Entry) { n++ })
	if err != nil || n != 7 || calls != 3 || asked != 3 {
		t.Fatalf("%d entries after %d calls, %d of which said since when: %v", n, calls, asked, err)
	}
}

func TestParseSinceRefusesWhatIsNoNumber(t *testing.T) {
	if since, err := peers.ParseSince(url.Values{"sequence": {"x"}}); err == nil {
		t.Fatalf("got %v", since)
	}
	if since, err := peers.ParseSince(url.Values{}); since != nil || err != nil {
		t.Fatalf("nothing asked: %v, %v", since, err)
	}
}
