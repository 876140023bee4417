package link

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// FuzzHTTP lets both sides say anything, and end: without rules it passes byte
// for byte, and with rules that change everything the connection still ends.
func FuzzHTTP(f *testing.F) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	for _, request := range []string{
		"", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HEAD /a?b=c HTTP/1.0\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n{\"a\": 1}\n\r\nGET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n3;x=y\r\n{}\n\r\n0\r\nX: y\r\n\r\n",
		"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n\x16\x03", "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: x\r\nExpect: 100-continue\r\nA: b\r\n c\r\n\r\nx",
		"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "*1\r\n$4\r\nPING\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
	} {
		for _, answer := range []string{ok, "HTTP/1.1 100 Continue\r\n\r\n" + ok + ok, "HTTP/1.1 101 Switching\r\n\r\n\x00", "HTTP/1.0 200\r\n\r\nuntil the end", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "220 hello\r\n"} {
			f.Add([]byte(request), []byte(answer), len(request)%2 == 0)
		}
	}
	everything := []Rule{
		{Pair: pair, Direction: Forward, HTTP: &HTTP{ReplacePath: "/x", ReplaceMethod: "HEAD", ReplaceQueries: map[string]string{"b": "d"}, PatchQueries: [][2]string{{"e", "f"}}, PatchBody: `{"b":2}`}},
		{Pair: pair, Direction: Backward, HTTP: &HTTP{Code: 200, ReplaceCode: 304}},
		{Pair: pair, Direction: Backward, HTTP: &HTTP{Code: 304, ReplaceCode: 200, ReplaceBody: []byte("{}"), PatchBody: `{"c":3}`, ReplaceHeaders: map[string]string{"A": "b"}, Delay: time.Microsecond}},
		{Pair: pair, Direction: Backward, HTTP: &HTTP{Path: "/abort", Abort: true}},
	}
	f.Fuzz(func(t *testing.T, request, answer []byte, changed bool) {
		arrived := make(chan []byte, 1)
		p, address, _ := followed(t, destination(t, func(c *net.TCPConn) {
			c.SetDeadline(time.Now().Add(patience / 4))
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				c.Write(answer)
				c.CloseWrite()
			}()
			all, err := io.ReadAll(c)
			if isTimeout(err) {
				t.Errorf("the request hangs after %q", all)
			}
			arrived <- all
			<-answered
		}))
		if changed {
			if _, err := p.Apply(t.Context(), "f", everything); err != nil {
				t.Fatal(err)
			}
		}
		c := dialled(t, strings.TrimPrefix(address, "http://"))
		c.SetDeadline(time.Now().Add(patience / 4))
		go func() {
			c.Write(request)
			c.CloseWrite()
		}()
		got, err := io.ReadAll(c)
		if isTimeout(err) {
			t.Fatalf("it hangs after %q", got)
		}
		sent := <-arrived
		if !changed && (!bytes.Equal(sent, request) || !bytes.Equal(got, answer) || err != nil) {
			t.Errorf("sent %q, arrived %q; answered %q, arrived %q, %v", request, sent, answer, got, err)
		}
		eventually(t, "the connection ends", func() bool { return counters(t, p).Open == 0 })
	})
}
