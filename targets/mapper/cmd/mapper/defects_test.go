package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gauntlet/targets/mapper/defect"
	"gauntlet/targets/mapper/redistest"
)

// Each defect must be visible in the way that it is named for, and must not
// be without it: the rows run twice.
func TestDefects(t *testing.T) {
	for _, c := range []struct {
		name defect.Name
		// wrong sets a situation up and says whether the mapper is wrong.
		wrong func(t *testing.T, args ...string) bool
	}{
		{defect.NoFallback, failsWithoutRedis},
		{defect.NotFoundOnError, deniesWithoutRedis},
		{defect.AckBeforeStore, losesWhatItAcknowledged},
		{defect.MemoryOnly, losesItsJournal},
		{defect.DropOnShutdown, losesItsJournalInOrder},
		{defect.NoRedisTimeout, hangsInAPartition},
		{defect.PoolExhaustion, waitsForConnections},
		{defect.BreakerNeverHalfOpens, staysOpen},
		{defect.Breaker30sWindow, degradesAfterHalfAMinute},
		{defect.RetryStorm, triesTenTimes},
		{defect.GlobalLock, waitsForOthers},
		{defect.FNVShards, usesHalfOfTheShards},
		{defect.WrongURL, pointsElsewhere},
		{defect.StaleValue, keepsOldValues},
		{defect.UnlockedMap, diesOfItsMap},
		{defect.OneShardStuck, locksAShardUp},
		{defect.FlappingReadiness, flaps},
		{defect.WritesStayBroken, recoversForReadersOnly},
		{defect.LeakAfterRecovery, keepsWatching},
		{defect.GoroutineLeak, leavesGoroutines},
		{defect.ClockSkew, trustsItsClock},
		{defect.JournalTailIgnored, losesTheTail},
		{defect.ColdJoin, readyWithoutData},
		{defect.NoDrain, cutsRequestsOff},
		{defect.ResurrectDeleted, bringsBackDeleted},
		{defect.OlderWriteWins, letsOlderWin},
	} {
		t.Run(string(c.name), func(t *testing.T) {
			if !c.wrong(t, "--defect="+string(c.name)) {
				t.Error("the defect cannot be seen")
			}
		})
		t.Run("without-"+string(c.name), func(t *testing.T) {
			if c.wrong(t) {
				t.Error("wrong without the defect")
			}
		})
	}
}

// outage is a replica that knows a key, and a Redis that has just died.
func outage(t *testing.T, args ...string) (*process, *redistest.Server) {
	t.Helper()
	redis := redistest.Start(t)
	a := newCluster(t, redis.Addr, 1).start(0, args...)
	a.awaitReady()
	a.put("known", "http://example.com/known")
	redis.Kill()
	a.awaitOutage()
	return a, redis
}

func failsWithoutRedis(t *testing.T, args ...string) bool {
	a, _ := outage(t, args...)
	resp, _ := a.do("PUT", "/k", `{"url":"http://example.com/k"}`)
	status, _ := a.get("known")
	if (resp.StatusCode == 503) != (status == 503) {
		t.Errorf("PUT %d, GET %d", resp.StatusCode, status)
	}
	return status == 503
}

func deniesWithoutRedis(t *testing.T, args ...string) bool {
	a, _ := outage(t, args...)
	status, _ := a.get("known")
	return status == 404
}

func losesWhatItAcknowledged(t *testing.T, args ...string) bool {
	redis := redistest.Start(t)
	a := newCluster(t, redis.Addr, 1).start(0, args...)
	a.awaitReady()
	a.put("k", "http://example.com/k")
	a.kill()
	a.launch()
	a.awaitReady()
	return !a.points("k", "http://example.com/k")
}

func losesItsJournal(t *testing.T, args ...string) bool {
	a, redis := outage(t, args...)
	if got := a.put("k", "http://example.com/k"); got != "journal" {
		t.Fatalf("rests on %q", got)
	}
	a.kill()
	redis.Start()
	a.launch()
	a.awaitReady()
	return !a.points("k", "http://example.com/k")
}

func losesItsJournalInOrder(t *testing.T, args ...string) bool {
	redis := redistest.Start(t)
	a := newCluster(t, redis.Addr, 1).start(0, args...)
	a.awaitReady()
	for i := range 50 {
		a.put(key(i), url(i))
	}
	if code := a.terminate(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	a.launch()
	a.awaitReady()
	for i := range 50 {
		if !a.points(key(i), url(i)) {
			return true
		}
	}
	return false
}

func pointsElsewhere(t *testing.T, args ...string) bool {
	a := newCluster(t, redistest.Start(t).Addr, 1).start(0, args...)
	a.awaitReady()
	wrong, struck := 0, 0
	for i := range 500 {
		a.put(key(i), url(i))
		if defect.OneIn(100, key(i)) {
			struck++
		}
	}
	for i := range 500 {
		if !a.points(key(i), url(i)) {
			wrong++
		}
	}
	if wrong != 0 && wrong != struck {
		t.Errorf("%d of 500 keys point elsewhere, want %d", wrong, struck)
	}
	return wrong > 0
}

func keepsOldValues(t *testing.T, args ...string) bool {
	a := newCluster(t, redistest.Start(t).Addr, 1).start(0, args...)
	a.awaitReady()
	stale := false
	for i := range 100 {
		a.put(key(i), url(i))
		a.put(key(i), "http://example.com/new")
		stale = stale || a.points(key(i), url(i))
	}
	return stale
}

func readyWithoutData(t *testing.T, args ...string) bool {
	redis := redistest.Start(t)
	c := newCluster(t, redis.Addr, 2)
	a := c.start(0)
	a.awaitReady()
	for i := range 1000 { // more than one batch of a scan
		a.put(key(i), url(i))
	}
	b := c.start(1, args...)
	b.awaitReady()
	for i := range 1000 {
		if status, _ := b.get(key(i)); status != 302 {
			return true
		}
	}
	return false
}

// cutsRequestsOff stops a replica in the middle of writes that follow each
// other closely. Clients go elsewhere when an answer closes the connection, as
// a service does with a replica that is not ready; and one that finds nobody
// listening was not cut off.
func cutsRequestsOff(t *testing.T, args ...string) bool {
	a, _ := outage(t, args...)
	var cut atomic.Int64
	var wg sync.WaitGroup
	written := make(chan struct{}, 1000)
	for w := range 16 {
		wg.Go(func() {
			for {
				resp, text := a.do(http.MethodPut, "/"+key(w), `{"url":"http://example.com/k"}`)
				if resp.StatusCode == 0 {
					if !strings.Contains(text, "connection refused") {
						cut.Add(1)
					}
					return
				}
				if resp.Close {
					return
				}
				select {
				case written <- struct{}{}:
				default:
				}
			}
		})
	}
	for range 100 {
		<-written
	}
	a.terminate()
	wg.Wait()
	return cut.Load() > 0
}

// replayAfter has an older write of a key wait in one replica's journal while
// something newer is done to the key through another.
func replayAfter(t *testing.T, newer func(p *process), args ...string) *process {
	redis := redistest.Start(t)
	c := newCluster(t, redis.Addr, 2)
	a, b := c.start(0, args...), c.start(1, args...)
	a.awaitReady()
	b.awaitReady()
	redis.Kill()
	a.awaitOutage()
	a.put("k", "http://example.com/old")
	a.kill() // its journal waits
	redis.Start()
	eventually(t, "redis is used again", func() bool { return b.put("other", "http://example.com/other") == "redis" })
	newer(b)
	a.launch()
	a.awaitReady()
	a.awaitDrained()
	time.Sleep(100 * time.Millisecond) // the promised time of a push: nothing is to be seen when all is right
	return b
}

func bringsBackDeleted(t *testing.T, args ...string) bool {
	b := replayAfter(t, func(p *process) { p.delete("k") }, args...)
	status, _ := b.get("k")
	return status == 302
}

func letsOlderWin(t *testing.T, args ...string) bool {
	b := replayAfter(t, func(p *process) { p.put("k", "http://example.com/new") }, args...)
	return b.points("k", "http://example.com/old")
}

func TestStartIsRefusedInOneLine(t *testing.T) {
	c := newCluster(t, "127.0.0.1:1", 1)
	for _, args := range [][]string{{"--defect=no-such"}, {"--journal-max=5"}, {"--listen=x"}} {
		p := c.start(0, args...)
		_ = p.cmd.Wait() // the exit code says it
		if code := p.cmd.ProcessState.ExitCode(); code != 1 {
			t.Errorf("%v: exit code %d", args, code)
		}
		if text := p.log.String(); strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, "mapper: --") {
			t.Errorf("%v: %q", args, text)
		}
	}
}

func TestJournalInUseIsSaid(t *testing.T) {
	c := newCluster(t, "127.0.0.1:1", 2)
	a := c.start(0)
	eventually(t, "it is alive", func() bool { return a.status("/healthz") == 200 })
	b := c.start(1, "--node=node0")
	_ = b.cmd.Wait() // the exit code says it
	if text := b.log.String(); b.cmd.ProcessState.ExitCode() != 1 || !strings.Contains(text, "in use by another process") {
		t.Errorf("exit code %d: %s", b.cmd.ProcessState.ExitCode(), text)
	}
}

func TestProbe(t *testing.T) {
	c := newCluster(t, "127.0.0.1:1", 1)
	a := c.start(0)
	eventually(t, "it is alive", func() bool { return a.status("/healthz") == 200 })
	for path, want := range map[string]int{"/healthz": 0, "/no-such": 1} {
		p := &process{t: t, env: a.env, args: []string{fmt.Sprint("--probe=", a.url(path))}}
		p.launch()
		_ = p.cmd.Wait() // the exit code says it
		if got := p.cmd.ProcessState.ExitCode(); got != want {
			t.Errorf("%s: exit code %d, want %d", path, got, want)
		}
	}
}

// With nobody to load from, a replica serves what it can in the end.
func TestAlone(t *testing.T) {
	a := newCluster(t, "127.0.0.1:1", 1).start(0)
	d := a.awaitReady()
	if d < 4*time.Second {
		t.Errorf("ready after %v, without having looked for a copy", d)
	}
	if got := a.put("k", "http://example.com/k"); got != "journal" || !a.points("k", "http://example.com/k") {
		t.Errorf("a write rests on %q", got)
	}
}
