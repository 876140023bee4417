package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gauntlet/harness/history"
)

// What this machine could not send is no failure of the target's.
func TestWhatTheGeneratorLacksIsUnsent(t *testing.T) {
	for errno, want := range map[syscall.Errno]history.Class{
		syscall.EMFILE: history.Unsent, syscall.ENFILE: history.Unsent, syscall.EADDRNOTAVAIL: history.Unsent,
		syscall.ENOBUFS: history.Unsent, syscall.ENOMEM: history.Unsent,
		syscall.ECONNREFUSED: history.Refused, syscall.ECONNRESET: history.Reset,
	} {
		err := fmt.Errorf("request 7: %w", &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", errno)})
		if got := classOf(err); got != want {
			t.Errorf("%v is %s, want %s", errno, got, want)
		}
		used := fmt.Errorf("request 7: %w", &net.OpError{Op: "write", Err: os.NewSyscallError("write", errno)})
		if got := classOf(used); got == history.Unsent {
			t.Errorf("%v on a connection in use is %s", errno, got)
		}
	}
	resolver := &net.OpError{Op: "dial", Err: &net.DNSError{Err: "dial udp 127.0.0.53:53: socket: " + syscall.EMFILE.Error(), Name: "web"}}
	if got := classOf(resolver); got != history.Unsent {
		t.Errorf("%v is %s, want unsent", resolver, got)
	}
}

// Whatever it waited for before, a request that this machine could not dial
// counts as never sent, and none of its lateness as the target's.
func TestARequestThatCannotBeDialledIsNotTheTargets(t *testing.T) {
	noDescriptor := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("socket", syscall.EMFILE)}
	synctest.Test(t, func(t *testing.T) {
		plan := smallPlan(100, 1, time.Second)
		plan.Retries = 1
		plan.Operations[0].Writes = true
		a, rec, _ := begin(t, plan, one, transportFunc(func(*http.Request) (*http.Response, error) {
			time.Sleep(100 * time.Millisecond) // so that the second waits for the worker
			return nil, noDescriptor
		}))
		a.EndAt(int64(15 * time.Millisecond))
		if err := a.Wait(); err != nil {
			t.Fatal(err)
		}
		expectOnceEach(t, rec.ops, 2)
		for _, op := range rec.ops {
			if op.Class != history.Unsent || op.Blocked != 0 || op.Sent != op.Due || op.Effect != history.NoEffect ||
				op.Attempts != 0 || op.Replica != history.NoReplica || op.Done-op.Due < int64(100*time.Millisecond) {
				t.Errorf("%+v", op)
			}
		}
	})
}

// A further attempt that this machine could not make does not undo the first.
func TestARetryThatCannotBeDialledKeepsWhatWasDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := smallPlan(100, 2, time.Second)
		plan.Retries = 1
		plan.Operations[0].Writes = true
		service := &Service{}
		service.ready.Store(&[]Endpoint{{0, "a", "http://a.invalid"}, {1, "b", "http://b.invalid"}})
		var attempts atomic.Int32
		a, rec, _ := begin(t, plan, service, transportFunc(func(r *http.Request) (*http.Response, error) {
			if attempts.Add(1) == 1 {
				return &http.Response{StatusCode: 502, Header: http.Header{}, Body: http.NoBody}, nil
			}
			return nil, &net.OpError{Op: "dial", Err: syscall.ENOBUFS}
		}))
		a.EndAt(1)
		if err := a.Wait(); err != nil {
			t.Fatal(err)
		}
		op := rec.ops[0]
		if len(rec.ops) != 1 || op.Class != history.Unsent || op.Blocked != 0 || op.Effect != history.UnknownEffect || op.Attempts != 1 || op.Status != 502 {
			t.Errorf("%+v", rec.ops)
		}
	})
}

func TestAProbeThatCannotBeDialledChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lacking atomic.Pointer[error]
		set := func(err error) { lacking.Store(&err) }
		set(nil)
		var changes atomic.Int32
		s := NewService(abc[:1], func(context.Context, Endpoint) error { return *lacking.Load() },
			func(Endpoint, bool, time.Time) { changes.Add(1) })
		defer s.Close()
		own := fmt.Errorf("a: %w", &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.EMFILE)})
		for _, step := range []struct {
			probe error
			ready int
		}{{nil, 1}, {own, 1}, {errors.New("not ready"), 0}, {own, 0}, {nil, 1}} {
			set(step.probe)
			time.Sleep(2 * PollEvery)
			if s.Ready() != step.ready {
				t.Errorf("%v: %d ready, want %d", step.probe, s.Ready(), step.ready)
			}
		}
		if changes.Load() != 3 {
			t.Errorf("%d changes, want 3", changes.Load())
		}
	})
}

func TestEnoughDescriptors(t *testing.T) {
	for _, c := range []struct {
		limit   uint64
		workers int
		want    string // "": enough
	}{
		{1024, 100, ""},
		{100 + spareDescriptors, 100, ""},
		{100 + spareDescriptors - 1, 100, "100 workers need 228 open files, and this process may have 227: allow more (ulimit -n 228)"},
		{math.MaxUint64, math.MaxInt32, ""}, // no limit, as Linux says it
		{math.MaxInt64, math.MaxInt32, ""},  // as Darwin says it
		{0, 1, "ulimit -n 129"},
	} {
		err := enoughDescriptors(c.limit, c.workers)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%d workers within %d: %v, want %q", c.workers, c.limit, err, c.want)
		}
	}
}
