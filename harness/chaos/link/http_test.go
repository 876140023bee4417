package link

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// web is a destination that says what it was asked, or does what the path names.
func web(t testing.TB) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/none":
			w.WriteHeader(http.StatusNoContent)
			return
		case "/chunks":
			for i := range 3 {
				fmt.Fprintf(w, "chunk %d\n", i)
				w.(http.Flusher).Flush()
			}
			return
		case "/json":
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"a":1,"b":{"c":2,"d":3}}`)
			return
		case "/early":
			w.WriteHeader(http.StatusEarlyHints)
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.WriteString(z, `{"a":1}`)
			z.Close()
			return
		case "/long":
			w.Write(bytes.Repeat([]byte("x"), maxBody+1))
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		w.Header().Set("X-Path", r.URL.Path)
		fmt.Fprintf(w, "%s %s %q %s", r.Method, r.URL, body, strings.Join(r.Header.Values("X-A"), ","))
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// followed is a proxy that follows HTTP before target, and a client of it with
// one connection.
func followed(t testing.TB, target string) (*Proxy, string, *http.Client) {
	p, address := openedFor(t, Opening{Pair: pair, Listen: "127.0.0.1:0", Target: target, HTTP: true})
	transport := &http.Transport{MaxConnsPerHost: 1, DisableCompression: true, ExpectContinueTimeout: patience}
	t.Cleanup(transport.CloseIdleConnections)
	return p, "http://" + address, &http.Client{Transport: transport, Timeout: patience}
}

// ask sends a request and says what came back.
func ask(t testing.TB, c *http.Client, method, url, body string, headers ...string) (code int, answer string, header http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	got, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	all, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got.StatusCode, string(all), got.Header
}

func TestHTTPRulesChangeMessages(t *testing.T) {
	for name, c := range map[string]struct {
		direction Direction
		rule      HTTP
		method    string // GET
		path      string // /k?x=1
		body      string
		header    string
		code      int // 200
		want      string
		unchanged bool
		skipped   bool
	}{
		"nothing":                 {Forward, HTTP{}, "", "", "", "", 0, `GET /k?x=1 "" `, true, false},
		"path":                    {Forward, HTTP{ReplacePath: "/other"}, "", "", "", "", 0, `GET /other?x=1 "" `, false, false},
		"path by wildcard":        {Forward, HTTP{Path: "/a/*/c?", ReplacePath: "/other"}, "", "/a/b/b/cd", "", "", 0, `GET /other "" `, false, false},
		"another path":            {Forward, HTTP{Path: "/a/*/c?", ReplacePath: "/other"}, "", "/a/b/c", "", "", 0, `GET /a/b/c "" `, true, false},
		"method":                  {Forward, HTTP{Method: "GET", ReplaceMethod: "PUT"}, "", "", "", "", 0, `PUT /k?x=1 "" `, false, false},
		"method to HEAD":          {Forward, HTTP{ReplaceMethod: "HEAD"}, "", "", "", "", 0, ``, false, false},
		"method from HEAD":        {Forward, HTTP{ReplaceMethod: "GET"}, "HEAD", "", "", "", 0, ``, false, false},
		"another method":          {Forward, HTTP{Method: "PUT", ReplacePath: "/other"}, "", "", "", "", 0, `GET /k?x=1 "" `, true, false},
		"by header":               {Forward, HTTP{RequestHeaders: map[string]string{"X-A": "1"}, ReplacePath: "/o"}, "", "", "", "X-A: 1", 0, `GET /o?x=1 "" 1`, false, false},
		"by another header":       {Forward, HTTP{RequestHeaders: map[string]string{"X-A": "2"}, ReplacePath: "/o"}, "", "", "", "X-A: 1", 0, `GET /k?x=1 "" 1`, true, false},
		"queries":                 {Forward, HTTP{ReplaceQueries: map[string]string{"x": "2", "y": "a b"}, PatchQueries: [][2]string{{"x", "3"}}}, "", "", "", "", 0, `GET /k?x=2&y=a+b&x=3 "" `, false, false},
		"headers":                 {Forward, HTTP{ReplaceHeaders: map[string]string{"x-a": "2"}, PatchHeaders: [][2]string{{"X-A", "3"}}}, "", "", "", "X-A: 1", 0, `GET /k?x=1 "" 2,3`, false, false},
		"body":                    {Forward, HTTP{ReplaceBody: []byte("new")}, "PUT", "", "old and longer", "", 0, `PUT /k?x=1 "new" `, false, false},
		"no body":                 {Forward, HTTP{ReplaceBody: []byte{}}, "PUT", "", "old", "", 0, `PUT /k?x=1 "" `, false, false},
		"a body where none was":   {Forward, HTTP{ReplaceBody: []byte("new")}, "", "", "", "", 0, `GET /k?x=1 "new" `, false, false},
		"patch":                   {Forward, HTTP{PatchBody: `{"a":null,"b":{"x":1}}`}, "PUT", "", `{"a":1,"b":{"y":2}}`, "", 0, `PUT /k?x=1 "{\"b\":{\"y\":2,\"x\":1}}" `, false, false},
		"patch of no JSON":        {Forward, HTTP{PatchBody: `{"a":1}`}, "PUT", "", `{"a":`, "", 0, `PUT /k?x=1 "{\"a\":" `, true, true},
		"patch waited for":        {Forward, HTTP{ReplaceBody: []byte("new")}, "PUT", "", `old`, "Expect: 100-continue", 0, `PUT /k?x=1 "new" `, false, false},
		"late under another path": {Forward, HTTP{Delay: time.Millisecond, ReplacePath: "/other"}, "", "", "", "", 0, `GET /other?x=1 "" `, false, false},

		"late with another code":   {Backward, HTTP{Delay: time.Millisecond, ReplaceCode: 503}, "", "", "", "", 503, `GET /k?x=1 "" `, false, false},
		"code":                     {Backward, HTTP{ReplaceCode: 503}, "", "", "", "", 503, `GET /k?x=1 "" `, false, false},
		"code without a body":      {Backward, HTTP{ReplaceCode: 204}, "", "", "", "", 204, ``, false, false},
		"code with a body":         {Backward, HTTP{ReplaceCode: 200, ReplaceBody: []byte("now")}, "", "/none", "", "", 200, `now`, false, false},
		"code with no body":        {Backward, HTTP{ReplaceCode: 200}, "", "/none", "", "", 200, ``, false, false},
		"by code":                  {Backward, HTTP{Code: 204, ReplaceCode: 200}, "", "", "", "", 200, `GET /k?x=1 "" `, true, false},
		"by the request":           {Backward, HTTP{Path: "/k", Method: "GET", RequestHeaders: map[string]string{"X-A": "1"}, ResponseHeaders: map[string]string{"X-Path": "/k"}, ReplaceCode: 500}, "", "", "", "X-A: 1", 500, `GET /k?x=1 "" 1`, false, false},
		"answer":                   {Backward, HTTP{ReplaceBody: []byte("new")}, "", "/chunks", "", "", 200, `new`, false, false},
		"answer to HEAD":           {Backward, HTTP{ReplaceBody: []byte("new")}, "HEAD", "", "", "", 200, ``, true, false},
		"chunks":                   {Backward, HTTP{Code: 1}, "", "/chunks", "", "", 200, "chunk 0\nchunk 1\nchunk 2\n", true, false},
		"chunks under other heads": {Backward, HTTP{PatchHeaders: [][2]string{{"X-B", "1"}}}, "", "/chunks", "", "", 200, "chunk 0\nchunk 1\nchunk 2\n", false, false},
		"after an interim answer":  {Backward, HTTP{ReplaceCode: 500}, "", "/early", "", "", 500, `GET /early "" `, false, false},
		"patched answer":           {Backward, HTTP{PatchBody: `{"b":{"c":null}}`}, "", "/json", "", "", 200, `{"a":1,"b":{"d":3}}`, false, false},
		"patch of a long answer":   {Backward, HTTP{PatchBody: `{}`}, "", "/long", "", "", 200, strings.Repeat("x", maxBody+1), true, true},
		"patch of what is zipped":  {Backward, HTTP{PatchBody: `{}`}, "", "/gzip", "", "", 200, "*", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			p, url, client := followed(t, web(t))
			if c.rule.Code == 1 {
				c.rule.Code = 101 // no final answer has it
			}
			apply(t, p, "f", Rule{Direction: c.direction, HTTP: &c.rule})
			method, path, want := c.method, c.path, c.code
			if method == "" {
				method = "GET"
			}
			if path == "" {
				path = "/k?x=1"
			}
			if want == 0 {
				want = 200
			}
			var headers []string
			if c.header != "" {
				headers = append(headers, c.header)
			}
			for range 2 { // twice on one connection: the first left nothing behind
				code, got, _ := ask(t, client, method, url+path, c.body, headers...)
				if code != want || got != c.want && c.want != "*" {
					t.Errorf("got %d %.100q, want %d %.100q", code, got, want, c.want)
				}
			}
			n := counters(t, p)
			side := n.Forward
			if c.direction == Backward {
				side = n.Backward
			}
			if n.Accepted != 1 || (side.Changed == 0) != c.unchanged || side.Changed > 0 && side.Changed != 2 || (side.Skipped == 2) != c.skipped {
				t.Errorf("counted %+v", n)
			}
		})
	}
}

func TestHTTPAbortBreaksOff(t *testing.T) {
	for _, d := range []Direction{Forward, Backward} {
		p, url, client := followed(t, web(t))
		ask(t, client, "GET", url+"/k", "")
		apply(t, p, "f", Rule{Direction: d, HTTP: &HTTP{Path: "/bad", Abort: true, Delay: time.Millisecond}})
		if _, got, _ := ask(t, client, "GET", url+"/k", ""); got != `GET /k "" ` {
			t.Errorf("another path: %q", got)
		}
		if _, err := client.Post(url+"/bad", "", strings.NewReader("x")); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: %v", d, err)
		}
		n := counters(t, p)
		if side := map[Direction]Stream{Forward: n.Forward, Backward: n.Backward}[d]; side.Reset != 1 || side.Changed != 1 {
			t.Errorf("counted %+v", n)
		}
		clearFault(t, p, "f")
		ask(t, client, "GET", url+"/bad", "")
	}
}

func TestHTTPDelayHoldsUntilTheRuleEnds(t *testing.T) {
	for _, d := range []Direction{Forward, Backward} {
		p, url, client := followed(t, web(t))
		const delay = 30 * time.Millisecond
		apply(t, p, "f", Rule{Direction: d, HTTP: &HTTP{Delay: delay}})
		began := time.Now()
		ask(t, client, "PUT", url+"/k", "body")
		if took := time.Since(began); took < delay {
			t.Errorf("took %v", took)
		}
		apply(t, p, "f", Rule{Direction: d, HTTP: &HTTP{Delay: time.Hour}})
		done := make(chan struct{})
		go func() {
			defer close(done)
			ask(t, client, "GET", url+"/k", "")
		}()
		eventually(t, "it is held", func() bool { n := counters(t, p); return n.Forward.Changed+n.Backward.Changed == 2 })
		apply(t, p, "other", Rule{Direction: d, HTTP: &HTTP{Path: "/x", Delay: 1}})
		select {
		case <-done:
			t.Error("another fault let it go")
		case <-time.After(10 * time.Millisecond):
		}
		clearFault(t, p, "f")
		<-done
	}
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	p, address, _ := followed(t, web(t))
	apply(t, p, "f", Rule{Direction: Backward, HTTP: &HTTP{Path: "/5", ReplaceCode: 418}}, Rule{Direction: Forward, HTTP: &HTTP{Path: "/6", ReplacePath: "/six"}})
	c := dialled(t, strings.TrimPrefix(address, "http://"))
	const requests = 3 * pipelined
	go func() {
		for i := range requests {
			fmt.Fprintf(c, "PUT /%d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", i)
		}
	}()
	answers := bufio.NewReader(c)
	for i := range requests {
		r, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(r.Body)
		path, code := fmt.Sprint(i), 200
		if i == 6 {
			path = "six"
		}
		if i == 5 {
			code = 418
		}
		if want := fmt.Sprintf("PUT /%s %q ", path, "ab"); string(body) != want || r.StatusCode != code {
			t.Fatalf("answer %d: %d %q", i, r.StatusCode, body)
		}
	}
}

func TestWhatFollowsASwitchPassesUnread(t *testing.T) {
	for _, c := range []struct{ request, answer string }{
		{"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"},
		{"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"},
	} {
		p, address, _ := followed(t, destination(t, func(d *net.TCPConn) {
			http.ReadRequest(bufio.NewReader(d))
			io.WriteString(d, c.answer)
			io.Copy(d, d)
		}))
		apply(t, p, "f", Rule{Direction: Forward, HTTP: &HTTP{Path: "/no", Abort: true}})
		conn := dialled(t, strings.TrimPrefix(address, "http://"))
		io.WriteString(conn, c.request)
		hear(t, conn, c.answer)
		say(t, conn, "\x00\x01 no HTTP")
		say(t, conn, "GET /no HTTP/1.1\r\nHost: h\r\n\r\n")
	}
}

func TestWhatIsNotHTTPPassesUnread(t *testing.T) {
	p, address, _ := followed(t, echo(t))
	apply(t, p, "f", Rule{Direction: Forward, HTTP: &HTTP{Abort: true}}, Rule{Direction: Backward, HTTP: &HTTP{Abort: true}})
	for _, text := range []string{"*1\r\n$4\r\nPING\r\n", "\x16\x03\x01", "hello", "HELLO THERE", "GET / HTTP/2.0\r\n\r\n", "GET", "GET /\r\n", "\r\n"} {
		c := dialled(t, strings.TrimPrefix(address, "http://"))
		say(t, c, text)
		say(t, c, "and more")
		c.CloseWrite()
		if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
			t.Errorf("%q: then %q, %v", text, rest, err)
		}
	}
	p, address, _ = followed(t, destination(t, func(c *net.TCPConn) {
		io.WriteString(c, "220 who speaks first\r\n")
		io.Copy(c, c)
	}))
	c := dialled(t, strings.TrimPrefix(address, "http://"))
	hear(t, c, "220 who speaks first\r\n")
	say(t, c, "HELO\r\n")
	_ = p
}

func TestAnUpstreamThatClosesIdleClosesItsClient(t *testing.T) {
	var served atomic.Int64
	p, address, _ := followed(t, destination(t, func(c *net.TCPConn) {
		served.Add(1)
		http.ReadRequest(bufio.NewReader(c))
		io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
	}))
	c := dialled(t, strings.TrimPrefix(address, "http://"))
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	hear(t, c, "HTTP/1.1 204 No Content\r\n\r\n")
	if n, err := c.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("read %d bytes, %v", n, err)
	}
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	eventually(t, "the connection ends", func() bool { return counters(t, p).Open == 0 })
	if served.Load() != 1 {
		t.Errorf("%d connections to the destination", served.Load())
	}
}

func TestHTTPRulesThatCannotBeDone(t *testing.T) {
	p, _, _ := followed(t, web(t))
	for name, r := range map[string]Rule{
		"code of a request":    {Direction: Forward, HTTP: &HTTP{ReplaceCode: 500}},
		"path of an answer":    {Direction: Backward, HTTP: &HTTP{ReplacePath: "/"}},
		"path with a query":    {Direction: Forward, HTTP: &HTTP{ReplacePath: "/a?b"}},
		"relative path":        {Direction: Forward, HTTP: &HTTP{ReplacePath: "a"}},
		"method":               {Direction: Forward, HTTP: &HTTP{ReplaceMethod: "A B"}},
		"CONNECT":              {Direction: Forward, HTTP: &HTTP{ReplaceMethod: "CONNECT"}},
		"patch":                {Direction: Forward, HTTP: &HTTP{PatchBody: "{"}},
		"header line":          {Direction: Forward, HTTP: &HTTP{PatchHeaders: [][2]string{{"A", "b\r\nC: d"}}}},
		"framing":              {Direction: Forward, HTTP: &HTTP{ReplaceHeaders: map[string]string{"content-length": "5"}}},
		"code of an interim":   {Direction: Backward, HTTP: &HTTP{ReplaceCode: 100}},
		"a delay without end":  {Direction: Backward, HTTP: &HTTP{Delay: 1 << 62}},
		"a body without bound": {Direction: Backward, HTTP: &HTTP{ReplaceBody: make([]byte, maxBody+1)}},
	} {
		r.Pair = pair
		if _, err := p.Apply(t.Context(), "f", []Rule{r}); err == nil {
			t.Errorf("%s: applied", name)
		}
	}
}

func TestWildcard(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"*", "", true}, {"*", "/a/b", true}, {"/a", "/a", true}, {"/a", "/ab", false}, {"/a*", "/ab/c", true},
		{"*c", "/ab/c", true}, {"/?", "/a", true}, {"/?", "/", false}, {"a*b*c", "aXbYbZc", true}, {"a*b*c", "aXbYbZ", false}, {"**", "x", true}, {"a", "", false},
	} {
		if got := wildcard(c.pattern, c.s); got != c.want {
			t.Errorf("%q and %q: %v", c.pattern, c.s, got)
		}
	}
}
