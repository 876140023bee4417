package redis_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

// versioned is how a mapper writes: the version comes from the clock of Redis
// and never goes back, and who listens hears of it.
const versioned = `local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local old = tonumber(redis.call('HGET', KEYS[1], 'v') or '0')
if old >= now then now = old + 1 end
local v = string.format('%.0f', now)
redis.call('HSET', KEYS[1], 'url', ARGV[1], 'v', v)
if ARGV[2] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) else redis.call('PERSIST', KEYS[1]) end
redis.call('PUBLISH', 'changes', KEYS[1])
return v`

// Each step is a command and the reply that both servers must give; the steps of
// a row run in order on an empty database.
var behaviour = map[string][]struct{ cmd, want string }{
	"strings": {
		{"SET a 1", "OK"}, {"GET a", "1"}, {"GET none", "nil"}, {"SET a 2 NX", "nil"}, {"SET a 3 XX", "OK"},
		{"SET a 4 GET", "3"}, {"INCR a", "5"}, {"INCRBY a 10", "15"}, {"DECR a", "14"}, {"APPEND a x", "3"},
		{"INCR a", "error "}, {"STRLEN a", "3"}, {"MSET b 1 c 2", "OK"}, {"MGET a b none c", "[14x 1 nil 2]"},
		{"SETNX b 9", "0"}, {"GETDEL b", "1"}, {"EXISTS a b c", "2"}, {"DEL a b c", "2"}, {"DBSIZE", "0"},
		{"GET", "error "}, {"NOSUCH a", "error "}, {"SET a 1 EX 0", "error "}, {"SET a 1 EX x", "error "},
	},
	"expiry": {
		{"SET a 1 EX 100", "OK"}, {"TTL a", "100"}, {"PERSIST a", "1"}, {"TTL a", "-1"}, {"TTL none", "-2"}, {"PTTL none", "-2"},
		{"EXPIRE a 50", "1"}, {"TTL a", "50"}, {"EXPIRE a 100 LT", "0"}, {"EXPIRE a 100 GT", "1"}, {"EXPIRE none 5", "0"},
		{"SET a 2", "OK"}, {"TTL a", "-1"}, {"SETEX a 70 3", "OK"}, {"TTL a", "70"}, {"SET a 4 KEEPTTL", "OK"}, {"TTL a", "70"},
		{"PSETEX a 80000 5", "OK"}, {"TTL a", "80"}, {"GETEX a EX 90", "5"}, {"TTL a", "90"}, {"GETEX a PERSIST", "5"}, {"TTL a", "-1"},
		{"PEXPIREAT a 4102444800000", "1"}, {"EXPIRETIME a", "4102444800"}, {"PEXPIRETIME a", "4102444800000"},
		{"RENAME a b", "OK"}, {"EXPIRETIME b", "4102444800"}, {"COPY b c", "1"}, {"EXPIRETIME c", "4102444800"}, {"EXISTS a", "0"},
		{"EXPIREAT b 1000", "1"}, {"EXISTS b", "0"}, {"EXPIRE c -1", "1"}, {"EXISTS c", "0"},
		{"SET d 1 PXAT 5", "OK"}, {"EXISTS d", "0"}, {"SET e 1", "OK"}, {"EXPIRE e 9223372036854775807", "error "}, {"TTL e", "-1"},
		{"SETEX f 0 x", "error "}, {"EXPIRE e x", "error "},
	},
	"hashes": {
		{"HSET h a 1 b 2", "2"}, {"HSET h a 3", "0"}, {"HGET h a", "3"}, {"HGETALL h", "map[a:3 b:2]"}, {"HMGET h a none", "[3 nil]"},
		{"HINCRBY h a 4", "7"}, {"HDEL h a", "1"}, {"HLEN h", "1"}, {"HEXISTS h b", "1"}, {"GET h", "error WRONGTYPE"}, {"TYPE h", "hash"},
	},
	"sorted sets": {
		{"ZADD z 1 a 2.5 b", "2"}, {"ZADD z 3 a", "0"}, {"ZSCORE z b", "2.5"}, {"ZRANGE z 0 -1", "[b a]"}, {"ZRANGEBYSCORE z (2.5 +inf", "[a]"},
		{"ZCARD z", "2"}, {"ZREM z a", "1"}, {"ZINCRBY z 2 b", "4.5"}, {"ZRANK z b", "0"},
	},
	"lists and sets": {
		{"RPUSH l a b c", "3"}, {"LPUSH l z", "4"}, {"LRANGE l 0 -1", "[z a b c]"}, {"LPOP l", "z"}, {"RPOP l", "c"}, {"LTRIM l 0 0", "OK"}, {"LLEN l", "1"},
		{"SADD s a b a", "2"}, {"SISMEMBER s a", "1"}, {"SREM s a", "1"}, {"SMEMBERS s", "[b]"}, {"SCARD s", "1"},
		{"SADD o x", "1"}, {"SINTERSTORE r s o", "0"}, {"EXISTS r", "0"}, {"SMOVE s o b", "1"}, {"EXISTS s", "0"}, {"LTRIM l 5 9", "OK"}, {"EXISTS l", "0"},
	},
	"streams": {
		{"XADD s 5-1 a 1", "5-1"}, {"XADD s 5-1 a 1", "error "}, {"XADD s 6-1 b 2", "6-1"}, {"XLEN s", "2"},
		{"XRANGE s - +", "[[5-1 [a 1]] [6-1 [b 2]]]"}, {"XREVRANGE s + - COUNT 1", "[[6-1 [b 2]]]"}, {"XADD s MAXLEN 1 7-1 c 3", "7-1"}, {"XLEN s", "1"},
		{"XDEL s 7-1", "1"}, {"XLEN s", "0"}, {"EXISTS s", "1"},
	},
	"scripts": {
		{"EVAL 'return {1,2,{3}}' 0", "[1 2 [3]]"}, {"EVAL 'return redis.call(\"SET\",KEYS[1],ARGV[1])' 1 k v", "OK"}, {"GET k", "v"},
		{"EVAL 'return redis.call(\"GET\",\"none\")' 0", "nil"}, {"EVAL 'return redis.error_reply(\"MY no\")' 0", "error MY"},
		{"EVAL 'redis.call(\"SET\",\"p\",1) return redis.call(\"INCR\",\"k\")' 0", "error "}, {"GET p", "1"},
		{"EVAL 'redis.call(\"SET\",\"q\",1,\"EX\",30) return redis.call(\"TTL\",\"q\")' 0", "30"},
		{"EVAL 'x = 1' 0", "error "}, {"EVAL 'return y' 0", "error "}, {"EVAL 'local t = {} t[1] = 1.9 return t' 0", "[1]"}, {"EVAL 'return {true,false,1}' 0", "[1 nil 1]"},
		{"EVAL 'local e = redis.pcall(\"INCR\",\"k\") return e.err ~= nil and 1 or 0' 0", "1"}, {"EVAL 'return redis.pcall(\"INCR\",\"k\")' 0", "error "},
		{"EVAL 'return redis.status_reply(\"FINE\")' 0", "FINE"}, {"EVAL 'return redis.sha1hex(\"\")' 0", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
		{"EVAL 'local ok = pcall(redis.call,\"INCR\",\"k\") return ok' 0", "nil"}, {"EVAL 'return redis.call(\"EVAL\",\"return 1\",0)' 0", "error "},
		{"EVAL 'return redis.call()' 0", "error "}, {"EVAL 'return redis.call(\"GET\",{})' 0", "error "}, {"EVAL 'return (' 0", "error "}, {"EVAL 'return 1' x", "error "},
		{"EVAL 'return 1' 3 a", "error "}, {"EVAL 'return 1' -1", "error "}, {"EVAL 'return {#KEYS,#ARGV,KEYS[1],ARGV[2]}' 1 a b c", "[1 2 a c]"},
		{"EVAL 'redis.call(\"SET\",\"n\",2^53) return redis.call(\"GET\",\"n\")' 0", "9007199254740992"}, {"EVAL 'redis.call(\"SET\",\"n\",0.1) return redis.call(\"GET\",\"n\")' 0", "0.10000000000000001"},
		{"EVAL 'return cjson.encode({a=1})' 0", `{"a":1}`}, {"EVAL 'return redis.call(\"MGET\",\"k\",\"none\")' 0", "[v nil]"},
		{"EVAL_RO 'return redis.call(\"SET\",\"k\",\"w\")' 0", "error "}, {"EVAL_RO 'return redis.call(\"GET\",\"k\")' 0", "v"},
		{"EVAL 'return string.format(\"%.0f\", math.max(1795383928907776, 5))' 0", "1795383928907776"}, {"EVAL 'local n = 0 for i = 1, 100000 do n = n + i end return n' 0", "5000050000"},
		{"EVAL 'return dofile(\"/etc/hostname\")' 0", "error "}, {"EVAL 'return select(\"#\", unpack(KEYS))' 3 a b c", "3"},
		{"EVAL 'return #redis.call(\"TIME\")' 0", "2"}, {"EVALSHA ffffffffffffffffffffffffffffffffffffffff 0", "error NOSCRIPT"},
		{"SCRIPT LOAD 'return 7'", ""}, {"SCRIPT EXISTS ffffffffffffffffffffffffffffffffffffffff", "[0]"},
	},
	"server": {
		{"PING", "PONG"}, {"PING x", "x"}, {"ECHO x", "x"}, {"SELECT 0", "OK"}, {"SELECT 999", "error "}, {"CONFIG GET appendonly", "map[appendonly:yes]"},
		{"CLIENT SETINFO LIB-NAME x", "OK"}, {"PUBLISH nobody x", "0"}, {"SET a 1", "OK"}, {"FLUSHALL", "OK"}, {"DBSIZE", "0"},
		{"SCAN 0", "[0 []]"}, {"SET a/b 1", "OK"}, {"SCAN 0 MATCH a* COUNT 5", "[0 [a/b]]"}, {"SCAN 0 TYPE hash", "[0 []]"}, {"SCAN x", "error "},
	},
}

func TestItAnswersAsARealRedis(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { behave(t, mustStart(t, t.TempDir(), unlimited).addr) })
	t.Run("real", func(t *testing.T) { behave(t, realServer(t)) })
}

func behave(t *testing.T, addr string) {
	c := connect(t, addr)
	for name, steps := range behaviour {
		t.Run(name, func(t *testing.T) {
			run(t, c, "FLUSHALL")
			for _, s := range steps {
				if strings.HasPrefix(s.cmd, "CLIENT SETINFO") {
					continue // known since Redis 7.2; rueidis sends it and bears the error
				}
				got := run(t, c, words(s.cmd)...)
				switch {
				case strings.HasPrefix(s.cmd, "SCRIPT LOAD"):
					if again := run(t, c, "EVALSHA", got, "0"); again != "7" {
						t.Errorf("%s: loaded %s, which gives %s", s.cmd, got, again)
					}
				case strings.HasPrefix(s.want, "error "):
					if !strings.HasPrefix(got, s.want) {
						t.Errorf("%s: %s, want %s", s.cmd, got, s.want)
					}
				case got != s.want:
					t.Errorf("%s: %s, want %s", s.cmd, got, s.want)
				}
			}
		})
	}
	t.Run("clock", func(t *testing.T) { clock(t, c) })
	t.Run("scan", func(t *testing.T) { scan(t, c) })
	t.Run("versioned writes", func(t *testing.T) { versionedWrites(t, addr, c) })
	t.Run("info", func(t *testing.T) { info(t, c) })
	t.Run("pattern subscription", func(t *testing.T) { patternSubscription(t, addr, c) })
}

var word = regexp.MustCompile(`'[^']*'|\S+`)

// words splits a command at blanks, but not within single quotes.
func words(cmd string) []string {
	ws := word.FindAllString(cmd, -1)
	for i := range ws {
		ws[i] = strings.Trim(ws[i], "'")
	}
	return ws
}

// run runs a command and shows its reply.
func run(t *testing.T, c rueidis.Client, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	m, err := c.Do(ctx, c.B().Arbitrary(args...).Build()).ToMessage()
	return show(t, m, err)
}

func show(t *testing.T, m rueidis.RedisMessage, err error) string {
	t.Helper()
	var reply *rueidis.RedisError
	switch {
	case rueidis.IsRedisNil(err):
		return "nil"
	case errors.As(err, &reply):
		return "error " + reply.Error()
	case err != nil:
		t.Fatal(err)
	}
	v, err := m.ToAny()
	if err != nil && !rueidis.IsRedisNil(err) {
		t.Fatal(err)
	}
	if n, ok := v.(float64); ok {
		return strconv.FormatFloat(n, 'g', -1, 64)
	}
	return strings.ReplaceAll(fmt.Sprint(v), "<nil>", "nil")
}

func clock(t *testing.T, c rueidis.Client) {
	run(t, c, "FLUSHALL")
	before := time.Now().Add(-time.Second).Unix()
	var sec int64
	if _, err := fmt.Sscanf(run(t, c, "TIME"), "[%d", &sec); err != nil || sec < before || sec > time.Now().Unix()+1 {
		t.Errorf("TIME says %d (%v), it is %d", sec, err, time.Now().Unix())
	}
	id := run(t, c, "XADD", "s", "*", "a", "1")
	if ms, _ := strconv.ParseInt(strings.Split(id, "-")[0], 10, 64); ms < before*1000 || ms > time.Now().UnixMilli()+1000 {
		t.Errorf("XADD * gives %s, it is %d", id, time.Now().UnixMilli())
	}
	run(t, c, "SET", "soon", "1", "PX", "150")
	run(t, c, "HSET", "h", "a", "1")
	run(t, c, "PEXPIRE", "h", "150")
	if got := run(t, c, "EXISTS", "soon", "h"); got != "2" {
		t.Errorf("%s of 2 keys are there before their time", got)
	}
	eventually(t, "keys go when their time has come", func() bool { return run(t, c, "DBSIZE") == "1" })
	if got := run(t, c, "GET", "soon"); got != "nil" {
		t.Errorf("an expired key is %s", got)
	}
}

func scan(t *testing.T, c rueidis.Client) {
	run(t, c, "FLUSHALL")
	want := map[string]bool{}
	for n := range 250 {
		key := "key:" + strconv.Itoa(n)
		want[key] = true
		run(t, c, "SET", key, "v")
		run(t, c, "SET", "other:"+strconv.Itoa(n), "v")
	}
	var cursor uint64
	for first := true; first || cursor != 0; first = false {
		e, err := c.Do(t.Context(), c.B().Scan().Cursor(cursor).Match("key:*").Count(20).Build()).AsScanEntry()
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range e.Elements {
			if !strings.HasPrefix(k, "key:") {
				t.Errorf("%s does not match", k)
			}
			delete(want, k)
		}
		cursor = e.Cursor
		run(t, c, "DEL", "other:"+strconv.FormatUint(cursor%250, 10))
		run(t, c, "SET", "new:"+strconv.FormatUint(cursor, 10), "v")
	}
	if len(want) > 0 {
		t.Errorf("%d keys that were there all the while were not returned", len(want))
	}
}

func versionedWrites(t *testing.T, addr string, c rueidis.Client) {
	run(t, c, "FLUSHALL")
	heard := make(chan string, 100)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	listener := connect(t, addr)
	go func() {
		_ = listener.Receive(ctx, listener.B().Subscribe().Channel("changes").Build(), func(m rueidis.PubSubMessage) { heard <- m.Message })
	}()
	eventually(t, "the subscription is known", func() bool { return run(t, c, "PUBSUB", "NUMSUB", "changes") == "[changes 1]" })

	script := rueidis.NewLuaScript(versioned)
	var last int64
	for n := range 20 {
		v, err := script.Exec(t.Context(), c, []string{"k"}, []string{"http://" + strconv.Itoa(n), "60000"}).AsInt64()
		if err != nil {
			t.Fatal(err)
		}
		if v <= last {
			t.Errorf("version %d after %d", v, last)
		}
		last = v
	}
	if got, want := run(t, c, "HGET", "k", "v"), strconv.FormatInt(last, 10); got != want {
		t.Errorf("stored version %s, want %s", got, want)
	}
	for n := range 20 {
		select {
		case m := <-heard:
			if m != "k" {
				t.Errorf("heard %q", m)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("heard %d of 20 messages", n)
		}
	}
	// With RESP3 a connection that has subscribed still runs commands.
	if got := run(t, listener, "HGET", "k", "url"); got != "http://19" {
		t.Errorf("the listener reads %s", got)
	}
}

func info(t *testing.T, c rueidis.Client) {
	text := run(t, c, "INFO")
	if !regexp.MustCompile(`(?m)^run_id:[0-9a-f]{40}\r$`).MatchString(text) || !regexp.MustCompile(`(?m)^redis_version:\d`).MatchString(text) {
		t.Errorf("INFO says\n%s", text)
	}
	if section := run(t, c, "INFO", "server"); !strings.Contains(section, "run_id:") || strings.Contains(section, "# Clients") {
		t.Errorf("INFO server says\n%s", section)
	}
}

func patternSubscription(t *testing.T, addr string, c rueidis.Client) {
	heard := make(chan rueidis.PubSubMessage, 10)
	d, release := connect(t, addr).Dedicate()
	defer release()
	closed := d.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: func(m rueidis.PubSubMessage) { heard <- m }})
	if err := d.Do(t.Context(), d.B().Psubscribe().Pattern("news.*").Build()).Error(); err != nil {
		t.Fatal(err)
	}
	run(t, c, "PUBLISH", "other", "x")
	if got := run(t, c, "PUBLISH", "news.a/b", "hello"); got != "1" {
		t.Errorf("reached %s", got)
	}
	select {
	case m := <-heard:
		if m.Pattern != "news.*" || m.Channel != "news.a/b" || m.Message != "hello" {
			t.Errorf("heard %+v", m)
		}
	case err := <-closed:
		t.Fatal(err)
	case <-time.After(10 * time.Second):
		t.Fatal("heard nothing")
	}
}

// What would not survive a restart is refused; it is not done for the moment.
func TestWhatIsNotKeptIsRefused(t *testing.T) {
	c := connect(t, mustStart(t, t.TempDir(), unlimited).addr)
	for _, cmd := range []string{
		"MULTI", "WATCH a", "BLPOP a 1", "XREAD BLOCK 0 STREAMS s 0", "XGROUP CREATE s g 0 MKSTREAM", "PFADD p a", "SPOP s",
		"HEXPIRE h 5 FIELDS 1 a", "SELECT 1", "MOVE a 1", "SWAPDB 0 1", "COPY a b DB 1", "CLIENT TRACKING ON", "CONFIG SET appendonly no",
		"EVAL 'return redis.call(\"PFADD\",\"p\",\"a\")' 0", "RESTORE a 0 x",
	} {
		if got := run(t, c, words(cmd)...); !strings.HasPrefix(got, "error ") {
			t.Errorf("%s: %s", cmd, got)
		}
	}
	// Malformed commands that make miniredis panic must not take the server along.
	for _, cmd := range []string{"XADD s MAXLEN x y", "XADD s MAXLEN 1 2 3", "EVAL 'return function() end' 0", "EVAL 'local t = {} t[1] = t return t' 0", "EVAL 'return redis.call(\"XADD\",\"s\",\"MAXLEN\",\"x\",\"y\")' 0"} {
		run(t, c, words(cmd)...)
	}
	if got := run(t, c, "DBSIZE"); got != "0" {
		t.Errorf("%s keys were made", got)
	}
	if got := run(t, c, "SET", "a", "1"); got != "OK" {
		t.Errorf("afterwards SET says %s", got)
	}
	if slices.Contains([]string{"", "nil"}, run(t, c, "GET", "a")) {
		t.Error("afterwards GET finds nothing")
	}
}
