package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"gauntlet/targets/mapper/config"
	"gauntlet/targets/mapper/entry"
	"gauntlet/targets/mapper/journal"
	"gauntlet/targets/mapper/redistest"
	"gauntlet/targets/mapper/truth"
)

const many = 100_000

// TestReadyWithMuch measures what the design promises within 2 s on a quiet
// machine: ready with 10⁵ keys in the copy and 10⁵ pending journal entries.
// The limit here is generous; the log has the number.
func TestReadyWithMuch(t *testing.T) {
	if testing.Short() {
		t.Skip("needs some seconds")
	}
	const limit = 15 * time.Second
	redis := redistest.Start(t)
	c := newCluster(t, redis.Addr, 3)
	fillRedis(t, redis.Addr, many)
	fillJournal(t, filepath.Join(c.volume, "node0.journal"))
	a := c.start(0)
	ready := a.awaitReady()
	t.Logf("from redis, with 10⁵ keys and 10⁵ pending entries: ready after %v", ready)
	if !a.points(key(many-1), url(many-1)) || !a.points("pending-5", url(5)) {
		t.Error("ready without the data")
	}
	t.Logf("journal written back %v later", a.awaitDrained())
	redis.Kill()
	fillJournal(t, filepath.Join(c.volume, "node1.journal"))
	b := c.start(1)
	fromPeer := b.awaitReady()
	t.Logf("from a peer, with 2·10⁵ keys and 10⁵ pending entries: ready after %v", fromPeer)
	if max(ready, fromPeer) > limit {
		t.Errorf("ready after %v and %v", ready, fromPeer)
	}
	if !b.points(key(many-1), url(many-1)) || !b.points("pending-5", url(5)) {
		t.Error("ready without the data")
	}
}

func fillRedis(t *testing.T, addr string, n int) {
	t.Helper()
	r := truth.New(truth.Options{Addr: addr, Node: "filler", Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go r.Run(ctx)
	<-r.Tried()
	for i := 0; i < n; i += 1000 {
		var batch []*entry.Entry
		for k := i; k < i+1000; k++ {
			batch = append(batch, entry.New(key(k), url(k), 0).At(entry.Version{Time: time.Now().UnixMicro(), Node: "filler"}))
		}
		if err := r.Offer(ctx, batch); err != nil {
			t.Fatal(err)
		}
	}
	r.Close()
}

func fillJournal(t *testing.T, path string) {
	t.Helper()
	j, err := journal.Open(path, 1<<30, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	const writers = 200
	for w := range writers {
		wg.Go(func() {
			for i := w; i < many; i += writers {
				e := entry.New(fmt.Sprint("pending-", i), url(i), 0).At(entry.Version{Time: time.Now().UnixMicro(), Node: "node0"})
				if err := j.Append(e); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// answer is the cheapest writer there is, so that the mapper is measured.
type answer struct{ *httptest.ResponseRecorder }

func (answer) Write(b []byte) (int, error) { return len(b), nil }
func (answer) WriteHeader(int)             {}

// BenchmarkCachedGet is a GET of a known key through handler, service and
// copy, without the network, among 10⁵ keys.
func BenchmarkCachedGet(b *testing.B) {
	for _, kind := range []string{"sharded", "rwmutex", "article"} {
		b.Run(kind, func(b *testing.B) {
			c, err := config.Parse([]string{"--node=bench", "--redis=127.0.0.1:1", "--journal-dir=" + b.TempDir(), "--map=" + kind})
			if err != nil {
				b.Fatal(err)
			}
			p, err := assemble(c, slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			defer p.journal.Close()
			for i := range many {
				p.service.Restore(entry.New(key(i), url(i), 0).At(entry.Version{Time: 1, Node: "n"}))
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				w := answer{httptest.NewRecorder()}
				r := httptest.NewRequest("GET", "/x", nil)
				paths := make([]string, 1024)
				for i := range paths {
					paths[i] = "/" + key(i*97%many)
				}
				for i := 0; pb.Next(); i++ {
					r.URL.Path = paths[i%len(paths)]
					p.handler.ServeHTTP(w, r)
				}
			})
		})
	}
}
