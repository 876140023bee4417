package load

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"gauntlet/harness/history"
	"gauntlet/harness/load/shape"
)

// transportFunc answers without a network.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answerOK(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}, nil
}

func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

func after(d time.Duration) transportFunc {
	return func(r *http.Request) (*http.Response, error) {
		select {
		case <-time.After(d):
			return answerOK(r)
		case <-r.Context().Done():
			return nil, context.Cause(r.Context())
		}
	}
}

func smallPlan(rate float64, workers int, timeout time.Duration) Plan {
	return Plan{
		Run: "r", Schedule: Constant{Rate: rate}, Workers: workers, Timeout: timeout, Clients: 4,
		Operations: []Operation{{Name: "get", Method: "GET", Path: "/{key}"}}, Mix: []float64{1},
		Sampler: &Uniform{count: 10}, KeyName: KeyName, Good: 50 * time.Millisecond,
	}
}

var one = Direct{Endpoint{Name: "one", BaseURL: "http://one.invalid"}}

// begin starts an attack in the virtual time of a synctest bubble.
func begin(t *testing.T, p Plan, router Router, transport http.RoundTripper) (*Attack, *memory, history.Clock) {
	t.Helper()
	clock, rec := history.NewClock(time.Now()), &memory{}
	a, err := start(t.Context(), clock, p, router, rec, transport)
	if err != nil {
		t.Fatal(err)
	}
	return a, rec, clock
}

func TestEachRequestDueBeforeTheEndIsRecordedOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		plan := smallPlan(rapid.Float64Range(0.5, 3000).Draw(rt, "rate"), rapid.IntRange(1, 40).Draw(rt, "workers"),
			time.Duration(rapid.IntRange(1, 300).Draw(rt, "timeout"))*time.Millisecond)
		plan.Schedule = Constant{Begin: rapid.Int64Range(0, 1e9).Draw(rt, "begin"), Rate: plan.Schedule.(Constant).Rate}
		service := time.Duration(rapid.IntRange(0, 400).Draw(rt, "service")) * time.Millisecond
		moveAt := time.Duration(rapid.IntRange(1, 1500).Draw(rt, "moveAt")) * time.Millisecond
		first := rapid.Int64Range(1, 2e9).Draw(rt, "end")
		second := rapid.Int64Range(0, 2e9).Draw(rt, "moved")
		stops := rapid.Bool().Draw(rt, "stops")

		var end, ended int64
		var ops []history.Op
		synctest.Test(t, func(t *testing.T) {
			a, rec, clock := begin(t, plan, one, after(service))
			end = a.EndAt(first)
			time.Sleep(moveAt)
			end = a.EndAt(second)
			if stops {
				end = a.EndAt(clock.Now())
				a.Stop()
			}
			if err := a.Wait(); err != nil {
				t.Fatal(err)
			}
			ended, ops = clock.Now(), rec.ops
		})
		expect := shape.Before(plan.Schedule, end)
		if uint64(len(ops)) != expect {
			rt.Fatalf("%d requests recorded, %d are due before %d", len(ops), expect, end)
		}
		seen := make([]bool, expect)
		for _, op := range ops {
			if op.Seq >= expect || seen[op.Seq] {
				rt.Fatalf("request %d is recorded twice or not due", op.Seq)
			}
			seen[op.Seq] = true
			checkTimes(rt, plan, op)
		}
		if latest := max(end, int64(moveAt)) + 2*int64(plan.Timeout) + int64(uninterrupted); ended > latest {
			rt.Fatalf("ended at %d, more than two time-outs and 20 ms after the end, %d", ended, end)
		}
	})
}

func checkTimes(t *rapid.T, plan Plan, op history.Op) {
	if op.Due != plan.Schedule.Due(op.Seq) || op.Sent < op.Due || op.Done < op.Sent {
		t.Fatalf("due %d, sent %d, done %d of request %d", op.Due, op.Sent, op.Done, op.Seq)
	}
	if op.Class == history.Unsent {
		if op.Attempts != 0 || op.Sent != op.Due || op.Replica != history.NoReplica {
			t.Fatalf("unsent, and yet %+v", op)
		}
	} else if op.Slip() > int64(plan.Timeout) {
		t.Fatalf("request %d was sent %v after it was due", op.Seq, time.Duration(op.Slip()))
	}
	if op.Done > op.Due+2*int64(plan.Timeout) {
		t.Fatalf("request %d ended %v after it was due", op.Seq, time.Duration(op.Response()))
	}
	if op.Blocked < 0 || op.Class != history.Unsent && op.Blocked > op.Slip() {
		t.Fatalf("request %d: blocked %d of a slip of %d", op.Seq, op.Blocked, op.Slip())
	}
}

func TestARequestNotSentInTimeIsNeverSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		a, rec, _ := begin(t, smallPlan(10, 1, time.Second), one, transportFunc(func(r *http.Request) (*http.Response, error) {
			asked++
			return hang(r)
		}))
		a.EndAt(int64(10 * time.Second))
		if err := a.Wait(); err != nil {
			t.Fatal(err)
		}
		sent, unsent := 0, 0
		for _, op := range rec.ops {
			switch op.Class {
			case history.Timeout:
				sent++
			case history.Unsent:
				unsent++
				if op.Blocked <= int64(time.Second) {
					t.Errorf("request %d was never sent, but blocked for %v only", op.Seq, time.Duration(op.Blocked))
				}
			default:
				t.Errorf("request %d is %v", op.Seq, op.Class)
			}
		}
		if sent != asked || sent+unsent != 100 || unsent == 0 {
			t.Errorf("%d requests reached the transport, %d are recorded as sent and %d as unsent", asked, sent, unsent)
		}
	})
}

// A shard that is silent has bad requests all the same: those of its keys.
func TestARequestWithoutAnAnswerIsOfItsKeysShard(t *testing.T) {
	plan := smallPlan(10, 2, time.Second)
	plan.Sampler, plan.Shards = &Uniform{count: 4}, []int32{5, 0, Torn}
	for name, c := range map[string]struct {
		transport http.RoundTripper
		want      []uint16 // by key
	}{
		"no answer":             {transportFunc(hang), []uint16{6, 1, 0, 0}},
		"an answer names it":    {newStore(), []uint16{8, 8, 8, 8}}, // it is in shard 7, whatever was before
		"an answer without one": {transportFunc(func(*http.Request) (*http.Response, error) { return httptest.NewRecorder().Result(), nil }), []uint16{6, 1, 0, 0}},
	} {
		synctest.Test(t, func(t *testing.T) {
			a, rec, _ := begin(t, plan, one, c.transport)
			a.EndAt(int64(10 * time.Second))
			if err := a.Wait(); err != nil {
				t.Fatal(err)
			}
			for _, op := range rec.ops {
				if op.Shard != c.want[op.Key] {
					t.Errorf("%s: %v of key %d is of shard %d−1, want %d−1", name, op.Class, op.Key, op.Shard, c.want[op.Key])
				}
			}
		})
	}
	derived, err := Durability(Plan{Operations: []Operation{storePut}, Shards: plan.Shards, Clients: 1}, plan.Schedule, 1, "put")
	if err != nil || derived.Shards != nil {
		t.Errorf("keys of another stream are in shards %v (%v)", derived.Shards, err)
	}
}

func TestALongWaitNoticesTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, rec, clock := begin(t, smallPlan(0.001, 1, time.Second), one, transportFunc(answerOK))
		time.Sleep(time.Second)
		a.EndAt(int64(2 * time.Second))
		if err := a.Wait(); err != nil {
			t.Fatal(err)
		}
		if now := clock.Now(); now > int64(2*time.Second) {
			t.Errorf("the end at 2 s was noticed at %v", time.Duration(now))
		}
		expectOnceEach(t, rec.ops, 1)
	})
}

func TestTheEndOfTheContextCutsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		clock, rec := history.NewClock(time.Now()), &memory{}
		a, err := start(ctx, clock, smallPlan(10, 4, time.Hour), one, rec, transportFunc(hang))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		cancel()
		if err := a.Wait(); !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		if clock.Now() != int64(time.Second) {
			t.Errorf("ended at %v", time.Duration(clock.Now()))
		}
		expectOnceEach(t, rec.ops, 10) // 0.0 … 0.9 s
	})
}

type failing struct{ after int }

var errDisk = errors.New("the disk is full")

func (f *failing) Append(history.Op) error {
	if f.after--; f.after < 0 {
		return errDisk
	}
	return nil
}

func TestARecorderThatFailsEndsTheAttack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := history.NewClock(time.Now())
		a, err := start(t.Context(), clock, smallPlan(100, 4, time.Second), one, &failing{after: 50}, transportFunc(answerOK))
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Wait(); !errors.Is(err, errDisk) {
			t.Errorf("ended with %v", err)
		}
		if now := clock.Now(); now > int64(600*time.Millisecond) {
			t.Errorf("ended at %v, half a second after the failure", time.Duration(now))
		}
	})
}

func TestLiveCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := smallPlan(100, 4, time.Second)
		failFrom := time.Now().Add(10 * time.Second)
		a, _, _ := begin(t, plan, one, transportFunc(func(r *http.Request) (*http.Response, error) {
			if time.Now().Before(failFrom) {
				return after(10 * time.Millisecond)(r)
			}
			return &http.Response{StatusCode: 500, Header: http.Header{}, Body: http.NoBody}, nil
		}))
		time.Sleep(10 * time.Second)
		a.Mark(int64(10 * time.Second))
		time.Sleep(995 * time.Millisecond)
		l := a.Live()
		if l.Planned != 1100 || l.Recorded < 1095 || l.Since[0].Good != 0 || l.Since[0].Bad < 95 {
			t.Errorf("%+v", l)
		}
		if want := (Count{Good: 500}); l.Recent != want { // seconds 5 to 9, whole: the rate is that of the plan
			t.Errorf("the last %v: %+v, want %+v", RecentSpan, l.Recent, want)
		}
		if l.P99 < 9*time.Millisecond || l.P99 > 11*time.Millisecond {
			t.Errorf("p99 is %v, want 10 ms", l.P99)
		}
		a.Stop()
		if err := a.Wait(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestPlansThatCannotBeAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Plan){
		"no workers":   func(p *Plan) { p.Workers = 0 },
		"no time-out":  func(p *Plan) { p.Timeout = 0 },
		"no clients":   func(p *Plan) { p.Clients = 0 },
		"no schedule":  func(p *Plan) { p.Schedule = nil },
		"no weight":    func(p *Plan) { p.Mix = []float64{0} },
		"NaN weight":   func(p *Plan) { p.Mix = []float64{math.NaN()} },
		"two weights":  func(p *Plan) { p.Mix = []float64{1, 1} },
		"odd method":   func(p *Plan) { p.Operations[0].Method = "G T" },
		"odd path":     func(p *Plan) { p.Operations[0].Path = "{key}" },
		"value nobody": func(p *Plan) { p.Operations[0].Value = "cookie" },
	} {
		p := smallPlan(1, 1, time.Second)
		spoil(&p)
		if a, err := start(t.Context(), history.NewClock(time.Now()), p, one, &memory{}, transportFunc(answerOK)); err == nil {
			a.Stop()
			t.Errorf("a plan with %s was accepted", name)
		} else if !strings.HasPrefix(err.Error(), "load: ") && !strings.HasPrefix(err.Error(), "operation ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
