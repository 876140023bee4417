package main

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gauntlet/targets/mapper/redistest"
)

func diesOfItsMap(t *testing.T, args ...string) bool {
	redis := redistest.Start(t)
	fillRedis(t, redis.Addr, 5000)
	a := newCluster(t, redis.Addr, 1).start(0, args...)
	a.awaitReady()
	var dead atomic.Bool
	var wg sync.WaitGroup
	// Two must meet in the map, which takes long where they get little of the
	// processors; a mapper without the defect is watched for less.
	patience := 3 * time.Second
	if len(args) > 0 {
		patience = 30 * time.Second
	}
	end := time.Now().Add(patience)
	for w := range 4 {
		wg.Go(func() {
			for i := 0; time.Now().Before(end) && !dead.Load(); i++ {
				resp, _ := a.do(http.MethodPut, fmt.Sprintf("/w%d-%d", w, i), `{"url":"http://example.com/k"}`)
				if resp.StatusCode == 0 {
					dead.Store(true)
				}
			}
		})
	}
	wg.Wait()
	if dead.Load() {
		_ = a.cmd.Wait() // the log says how it ended
		if text := a.log.String(); !strings.Contains(text, "fatal error: concurrent map") {
			t.Errorf("ended otherwise: %s", text)
		}
	}
	return dead.Load()
}

// locksAShardUp: one shard hangs after an outage, and no other.
func locksAShardUp(t *testing.T, args ...string) bool {
	redis := redistest.Start(t)
	a := newCluster(t, redis.Addr, 1).start(0, args...)
	a.awaitReady()
	byShard := map[string]string{}
	for i := range 1000 {
		resp, _ := a.do(http.MethodGet, "/"+key(i), "")
		byShard[resp.Header.Get("X-Shard")] = key(i)
	}
	for _, k := range byShard {
		a.put(k, "http://example.com/before")
	}
	redis.Kill()
	a.awaitOutage()
	for _, k := range byShard {
		a.put(k, "http://example.com/k")
	}
	redis.Start()
	eventually(t, "the breaker is closed", func() bool { return a.metric(breakerClosed) == "1" })
	var stuck sync.Map
	var wg sync.WaitGroup
	for shard, k := range byShard {
		wg.Go(func() {
			if status, _ := a.get(k); status != http.StatusFound {
				stuck.Store(shard, status)
			}
		})
	}
	wg.Wait()
	n, the41st := 0, false
	stuck.Range(func(shard, _ any) bool { n++; the41st = the41st || shard == "41"; return true })
	if n > 1 || (n == 1) != the41st {
		t.Errorf("%d shards hang, shard 41: %v", n, the41st)
	}
	return n > 0
}

func flaps(t *testing.T, args ...string) bool {
	c, _, proxy := distant(t, 1)
	a := c.start(0, args...)
	a.awaitReady()
	proxy.Latency(redistest.Delay{}, far)
	changes := 0
	for before, i := http.StatusOK, 0; i < 40; i++ {
		now := a.status("/readyz")
		if now != before {
			changes++
		}
		before = now
	}
	return changes >= 4
}

func recoversForReadersOnly(t *testing.T, args ...string) bool {
	a, redis := outage(t, args...)
	a.put("k", "http://example.com/k") // with redis away all is well
	redis.Start()
	eventually(t, "the breaker is closed", func() bool { return a.metric(breakerClosed) == "1" })
	a.awaitDrained()
	if !a.points("known", "http://example.com/known") || !a.points("k", "http://example.com/k") {
		t.Error("a known key is not served")
	}
	resp, _ := a.do(http.MethodPut, "/k", `{"url":"http://example.com/later"}`)
	return resp.StatusCode == http.StatusServiceUnavailable
}

func (p *process) goroutines() int {
	p.t.Helper()
	n, err := strconv.Atoi(p.metric("go_goroutines"))
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

func keepsWatching(t *testing.T, args ...string) bool {
	a, redis := outage(t, args...)
	before := a.goroutines()
	putMany(a, 300, 10)
	redis.Start()
	a.awaitDrained()
	time.Sleep(time.Second) // what ends by itself has ended
	return a.goroutines() > before+250
}

func leavesGoroutines(t *testing.T, args ...string) bool {
	a := newCluster(t, redistest.Start(t).Addr, 1).start(0, args...)
	a.awaitReady()
	before := a.goroutines()
	for range 300 {
		a.get("k")
	}
	return a.goroutines() > before+250
}

// trustsItsClock: of two writes in an outage the later one is to win, or not to
// be acknowledged. Each replica is first once, whichever clock is behind.
func trustsItsClock(t *testing.T, args ...string) bool {
	t.Setenv("MAPPER_CLOCK_SPREAD", "1h")
	redis := redistest.Start(t)
	c := newCluster(t, redis.Addr, 2)
	replicas := []*process{c.start(0, args...), c.start(1, args...)}
	for _, p := range replicas {
		p.awaitReady()
	}
	offset, err := strconv.ParseFloat(replicas[0].metric("mapper_clock_offset_seconds"), 64)
	if err != nil || (len(args) == 0 && math.Abs(offset) < 1) {
		t.Fatalf("the clocks do not differ: %v, %v", offset, err)
	}
	redis.Kill()
	for _, p := range replicas {
		p.awaitOutage()
	}
	acknowledged := map[string]string{}
	for first, k := range []string{"a", "b"} {
		for i, p := range []*process{replicas[first], replicas[1-first]} {
			resp, _ := p.do(http.MethodPut, "/"+k, fmt.Sprintf(`{"url":%q}`, url(i)))
			if resp.StatusCode == http.StatusAccepted {
				acknowledged[k] = url(i)
			}
		}
	}
	redis.Start()
	for _, p := range replicas {
		p.awaitDrained()
	}
	wrong := false
	for k, v := range acknowledged {
		wrong = wrong || !strings.Contains(redis.Cli("GET", "mapper:k:"+k), v)
	}
	return wrong
}

func losesTheTail(t *testing.T, args ...string) bool {
	a, redis := outage(t, args...)
	for i := range 100 {
		a.put(key(i), url(i))
	}
	a.kill()
	redis.Start()
	a.launch()
	a.awaitReady()
	if !a.points(key(0), url(0)) {
		t.Error("the head of the journal is gone too")
	}
	return !a.points(key(99), url(99))
}
