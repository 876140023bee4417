package chaos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"gauntlet/harness/platform"
)

// fake is a system in memory whose replicas are real listeners: what its
// witnesses see over TCP is true.
type fake struct {
	mu       sync.Mutex
	replicas []*fakeReplica
	calls    []string

	restart   time.Duration // from a death to the replacement's start
	boot      time.Duration // from a start to readiness; < 0: never ready
	feeble    bool          // Kill and Hold return nil and do nothing
	fail      map[string]error
	deadly    bool // a failing Kill or Hold takes the victim down all the same
	stubborn  int  // how many calls of Release fail
	undead    bool // what is held down is started again all the same
	reborn    bool // Kill changes the incarnation, and the address goes on answering
	mute      bool // Kill takes the address away, and the incarnation stays
	swift     bool // Kill breaks what is connected, and goes on listening as another incarnation
	patient   bool // connections stay open until what accepted them dies
	hang      bool // Hold does its work, and returns when its context ends
	restarted sync.WaitGroup
}

type fakeReplica struct {
	platform.Replica
	listener net.Listener
	open     []net.Conn
	lives    int
	held     bool
	readyAt  time.Time
}

// newFake starts two mappers and a redis.
func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{restart: 100 * time.Millisecond, boot: 20 * time.Millisecond, fail: map[string]error{}}
	for _, name := range []string{"mapper-1", "mapper-2", "redis-1"} {
		service := name[:len(name)-2]
		r := &fakeReplica{Replica: platform.Replica{Name: name, Service: service, Address: "127.0.0.1:0", Labels: map[string]string{"app": service}}}
		f.replicas = append(f.replicas, r)
		f.start(r)
		r.readyAt = time.Now()
	}
	t.Cleanup(func() {
		f.restarted.Wait()
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, r := range f.replicas {
			if r.listener != nil {
				_ = r.listener.Close()
			}
			r.hangUp()
		}
	})
	return f
}

// start begins r's next life at the address of the last one.
func (f *fake) start(r *fakeReplica) {
	l, err := net.Listen("tcp", r.Address)
	if err != nil {
		panic(fmt.Sprintf("%s cannot listen again: %v", r.Name, err))
	}
	r.listener, r.Address = l, l.Addr().String()
	r.lives++
	r.State, r.Incarnation, r.Started = platform.Running, fmt.Sprintf("%s#%d", r.Name, r.lives), time.Now()
	r.readyAt = r.Started.Add(f.boot)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			if f.patient {
				r.open = append(r.open, c)
			} else {
				_ = c.Close()
			}
			f.mu.Unlock()
		}
	}()
}

// be changes how the system behaves, while it runs.
func (f *fake) be(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// hangUp closes what is connected to r.
func (r *fakeReplica) hangUp() {
	for _, c := range r.open {
		_ = c.Close()
	}
	r.open = nil
}

// stop ends r's life.
func (f *fake) stop(r *fakeReplica) {
	if r.listener != nil {
		_ = r.listener.Close()
	}
	r.hangUp()
	r.listener, r.State, r.Incarnation = nil, platform.Down, ""
}

func (f *fake) Replicas(context.Context) ([]platform.Replica, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []platform.Replica
	for _, r := range f.replicas {
		all = append(all, r.Replica)
	}
	return all, nil
}

func (f *fake) Down(context.Context) error { return nil }

func (f *fake) find(name string) *fakeReplica {
	for _, r := range f.replicas {
		if r.Name == name {
			return r
		}
	}
	return nil
}

func (f *fake) Kill(_ context.Context, name string, grace time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprintf("kill %s %s", name, grace))
	err := f.fail[name]
	if f.feeble || err != nil && !f.deadly {
		return err
	}
	switch r := f.find(name); {
	case f.reborn:
		r.Incarnation += " reborn"
	case f.swift:
		r.Incarnation += " reborn"
		r.hangUp()
	case f.mute:
		_ = r.listener.Close()
	default:
		f.stop(r)
		f.later(f.restart, name)
	}
	return err
}

func (f *fake) Hold(ctx context.Context, name string) error {
	if err := f.hold(name); err != nil || !f.hang {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

func (f *fake) hold(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, "hold "+name)
	err := f.fail[name]
	if f.feeble || err != nil && !f.deadly {
		return err
	}
	f.stop(f.find(name))
	f.find(name).held = true
	if f.undead {
		f.later(f.restart, name)
	}
	return err
}

func (f *fake) Release(_ context.Context, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, "release "+name)
	if f.stubborn > 0 {
		f.stubborn--
		return errors.New("no processes left")
	}
	if r := f.find(name); r.held {
		r.held = false
		if r.State == platform.Down {
			f.start(r)
		}
	}
	return nil
}

// later starts the replica after a while.
func (f *fake) later(d time.Duration, name string) {
	f.restarted.Add(1)
	time.AfterFunc(d, func() {
		defer f.restarted.Done()
		f.mu.Lock()
		defer f.mu.Unlock()
		if r := f.find(name); r.State == platform.Down {
			f.start(r)
		}
	})
}

// probe is whether the replica has booted.
func (f *fake) probe(_ context.Context, r platform.Replica) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.find(r.Name)
	if now == nil {
		return errors.New("not there")
	}
	if now.State != platform.Running || f.boot < 0 && now.lives > 1 || time.Now().Before(now.readyAt) {
		return errors.New("not ready")
	}
	return nil
}

// log is the calls so far.
func (f *fake) log() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.calls...)
}

// plain is a system that can do nothing to its replicas.
type plain struct{ f *fake }

func (p plain) Replicas(ctx context.Context) ([]platform.Replica, error) { return p.f.Replicas(ctx) }
func (p plain) Down(ctx context.Context) error                           { return nil }
