package main

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gauntlet/targets/mapper/redistest"
)

func key(i int) string { return fmt.Sprintf("key-%d", i) }
func url(i int) string { return fmt.Sprintf("http://example.com/%d", i) }

func TestReplicasConvergeByPush(t *testing.T) {
	c := newCluster(t, redistest.Start(t).Addr, 3)
	a, b, d := c.start(0), c.start(1), c.start(2)
	for _, p := range []*process{a, b, d} {
		p.awaitReady()
	}
	var slowest time.Duration
	for i := range 20 {
		if got := a.put(key(i), url(i)); got != "redis" {
			t.Fatalf("rests on %q", got)
		}
		for _, p := range []*process{b, d} {
			slowest = max(slowest, eventually(t, key(i)+" is pushed", func() bool { return p.points(key(i), url(i)) }))
		}
	}
	t.Logf("slowest push: %v", slowest)
	b.delete(key(3))
	eventually(t, "the delete is pushed", func() bool { s, _ := d.get(key(3)); return s == 404 })
	if s, _ := a.get("never-written"); s != 404 {
		t.Errorf("a complete copy answers %d for a key that is not there", s)
	}
}

// The core of the promise: with Redis dead, known keys are served, writes are
// taken, and all of it is in Redis once that is back.
func TestOutageAndReturn(t *testing.T) {
	redis := redistest.Start(t)
	c := newCluster(t, redis.Addr, 2)
	a, b := c.start(0), c.start(1)
	a.awaitReady()
	b.awaitReady()
	a.put("known", "http://example.com/known")
	a.put("doomed", "http://example.com/doomed")
	eventually(t, "pushed", func() bool { return b.points("doomed", "http://example.com/doomed") })
	redis.Kill()
	for i := range 50 { // from the first call on, not from when the breaker opens
		start := time.Now()
		if got := a.put(key(i), url(i)); got != "journal" {
			t.Fatalf("write %d rests on %q while redis is dead", i, got)
		}
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("write %d took %v", i, d)
		}
	}
	if got := b.put(key(0), "http://example.com/later"); got != "journal" {
		t.Fatalf("rests on %q", got)
	}
	if got := a.delete("doomed"); got != "journal" {
		t.Fatalf("delete rests on %q", got)
	}
	if !a.points("known", "http://example.com/known") || !b.points("known", "http://example.com/known") || !a.points(key(7), url(7)) {
		t.Error("a known key is not served while redis is dead")
	}
	a.awaitOutage()
	eventually(t, "an unknown key is 503, because nobody can tell", func() bool { s, _ := b.get("unknown"); return s == 503 })
	redis.Start()
	t.Logf("journals empty after %v, %v", a.awaitDrained(), b.awaitDrained())
	for i := 1; i < 50; i++ {
		if !strings.Contains(redis.Cli("GET", "mapper:k:"+key(i)), url(i)) {
			t.Errorf("%s is not in redis", key(i))
		}
		eventually(t, key(i)+" reached the other replica", func() bool { return b.points(key(i), url(i)) })
	}
	for _, p := range []*process{a, b} {
		eventually(t, "the last writer won", func() bool { return p.points(key(0), "http://example.com/later") })
		eventually(t, "the delete holds", func() bool { s, _ := p.get("doomed"); return s == 404 })
		eventually(t, "404 again", func() bool { s, _ := p.get("unknown"); return s == 404 })
	}
	if got := a.put("after", "http://example.com/after"); got != "redis" {
		t.Errorf("rests on %q after the return", got)
	}
}

// Redis and the replica die at once, both with SIGKILL.
func TestKilledReplicaLosesNothing(t *testing.T) {
	redis := redistest.Start(t)
	c := newCluster(t, redis.Addr, 2)
	a, b := c.start(0), c.start(1)
	a.awaitReady()
	b.awaitReady()
	var acknowledged sync.Map
	var stop atomic.Bool
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := w; !stop.Load(); i += 4 {
				resp, _ := a.do("PUT", "/"+key(i), fmt.Sprintf(`{"url":%q}`, url(i)))
				if resp.StatusCode == 201 || resp.StatusCode == 202 {
					acknowledged.Store(i, resp.Header.Get("X-Durability"))
				}
				if resp.StatusCode == 0 {
					return // the replica is dead
				}
			}
		})
	}
	time.Sleep(300 * time.Millisecond) // some writes with redis,
	redis.Kill()
	time.Sleep(300 * time.Millisecond) // some without,
	a.kill()                           // and some in flight
	stop.Store(true)
	wg.Wait()
	a.launch()
	a.awaitReady() // from its peer and its journal: redis is away
	count := map[string]int{}
	check := func(p *process, redisAway bool, when string) {
		t.Helper()
		acknowledged.Range(func(i, durability any) bool {
			count[durability.(string)]++
			s, l := p.get(key(i.(int)))
			if redisAway && durability == "redis" && s == 503 {
				return true // Redis died before it pushed it to the peer: nobody can tell, and nobody says 404
			}
			if s != 302 || l != url(i.(int)) {
				t.Errorf("%s: %s (%s) is %d %s", when, key(i.(int)), durability, s, l)
				return false
			}
			return true
		})
	}
	pushed := func(p *process) {
		t.Helper()
		acknowledged.Range(func(i, _ any) bool {
			eventually(t, key(i.(int))+" is pushed", func() bool { return p.points(key(i.(int)), url(i.(int))) })
			return true
		})
	}
	check(a, true, "after the restart, redis away")
	if count["redis"] == 0 || count["journal"] == 0 {
		t.Errorf("acknowledged %v: the test did not see both", count)
	}
	redis.Start()
	a.awaitDrained()
	eventually(t, "the copy is complete", func() bool { return a.metric("mapper_copy_complete") == "1" })
	check(a, false, "after redis is back")
	pushed(b)
}

func TestJoinsFromAPeerWhileRedisIsAway(t *testing.T) {
	redis := redistest.Start(t)
	c := newCluster(t, redis.Addr, 2)
	a := c.start(0)
	a.awaitReady()
	for i := range 100 {
		a.put(key(i), url(i))
	}
	redis.Kill()
	a.put("in-the-journal", "http://example.com/journal")
	b := c.start(1)
	b.awaitReady()
	if !b.points(key(42), url(42)) || !b.points("in-the-journal", "http://example.com/journal") {
		t.Error("the copy of the peer is not there")
	}
	if s, _ := b.get("unknown"); s != 503 {
		t.Errorf("an unknown key is %d, but redis may have it", s)
	}
}

// The AOF is synced every second: what a killed Redis lost is offered again.
// Its log is emptied here, which is more than a kill can do.
func TestNewRedisProcessGetsTheLastWritesAgain(t *testing.T) {
	redis := redistest.Start(t)
	c := newCluster(t, redis.Addr, 2)
	a, b := c.start(0), c.start(1)
	a.awaitReady()
	b.awaitReady()
	for i := range 20 {
		a.put(key(i), url(i))
	}
	eventually(t, "pushed", func() bool { return b.points(key(19), url(19)) })
	a.kill() // the one that acknowledged is gone: the other one has heard of it
	redis.Cli("FLUSHALL")
	redis.Kill()
	redis.Start()
	for i := range 20 {
		eventually(t, key(i)+" is in redis again", func() bool {
			return strings.Contains(redis.Cli("GET", "mapper:k:"+key(i)), url(i))
		})
	}
}

// Redis hangs without closing its connections: the first calls pay the
// time-out, and nothing is lost.
func TestHangingRedis(t *testing.T) {
	redis := redistest.Start(t)
	a := newCluster(t, redis.Addr, 1).start(0)
	a.awaitReady()
	a.put("known", "http://example.com/known")
	redis.Pause()
	if got := a.put("k", "http://example.com/k"); got != "journal" {
		t.Fatalf("rests on %q", got)
	}
	if !a.points("known", "http://example.com/known") || !a.points("k", "http://example.com/k") {
		t.Error("a known key is not served while redis hangs")
	}
	a.awaitOutage()
	eventually(t, "an unknown key is 503", func() bool { s, _ := a.get("unknown"); return s == 503 })
	redis.Resume()
	a.awaitDrained()
	if !strings.Contains(redis.Cli("GET", "mapper:k:k"), "http://example.com/k") {
		t.Error("the write is not in redis")
	}
}

func TestTermFinishesRequests(t *testing.T) {
	redis := redistest.Start(t)
	a := newCluster(t, redis.Addr, 1).start(0)
	a.awaitReady()
	redis.Pause() // makes a write last 150 ms
	answered := make(chan string, 1)
	go func() {
		resp, body := a.do("PUT", "/k", `{"url":"http://example.com/k"}`)
		answered <- fmt.Sprint(resp.StatusCode, body)
	}()
	eventually(t, "the write is in flight", func() bool { // or over already, on a slow machine
		return a.metric("mapper_writes_in_flight") == "1" || len(answered) > 0
	})
	if code := a.terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if got := <-answered; got != "202" {
		t.Errorf("the request in flight got %q", got)
	}
	redis.Resume()
	if code := func() int { a.launch(); a.awaitReady(); a.awaitDrained(); return a.terminate() }(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestFullJournalRefuses(t *testing.T) {
	redis := redistest.Start(t)
	a := newCluster(t, redis.Addr, 1).start(0, "--journal-max=1KiB")
	a.awaitReady()
	redis.Kill()
	a.awaitOutage()
	for i := range 100 {
		resp, body := a.do("PUT", "/"+key(i), fmt.Sprintf(`{"url":%q}`, url(i)))
		if resp.StatusCode == 202 {
			continue
		}
		if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
			t.Fatalf("write %d: %d %s", i, resp.StatusCode, body)
		}
		if s, _ := a.get(key(i)); s != 503 {
			t.Fatalf("the refused write had an effect: %d", s)
		}
		return
	}
	t.Fatal("100 writes fit into 1 KiB")
}
