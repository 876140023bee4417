package truth

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gauntlet/targets/truth/script"
)

var update = flag.Bool("update", false, "write the golden files anew")

const ms = time.Millisecond

func read(t testing.TB, text string) *script.Script {
	t.Helper()
	s, err := script.Parse("test", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// client sends requests to a server without a network, in the time of a
// bubble.
type client struct {
	server *Server
	n      int
}

func (c *client) ask(method, key, body, id string) *http.Response {
	r := httptest.NewRequest(method, "/"+key, strings.NewReader(body))
	r.Header.Set("X-Request-Id", id)
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	return w.Result()
}

func (c *client) put(key, value string) int {
	c.n++
	return c.ask("PUT", key, fmt.Sprintf(`{"url":%q}`, value), fmt.Sprintf("%s/%d", key, c.n)).StatusCode
}

func (c *client) get(key string) (status int, value string) {
	c.n++
	resp := c.ask("GET", key, "", fmt.Sprintf("%s/%d", key, c.n))
	return resp.StatusCode, resp.Header.Get("Location")
}

// follow runs do against a server with the script, in virtual time, and
// returns the log.
func follow(t *testing.T, text string, do func(t *testing.T, c *client)) string {
	var log bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		s := New(read(t, text), "truth-1", &log)
		do(t, &client{server: s})
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return log.String()
}

func TestDeeds(t *testing.T) {
	for _, c := range []struct {
		event  string
		at     time.Duration // of the put and the get, from the script's begin
		put    int
		get    int
		value  string
		lasts  time.Duration // put and get together
		logged string
	}{
		{"do: fail", 999 * ms, 201, 302, "new", 0, "P ok - 2 k/3|G ok - 2 k/4"},
		{"do: fail", 1000 * ms, 503, 503, "", 0, "P fail 0 - k/3|G fail 0 - k/4"},
		{"do: fail", 3000 * ms, 201, 302, "new", 0, "P ok - 2 k/3|G ok - 2 k/4"},
		{"do: fail, only: put", 1500 * ms, 503, 302, "old", 0, "P fail 0 - k/3|G ok - 1 k/4"},
		{"do: fail, keys: r-", 1500 * ms, 201, 302, "new", 0, "P ok - 2 k/3|G ok - 2 k/4"},
		{"do: fail, keys: k", 1500 * ms, 503, 503, "", 0, "P fail 0 - k/3|G fail 0 - k/4"},
		{"do: delay, by: 300ms", 1500 * ms, 201, 302, "new", 600 * ms, "P delay 0 2 k/3|G delay 0 2 k/4"},
		{"do: hang, only: get", 1500 * ms, 201, 302, "new", 1500 * ms, "P ok - 2 k/3|G hang 0 2 k/4"},
		{"do: lose", 1500 * ms, 201, 302, "old", 0, "P lose 0 - k/3|G ok 0 1 k/4"},
		{"do: lag, by: 300ms", 1500 * ms, 201, 302, "old", 0, "P lag 0 2 k/3|G ok 0 1 k/4"},
		{"do: stale", 1500 * ms, 201, 302, "old", 0, "P ok 0 2 k/3|G stale 0 1 k/4"},
		{"do: stale, by: 1500ms", 1500 * ms, 201, 302, "old", 0, "P ok 0 2 k/3|G stale 0 1 k/4"},
		{"do: stale, by: 1501ms", 1500 * ms, 201, 302, "new", 0, "P ok 0 2 k/3|G ok 0 2 k/4"}, // there was none then
		{"do: wrong", 1500 * ms, 201, 302, "other", 0, "P ok 0 2 k/3|G wrong 0 - k/4"},
	} {
		t.Run(c.event+" at "+c.at.String(), func(t *testing.T) {
			log := follow(t, "events: [{at: 1s, for: 2s, "+c.event+"}]", func(t *testing.T, cl *client) {
				cl.put("other", "other")
				cl.put("k", "old")
				time.Sleep(c.at)
				begin := time.Now()
				put := cl.put("k", "new")
				get, value := cl.get("k")
				if lasts := time.Since(begin); put != c.put || get != c.get || value != c.value || lasts != c.lasts {
					t.Errorf("put %d, get %d %q in %v; want %d, %d %q in %v", put, get, value, lasts, c.put, c.get, c.value, c.lasts)
				}
			})
			for _, line := range strings.Split(c.logged, "|") {
				if !strings.Contains(log, " "+line+"\n") {
					t.Errorf("the log lacks %q:\n%s", line, log)
				}
			}
		})
	}
}

// A reader that is so far behind sees what was there then, however often it was
// written since.
func TestStaleIsAsOfAWhileAgo(t *testing.T) {
	follow(t, "events: [{at: 1s, for: 1h, do: stale, by: 1s}]", func(t *testing.T, c *client) {
		for i := range 100 {
			c.put("k", fmt.Sprint(i))
			if _, value := c.get("k"); i >= 20 && value != fmt.Sprint(i-10) {
				t.Fatalf("at %d ms the value is %s, want %d", 100*i, value, i-10)
			}
			time.Sleep(100 * ms)
		}
		time.Sleep(time.Second)
		if _, value := c.get("k"); value != "99" {
			t.Errorf("the value that has been there for 1 s is %s, want 99", value)
		}
		if kept := len(c.server.store.keys["k"].shown); kept > 12 {
			t.Errorf("%d values are kept of one that is written ten times in that while", kept)
		}
	})
}

// A write that lags is seen when it is time, unless one that came later is there
// already.
func TestAWriteThatLags(t *testing.T) {
	follow(t, "events: [{at: 1s, for: 10ms, do: lag, by: 300ms}]", func(t *testing.T, c *client) {
		c.put("k", "old")
		c.put("j", "old")
		time.Sleep(time.Second)
		c.put("k", "new")
		c.put("j", "new")
		time.Sleep(100 * ms)
		c.put("j", "newer")
		time.Sleep(199 * ms)
		if _, value := c.get("k"); value != "old" {
			t.Errorf("after 299 ms the value is %s, want old", value)
		}
		time.Sleep(2 * ms)
		if _, value := c.get("k"); value != "new" {
			t.Errorf("after 301 ms the value is %s, want new", value)
		}
		if _, value := c.get("j"); value != "newer" {
			t.Errorf("the older write won: %s", value)
		}
	})
}

// What hung is answered when it is over, in the order in which it came and no
// faster than it drains.
func TestAHangDrains(t *testing.T) {
	follow(t, "events: [{at: 1s, for: 2s, do: hang, drain: 10/s}]", func(t *testing.T, c *client) {
		c.put("k", "v")
		time.Sleep(time.Second)
		begin := time.Now()
		var all sync.WaitGroup
		for i := range 5 {
			time.Sleep(100 * ms)
			all.Go(func() {
				c.ask("GET", "k", "", fmt.Sprint(i))
				if took, want := time.Since(begin), 2000*ms+time.Duration(i)*100*ms; took != want {
					t.Errorf("request %d was answered after %v, want %v", i, took, want)
				}
			})
		}
		all.Wait()
	})
}

// A client that gave up has written nothing.
func TestAWriteThatWasGivenUpNeverHappened(t *testing.T) {
	follow(t, "events: [{at: 1s, for: 2s, do: hang, only: put}]", func(t *testing.T, c *client) {
		c.put("k", "old")
		time.Sleep(1500 * ms)
		ctx, cancel := context.WithTimeout(t.Context(), 500*ms)
		defer cancel()
		c.server.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("PUT", "/k", strings.NewReader(`{"url":"new"}`)).WithContext(ctx))
		time.Sleep(2 * time.Second)
		if _, value := c.get("k"); value != "old" {
			t.Errorf("the value is %q, want old", value)
		}
	})
}

// The time of the script begins with the first request that does not populate.
func TestPopulatingComesBeforeTheScript(t *testing.T) {
	follow(t, "events: [{at: 0s, for: 1s, do: fail}]", func(t *testing.T, c *client) {
		if got := c.ask("PUT", "k", `{"url":"v"}`, "p/k/0"); got.StatusCode != 201 {
			t.Errorf("populating is answered with %d", got.StatusCode)
		}
		time.Sleep(time.Minute)
		if status, _ := c.get("k"); status != 503 {
			t.Errorf("the first request is answered with %d", status)
		}
		if got := c.ask("GET", "k", "", "p/k/0"); got.StatusCode != 302 {
			t.Errorf("a request that populates meets the script: %d", got.StatusCode)
		}
	})
}

func TestQuestionsForReadinessMeetNothing(t *testing.T) {
	log := follow(t, "events: [{at: 0s, for: 1s, do: fail}]", func(t *testing.T, c *client) {
		for _, path := range []string{"readyz", "healthz"} {
			if got := c.ask("GET", path, "", "x"); got.StatusCode != 200 {
				t.Errorf("%s is answered with %d", path, got.StatusCode)
			}
		}
	})
	if !strings.HasSuffix(log, "+end 0\n") || strings.Contains(log, "stretch") {
		t.Errorf("the script began, or an arrival was counted:\n%s", log)
	}
}

func TestBadRequestsAreRefused(t *testing.T) {
	log := follow(t, "", func(t *testing.T, c *client) {
		for _, r := range [][3]string{{"GET", "", ""}, {"GET", "a/b", ""}, {"DELETE", "k", ""}, {"PUT", "k", "no json"}, {"PUT", "k", `{"url": ""}`}, {"PUT", "k", `{"url":"` + strings.Repeat("x", maxBody) + `"}`}} {
			if got := c.ask(r[0], r[1], r[2], "an id\nof two lines"); got.StatusCode != 400 {
				t.Errorf("%q is answered with %d", r[:2], got.StatusCode)
			}
		}
		if status, _ := c.get("nobody"); status != 404 {
			t.Errorf("a key that nobody wrote is answered with %d", status)
		}
	})
	if strings.Count(log, " bad - - -\n") != 6 || !strings.Contains(log, "G missing - - nobody/1\n") {
		t.Error(log)
	}
}

// On a wire: what is reset is seen as a reset, and what falls into the black
// hole as nothing at all, until the client gives up.
func TestOnTheWire(t *testing.T) {
	for _, c := range []struct {
		deed string
		want error
	}{{"reset", syscall.ECONNRESET}, {"blackhole", context.DeadlineExceeded}} {
		var log bytes.Buffer
		s := New(read(t, "events: [{at: 0s, for: 1h, do: "+c.deed+"}]"), "truth-1", &log)
		server := httptest.NewServer(s)
		ctx, cancel := context.WithTimeout(t.Context(), 200*ms)
		r, err := http.NewRequestWithContext(ctx, "PUT", server.URL+"/k", strings.NewReader(`{"url":"v"}`))
		if err != nil {
			t.Fatal(err)
		}
		_, err = server.Client().Do(r)
		cancel()
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.deed, err, c.want)
		}
		server.Close()
		if err := s.Close(); err != nil || !strings.Contains(log.String(), " P "+c.deed+" 0 - -\n") {
			t.Errorf("%v\n%s", err, log.String())
		}
	}
}

// The log's form is read by others: the sample is what it looks like.
func TestGoldenLog(t *testing.T) {
	log := follow(t, `
seed: 7
events:
  - {at: 100ms, for: 50ms, do: fail, share: 50%}
  - {at: 200ms, for: 100ms, do: delay, by: 30ms, jitter: 10ms, flap: 25ms}
  - {at: 400ms, for: 50ms, do: hang}
  - {at: 500ms, for: 50ms, do: lose}
  - {at: 600ms, for: 50ms, do: stale, ramp: 10ms}
  - {at: 700ms, for: 50ms, do: wrong}
  - {at: 760ms, for: 40ms, do: stale, by: 100ms, keys: k-3}
  - {at: 760ms, for: 40ms, do: lag, by: 10ms}
`, func(t *testing.T, c *client) {
		for i := range 4 {
			c.ask("PUT", fmt.Sprintf("k-%d", i), `{"url":"populated"}`, fmt.Sprintf("p/k-%d/%d", i, i))
		}
		time.Sleep(20 * ms)
		var all sync.WaitGroup
		for seq := range 80 {
			key := fmt.Sprintf("k-%d", seq%5) // k-4 is written by the load alone
			id := fmt.Sprintf("%d/%s/%d", seq%3, key, seq)
			all.Go(func() {
				if seq%4 == 3 {
					c.ask("PUT", key, fmt.Sprintf(`{"url":"%d"}`, seq), id)
				} else {
					c.ask("GET", key, "", id)
				}
			})
			time.Sleep(10 * ms)
		}
		all.Wait()
	})
	path := filepath.Join("testdata", "sample.log")
	if *update {
		if err := os.WriteFile(path, []byte(log), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if sorted(log) != sorted(string(want)) {
		t.Errorf("the log is\n%s\nwant that of %s; -update writes it anew", log, path)
	}
}

// sorted is a log without the order of what happened at the same instant.
func sorted(log string) string {
	lines := strings.Split(log, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// failing is a place that cannot be written to.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestALogThatCannotBeWrittenIsAnError(t *testing.T) {
	s := New(read(t, ""), "truth-1", failing{})
	if err := s.Close(); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("%v", err)
	}
}

func BenchmarkArrival(b *testing.B) {
	s := New(read(b, "events: [{at: 1h, for: 1s, do: fail}]"), "truth-1", io.Discard)
	r := httptest.NewRequest("GET", "/k", nil)
	r.Header.Set("X-Request-Id", "3/k/1042")
	b.ReportAllocs()
	for b.Loop() {
		s.ServeHTTP(httptest.NewRecorder(), r)
	}
	s.Close()
}
