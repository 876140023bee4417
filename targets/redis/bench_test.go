package redis

import (
	"bufio"
	"io"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2/server"
)

// What a command costs without the network, run by one client.
func BenchmarkEngine(b *testing.B) {
	for name, args := range map[string][]string{
		"SET":  {"SET", "key", "value", "EX", "100"},
		"GET":  {"GET", "key"},
		"EVAL": {"EVAL", "local t=redis.call('TIME') redis.call('SET',KEYS[1],t[1],'PX',60000) return redis.call('INCR','seq')", "1", "key"},
	} {
		b.Run(name, func(b *testing.B) {
			e, err := newEngine(&facts{})
			if err != nil {
				b.Fatal(err)
			}
			defer e.close()
			c := server.NewPeer(bufio.NewWriter(io.Discard))
			b.ReportAllocs()
			for b.Loop() {
				e.do(c, time.Now(), args)
			}
		})
	}
}
