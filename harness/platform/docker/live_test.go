package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"gauntlet/harness/platform"
	"gauntlet/harness/platform/conformance"
	"gauntlet/harness/topology"
)

func TestLimitsAndNamesReachTheEngine(t *testing.T) {
	o := options(t)
	stack := conformance.Stack(t, topology.Options{})
	for i := range stack.Services {
		stack.Services[i].CPUs, stack.Services[i].Memory = 0.5, 64<<20
	}
	up, err := New(o).Up(t.Context(), stack)
	if err != nil {
		t.Fatal(err)
	}
	defer up.Down(context.Background())
	s := up.(*system)
	for _, r := range s.replicas {
		got, err := s.engine.ContainerInspect(t.Context(), r.id, client.ContainerInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if h := got.Container.HostConfig; h.NanoCPUs != 500_000_000 || h.Memory != 64<<20 {
			t.Errorf("%s: %d billionths of a core, %d bytes", r.name, h.NanoCPUs, h.Memory)
		}
		c := got.Container.Config
		if c.Hostname != r.name || c.Labels[Label] != o.RunID || c.Labels["app"] != r.service.Name {
			t.Errorf("%s: host name %q, labels %v", r.name, c.Hostname, c.Labels)
		}
		aliases := got.Container.NetworkSettings.Networks[s.network].Aliases
		if !slices.Contains(aliases, r.name) || !slices.Contains(aliases, r.service.Name) {
			t.Errorf("%s is known as %q", r.name, aliases)
		}
	}
}

// states collects what OnState is told.
type states struct {
	mu   sync.Mutex
	told []told
}

type told struct {
	replica, state string
	at             time.Time
}

func (s *states) on(replica, state string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, told{replica, state, at})
}

func (s *states) of(replica string) []told {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []told
	for _, x := range s.told {
		if x.replica == replica {
			all = append(all, x)
		}
	}
	return all
}

func TestEveryStartAndDeathIsTold(t *testing.T) {
	var seen states
	o := options(t)
	o.OnState = seen.on
	begun := time.Now()
	s := up(t, o)
	killing := time.Now()
	if err := s.Kill(t.Context(), "web-1", 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second start is told", func() bool { return len(seen.of("web-1")) == 3 })
	lives := seen.of("web-1")
	for i, want := range []string{StateStarting, StateDown, StateStarting} {
		if lives[i].state != want {
			t.Errorf("told %v", lives)
		}
	}
	if lives[0].at.Before(begun) || lives[1].at.Before(killing) || lives[2].at.Before(lives[1].at) || lives[2].at.After(time.Now()) {
		t.Errorf("began %v, killed %v, told %v", begun, killing, lives)
	}
}

// What is sent to a replica meets nobody before the replica. A program of the
// engine in between would accept for it what nobody listens for, and give up
// when it has no descriptors left, while the replica lives.
func TestNobodyAcceptsForAReplica(t *testing.T) {
	const nobodys = 9
	o := options(t)
	stack := conformance.Stack(t, topology.Options{})
	for i := range stack.Services {
		stack.Services[i].Ports = append(stack.Services[i].Ports, nobodys)
	}
	up, err := New(o).Up(t.Context(), stack)
	if err != nil {
		t.Fatal(err)
	}
	defer up.Down(context.Background())
	for _, name := range []string{"web-1", "web-2"} {
		address := view(t, up.(*system), name).Ports[nobodys]
		conn, err := net.DialTimeout("tcp", address, patience)
		if err == nil {
			conn.Close()
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s at %s: %v", name, address, err)
		}
	}
}

// A held replica refuses connections; and it can be brought back when somebody sits on its
// port for a while.
func TestAHeldReplicaRefusesAndComesBack(t *testing.T) {
	s := up(t, options(t))
	before := view(t, s, "web-1")
	if err := s.Hold(t.Context(), "web-1"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "connections are refused", func() bool {
		conn, err := net.Dial("tcp", before.Address)
		if err == nil {
			conn.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
	var squatter net.Listener
	eventually(t, "the engine gives the port back", func() (free bool) {
		var err error
		squatter, err = net.Listen("tcp", before.Address)
		return err == nil
	})
	released := make(chan error, 1)
	go func() { released <- s.Release(t.Context(), "web-1") }()
	select {
	case err := <-released:
		t.Errorf("released onto a port that is taken: %v", err)
	case <-time.After(2 * startPause):
	}
	squatter.Close()
	if err := <-released; err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is ready at its address", func() bool { return platform.Probe(t.Context(), before) == nil })
}

// What dies by itself again and again is held down all the same.
func TestHoldingWhatComesBackByItself(t *testing.T) {
	s := up(t, options(t), "-die-after", "300ms")
	for range 3 {
		if err := s.Hold(t.Context(), "web-1"); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if now := view(t, s, "web-1"); now.State != platform.Down {
				t.Fatalf("held: %+v", now)
			}
		}
		if err := s.Release(t.Context(), "web-1"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAPortThatIsTakenMeanwhileIsKnown(t *testing.T) {
	o, err := options(t).complete()
	if err != nil {
		t.Fatal(err)
	}
	stack := conformance.Stack(t, topology.Options{})
	s, err := newSystem(t.Context(), o, stack)
	if err != nil {
		t.Fatal(err)
	}
	squatter, err := net.Listen("tcp", s.replicas[0].ports[8080])
	if err != nil {
		t.Fatal(err)
	}
	defer squatter.Close()
	err = s.up(t.Context(), stack)
	if err == nil || !portTaken(err) {
		t.Errorf("up on a taken port: %v", err)
	}
	if err := s.Down(context.Background()); err != nil {
		t.Error(err)
	}
}

// ledger notes what is entered, and what is there at that moment.
type ledger struct {
	t      *testing.T
	engine client.APIClient
	lines  []string
}

func (l *ledger) enter(word, kind string, args []string) error {
	left, err := l.engine.NetworkList(context.Background(), client.NetworkListOptions{
		Filters: make(client.Filters).Add("label", Label+"="+args[0])})
	l.lines = append(l.lines, fmt.Sprintf("%s %s, networks %d", word, kind, len(left.Items)))
	return err
}

func (l *ledger) Undo(kind string, args ...string) error   { return l.enter("undo", kind, args) }
func (l *ledger) Undone(kind string, args ...string) error { return l.enter("undone", kind, args) }

func TestTheUndoIsEnteredBeforeAndTakenBackAfter(t *testing.T) {
	o := options(t)
	book := &ledger{t: t, engine: needEngine(t)}
	o.Ledger = book
	s := up(t, o)
	if err := s.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"undo docker, networks 0", "undone docker, networks 0"}
	if !slices.Equal(book.lines, want) {
		t.Errorf("%q, want %q", book.lines, want)
	}
}

func TestUndoRemovesWhatARunLeft(t *testing.T) {
	o := options(t)
	s := up(t, o)
	args := []string{o.RunID, s.engine.DaemonHost()}
	for range 2 { // the second time nothing is there
		if err := Undo(t.Context(), args); err != nil {
			t.Fatal(err)
		}
		if left, err := removeAll(t.Context(), s.engine, o.RunID); len(left) > 0 || err != nil {
			t.Errorf("left %v, %v", left, err)
		}
	}
	if err := Undo(t.Context(), []string{o.RunID, "unix:///nowhere/docker.sock"}); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("an engine that is not there: %v", err)
	}
	if err := Undo(t.Context(), nil); err == nil {
		t.Error("an entry without a run was undone")
	}
}

func TestAnImageThatCannotBeHad(t *testing.T) {
	stack := conformance.Stack(t, topology.Options{})
	stack.Services[0].Image = "127.0.0.1:9/nobody/nothing:1"
	begun := time.Now()
	_, err := New(options(t)).Up(t.Context(), stack)
	if err == nil || !strings.Contains(err.Error(), "make images") || !strings.Contains(err.Error(), "nobody/nothing") {
		t.Errorf("%v", err)
	}
	if took := time.Since(begun); took > patience {
		t.Errorf("it took %v to say so: %v", took, err)
	}
}
