package observe

import (
	"errors"
	"maps"
	"testing"
	"time"
)

func TestOnlyTheSystemsThreadsAreWitnesses(t *testing.T) {
	threads := func(waited ...time.Duration) map[int]time.Duration {
		all := map[int]time.Duration{}
		for i := 0; i < len(waited); i++ {
			all[int(waited[i]/time.Hour)] = waited[i] % time.Hour
		}
		return all
	}
	on := func(tid int, waited time.Duration) time.Duration { return time.Duration(tid)*time.Hour + waited }
	h := &fakeHost{processes: map[int]*fakeProcess{
		10: {environ: label + "\x00", start: 5, threads: threads(on(10, 5*ms), on(11, 7*ms))},
		20: {environ: label + "\x00ASIDE=1\x00", start: 5, threads: threads(on(20, time.Minute))},
		30: {environ: "of a stranger", start: 5, threads: threads(on(30, time.Minute))},
		40: {environ: "in a container", start: 5, threads: threads(on(40, 9*ms))},
		50: {environ: label + "\x00", start: 5, threads: threads(on(50, time.Minute))},
	}}
	m := newMeter(h, label, nil)
	m.aside = []byte("ASIDE=1")
	m.members = func() ([]int, error) { return []int{40, 41}, nil } // the second has ended
	m.bound = func(pid int) bool { return pid == 50 }
	first, err := m.read()
	if want := (waits{10: 5 * ms, 11: 7 * ms, 40: 9 * ms}); err != nil || !maps.Equal(first.waits, want) {
		t.Errorf("%v, want %v (%v)", first.waits, want, err)
	}
	h.processes[10].threads[10] += 30 * ms
	h.processes[10].threads[12] = time.Minute // a new one
	h.processes[40].threads[40] += 80 * ms
	second, err := m.read()
	if got := second.waits.longest(first.waits); err != nil || got != 80*ms {
		t.Errorf("the longest wait is %v, want 80 ms (%v)", got, err)
	}
	m.members = func() ([]int, error) { return nil, errors.New("the engine is away") }
	delete(h.processes, 10)
	third, err := m.read()
	if got := third.waits.longest(second.waits); err != nil || got != 0 || len(third.waits) != 0 {
		t.Errorf("without anyone to ask: %v of %v (%v)", got, third.waits, err)
	}
}

func TestParseWait(t *testing.T) {
	for text, want := range map[string]time.Duration{"1259752 1789758 24\n": 1789758, "0 0 0\n": 0, "": -1, "5\n": -1, "1 x 2\n": -1, "1 -5 2\n": -1} {
		got, err := parseWait([]byte(text))
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}
