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

// listed is the names of the replicas, in their order.
func listed(t *testing.T, s platform.System) []string {
	t.Helper()
	list, err := s.Replicas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range list {
		names = append(names, r.Name)
	}
	return names
}

// one is the replica called name.
func one(t *testing.T, s platform.System, name string) platform.Replica {
	t.Helper()
	list, err := s.Replicas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(r platform.Replica) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("no replica %s", name)
	}
	return list[i]
}

func scale(t *testing.T, p platform.Platform) {
	s := begin(t, p, topology.Options{Env: map[string]map[string]string{"web": {"SAID": "by the experiment"}}})
	scaler, ok := s.(platform.Scaler)
	if !ok {
		t.Skip("the platform is no Scaler")
	}
	before := replicas(t, s)
	to := func(n int, want ...string) {
		t.Helper()
		if err := scaler.Scale(t.Context(), "web", n); err != nil {
			t.Fatal(err)
		}
		if got := listed(t, s); !slices.Equal(got, append([]string{"store-1"}, want...)) {
			t.Fatalf("scaled to %d: %v", n, got)
		}
	}
	to(3, "web-1", "web-2", "web-3")
	added := one(t, s, "web-3")
	if added.State != platform.Running || added.Incarnation == "" {
		t.Errorf("Scale returned before it ran: %+v", added)
	}
	answers := func(name string) func() string {
		return func() string {
			if err := platform.Probe(t.Context(), one(t, s, name)); err != nil {
				return err.Error()
			}
			return ""
		}
	}
	eventually(t, answers("web-3"))
	sameAsTheOthers(t, before["web-2"], added)
	if now := one(t, s, "web-1"); now.Incarnation != before["web-1"].Incarnation {
		t.Error("a replica that was there was started again")
	}
	to(3, "web-1", "web-2", "web-3") // having the number already is no error
	to(1, "web-1")
	silent(t, map[string]platform.Replica{"web-2": before["web-2"], "web-3": added})
	staysAway(t, s, "web-2")
	begun := time.Now()
	to(3, "web-1", "web-2", "web-3")
	if back := one(t, s, "web-2"); back.Started.Before(begun) {
		t.Errorf("web-2 ran since %v, before the service grew again at %v", back.Started, begun)
	}
	eventually(t, answers("web-2"))
	eventually(t, answers("web-3"))
	if back := one(t, s, "web-3"); back.Address != added.Address || back.Incarnation == added.Incarnation {
		t.Errorf("web-3 was %+v and came back as %+v", added, back)
	}
	if logger, ok := s.(platform.Logger); ok {
		if lines, err := logger.Tail("web-3", 10); err != nil || !strings.Contains(strings.Join(lines, "\n"), "web-3 was asked to end") {
			t.Errorf("it left without being asked to: %q, %v", lines, err)
		}
	}
	if err := scaler.Scale(t.Context(), "wbe", 3); !errors.Is(err, platform.ErrUnknownService) || !strings.Contains(err.Error(), `"web"`) {
		t.Errorf("scale of what is not there: %v", err)
	}
	for _, n := range []int{0, 1000} {
		if err := scaler.Scale(t.Context(), "web", n); err == nil {
			t.Errorf("scaled to %d", n)
		}
	}
	down := one(t, s, "web-3")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Down(ctx); err != nil {
		t.Error(err)
	}
	silent(t, map[string]platform.Replica{"web-3": down})
}

// staysAway lets the end of a fault meet a replica that has left.
func staysAway(t *testing.T, s platform.System, name string) {
	t.Helper()
	holder, ok := s.(platform.Holder)
	if !ok {
		return
	}
	if err := errors.Join(holder.Hold(t.Context(), name), holder.Release(t.Context(), name)); err != nil {
		t.Errorf("held and released after it left: %v", err)
	}
}

// sameAsTheOthers demands that a replica that was added is like an old one,
// environment, files and life cycle.
func sameAsTheOthers(t *testing.T, old, added platform.Replica) {
	t.Helper()
	if added.Service != old.Service || added.Labels["app"] != old.Labels["app"] || added.StopGrace != old.StopGrace ||
		added.Ready != old.Ready || added.Address == old.Address || added.StopGrace != 2*time.Second {
		t.Errorf("%+v is not like %+v", added, old)
	}
	if got := mustGet(t, added, "/env/HOSTNAME"); got != added.Name {
		t.Errorf("%s: HOSTNAME is %q", added.Name, got)
	}
	for _, name := range []string{"SAID", "STORE"} {
		if got, want := mustGet(t, added, "/env/"+name), mustGet(t, old, "/env/"+name); got != want || got == "" {
			t.Errorf("%s: %s is %q, of the others %q", added.Name, name, got, want)
		}
	}
	if got := mustGet(t, added, "/env/PEERS"); strings.Count(got, ",") != 2 {
		t.Errorf("%s: its peers are %q", added.Name, got)
	}
	if got := mustGet(t, added, "/files"); !strings.Contains(got, "web-1\n") || !strings.Contains(got, "web-3\n") {
		t.Errorf("%s sees the files %q", added.Name, got)
	}
}
