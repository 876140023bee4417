package observe

import (
	"math"
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

// step lets 100 ms pass on two processors, of which they were idle for idle,
// and tells the sample.
func step(t *testing.T, m *meter, h *fakeHost, last *reading, idle time.Duration, change func()) Sample {
	t.Helper()
	h.idle += idle
	if change != nil {
		change()
	}
	next, err := m.read()
	if err != nil {
		t.Fatal(err)
	}
	next.at = last.at + int64(100*ms)
	s, ok := between(*last, next)
	if !ok {
		t.Fatal("no sample")
	}
	*last = next
	return s
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9 {
		t.Errorf("%s: %.3f, want %.3f", what, got, want)
	}
}

func TestOthersAreWhatIsNotTheRuns(t *testing.T) {
	h := &fakeHost{processes: map[int]*fakeProcess{
		10: {environ: "A=b\x00" + label + "\x00", start: 5, used: time.Hour},
		11: {environ: "A=b\x00" + label + "0\x00", start: 6}, // another run
		12: {environ: "X" + label + "\x00", start: 7},
	}}
	m := newMeter(h, label, nil)
	last, err := m.read()
	if err != nil {
		t.Fatal(err)
	}
	replica, stranger := h.processes[10], h.processes[11]

	s := step(t, m, h, &last, 200*ms, nil)
	near(t, "idle", s.Others, 0)
	s = step(t, m, h, &last, 40*ms, func() { h.self += 60 * ms; replica.used += 100 * ms })
	near(t, "all busy time is the run's", s.Others, 0)
	s = step(t, m, h, &last, 40*ms, func() { h.self += 60 * ms; stranger.used += 100 * ms })
	near(t, "a stranger takes half", s.Others, 0.5)
	s = step(t, m, h, &last, 40*ms, func() { h.steal += 60 * ms; h.self += 100 * ms })
	near(t, "steal", s.Steal, 0.3)
	near(t, "steal counts as others", s.Others, 0.3)

	s = step(t, m, h, &last, 100*ms, func() { replica.waited += 100 * ms })
	near(t, "a child of the replica that it waited for", s.Others, 0)
	s = step(t, m, h, &last, 100*ms, func() { h.processes[20] = &fakeProcess{environ: label, start: 9, used: 100 * ms} })
	near(t, "a replica that came back, in its first moments", s.Others, 0)
	s = step(t, m, h, &last, 100*ms, func() {
		h.processes[21] = &fakeProcess{environ: "of its parent", start: 9, used: 20 * ms}
	})
	near(t, "a process before its exec", s.Others, 0.5)
	s = step(t, m, h, &last, 150*ms, func() { h.processes[21].environ, h.processes[21].used = label, 50*ms })
	near(t, "the same after its exec, with all it used", s.Others, 0)
}

func TestAKilledReplicaIsNotCountedAsOthers(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(h *fakeHost)
		others float64
	}{
		{"the harness waited for it", func(h *fakeHost) {
			h.self += h.processes[10].used + 40*ms + 60*ms // its last 40 ms, and 60 ms of the harness's own
			delete(h.processes, 10)
		}, 0},
		{"nobody waited for it", func(h *fakeHost) { h.self += 60 * ms; delete(h.processes, 10) }, 0},
		{"its pid is another's already", func(h *fakeHost) {
			h.self += h.processes[10].used + 40*ms
			h.processes[10] = &fakeProcess{environ: "", start: 99, used: time.Hour}
		}, 0.3},
	} {
		h := &fakeHost{processes: map[int]*fakeProcess{10: {environ: label, start: 5, used: time.Hour}}}
		m := newMeter(h, label, nil)
		last, err := m.read()
		if err != nil {
			t.Fatal(err)
		}
		s := step(t, m, h, &last, 100*ms, func() { c.change(h) })
		near(t, c.name, s.Others, c.others)
		s = step(t, m, h, &last, 100*ms, nil)
		near(t, c.name+", afterwards", s.Others, 0.5)
	}
}

func TestPartsThatAreNoProcessesCountAsTheRuns(t *testing.T) {
	h, containers := &fakeHost{}, time.Duration(0)
	m := newMeter(h, label, []Usage{func() (time.Duration, error) { return containers, nil }})
	last, _ := m.read()
	s := step(t, m, h, &last, 100*ms, func() { containers += 80 * ms })
	near(t, "others", s.Others, 0.1)
	m.more[0] = func() (time.Duration, error) { return 0, os.ErrPermission }
	if _, err := m.read(); err == nil {
		t.Error("a part that cannot be read is no error")
	}
}

func TestABlindMeterKnowsOnlyOfSteal(t *testing.T) {
	h := &fakeHost{}
	m := newMeter(h, label, nil)
	m.blind = true
	last, _ := m.read()
	s := step(t, m, h, &last, 0, func() { h.steal += 20 * ms })
	near(t, "others", s.Others, 0.1)
}

func TestSharesStayShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		any := func(name string) time.Duration { return time.Duration(rapid.Int64Range(-1e12, 1e12).Draw(t, name)) }
		one := func() reading {
			return reading{at: rapid.Int64Range(-1e9, 1e12).Draw(t, "at"), ours: any("ours"),
				host: machineTime{cores: rapid.IntRange(0, 512).Draw(t, "cores"), idle: any("idle"), steal: any("steal")}}
		}
		s, ok := between(one(), one())
		if ok && !(s.Others >= 0 && s.Others <= 1 && s.Steal >= 0 && s.Steal <= s.Others) {
			t.Fatalf("%+v", s)
		}
	})
}

// More of the run's own time never makes others more.
func TestOwnUseNeverCountsAgainstOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := func(name string) time.Duration { return time.Duration(rapid.Int64Range(0, 2e8).Draw(t, name)) }
		a := reading{ours: time.Hour, host: machineTime{cores: 2}}
		b := reading{at: 1e8, host: machineTime{cores: 2, idle: d("idle"), steal: d("steal")}, ours: time.Hour + d("ours")}
		less, _ := between(a, b)
		b.ours += d("more")
		if more, _ := between(a, b); more.Others > less.Others {
			t.Fatalf("%v with more, %v with less", more.Others, less.Others)
		}
	})
}
