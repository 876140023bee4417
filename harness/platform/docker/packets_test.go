package docker

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"gauntlet/harness/chaos/link"
	"gauntlet/harness/platform"
	"gauntlet/harness/platform/conformance"
	"gauntlet/harness/topology"
)

// needDropping skips the test where the kernel does not drop packets between
// containers; with CI=true that is a failure.
func needDropping(t *testing.T) {
	t.Helper()
	needEngine(t)
	if err := CanDrop(t.Context()); err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip(err)
	}
}

// rulesLeft are the rules of ours in a container.
func rulesLeft(t *testing.T, s *system, r *replica) []string {
	t.Helper()
	e, err := s.endOf(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	counts, err := e.counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	return names
}

// entries is a ledger that holds what is not undone.
type entries struct{ left [][]string }

func (l *entries) Undo(kind string, args ...string) error {
	l.left = append(l.left, append([]string{kind}, args...))
	return nil
}

func (l *entries) Undone(kind string, args ...string) error {
	i := slices.IndexFunc(l.left, func(e []string) bool { return slices.Equal(e, append([]string{kind}, args...)) })
	if i < 0 {
		return errors.New("it was never entered")
	}
	l.left = slices.Delete(l.left, i, i+1)
	return nil
}

func TestPacketsAreDropped(t *testing.T) {
	needDropping(t)
	book := &entries{}
	conformance.Packets(t, func(t *testing.T) platform.Platform {
		o := options(t)
		o.Drops, o.Ledger = true, book
		t.Cleanup(func() { // after Down
			if len(book.left) > 0 {
				t.Errorf("not undone: %q", book.left)
			}
		})
		return New(o)
	}, func(t *testing.T, up platform.System) {
		s := up.(*system)
		boxes := s.list()
		if s.links != nil {
			boxes = append(slices.Clone(boxes), s.links.box)
		}
		left := func() (all []string) {
			for _, r := range boxes {
				all = append(all, rulesLeft(t, s, r)...)
			}
			return all
		}
		at := slices.IndexFunc(book.left, func(e []string) bool { return e[0] == RulesUndoKind })
		if at < 0 || len(left()) != 2 {
			t.Fatalf("entered %q, rules %q", book.left, left())
		}
		for _, name := range left() {
			if !strings.HasPrefix(name, prefix(s.o.RunID)+"-") {
				t.Errorf("rule %q does not name the run", name)
			}
		}
		for range 2 { // the second time nothing is there
			if err := UndoRules(context.Background(), book.left[at][1:]); err != nil {
				t.Fatal(err)
			}
			if all := left(); len(all) != 0 {
				t.Errorf("left %q", all)
			}
		}
	})
}

// Rules that nobody can make or take away are said, and not passed over.
func TestRulesOfWhatIsNotThere(t *testing.T) {
	if err := UndoRules(t.Context(), []string{"run", "engine"}); err == nil {
		t.Error("an entry without names was undone")
	}
	if err := UndoRules(t.Context(), []string{"run", "unix:///nowhere/docker.sock", "gauntlet-run-1-"}); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("an engine that is not there: %v", err)
	}
	for host, want := range map[string]string{"tcp://127.0.0.1:2375": "may be elsewhere", "unix:///nowhere/docker.sock": "no such file"} {
		if err := beside(host); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if _, err := openSpace(os.Getppid(), "0123456789ab"); err == nil {
		t.Error("a process that is in no container was taken for one's")
	}
}

// Where a proxy stands on a connection, the packets between it and whoever
// connects are the pair's.
func TestWhereAStreamIsDropped(t *testing.T) {
	stack := conformance.Stack(t, topology.Options{})
	s := &system{stack: stack}
	for _, service := range stack.Services {
		for i := range service.Replicas {
			s.replicas = append(s.replicas, newReplica(service, i))
		}
	}
	pair := link.Pair{Source: "web-1", Destination: "store-1", Port: 8080}
	box := newReplica(topology.Service{}, 0)
	box.name = "link"
	for _, c := range []struct {
		name             string
		links            *links
		direction        link.Direction
		sender, receiver string
		from, to         int
	}{
		{"there", nil, link.Forward, "web-1", "store-1", 0, 8080},
		{"back", nil, link.Backward, "store-1", "web-1", 8080, 0},
		{"there by a link", &links{box: box, planned: []plannedLink{{Opening: link.Opening{Pair: pair}, port: 20007}}}, link.Forward, "web-1", "link", 0, 20007},
		{"back by a link", &links{box: box, planned: []plannedLink{{Opening: link.Opening{Pair: pair}, port: 20007}}}, link.Backward, "link", "web-1", 20007, 0},
		{"there beside a link of others", &links{box: box, planned: []plannedLink{{port: 20007}}}, link.Forward, "web-1", "store-1", 0, 8080},
	} {
		s.links = c.links
		got, err := s.stretch(platform.Stream{Pair: pair, Direction: c.direction})
		if err != nil {
			t.Fatal(err)
		}
		if got.sender.name != c.sender || got.receiver.name != c.receiver || got.fromPort != c.from || got.toPort != c.to {
			t.Errorf("%s: from %s:%d to %s:%d", c.name, got.sender.name, got.fromPort, got.receiver.name, got.toPort)
		}
	}
	pair.Source = "web-9"
	if _, err := s.stretch(platform.Stream{Pair: pair}); !errors.Is(err, platform.ErrUnknownReplica) {
		t.Errorf("of a replica that is not there: %v", err)
	}
}
