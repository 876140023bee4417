package redis_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

// acked is what one writer was told to be done: of each key the value of the
// last acknowledged write, and of a write that was sent and not answered, which
// may or may not have happened.
type acked struct {
	values  map[string]string
	open    map[string]string
	counter int
}

// write writes until the server is gone, in all the ways that the mapper may.
func write(c rueidis.Client, writer int, seed uint64, a *acked, done *atomic.Int64) {
	script := rueidis.NewLuaScript(versioned)
	rnd := rand.New(rand.NewPCG(seed, uint64(writer)))
	for n := 0; ; n++ {
		key, value := fmt.Sprintf("w%d:%d", writer, rnd.IntN(50)), strconv.Itoa(n)
		if n%3 == 2 {
			key += ":h"
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		var err error
		a.open = map[string]string{key: value}
		switch n % 3 {
		case 0:
			err = c.Do(ctx, c.B().Set().Key(key).Value(value).Build()).Error()
		case 1:
			key, a.open = "", nil
			if err = c.Do(ctx, c.B().Incr().Key(fmt.Sprintf("w%d:count", writer)).Build()).Error(); err == nil {
				a.counter++
			}
		case 2:
			err = script.Exec(ctx, c, []string{key}, []string{value, ""}).Error()
		}
		cancel()
		if err != nil {
			return
		}
		if key != "" {
			a.values[key], a.open = value, nil
		}
		done.Add(1)
	}
}

func TestWhatWasAcknowledgedSurvivesSIGKILL(t *testing.T) {
	const writers, rounds = 8, 8
	// A log that is compacted all the time: a kill can hit that too.
	for name, limit := range map[string]int64{"log alone": unlimited, "with compaction": 20_000} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var kept [writers]acked
			for w := range kept {
				kept[w].values = map[string]string{}
			}
			for round := range rounds {
				p := mustStart(t, dir, limit)
				c := connect(t, p.addr)
				verify(t, c, round, kept[:])
				if t.Failed() {
					return
				}
				var all sync.WaitGroup
				var done atomic.Int64
				for w := range kept {
					client := connect(t, p.addr)
					all.Go(func() { write(client, w, uint64(round), &kept[w], &done) })
				}
				eventually(t, "some writes were acknowledged", func() bool { return done.Load() > 100 })
				time.Sleep(time.Duration(rand.IntN(150_000)) * time.Microsecond)
				p.kill()
				all.Wait()
			}
			if limit < unlimited && len(files(t, dir, "*.base")) == 0 {
				t.Error("the log was never compacted: this shows nothing about it")
			}
			p := mustStart(t, dir, limit)
			verify(t, connect(t, p.addr), rounds, kept[:])
		})
	}
}

// verify compares what the server holds with what was acknowledged.
func verify(t *testing.T, c rueidis.Client, round int, kept []acked) {
	t.Helper()
	for w := range kept {
		a := &kept[w]
		for key, want := range a.values {
			got := run(t, c, "GET", key)
			if strings.HasSuffix(key, ":h") {
				got = run(t, c, "HGET", key, "url")
			}
			if maybe, sent := a.open[key]; sent && got == maybe {
				a.values[key] = got
			} else if got != want {
				t.Errorf("round %d: %s is %s, acknowledged was %s", round, key, got, want)
			}
		}
		a.open = nil
		n := 0
		if got := run(t, c, "GET", fmt.Sprintf("w%d:count", w)); got != "nil" {
			n, _ = strconv.Atoi(got)
		}
		if n != a.counter && n != a.counter+1 {
			t.Errorf("round %d: writer %d counted to %d, acknowledged was %d", round, w, n, a.counter)
		}
		a.counter = n
	}
}

func TestEveryTypeAndTimeSurvives(t *testing.T) {
	for name, limit := range map[string]int64{"log": unlimited, "base": 1} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := mustStart(t, dir, limit)
			c := connect(t, p.addr)
			for _, cmd := range []string{
				"SET s v", "SET ttl v EX 100", "SETEX ttl2 100 v", "HSET h a 1 b 2", "PEXPIRE h 100000", "RPUSH l c b a", "SADD set x", "ZADD z 1.5 a -inf b",
				"XADD x 5-1 a 1", "XADD x 6-2 b 2", "XADD gone 1-1 a 1", "XDEL gone 1-1", "SET soon v PX 300", "SET over v PX 1",
				"EVAL 'local t=redis.call(\"TIME\") redis.call(\"SET\",\"clock\",t[1]..\".\"..t[2],\"PX\",100000) redis.call(\"RPUSH\",\"both\",t[2])' 0",
				"SET moved v EX 100", "RENAME moved here", "INCRBYFLOAT f 0.1", "SETBIT bit 7 1", "GEOADD g 13.361389 38.115556 P", "SET binary \x00\xff\r\n",
			} {
				if got := run(t, c, words(cmd)...); strings.HasPrefix(got, "error ") {
					t.Fatalf("%s: %s", cmd, got)
				}
			}
			run(t, c, "SET", "text", "a\r\nb\x00\xff")
			run(t, c, "XADD", "auto", "*", "a", "1")
			reads := [][]string{
				{"GET", "s"}, {"GET", "ttl"}, {"PEXPIRETIME", "ttl"}, {"PEXPIRETIME", "ttl2"}, {"HGETALL", "h"}, {"PEXPIRETIME", "h"}, {"LRANGE", "l", "0", "-1"},
				{"SMEMBERS", "set"}, {"ZRANGE", "z", "0", "-1", "WITHSCORES"}, {"XRANGE", "x", "-", "+"}, {"XLEN", "gone"}, {"EXISTS", "gone"}, {"GET", "clock"},
				{"PEXPIRETIME", "clock"}, {"LRANGE", "both", "0", "-1"}, {"PEXPIRETIME", "here"}, {"GET", "f"}, {"GETBIT", "bit", "7"}, {"GEOPOS", "g", "P"}, {"GET", "text"},
				{"XRANGE", "auto", "-", "+"}, {"GET", "over"}, {"PEXPIRETIME", "s"},
			}
			before := map[int]string{}
			for i, r := range reads {
				before[i] = run(t, c, r...)
			}
			id := run(t, c, "INFO", "server")
			if limit < unlimited {
				eventually(t, "a base holds everything", func() bool { return len(files(t, dir, "*.base")) == 1 && len(files(t, dir, "base.new")) == 0 })
			}
			p.kill()
			time.Sleep(350 * time.Millisecond) // while it is down the time of a key comes
			c = connect(t, mustStart(t, dir, limit).addr)
			for i, r := range reads {
				if got := run(t, c, r...); got != before[i] {
					t.Errorf("%v: %s, was %s", r, got, before[i])
				}
			}
			if got := run(t, c, "EXISTS", "soon", "over"); got != "0" {
				t.Errorf("%s keys outlived their time", got)
			}
			if run(t, c, "INFO", "server") == id {
				t.Error("INFO is the same in another process: the run_id must differ")
			}
			if got := run(t, c, "XADD", "x", "6-2", "c", "3"); !strings.HasPrefix(got, "error ") {
				t.Errorf("an old ID is taken again: %s", got)
			}
		})
	}
}

// logOf makes a log with n writes, and returns its path.
func logOf(t *testing.T, dir string, n int) string {
	t.Helper()
	p := mustStart(t, dir, unlimited)
	c := connect(t, p.addr)
	for i := range n {
		run(t, c, "SET", "k"+strconv.Itoa(i), "value")
	}
	p.kill()
	logs := files(t, dir, "*.log")
	if len(logs) != 1 {
		t.Fatalf("logs %v, want one", logs)
	}
	return logs[0]
}

func TestATornTailIsDroppedAndGoneOverIn(t *testing.T) {
	dir := t.TempDir()
	log := logOf(t, dir, 3)
	whole, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	record := (len(whole) - len("embedded-redis 1\n")) / 3
	for _, cut := range []int{1, 5, record - 1, record - 9, record, record + 1, len(whole) - 3, len(whole)} {
		if err := os.WriteFile(log, whole[:len(whole)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		p := mustStart(t, dir, unlimited)
		c := connect(t, p.addr)
		left := max(0, 3-(cut+record-1)/record)
		if got := run(t, c, "DBSIZE"); got != strconv.Itoa(left) {
			t.Errorf("cut by %d of %d bytes: %s keys, want %d", cut, len(whole), got, left)
		}
		run(t, c, "SET", "after", "x")
		p.kill()
		p = mustStart(t, dir, unlimited)
		if got := run(t, connect(t, p.addr), "DBSIZE"); got != strconv.Itoa(left+1) {
			t.Errorf("cut by %d bytes, written and started again: %s keys, want %d", cut, got, left+1)
		}
		p.kill()
	}
}

func TestAFlippedBitIsFoundAndSaid(t *testing.T) {
	dir := t.TempDir()
	log := logOf(t, dir, 3)
	whole, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	record := (len(whole) - len("embedded-redis 1\n")) / 3
	second := len(whole) - 2*record
	for _, at := range []int{0, second, second + 2, second + 3, second + 4, second + 9, second + record - 1, len(whole) - 2} {
		bad := bytes.Clone(whole)
		bad[at] ^= 0x10
		if err := os.WriteFile(log, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		p := start(t, dir, unlimited)
		if p.addr != "" {
			t.Errorf("bit flipped in byte %d: it starts", at)
		} else if !strings.Contains(p.says, filepath.Base(log)) || !strings.Contains(p.says, "damaged") {
			t.Errorf("bit flipped in byte %d: it says %q", at, p.says)
		}
		p.kill()
	}
}

func TestAMissingLogIsFoundAndSaid(t *testing.T) {
	dir := t.TempDir()
	log := logOf(t, dir, 3)
	if err := os.Rename(log, filepath.Join(dir, "00000002.log")); err != nil {
		t.Fatal(err)
	}
	if p := start(t, dir, unlimited); p.addr != "" || !strings.Contains(p.says, "00000001.log") {
		t.Errorf("address %q, says %q", p.addr, p.says)
	}
}

func TestTwoProcessesDoNotShareAFolder(t *testing.T) {
	dir := t.TempDir()
	mustStart(t, dir, unlimited)
	if p := start(t, dir, unlimited); p.addr != "" || !strings.Contains(p.says, "in use") {
		t.Errorf("address %q, says %q", p.addr, p.says)
	}
}

func TestSIGTERMEndsItCleanly(t *testing.T) {
	dir := t.TempDir()
	p := mustStart(t, dir, unlimited)
	c := connect(t, p.addr)
	run(t, c, "SET", "a", "1")
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if got := run(t, connect(t, mustStart(t, dir, unlimited).addr), "GET", "a"); got != "1" {
		t.Errorf("afterwards a is %s", got)
	}
}

// A subscriber that does not read must not hold up anybody else: in an
// experiment it is a replica that was partitioned.
func TestASubscriberThatDoesNotReadIsCutOff(t *testing.T) {
	p := mustStart(t, t.TempDir(), unlimited)
	deaf := dial(t, p.addr)
	if _, err := deaf.Write([]byte("SUBSCRIBE c\r\n")); err != nil {
		t.Fatal(err)
	}
	c := connect(t, p.addr)
	eventually(t, "it is subscribed", func() bool { return run(t, c, "PUBSUB", "NUMSUB", "c") == "[c 1]" })
	message := strings.Repeat("x", 1<<20)
	eventually(t, "it is cut off", func() bool { return run(t, c, "PUBLISH", "c", message) == "0" })
	if got := run(t, c, "PUBSUB", "NUMSUB", "c"); got != "[c 0]" {
		t.Errorf("afterwards NUMSUB says %s", got)
	}
}
