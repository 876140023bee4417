package run

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/chaos"
	"gauntlet/harness/history"
	"gauntlet/harness/platform"
	"gauntlet/harness/register"
)

// held is a system of one replica that can be taken away and not be brought
// back.
type held struct {
	address string
	down    error
}

func (h *held) Replicas(context.Context) ([]platform.Replica, error) {
	return []platform.Replica{{Name: "redis-1", Service: "redis", Labels: map[string]string{"app": "redis"},
		Address: h.address, State: platform.Running, Incarnation: "1"}}, nil
}
func (h *held) Down(context.Context) error            { return h.down }
func (h *held) Hold(context.Context, string) error    { return nil }
func (h *held) Release(context.Context, string) error { return errGone }

var errGone = errors.New("what held it is gone")

// closing is a session that holds nothing but an entry in a register of its own.
func closing(t *testing.T) *session {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	s := &session{dir: t.TempDir(), events: newJournal(nil)}
	var err error
	if s.entry, err = register.Open(t.Context(), register.Options{ID: "closing", Folder: s.dir, Command: "test"}); err != nil {
		t.Fatal(err)
	}
	return s
}

// A full disk leaves nothing behind: it is no reason to look for what could not
// be cleaned up.
func TestALogThatCannotBeWrittenIsNotUnclean(t *testing.T) {
	s := closing(t)
	var err error
	if s.ops, err = history.Create(filepath.Join(s.dir, opsFile), history.Header{}); err != nil {
		t.Fatal(err)
	}
	if err := s.ops.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.ops.Append(history.Op{}); err != nil { // buffered, for a file that takes no more
		t.Fatal(err)
	}
	if err := s.close(); err == nil || !strings.Contains(err.Error(), "log of the run") {
		t.Errorf("error %v, want that of the log", err)
	}
	if len(s.unclean) != 0 {
		t.Errorf("unclean: %v", s.unclean)
	}
}

// A fault that cannot be undone counts when what it was done to is still there.
func TestWhatIsGoneWithTheSystemIsClean(t *testing.T) {
	errDown := errors.New("the engine does not answer")
	for name, down := range map[string]error{"down": nil, "still up": errDown} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			s := closing(t)
			s.system = &held{l.Addr().String(), down}
			f := chaos.Fault{Kind: chaos.PodChaos, Action: chaos.PodFailure, Name: "redis-down", Selector: chaos.Selector{Labels: map[string]string{"app": "redis"}}, Mode: chaos.ModeAll, Duration: time.Second}
			p, err := chaos.Prepare(t.Context(), s.system, f, chaos.Settings{Clock: history.NewClock(time.Now()), Probe: platform.Probe, ReadyWithin: time.Second})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Inject(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.faults = []*chaos.Prepared{p}
			if err := s.close(); err != nil {
				t.Error(err)
			}
			unclean := errors.Join(s.unclean...)
			if down == nil && unclean != nil || down != nil && !(errors.Is(unclean, errGone) && errors.Is(unclean, errDown)) {
				t.Errorf("unclean %v, with a system whose end is %v", unclean, down)
			}
		})
	}
}
