package load

import (
	"net/http"
	"slices"
	"sync"
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
