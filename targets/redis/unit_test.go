package redis

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestMatchGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"*", "", true}, {"*", "a/b", true}, {"", "", true}, {"", "a", false}, {"a*c", "abbc", true}, {"a*c", "abbcd", false},
		{"a?c", "abc", true}, {"a?c", "ac", false}, {"[abc]x", "bx", true}, {"[^abc]x", "bx", false}, {"[a-c]x", "bx", true}, {"[c-a]x", "bx", true},
		{`\*`, "*", true}, {`\*`, "a", false}, {"*a*b*", "xaxbx", true}, {"[", "a", false}, {"[a", "a", true}, {`\`, `\`, true}, {"a**b", "ab", true},
	} {
		if got := matchGlob(c.pattern, c.s); got != c.want {
			t.Errorf("matchGlob(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
}

// Without slashes and classes it agrees with path.Match.
func TestMatchGlobAgreesWithPathMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, s := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "pattern"), rapid.StringMatching(`[ab]{0,8}`).Draw(t, "s")
		want, err := path.Match(p, s)
		if err != nil {
			t.Fatal(err)
		}
		if got := matchGlob(p, s); got != want {
			t.Fatalf("matchGlob(%q, %q) = %v", p, s, got)
		}
	})
}

func FuzzMatchGlob(f *testing.F) {
	f.Add("a[b-", "ab")
	f.Add(`[\`, "x")
	f.Add("[^", "x")
	f.Fuzz(func(t *testing.T, p, s string) {
		matchGlob(p, s)
		if !matchGlob(p+"*", s) && matchGlob(p, s) && !strings.HasSuffix(p, `\`) && !strings.Contains(p, "[") {
			t.Errorf("%q matches %q, and with a star it does not", p, s)
		}
	})
}

func TestAbsolute(t *testing.T) {
	const now = 1_000_000
	for _, c := range []struct{ in, want string }{
		{"SET k v", "SET k v"}, {"SET k v EX 5", "SET k v PXAT 1005000"}, {"SET k v NX px 5 GET", "SET k v NX PXAT 1000005 GET"},
		{"SET k v EXAT 7", "SET k v PXAT 7000"}, {"SET k v PXAT 7", "SET k v PXAT 7"}, {"SET k v EX -1", "SET k v EX -1"}, {"SET k v EX", "SET k v EX"},
		{"SET EX 5", "SET EX 5"}, {"SETEX k 5 v", "SET k v PXAT 1005000"}, {"SETEX k 0 v", "SETEX k 0 v"}, {"PSETEX k 5 v", "SET k v PXAT 1000005"},
		{"SETEX k 5", "SETEX k 5"}, {"EXPIRE k 5 NX", "PEXPIREAT k 1005000 NX"}, {"PEXPIRE k -5", "PEXPIREAT k 999995"}, {"EXPIREAT k 5", "PEXPIREAT k 5000"},
		{"EXPIRE k x", "EXPIRE k x"}, {"EXPIRE k", "EXPIRE k"}, {"GETEX k EX 5", "GETEX k PXAT 1005000"}, {"GETEX k PERSIST", "GETEX k PERSIST"},
		{"XADD k * a b", "XADD k 1000000-* a b"}, {"XADD k NOMKSTREAM MAXLEN ~ 5 * a *", "XADD k NOMKSTREAM MAXLEN ~ 5 1000000-* a *"},
		{"XADD k 5-1 * b", "XADD k 5-1 * b"}, {"XADD k", "XADD k"}, {"XADD k MAXLEN", "XADD k MAXLEN"}, {"DEL a", "DEL a"},
	} {
		in := strings.Fields(c.in)
		kept := slices.Clone(in)
		cmd, args, err := absolute(in[0], in[1:], now)
		if got := strings.Join(append([]string{cmd}, args...), " "); got != c.want || err != nil {
			t.Errorf("%s: %s, %v, want %s", c.in, got, err, c.want)
		}
		if !slices.Equal(in, kept) {
			t.Errorf("%s: the caller's arguments are now %v", c.in, in)
		}
	}
	for _, in := range []string{"SET k v EX 9223372036854775807", "SET k v PX 9223372036854775807", "EXPIRE k -9223372036854775808", "SETEX k 9223372036854775 v"} {
		f := strings.Fields(in)
		if _, _, err := absolute(f[0], f[1:], now); err == nil {
			t.Errorf("%s: no error", in)
		}
	}
}

func TestReadCommand(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
		bad  bool
	}{
		{"*2\r\n$3\r\nGET\r\n$1\r\na\r\n", []string{"GET", "a"}, false}, {"PING  x\r\n", []string{"PING", "x"}, false}, {"*1\r\n$0\r\n\r\n", []string{""}, false},
		{"\r\n", nil, false}, {"*0\r\n", nil, false}, {"*-1\r\n", nil, false}, {"*x\r\n", nil, true}, {"*2\r\n$3\r\nGET\r\n", nil, true}, {"*1\r\n:3\r\n", nil, true},
		{"*1\r\n$3\r\nGETX\r\n", nil, true}, {"*1\r\n$999999999999\r\n", nil, true}, {"*9999999\r\n", nil, true}, {"", nil, true}, {"*1", nil, true},
	} {
		got, err := readCommand(bufio.NewReader(strings.NewReader(c.in)))
		if (err != nil) != c.bad || (len(got)+len(c.want) > 0 && !c.bad && !slices.Equal(got, c.want)) {
			t.Errorf("%q: %q, %v", c.in, got, err)
		}
	}
}

func FuzzReadCommand(f *testing.F) {
	f.Add([]byte("*2\r\n$3\r\nGET\r\n$1\r\na\r\n"))
	f.Add([]byte("PING\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bufio.NewReader(bytes.NewReader(b))
		total := 0
		for {
			args, err := readCommand(r)
			if err != nil {
				return
			}
			for _, a := range args {
				total += len(a)
			}
			if total > len(b) {
				t.Fatalf("%d bytes of arguments from %d", total, len(b))
			}
		}
	})
}

func drawRecord(t *rapid.T) record {
	args := rapid.SliceOfN(rapid.String(), 1, 4)
	return record{at: rapid.Int64().Draw(t, "at"), cmds: rapid.SliceOfN(args, 1, 3).Draw(t, "cmds")}
}

// Cut anywhere, a log gives back the records that are whole; with any one bit
// flipped in them, it never gives back anything else without an error.
func TestRecordsTornAndFlipped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.SliceOfN(rapid.Custom(drawRecord), 1, 4).Draw(t, "records")
		var log []byte
		var ends []int
		for _, r := range records {
			log = appendRecord(log, r)
			ends = append(ends, len(log))
		}
		read := func(b []byte) (got []record, whole int, err error) {
			whole, err = eachRecord(b, func(r record) error { got = append(got, r); return nil })
			return got, whole, err
		}
		cut := rapid.IntRange(0, len(log)).Draw(t, "cut")
		n := 0
		for n < len(ends) && ends[n] <= cut {
			n++
		}
		got, whole, err := read(log[:cut])
		if err != nil || len(got) != n || (n > 0 && (whole != ends[n-1] || !reflect.DeepEqual(got, records[:n]))) {
			t.Fatalf("cut at %d: %v up to %d, %v", cut, got, whole, err)
		}
		flipped := bytes.Clone(log)
		flipped[rapid.IntRange(0, len(log)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if got, _, err := read(flipped); !errors.Is(err, errCorrupt) {
			t.Fatalf("a flipped bit gives %v, %v", got, err)
		}
	})
}

func FuzzEachRecord(f *testing.F) {
	f.Add(appendRecord(nil, record{at: 5, cmds: [][]string{{"SET", "a", "b"}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var again []byte
		whole, err := eachRecord(b, func(r record) error { again = appendRecord(again, r); return nil })
		if whole > len(b) || (err != nil && !errors.Is(err, errCorrupt)) {
			t.Errorf("%d of %d bytes, %v", whole, len(b), err)
		}
		if _, err := eachRecord(again, func(record) error { return nil }); err != nil {
			t.Errorf("what was read cannot be written and read again: %v", err)
		}
		// The payload behind the checksums, too, must bear any bytes.
		if r, err := parsePayload(b); err == nil && len(r.cmds) > len(b) {
			t.Errorf("%d commands from %d bytes", len(r.cmds), len(b))
		}
	})
}

// The keyspace agrees with a plain map whatever happens to it.
func TestKeyspaceAgreesWithAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, model := newKeyspace(), map[string]int64{}
		steps := rapid.IntRange(1, 60).Draw(t, "steps")
		for range steps {
			key := rapid.StringMatching(`[a-e]`).Draw(t, "key")
			at := rapid.SampledFrom([]int64{missing, never, 10, 20, 30}).Draw(t, "at")
			k.set(key, at)
			if model[key] = at; at == missing {
				delete(model, key)
			}
			if rapid.Bool().Draw(t, "expire") {
				for due, ok := k.next(20); ok; due, ok = k.next(20) {
					if at := model[due]; at != 10 && at != 20 {
						t.Fatalf("%s goes at %d, not by 20", due, at)
					}
					k.set(due, missing)
					delete(model, due)
				}
				maps.DeleteFunc(model, func(_ string, at int64) bool { return at >= 0 && at <= 20 })
			}
			var got []string
			for cursor, first := 0, true; first || cursor != 0; first = false {
				var part []string
				part, cursor = k.scan(cursor, 2)
				got = append(got, part...)
			}
			slices.Sort(got)
			if want := slices.Sorted(maps.Keys(model)); !slices.Equal(got, want) {
				t.Fatalf("keys %v, want %v", got, want)
			}
			for key, at := range model {
				if k.expires(key) != at {
					t.Fatalf("%s goes at %d, want %d", key, k.expires(key), at)
				}
			}
		}
	})
}

// state is everything in an engine, as the commands that make it again.
func state(t *rapid.T, e *engine) map[string]string {
	s := map[string]string{}
	for key, slot := range e.keys.index {
		cmds, err := e.remake(key)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cmds {
			if c[0] == "ZADD" || c[0] == "SADD" || c[0] == "HSET" {
				slices.Sort(c) // their order says nothing
			}
		}
		s[key] = fmt.Sprint(cmds, slot.expires)
	}
	return s
}

// What the log gives back, and what a base made of it gives back, is what was
// there, whatever the commands and however much time passes between them.
func TestReplayAndDumpGiveTheSameState(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		live, replayed, dumped := mustEngine(t), mustEngine(t), mustEngine(t)
		defer live.close()
		defer replayed.close()
		defer dumped.close()
		now := time.UnixMilli(1_700_000_000_000)
		var log []byte
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			if changed := live.do(live.self, now, drawCommand(t)); len(changed) > 0 {
				log = appendRecord(log, record{at: now.UnixMicro(), cmds: changed})
			}
		}
		if _, err := eachRecord(log, func(r record) error { replayed.apply(r); return nil }); err != nil {
			t.Fatal(err)
		}
		replayed.start(now)
		if got, want := state(t, replayed), state(t, live); !maps.Equal(got, want) {
			t.Fatalf("replayed %v, want %v", got, want)
		}
		path := filepath.Join(dir, "base")
		if err := live.dump(path); err != nil {
			t.Fatal(err)
		}
		if err := loadWhole(path, dumped.apply); err != nil {
			t.Fatal(err)
		}
		if got, want := state(t, dumped), state(t, live); !maps.Equal(got, want) {
			t.Fatalf("dumped %v, want %v", got, want)
		}
	})
}

func mustEngine(t *rapid.T) *engine {
	e, err := newEngine(&facts{clients: func() int { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func drawCommand(t *rapid.T) []string {
	key := rapid.StringMatching(`[ab]`)
	number := rapid.IntRange(-1, 4)
	c := rapid.SampledFrom([]string{
		"SET K N", "SET K N EX N", "SET K N PX N00 NX", "SET K N KEEPTTL", "INCR K", "APPEND K N", "DEL K", "EXPIRE K N", "PEXPIRE K N00 GT", "PERSIST K",
		"GETEX K EX N", "HSET K N N", "HDEL K N", "RPUSH K N N", "LPOP K", "SADD K N", "SREM K N", "ZADD K N N", "ZINCRBY K N N", "ZPOPMIN K", "XADD K * N N",
		"XADD K MAXLEN N * N N", "XADD K N-N N N", "XTRIM K MAXLEN N", "RENAME K K", "COPY K K REPLACE", "LMOVE K K LEFT RIGHT", "MSET K N K N", "SINTERSTORE K K K", "SDIFFSTORE K K K", "ZREMRANGEBYSCORE K N N",
		"LTRIM K N N", "LREM K N N", "SMOVE K K N", "ZINTERSTORE K 2 K K", "ZUNIONSTORE K 1 K", "RPOPLPUSH K K", "HINCRBY K N N", "XDEL K N-N",
		"FLUSHALL", "SETBIT K N 1", "GETDEL K", "SETRANGE K N N",
		"EVAL redis.call('INCR',KEYS[1])redis.call('PEXPIRE',KEYS[1],ARGV[1]*500)redis.call('SET','t',redis.call('TIME')[2]) 1 K N",
		"EVAL redis.pcall('SET',KEYS[1],ARGV[1])redis.call('INCR',KEYS[2]) 2 K K N",
	}).Draw(t, "command")
	args := strings.Fields(c)
	if args[0] == "EVAL" {
		at := strings.LastIndex(c, ")") + 1
		args = append([]string{"EVAL", c[len("EVAL "):at]}, strings.Fields(c[at:])...)
	}
	for i := range args {
		if args[i] == "K" {
			args[i] = key.Draw(t, "key")
		} else if i > 0 && args[i] != "NX" && args[i] != "MAXLEN" && args[i] != "RIGHT" && !strings.Contains(args[i], "(") {
			for strings.Contains(args[i], "N") {
				args[i] = strings.Replace(args[i], "N", strconv.Itoa(number.Draw(t, "n")), 1)
			}
		}
	}
	return args
}
