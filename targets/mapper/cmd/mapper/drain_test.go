package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gauntlet/targets/mapper/redistest"
)

// router sends requests to the replicas that were ready at the last poll, as a
// service does.
type router struct {
	replicas []*process
	ready    []atomic.Bool
	next     atomic.Uint64
}

// poll asks every 100 ms until the test is over.
func (r *router) poll(stop <-chan struct{}) {
	for {
		for i, p := range r.replicas {
			r.ready[i].Store(p.status("/readyz") == http.StatusOK)
		}
		select {
		case <-stop:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (r *router) pick() *process {
	for range r.replicas {
		i := int(r.next.Add(1)) % len(r.replicas)
		if r.ready[i].Load() {
			return r.replicas[i]
		}
	}
	return nil
}

// A rolling restart under load: every request that is sent is answered, with
// success, and what was acknowledged is there at the end.
func TestRollingRestartLosesNoRequest(t *testing.T) {
	for _, away := range []bool{false, true} {
		t.Run(fmt.Sprintf("redis away %v", away), func(t *testing.T) {
			redis := redistest.Start(t)
			c := newCluster(t, redis.Addr, 2)
			r := &router{replicas: []*process{c.start(0), c.start(1)}, ready: make([]atomic.Bool, 2)}
			for i := range 100 {
				eventually(t, "a replica is ready", func() bool { return r.replicas[i%2].status("/readyz") == 200 })
				r.replicas[i%2].put(key(i), url(i))
			}
			if away {
				redis.Kill()
				r.replicas[0].awaitOutage()
				r.replicas[1].awaitOutage()
			}
			load := r.load(t)
			for i, p := range r.replicas {
				if code := p.terminate(); code != 0 {
					t.Errorf("exit code %d", code)
				}
				p.launch()
				p.awaitReady()
				eventually(t, "the router knows", func() bool { return r.ready[i].Load() })
			}
			sent, acknowledged := load()
			t.Logf("%d requests, %d acknowledged writes", sent, len(acknowledged))
			if away {
				redis.Start()
				r.replicas[0].awaitDrained()
				r.replicas[1].awaitDrained()
			}
			for k, v := range acknowledged {
				for _, p := range r.replicas {
					eventually(t, k+" is there", func() bool { return p.points(k, v) })
				}
			}
		})
	}
}

// load sends reads and writes until its answer is called, which returns the
// number of requests and the last acknowledged value of each key.
func (r *router) load(t *testing.T) func() (int64, map[string]string) {
	stop := make(chan struct{})
	acknowledged := map[string]string{}
	var mu sync.Mutex
	var sent atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() { r.poll(stop) })
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(2 * time.Millisecond):
				}
				p := r.pick()
				if p == nil {
					continue
				}
				sent.Add(1)
				if i%4 > 0 {
					if status, _ := p.get(key(i % 100)); status != http.StatusFound {
						t.Errorf("GET from %s: %d", p.addr, status)
					}
					continue
				}
				k, v := fmt.Sprintf("w%d-%d", w, i%50), url(i)
				resp, text := p.do(http.MethodPut, "/"+k, fmt.Sprintf(`{"url":%q}`, v))
				if resp.StatusCode != http.StatusCreated && resp.StatusCode != http.StatusAccepted {
					t.Errorf("PUT to %s: %d %s", p.addr, resp.StatusCode, text)
					continue
				}
				mu.Lock()
				acknowledged[k] = v
				mu.Unlock()
			}
		})
	}
	return func() (int64, map[string]string) {
		close(stop)
		wg.Wait()
		return sent.Load(), acknowledged
	}
}

// Clients open connections in advance: one that says nothing must not hold an
// orderly stop up, and one that is idle is told nothing but its end.
func TestSilentConnectionsDoNotDelayTheStop(t *testing.T) {
	a := newCluster(t, redistest.Start(t).Addr, 1).start(0)
	a.awaitReady()
	conn, err := net.Dial("tcp", a.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	start := time.Now()
	if code := a.terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if d := time.Since(start); d > 4*time.Second { // net/http alone takes 5 s
		t.Errorf("the stop took %v", d)
	}
	if strings.Contains(a.log.String(), "cut off") {
		t.Errorf("log:\n%s", a.log)
	}
}
