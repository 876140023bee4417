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
	"gauntlet/targets/mapper/truth"
)

// far is the delay that must not be an outage.
var far = redistest.Delay{Mean: 100 * time.Millisecond, Jitter: 30 * time.Millisecond}

// distant is a cluster whose Redis is behind a proxy.
func distant(t *testing.T, n int) (*cluster, *redistest.Server, *redistest.Proxy) {
	t.Helper()
	redis := redistest.Start(t)
	proxy := redistest.NewProxy(t, redis.Addr)
	return newCluster(t, proxy.Addr, n), redis, proxy
}

// A hundred milliseconds to Redis or back are slowness: writes still rest on
// Redis, what is in memory is served as before, and nobody gives up.
func TestLatencyIsNoOutage(t *testing.T) {
	for name, way := range map[string]struct{ to, from redistest.Delay }{
		"to":   {to: far},
		"from": {from: far},
	} {
		t.Run(name, func(t *testing.T) {
			c, redis, proxy := distant(t, 2)
			a, b := c.start(0), c.start(1)
			a.awaitReady()
			b.awaitReady()
			a.put("known", "http://example.com/known")
			proxy.Latency(way.to, way.from)
			for try := 1; ; try++ {
				late := stalls()
				wrong := troubleOfDistance(t, a, b)
				stalled := late()
				if len(wrong) == 0 {
					break
				}
				// What is left of a call's time is less than the machine stopped for.
				if spare := truth.Timeout - far.Mean - far.Jitter; stalled < spare/2 || try == 5 {
					t.Fatalf("%s (the machine stalled for up to %v)", strings.Join(wrong, "; "), stalled)
				}
				t.Logf("again, as the machine stalled for %v: %s", stalled, strings.Join(wrong, "; "))
				eventually(t, "the breaker is shut again", func() bool { return a.put("known", "http://example.com/known") == "redis" })
			}
			// A connection can be made anew, although that takes longer than a call may.
			resyncs := a.metric("mapper_copy_resyncs_total")
			redis.Cli("CLIENT", "KILL", "TYPE", "pubsub")
			eventually(t, "the end of the stream is noticed", func() bool { return a.metric("mapper_copy_resyncs_total") != resyncs })
			eventually(t, "the copy is complete again", func() bool { return a.metric("mapper_copy_complete") == "1" })
		})
	}
}

// troubleOfDistance writes and reads, and tells what should not come of it.
func troubleOfDistance(t *testing.T, a, b *process) (wrong []string) {
	opened, resyncs := a.metric(breakerOpened), a.metric("mapper_copy_resyncs_total")
	if inRedis := putMany(a, 200, 10); inRedis < 180 {
		wrong = append(wrong, fmt.Sprintf("%d of 200 writes rest on redis", inRedis))
	}
	var took []time.Duration
	for range 50 {
		start := time.Now()
		if !a.points("known", "http://example.com/known") {
			t.Fatal("a known key is not served")
		}
		took = append(took, time.Since(start))
	}
	if slices.Sort(took); took[25] > far.Mean/2 {
		wrong = append(wrong, fmt.Sprintf("half of the hits took more than %v", took[25]))
	}
	eventually(t, "the last write is pushed", func() bool { return b.points(key(199), url(199)) })
	if now := a.metric(breakerOpened); now != opened {
		wrong = append(wrong, fmt.Sprintf("the breaker opened: %q times, %q before", now, opened))
	}
	if now := a.metric("mapper_copy_resyncs_total"); now != resyncs {
		wrong = append(wrong, fmt.Sprintf("the push stream ended: %s times, %s before", now, resyncs))
	}
	return wrong
}

// stalls begins to measure for how long the machine lets nothing of this
// process run, and late ends that and tells the longest.
func stalls() (late func() time.Duration) {
	const nap = time.Millisecond
	end, longest := make(chan struct{}), make(chan time.Duration)
	go func() {
		var most time.Duration
		for {
			select {
			case <-end:
				longest <- most
				return
			default:
				start := time.Now()
				time.Sleep(nap)
				most = max(most, time.Since(start)-nap)
			}
		}
	}()
	return func() time.Duration { close(end); return <-longest }
}

const breakerOpened = `mapper_redis_breaker_changes_total{to="open"}`

// putMany writes keys 0 to n-1, some at a time, and counts what rests on Redis.
func putMany(p *process, n, atOnce int) int {
	var inRedis atomic.Int64
	var wg sync.WaitGroup
	for w := range atOnce {
		wg.Go(func() {
			for i := w; i < n; i += atOnce {
				resp, text := p.do(http.MethodPut, "/"+key(i), fmt.Sprintf(`{"url":%q}`, url(i)))
				switch resp.StatusCode {
				case http.StatusCreated:
					inRedis.Add(1)
				case http.StatusAccepted:
				default:
					p.t.Errorf("PUT %s: %d %s", key(i), resp.StatusCode, text)
				}
			}
		})
	}
	wg.Wait()
	return int(inRedis.Load())
}

// Nothing arrives and nothing is closed: the first calls pay the time-out, the
// breaker opens, goroutines do not pile up, and the return is noticed.
func TestPartition(t *testing.T) {
	c, redis, proxy := distant(t, 1)
	a := c.start(0)
	a.awaitReady()
	a.put("known", "http://example.com/known")
	for round := range 2 {
		// Once with writers and once without, when only heartbeats can notice.
		before := a.goroutines()
		proxy.Silence()
		start := time.Now()
		if round == 0 {
			if n := putMany(a, 500, 20); n != 0 {
				t.Errorf("%d writes rest on a redis that does not answer", n)
			}
			t.Logf("500 writes took %v", time.Since(start))
		}
		a.awaitOutage()
		if d := time.Since(start); round == 1 {
			t.Logf("open after %v", d) // 1 s on a quiet machine
			if d > 3*time.Second {
				t.Errorf("the breaker opened after %v", d)
			}
		}
		if !a.points("known", "http://example.com/known") {
			t.Error("a known key is not served")
		}
		for range 30 { // longer than connections live without an answer
			if got := a.put("k", "http://example.com/k"); got != "journal" {
				t.Errorf("rests on %q", got)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if after := a.goroutines(); after > before+100 {
			t.Errorf("%d goroutines, %d before", after, before)
		}
		proxy.Heal()
		closed := eventually(t, "the breaker is closed", func() bool { return a.metric(breakerClosed) == "1" })
		t.Logf("closed %v after the return, journal empty %v later", closed, a.awaitDrained())
		if closed > 4*time.Second { // 1.2 s on a quiet machine
			t.Errorf("the breaker closed after %v", closed)
		}
		if !strings.Contains(redis.Cli("GET", "mapper:k:k"), "http://example.com/k") {
			t.Error("the write is not in redis")
		}
		eventually(t, "the copy is complete again", func() bool { return a.metric("mapper_copy_complete") == "1" })
	}
}

const breakerClosed = `mapper_redis_breaker{state="closed"}`

func hangsInAPartition(t *testing.T, args ...string) bool {
	c, _, proxy := distant(t, 1)
	a := c.start(0, args...)
	a.awaitReady()
	proxy.Silence()
	resp, _ := a.do(http.MethodPut, "/k", `{"url":"http://example.com/k"}`) // the client gives up after 5 s
	return resp.StatusCode == 0
}

func waitsForConnections(t *testing.T, args ...string) bool {
	c, _, proxy := distant(t, 1)
	a := c.start(0, args...)
	a.awaitReady()
	proxy.Latency(redistest.Delay{}, redistest.Delay{Mean: 100 * time.Millisecond})
	start := time.Now()
	putMany(a, 40, 40) // two at a time: 2 s
	return time.Since(start) > time.Second
}

func triesTenTimes(t *testing.T, args ...string) bool {
	c, _, proxy := distant(t, 1)
	a := c.start(0, args...)
	a.awaitReady()
	a.put("k", "http://example.com/k")
	proxy.Silence()
	a.awaitOutage()
	const failed = `mapper_redis_latency_seconds_count{call="write",outcome="error"}`
	before := a.metric(failed)
	a.put("k", "http://example.com/k")
	return before == "" && a.metric(failed) == "10"
}

func waitsForOthers(t *testing.T, args ...string) bool {
	c, _, proxy := distant(t, 1)
	a := c.start(0, args...)
	a.awaitReady()
	a.put("known", "http://example.com/known")
	proxy.Latency(redistest.Delay{}, redistest.Delay{Mean: 100 * time.Millisecond})
	var wg sync.WaitGroup
	var stop atomic.Bool
	for w := range 4 {
		wg.Go(func() {
			for !stop.Load() {
				a.put(key(w), url(w))
			}
		})
	}
	var took []time.Duration
	for range 11 {
		start := time.Now()
		a.points("known", "http://example.com/known")
		took = append(took, time.Since(start))
		time.Sleep(20 * time.Millisecond)
	}
	stop.Store(true)
	wg.Wait()
	slices.Sort(took)
	return took[5] > 50*time.Millisecond
}

func degradesAfterHalfAMinute(t *testing.T, args ...string) bool {
	redis := redistest.Start(t)
	a := newCluster(t, redis.Addr, 1).start(0, args...)
	a.awaitReady()
	redis.Kill()
	refused := 0
	for range 20 {
		resp, _ := a.do(http.MethodPut, "/k", `{"url":"http://example.com/k"}`)
		if resp.StatusCode >= 500 {
			refused++
		}
		time.Sleep(100 * time.Millisecond)
	}
	if refused != 0 && refused != 20 {
		t.Errorf("%d of 20 writes in 2 s were refused", refused)
	}
	return refused > 0
}

func staysOpen(t *testing.T, args ...string) bool {
	a, redis := outage(t, args...)
	redis.Start()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if a.metric(breakerClosed) == "1" {
			return false
		}
	}
	return true
}

func usesHalfOfTheShards(t *testing.T, args ...string) bool {
	a := newCluster(t, redistest.Start(t).Addr, 1).start(0, args...)
	a.awaitReady()
	seen := map[string]bool{}
	for i := range 1000 { // reaches all 64 when they are evenly used
		digits := []byte(fmt.Sprintf("%04d", i))
		for j := range digits {
			digits[j] = '0' + (digits[j]-'0')*2%10
		}
		resp, _ := a.do(http.MethodGet, "/"+string(digits), "")
		seen[resp.Header.Get("X-Shard")] = true
	}
	return len(seen) <= 32
}
