package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gauntlet/targets/mapper/api"
	"gauntlet/targets/mapper/entry"
	"gauntlet/targets/mapper/peers"
	"gauntlet/targets/mapper/replica"
)

// fake answers as it is told and remembers what was written.
type fake struct {
	entries    map[string]*entry.Entry
	getErr     error
	durability replica.Durability
	writeErr   error
	written    []*entry.Entry
	ready      bool
}

func (f *fake) Get(_ context.Context, _ int, key string) (*entry.Entry, error) {
	if e := f.entries[key]; e != nil {
		return e, nil
	}
	return nil, f.getErr
}

func (f *fake) Write(_ context.Context, e *entry.Entry) (replica.Durability, error) {
	if f.writeErr == nil {
		f.written = append(f.written, e)
	}
	return f.durability, f.writeErr
}

func (f *fake) Ready() bool { return f.ready }

// Covers: changes up to 10 of the Redis process "run".
func (f *fake) Covers(_ context.Context, since *peers.Since) bool {
	return f.ready && (since == nil || *since == peers.Since{Sequence: min(since.Sequence, 10), RunID: "run"})
}

func (f *fake) Snapshot(visit func(*entry.Entry) bool) {
	for _, e := range f.entries {
		if !visit(e) {
			break
		}
	}
}

const nowMicros = 1_000_000_000_000

func handler(f *fake, maxWrites int) *api.Handler {
	return api.New(api.Options{Node: "n", Mappings: f, State: f, Shard: func(key string) int { return len(key) % 64 },
		Now: func() int64 { return nowMicros }, Metrics: http.NotFoundHandler(), Log: slog.New(slog.DiscardHandler), MaxWrites: maxWrites})
}

func serve(h http.Handler, method, path, contentType, body string) *http.Response {
	r := httptest.NewRequest(method, "http://mapper"+path, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestContract(t *testing.T) {
	const jsonType, good = "application/json", `{"url":"http://example.com/a"}`
	refused := fmt.Errorf("%w: away", replica.ErrRefused)
	uncertain := fmt.Errorf("%w: timeout", replica.ErrUncertain)
	for _, c := range []struct {
		name                            string
		method, path, contentType, body string
		fake                            fake
		status                          int
		header                          map[string]string
	}{
		{name: "known key", method: "GET", path: "/known", status: 302, header: map[string]string{"Location": "http://example.com/known", "X-Shard": "5"}},
		{name: "HEAD", method: "HEAD", path: "/known", status: 302, header: map[string]string{"Location": "http://example.com/known"}},
		{name: "no such key", method: "GET", path: "/unknown", fake: fake{getErr: replica.ErrNotFound}, status: 404, header: map[string]string{"X-Shard": "7"}},
		{name: "cannot tell", method: "GET", path: "/unknown", fake: fake{getErr: replica.ErrUnknown}, status: 503, header: map[string]string{"Retry-After": "1", "X-Shard": "7"}},
		{name: "PUT in redis", method: "PUT", path: "/k", contentType: jsonType, body: good, fake: fake{durability: replica.InRedis}, status: 201, header: map[string]string{"X-Durability": "redis", "X-Shard": "1"}},
		{name: "PUT in journal", method: "PUT", path: "/k", contentType: jsonType, body: good, fake: fake{durability: replica.InJournal}, status: 202, header: map[string]string{"X-Durability": "journal"}},
		{name: "PUT without a type", method: "PUT", path: "/k", body: good, fake: fake{durability: replica.InRedis}, status: 201},
		{name: "PUT with a charset", method: "PUT", path: "/k", contentType: "application/json; charset=utf-8", body: good, fake: fake{durability: replica.InRedis}, status: 201},
		{name: "PUT refused", method: "PUT", path: "/k", contentType: jsonType, body: good, fake: fake{writeErr: refused}, status: 503, header: map[string]string{"Retry-After": "1"}},
		{name: "PUT uncertain", method: "PUT", path: "/k", contentType: jsonType, body: good, fake: fake{writeErr: uncertain}, status: 504},
		{name: "DELETE in redis", method: "DELETE", path: "/k", fake: fake{durability: replica.InRedis}, status: 204, header: map[string]string{"X-Durability": "redis"}},
		{name: "DELETE in journal", method: "DELETE", path: "/k", fake: fake{durability: replica.InJournal}, status: 204, header: map[string]string{"X-Durability": "journal"}},
		{name: "another method", method: "POST", path: "/k", status: 405, header: map[string]string{"Allow": "GET, HEAD, PUT, DELETE", "X-Shard": "1"}},
		{name: "no key", method: "GET", path: "/", status: 400},
		{name: "longest key", method: "GET", path: "/" + strings.Repeat("k", 128), fake: fake{getErr: replica.ErrNotFound}, status: 404},
		{name: "key too long", method: "GET", path: "/" + strings.Repeat("k", 129), status: 400},
		{name: "two segments", method: "GET", path: "/a/b", status: 400},
		{name: "key with a dot", method: "PUT", path: "/a.b", contentType: jsonType, body: good, status: 400},
		{name: "form", method: "PUT", path: "/k", contentType: "application/x-www-form-urlencoded", body: good, status: 415},
		{name: "not a type", method: "PUT", path: "/k", contentType: "///", body: good, status: 415},
		{name: "not JSON", method: "PUT", path: "/k", contentType: jsonType, body: "http://x", status: 400},
		{name: "empty", method: "PUT", path: "/k", contentType: jsonType, body: "", status: 400},
		{name: "unknown field", method: "PUT", path: "/k", contentType: jsonType, body: `{"url":"http://x","tll":"1m"}`, status: 400},
		{name: "two objects", method: "PUT", path: "/k", contentType: jsonType, body: good + good, status: 400},
		{name: "too large", method: "PUT", path: "/k", contentType: jsonType, body: `{"url":"http://x/` + strings.Repeat("a", 17<<10) + `"}`, status: 413},
		{name: "longest url", method: "PUT", path: "/k", contentType: jsonType, body: `{"url":"http://x/` + strings.Repeat("a", 8<<10-9) + `"}`, fake: fake{durability: replica.InRedis}, status: 201},
		{name: "url too long", method: "PUT", path: "/k", contentType: jsonType, body: `{"url":"http://x/` + strings.Repeat("a", 8<<10-8) + `"}`, status: 400},
		{name: "no url", method: "PUT", path: "/k", contentType: jsonType, body: `{}`, status: 400},
		{name: "relative url", method: "PUT", path: "/k", contentType: jsonType, body: `{"url":"/a"}`, status: 400},
		{name: "no host", method: "PUT", path: "/k", contentType: jsonType, body: `{"url":"http:///a"}`, status: 400},
		{name: "other scheme", method: "PUT", path: "/k", contentType: jsonType, body: `{"url":"javascript:alert(1)"}`, status: 400},
		{name: "header in the url", method: "PUT", path: "/k", contentType: jsonType, body: `{"url":"http://x/\r\nSet-Cookie: a=b"}`, status: 400},
		{name: "space in the url", method: "PUT", path: "/k", contentType: jsonType, body: `{"url":"http://x/a b"}`, status: 400},
		{name: "bad ttl", method: "PUT", path: "/k", contentType: jsonType, body: `{"url":"http://x","ttl":"30"}`, status: 400},
		{name: "negative ttl", method: "PUT", path: "/k", contentType: jsonType, body: `{"url":"http://x","ttl":"-1m"}`, status: 400},
		{name: "endless ttl", method: "PUT", path: "/k", contentType: jsonType, body: `{"url":"http://x","ttl":"999999h"}`, status: 400},
		{name: "alive", method: "GET", path: "/healthz", status: 200},
		{name: "loading", method: "GET", path: "/readyz", status: 503},
		{name: "ready", method: "GET", path: "/readyz", fake: fake{ready: true}, status: 200},
		{name: "PUT of a path of ours", method: "PUT", path: "/-/snapshot", contentType: jsonType, body: good, status: 405},
		{name: "PUT of a probe", method: "PUT", path: "/healthz", contentType: jsonType, body: good, status: 405},
		{name: "snapshot", method: "GET", path: "/-/snapshot", fake: fake{ready: true}, status: 200, header: map[string]string{"X-Mapper-Node": "n"}},
		{name: "snapshot that is new enough", method: "GET", path: "/-/snapshot?sequence=10&run=run", fake: fake{ready: true}, status: 200},
		{name: "snapshot that is too old", method: "GET", path: "/-/snapshot?sequence=11&run=run", fake: fake{ready: true}, status: 503, header: map[string]string{"Retry-After": "1"}},
		{name: "snapshot of no number", method: "GET", path: "/-/snapshot?sequence=x", fake: fake{ready: true}, status: 400},
		{name: "snapshot of nothing", method: "GET", path: "/-/snapshot", status: 503, header: map[string]string{"X-Mapper-Node": "n", "Retry-After": "1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := c.fake
			f.entries = map[string]*entry.Entry{"known": entry.New("known", "http://example.com/known", 0)}
			resp := serve(handler(&f, 10), c.method, c.path, c.contentType, c.body)
			if resp.StatusCode != c.status {
				b, _ := io.ReadAll(resp.Body)
				t.Fatalf("status %d, want %d: %s", resp.StatusCode, c.status, b)
			}
			for name, want := range c.header {
				if got := resp.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if resp.StatusCode >= 400 && len(f.written) > 0 {
				t.Error("a refused write had an effect")
			}
			if resp.StatusCode >= 400 && c.path != "/readyz" {
				checkProblem(t, resp)
			}
		})
	}
}

// checkProblem: errors are RFC 9457.
func checkProblem(t *testing.T, resp *http.Response) {
	t.Helper()
	var p struct {
		Type, Title, Detail string
		Status              int
	}
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	if resp.Header.Get("Content-Type") != "application/problem+json" || p.Status != resp.StatusCode || p.Title == "" || p.Detail == "" {
		t.Errorf("%s: %+v", resp.Header.Get("Content-Type"), p)
	}
}

func TestTTLBecomesAbsolute(t *testing.T) {
	f := &fake{durability: replica.InRedis}
	serve(handler(f, 10), "PUT", "/k", "application/json", `{"url":"http://x/a","ttl":"30m"}`)
	serve(handler(f, 10), "PUT", "/k", "application/json", `{"url":"http://x/b"}`)
	serve(handler(f, 10), "DELETE", "/k", "", "")
	if len(f.written) != 3 {
		t.Fatalf("%d writes", len(f.written))
	}
	if e := f.written[0]; e.URL() != "http://x/a" || e.Expiry != nowMicros/1000+30*60*1000 {
		t.Errorf("with a ttl: %+v", e)
	}
	if e := f.written[1]; e.Expiry != 0 || e.Deleted {
		t.Errorf("without: %+v", e)
	}
	if e := f.written[2]; !e.Deleted || e.URL() != "" {
		t.Errorf("deleted: %+v", e)
	}
}

func TestDraining(t *testing.T) {
	h := handler(&fake{ready: true, getErr: replica.ErrNotFound}, 10)
	h.Drain()
	if resp := serve(h, "GET", "/readyz", "", ""); resp.StatusCode != 503 {
		t.Errorf("ready while draining: %d", resp.StatusCode)
	}
	if resp := serve(h, "GET", "/k", "", ""); resp.StatusCode != 404 || resp.Header.Get("Connection") != "close" {
		t.Errorf("a request while draining: %d, Connection %q", resp.StatusCode, resp.Header.Get("Connection"))
	}
}

func TestTooManyWritesAreRefused(t *testing.T) {
	f := &fake{durability: replica.InRedis}
	if resp := serve(handler(f, 0), "DELETE", "/k", "", ""); resp.StatusCode != 503 || len(f.written) != 0 {
		t.Fatalf("status %d, %d writes", resp.StatusCode, len(f.written))
	}
}

func TestSnapshotCanBeRead(t *testing.T) {
	f := &fake{ready: true, entries: map[string]*entry.Entry{}}
	for i := range 10 {
		k := fmt.Sprint("k", i)
		f.entries[k] = entry.New(k, "http://x", 0).At(entry.Version{Time: 1, Node: "n"})
	}
	n := 0
	err := peers.Read(serve(handler(f, 1), "GET", peers.Path, "", "").Body, func(*entry.Entry) { n++ })
	if err != nil || n != 10 {
		t.Fatalf("%d entries, %v", n, err)
	}
}

func FuzzPut(f *testing.F) {
	f.Add("k", `{"url":"http://x","ttl":"30m"}`)
	f.Add("k", `{"url":"http://x/%zz"}`)
	f.Fuzz(func(t *testing.T, key, body string) {
		fk := &fake{durability: replica.InRedis}
		r := httptest.NewRequest("PUT", "http://mapper/", strings.NewReader(body))
		r.URL.Path = "/" + key
		w := httptest.NewRecorder()
		handler(fk, 1).ServeHTTP(w, r)
		for _, e := range fk.written {
			line := string(e.At(entry.Version{Time: 1, Node: "n"}).AppendLine(nil))
			if got, err := entry.ParseLine(line); err != nil || got.URL() != e.URL() || got.Key != e.Key {
				t.Fatalf("%q was taken, but does not survive the journal: %v", line, err)
			}
		}
		if (w.Code == 201) != (len(fk.written) == 1) {
			t.Fatal(errors.New("status and effect differ"), w.Code)
		}
	})
}

// discard is the cheapest writer there is, so that the handler is measured.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func BenchmarkCachedGet(b *testing.B) {
	f := &fake{entries: map[string]*entry.Entry{"known": entry.New("known", "http://example.com/known", 0)}}
	h, r, w := handler(f, 1), httptest.NewRequest("GET", "http://mapper/known", nil), discard{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}
