package conformance

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

func logs(t *testing.T, p platform.Platform) {
	s := begin(t, p, topology.Options{})
	logger, ok := s.(platform.Logger)
	killer, kills := s.(platform.Killer)
	if !ok || !kills {
		t.Skip("the platform is no Logger and Killer")
	}
	spoken := func(lives int) func() string {
		return func() string {
			lines, err := logger.Tail("web-1", 100)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Count(strings.Join(lines, "\n"), "web-1 runs as process"); got != lives {
				return strings.Join(append(lines, "does not show the lives"), "\n")
			}
			return ""
		}
	}
	eventually(t, spoken(1))
	before := replicas(t, s)["web-1"]
	if err := killer.Kill(t.Context(), "web-1", 0); err != nil {
		t.Fatal(err)
	}
	another(t, s, before)
	eventually(t, spoken(2))
	if lines, err := logger.Tail("web-1", 1); err != nil || len(lines) != 1 {
		t.Errorf("the last line: %q, %v", lines, err)
	}
}

func unknownReplica(t *testing.T, p platform.Platform) {
	s := begin(t, p, topology.Options{})
	check := func(what string, err error) {
		if !errors.Is(err, platform.ErrUnknownReplica) || !strings.Contains(err.Error(), "web-9") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if killer, ok := s.(platform.Killer); ok {
		check("kill", killer.Kill(t.Context(), "web-9", 0))
	}
	if holder, ok := s.(platform.Holder); ok {
		check("hold", holder.Hold(t.Context(), "web-9"))
		check("release", holder.Release(t.Context(), "web-9"))
	}
	if logger, ok := s.(platform.Logger); ok {
		_, err := logger.Tail("web-9", 1)
		check("tail", err)
	}
}

// silent fails when one of the replicas still answers.
func silent(t *testing.T, were map[string]platform.Replica) {
	t.Helper()
	for _, r := range were {
		if _, err := get(t, r, "/readyz"); err == nil {
			t.Errorf("%s still answers", r.Name)
		}
	}
}

func down(t *testing.T, p platform.Platform) {
	s := begin(t, p, topology.Options{Args: map[string][]string{"web": {"-ignore-term"}}})
	were := replicas(t, s)
	if holder, ok := s.(platform.Holder); ok { // a held replica does not stand in the way
		if err := holder.Hold(t.Context(), "store-1"); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		if err := s.Down(ctx); err != nil {
			t.Error(err)
		}
		cancel()
		silent(t, were)
	}
	list, err := s.Replicas(t.Context())
	if err == nil && slices.ContainsFunc(list, func(r platform.Replica) bool { return r.State == platform.Running }) {
		t.Errorf("after Down: %+v", list)
	}
}

func failedStart(t *testing.T, p platform.Platform) {
	s, err := p.Up(t.Context(), Stack(t, topology.Options{Args: map[string][]string{"web": {"-fail", "the journal is not mine"}}}))
	if err == nil {
		s.Down(t.Context())
		t.Fatal("Up of a service that exits succeeded")
	}
	for _, want := range []string{"web-", "the journal is not mine", "line 25"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "line 1\n") {
		t.Errorf("the error shows more than the last lines:\n%v", err)
	}
	again(t, p)
}

// again shows that a failed start left nothing that stands in the way of the
// next.
func again(t *testing.T, p platform.Platform) {
	t.Helper()
	for _, r := range replicas(t, begin(t, p, topology.Options{})) {
		if err := platform.Probe(t.Context(), r); err != nil {
			t.Error(err)
		}
	}
}

func cancelledStart(t *testing.T, p platform.Platform) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	begun := time.Now()
	s, err := p.Up(ctx, Stack(t, topology.Options{Args: map[string][]string{"web": {"-unready"}}}))
	if err == nil {
		s.Down(context.Background())
		t.Fatal("Up of a service that is never ready succeeded")
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is not the context's: %v", err)
	}
	if took := time.Since(begun); took > patience {
		t.Errorf("a cancelled start took %v", took)
	}
	again(t, p)
}
