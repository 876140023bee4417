package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gauntlet/targets/mapper/redistest"
)

// A replica that joins while everything is busy takes the copy of a peer, has
// every write that was acknowledged before it was ready, and Redis is not
// read as a whole for it. The peer is behind a proxy.
func TestJoinsFromAPeerUnderLoad(t *testing.T) {
	const known = 20_000
	redis := redistest.Start(t)
	fillRedis(t, redis.Addr, known)
	c := newCluster(t, redis.Addr, 2)
	a := c.start(0)
	a.awaitReady()
	scans := scansOf(redis)
	c.peers = []string{redistest.NewProxy(t, a.addr).Addr}

	var stop atomic.Bool
	var last [4]atomic.Int64 // acknowledged by each writer
	var wg sync.WaitGroup
	for w := range last {
		wg.Go(func() {
			for i := int64(1); !stop.Load(); i++ {
				a.put(fmt.Sprintf("w%d-%d", w, i), url(int(i)))
				last[w].Store(i)
			}
		})
	}
	var took []time.Duration
	wg.Go(func() {
		for i := 0; !stop.Load(); i++ {
			start := time.Now()
			if !a.points(key(i%known), url(i%known)) {
				t.Errorf("%s is not served while a peer joins", key(i%known))
			}
			took = append(took, time.Since(start))
		}
	})
	b := c.start(1)
	ready := b.awaitReady()
	var atLeast [len(last)]int64
	for w := range last {
		atLeast[w] = last[w].Load()
	}
	unknown, _ := b.get("never-written")
	for i := range known / 10 {
		if !b.points(key(i*10), url(i*10)) {
			t.Fatalf("ready without %s", key(i*10))
		}
	}
	stop.Store(true)
	wg.Wait()
	for w, n := range atLeast {
		for i := int64(1); i <= n; i++ {
			k := fmt.Sprintf("w%d-%d", w, i)
			eventually(t, k+" is there", func() bool { return b.points(k, url(int(i))) })
		}
	}
	if unknown != http.StatusNotFound {
		t.Errorf("a complete copy answers %d for a key that is not there", unknown)
	}
	if !strings.Contains(b.log.String(), "loaded from a peer") || scansOf(redis) != scans {
		t.Errorf("redis was read: %s, before %s; log:\n%s", scansOf(redis), scans, b.log)
	}
	slices.Sort(took)
	t.Logf("ready after %v and %v writes; reads of the peer meanwhile: %d, median %v, slowest %v", ready, atLeast, len(took), took[len(took)/2], took[len(took)-1])
}

// scansOf is what Redis says of the scans that it has made.
func scansOf(redis *redistest.Server) string {
	for line := range strings.Lines(redis.Cli("INFO", "commandstats")) {
		if rest, ok := strings.CutPrefix(line, "cmdstat_scan:calls="); ok {
			calls, _, _ := strings.Cut(rest, ",")
			return calls
		}
	}
	return "0"
}

// A change that was counted and never arrived, and one that arrived after a
// hole: both end in loading again.
func TestMissedChangeIsLoaded(t *testing.T) {
	for name, miss := range map[string][]string{
		"silence": {"INCR", "mapper:seq"},
		"hole":    {"PUBLISH", "mapper:changes", "99 k 1 n 0 s http://example.com/k"},
	} {
		t.Run(name, func(t *testing.T) {
			redis := redistest.Start(t)
			a := newCluster(t, redis.Addr, 1).start(0)
			a.awaitReady()
			eventually(t, "the copy is complete", func() bool { return a.metric("mapper_copy_complete") == "1" })
			redis.Cli("SET", "mapper:k:missed", "1 n 0 s http://example.com/missed")
			if status, _ := a.get("missed"); status != http.StatusNotFound {
				t.Errorf("what nobody said is %d", status)
			}
			redis.Cli(miss...)
			eventually(t, "the change is there", func() bool { return a.points("missed", "http://example.com/missed") })
			eventually(t, "the copy is complete", func() bool { return a.metric("mapper_copy_complete") == "1" })
		})
	}
}
