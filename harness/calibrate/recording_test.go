package calibrate

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/history"
)

// folder is a run of 30 s at 1,000/s: from 10 to 10.2 s nothing got a
// processor, and others had all of them from 9.5 to 10.5 s.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	w, err := history.Create(filepath.Join(dir, opsFile), history.Header{Operations: []string{"get"}})
	if err != nil {
		t.Fatal(err)
	}
	stalled := func(due int64) int64 {
		if due >= 10*second && due < 10*second+200*milli {
			return 10*second + 200*milli - due
		}
		return 0
	}
	for i := range int64(30_000) {
		due := i * milli
		sent := due + stalled(due)
		w.Append(history.Op{Seq: uint64(i), Key: 7, Value: history.PopulatedValue, Due: due, Sent: sent, Done: sent + 2*milli})
		if i%20 == 0 {
			w.Append(history.Op{Stream: history.Control, Seq: uint64(i / 20), Due: due, Sent: due, Done: due + milli + stalled(due)})
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var host strings.Builder
	host.WriteString(`{"from":0,"at":9500000000,"others":0,"steal":0}` + "\n")
	host.WriteString(`{"from":9500000000,"at":10500000000,"others":1,"steal":0}` + "\n")
	host.WriteString(`{"from":10500000000,"at":30000000000,"others":0,"steal":0}` + "\n")
	if err := os.WriteFile(filepath.Join(dir, hostFile), []byte(host.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The part of a run that is recorded is what is resampled: requests as late as
// they were, and the masks that belong to them.
func TestARecordingIsWhatHappened(t *testing.T) {
	to := filepath.Join(t.TempDir(), "stall")
	if err := Record(folder(t), to, 9*second, 12*second); err != nil {
		t.Fatal(err)
	}
	r, err := ReadRecording(to)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.load) != 3000/thinned || len(r.control) != 150 || len(r.host) != 3 || r.load[0].Key != 0 {
		t.Errorf("%d of the load, %d of the control stream, %d samples, key %d", len(r.load), len(r.control), len(r.host), r.load[0].Key)
	}
	stalled, masked := 0, 0
	for seed := range uint64(20) {
		weather := Resampled(r)(rand.New(rand.NewPCG(seed, 1)), 10*second)
		masks := weather.masks()
		for due := int64(0); due < 10*second; due += milli {
			x := weather.request(due)
			if x.service != 2*milli || x.slip < 0 || x.slip > 200*milli {
				t.Fatalf("seed %d: %+v", seed, x)
			}
			if x.slip < 50*milli {
				continue
			}
			stalled++
			for _, m := range masks {
				if m.Begin <= due && due < m.End {
					masked++
				}
			}
		}
	}
	// Each block of 2 s of the 3 s holds the stall of 150 ms with probability ¾
	// and more. At a block's border the control request before it is missing.
	if stalled < 20*5*150/2 || float64(masked) < 0.9*float64(stalled) {
		t.Errorf("%d requests were late, %d of them under a mask", stalled, masked)
	}
}

func TestWhatIsNoRecordingIsRefused(t *testing.T) {
	run := folder(t)
	short := filepath.Join(t.TempDir(), "short")
	if err := Record(run, short, 0, second); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadRecording(short); err == nil || !strings.Contains(err.Error(), "shorter than a block") {
		t.Errorf("%v", err)
	}
	if _, err := ReadRecording(t.TempDir()); err == nil || !strings.Contains(err.Error(), opsFile) {
		t.Errorf("%v", err)
	}
	if err := Record(run, short, 20*second, 40*second); err == nil || !strings.Contains(err.Error(), "the load lasts for 30.0 s") {
		t.Errorf("%v", err)
	}
}

// The recordings that are checked in are of runs of half a minute, and of
// hosts as they are called.
func TestTheRecordingsAreWhatTheyAreCalled(t *testing.T) {
	for name, want := range map[string]struct{ least, most float64 }{"shared": {0.3, 1}, "stressed": {0.5, 1}} {
		r := recordings(t, name)[0]
		if r.length < 25*second || len(r.control) < 50*25 {
			t.Errorf("%s: %v, %d control requests", name, time.Duration(r.length), len(r.control))
		}
		others := 0.0
		for _, s := range r.host {
			others += s.Others * seconds(s.At-s.From) / seconds(r.length)
		}
		if others < want.least || others > want.most {
			t.Errorf("%s: others had %.2f of the processors, want %.2f to %.2f", name, others, want.least, want.most)
		}
	}
}
