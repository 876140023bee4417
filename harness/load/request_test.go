package load

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gauntlet/harness/history"
)

func TestNoReadyReplicaIsRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, rec, _ := begin(t, smallPlan(100, 4, time.Second), nobody{}, transportFunc(answerOK))
		a.EndAt(int64(time.Second))
		if err := a.Wait(); err != nil {
			t.Fatal(err)
		}
		expectOnceEach(t, rec.ops, 100)
		for _, op := range rec.ops {
			if op.Class != history.Refused || op.Response() != 0 || op.Attempts != 0 || op.Effect != history.NoEffect || op.Replica != history.NoReplica {
				t.Fatalf("%+v", op)
			}
		}
	})
}

type nobody struct{}

func (nobody) Route(int, []uint16) (Endpoint, bool) { return Endpoint{}, false }
func (nobody) Ready() int                           { return 0 }

// three are always ready, in turn.
type three struct{ *Service }

func threeReady() three {
	s := &Service{}
	s.ready.Store(&[]Endpoint{{0, "a", "http://a.invalid"}, {1, "b", "http://b.invalid"}, {2, "c", "http://c.invalid"}})
	return three{s}
}

func TestASilentReplicaHoldsItsShareOfTheWorkersAndAFifth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		held, most := 0, 0
		hold := func(n int) {
			mu.Lock()
			defer mu.Unlock()
			held += n
			most = max(most, held)
		}
		transport := transportFunc(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host != "a.invalid" {
				return after(time.Millisecond)(r)
			}
			hold(1)
			defer hold(-1)
			return hang(r)
		})
		a, rec, _ := begin(t, smallPlan(1000, 30, time.Second), threeReady(), transport)
		a.EndAt(int64(5 * time.Second))
		if err := a.Wait(); err != nil {
			t.Fatal(err)
		}
		if most != 12 { // 30 / 3 · 1.2
			t.Errorf("the silent replica held %d of 30 workers, want 12", most)
		}
		bad := 0
		for _, op := range rec.ops {
			if op.Class != history.OK {
				bad++
			}
		}
		if bad > 12*6 {
			t.Errorf("%d of %d requests are bad; the other replicas had room", bad, len(rec.ops))
		}
	})
}

func TestFurtherAttemptsGoToOtherReplicas(t *testing.T) {
	put := Operation{Name: "put", Method: "PUT", Path: "/{key}", Body: "{value}", Writes: true}
	for _, c := range []struct {
		name     string
		retries  int
		answers  []int // statuses in the order of the attempts
		class    history.Class
		effect   history.Effect
		attempts uint8
	}{
		{"none needed", 1, []int{200}, history.OK, history.Acknowledged, 1},
		{"none allowed", 0, []int{503, 200}, history.Status5xx, history.UnknownEffect, 1},
		{"second is right", 1, []int{503, 200}, history.OK, history.Acknowledged, 2},
		{"unknown stays unknown", 1, []int{502, 429}, history.Status4xx, history.UnknownEffect, 2},
		{"not for 500", 2, []int{500, 200}, history.Status5xx, history.UnknownEffect, 1},
		{"not for 404", 2, []int{404, 200}, history.Status4xx, history.NoEffect, 1},
		{"until replicas run out", 9, []int{504, 504, 504, 200}, history.Status5xx, history.UnknownEffect, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var hosts []string
				plan := smallPlan(1, 1, time.Second)
				plan.Operations, plan.Retries = []Operation{put}, c.retries
				a, rec, _ := begin(t, plan, threeReady(), transportFunc(func(r *http.Request) (*http.Response, error) {
					hosts = append(hosts, r.URL.Host)
					return &http.Response{StatusCode: c.answers[len(hosts)-1], Header: http.Header{}, Body: http.NoBody}, nil
				}))
				a.EndAt(1)
				if err := a.Wait(); err != nil {
					t.Fatal(err)
				}
				op := rec.ops[0]
				if op.Class != c.class || op.Effect != c.effect || op.Attempts != c.attempts {
					t.Errorf("%v, effect %v after %d attempts; want %v, %v, %d", op.Class, op.Effect, op.Attempts, c.class, c.effect, c.attempts)
				}
				slices.Sort(hosts)
				if len(slices.Compact(hosts)) != int(c.attempts) {
					t.Errorf("attempts went to %v", hosts)
				}
			})
		})
	}
}

// What a client's policy tries again, by outcome and method.
func TestWhatIsTriedAgain(t *testing.T) {
	refused := attempt{err: syscall.ECONNREFUSED}
	reset := attempt{err: syscall.ECONNRESET, written: true}
	for _, c := range []struct {
		name   string
		method string
		on     []Trigger
		got    attempt
		class  history.Class
		want   bool
	}{
		{"refused", "GET", nil, refused, history.Refused, true},
		{"reset", "PUT", nil, reset, history.Reset, true},
		{"unavailable", "PUT", nil, attempt{status: 503, written: true}, history.Status5xx, true},
		{"a bug of the server", "GET", nil, attempt{status: 500, written: true}, history.Status5xx, false},
		{"a wrong answer", "GET", nil, attempt{status: 200, written: true}, history.WrongAnswer, false},
		{"without a class", "GET", nil, attempt{err: errors.New("strange")}, history.Other, true},
		{"any 5xx, asked for", "GET", []Trigger{On5xx}, attempt{status: 500, written: true}, history.Status5xx, true},
		{"refused, not asked for", "GET", []Trigger{On5xx}, refused, history.Refused, false},
		{"without a class, not asked for", "GET", []Trigger{OnRefused}, attempt{err: errors.New("strange")}, history.Other, false},
		{"503, not asked for", "GET", []Trigger{OnReset, OnEOF}, attempt{status: 503, written: true}, history.Status5xx, false},
		{"EOF", "DELETE", []Trigger{OnEOF}, attempt{err: io.EOF, written: true}, history.EOF, true},
		{"DNS", "GET", []Trigger{OnDNS}, attempt{}, history.DNS, true},
		{"connecting took too long", "GET", []Trigger{OnTimeout}, attempt{}, history.Timeout, true},
		{"a POST that was never written", "POST", nil, refused, history.Refused, true},
		{"a POST that may have happened", "POST", nil, reset, history.Reset, false},
		{"a POST that was turned away", "POST", nil, attempt{status: 503, retryAfter: true, written: true}, history.Status5xx, true},
		{"a PATCH that may have happened", "PATCH", []Trigger{On5xx}, attempt{status: 502, written: true}, history.Status5xx, false},
	} {
		p := &Plan{RetryOn: c.on}
		if got := p.again(&Operation{Method: c.method}, c.got, c.class); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// The waits double, count as response time, and stay within the timeout.
func TestBackoffWaitsWithinTheTimeout(t *testing.T) {
	for retries, want := range map[int]struct {
		took     time.Duration
		attempts uint8
	}{0: {0, 1}, 1: {100 * time.Millisecond, 2}, 2: {300 * time.Millisecond, 3}, 9: {time.Second, 4}} {
		synctest.Test(t, func(t *testing.T) {
			plan := smallPlan(1, 1, time.Second)
			plan.Retries, plan.Backoff = retries, 100*time.Millisecond
			router := one // any number of attempts finds a replica
			a, rec, _ := begin(t, plan, router, transportFunc(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: 503, Header: http.Header{}, Body: http.NoBody}, nil
			}))
			a.EndAt(1)
			if err := a.Wait(); err != nil {
				t.Fatal(err)
			}
			if op := rec.ops[0]; op.Attempts != want.attempts || time.Duration(op.Response()) != want.took || op.Class != history.Status5xx {
				t.Errorf("%d retries: %d attempts within %v, %v; want %d within %v", retries, op.Attempts, time.Duration(op.Response()), op.Class, want.attempts, want.took)
			}
		})
	}
}

func TestTheTimeoutCoversAllAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := smallPlan(1, 1, time.Second)
		plan.Retries = 2
		a, rec, _ := begin(t, plan, threeReady(), transportFunc(func(r *http.Request) (*http.Response, error) {
			if time.Sleep(600 * time.Millisecond); r.Context().Err() != nil {
				return nil, r.Context().Err()
			}
			return &http.Response{StatusCode: 503, Header: http.Header{}, Body: http.NoBody}, nil
		}))
		a.EndAt(1)
		if err := a.Wait(); err != nil {
			t.Fatal(err)
		}
		if op := rec.ops[0]; op.Class != history.Timeout || op.Attempts != 2 {
			t.Errorf("%v after %d attempts, want a time-out in the second", op.Class, op.Attempts)
		}
	})
}
