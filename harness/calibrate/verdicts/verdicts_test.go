package verdicts

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

const sample = "../../../targets/truth/testdata/sample.log"

func TestReadsWhatTheServerWrites(t *testing.T) {
	f, err := os.Open(sample)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l, err := Read(f)
	if err != nil {
		t.Fatal(err)
	}
	if l.Replica != "truth-1" || l.Seed != 7 || !l.Ended || len(l.Arrivals) != 84 || len(l.Stretches) != 9 {
		t.Errorf("replica %q, seed %d, ended %t, %d arrivals, %d stretches", l.Replica, l.Seed, l.Ended, len(l.Arrivals), len(l.Stretches))
	}
	if want := (Stretch{Event: 0, Deed: Fail, From: 120e6, To: 170e6, Share: 0.5}); l.Stretches[0] != want {
		t.Errorf("the first stretch is %+v, want %+v", l.Stretches[0], want)
	}
	if s := l.Stretches[5]; s.Deed != Stale || !s.Blunt {
		t.Errorf("the ramp is %+v", s)
	}
	did := map[Deed]int{}
	for _, a := range l.Arrivals {
		did[a.Did]++
		if a.Event >= 0 && !slices.ContainsFunc(l.Stretches, func(s Stretch) bool { return s.Event == a.Event && s.From <= a.At && a.At < s.To }) {
			t.Errorf("%+v met an event outside of its stretches", a)
		}
	}
	for _, d := range []Deed{OK, Missing, Fail, Delay, Hang, Lose, Lag, Stale, Wrong} {
		if did[d] == 0 {
			t.Errorf("no arrival of the sample is %s", d)
		}
	}
}

func TestWhatIsNoLogIsRefused(t *testing.T) {
	const head = "+truth 2 truth-1 7\n"
	for _, c := range []struct{ text, want string }{
		{"", "not the output of a truth server"},
		{"hello\n", "not the output of a truth server"},
		{"+1 2 G ok - - x\n", "line 1: the log does not begin with its first line"},
		{"+truth 9 truth-1 7\n", "line 1: form 9"},
		{"+truth 2 truth-1\n", "line 1: it is cut off"},
		{head + head, "line 2: the log begins a second time"},
		{head + "+1 2 G ok - - x y\n", `line 2: "y" is too much`},
		{head + "+1 2 G good - - x\n", `"good" is no deed`},
		{head + "+1 2 D ok - - x\n", `"D" is no method`},
		{head + "+-1 2 G ok - - x\n", "-1 µs is no instant"},
		{head + "+1 2 G ok -3 - x\n", `"-3" is no event`},
		{head + "+1 2 G ok - 0 x\n", `"0" is no value`},
		{head + "+stretch 0 fail 5 4 1 0\n", "a stretch of event 0 from 5000 to 4000"},
		{head + "+stretch 0 fail 5 6 1.5 0\n", `"1.5" is no share`},
		{head + "+end 1\n", "1 arrivals were counted and 0 are written down"},
		{head + "+end 0\n+1 2 G ok - - x\n", "line 3: the log goes on after its end"},
	} {
		if _, err := Read(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q in it", c.text, err, c.want)
		}
	}
}

// Of a process that was killed everything up to the tear is read, and the log
// says that it has no end.
func TestATornLogIsReadUpToTheTear(t *testing.T) {
	whole, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	for cut := len(whole) - 1; cut > len(whole)-200; cut-- {
		l, err := Read(bytes.NewReader(whole[:cut]))
		if err != nil || l.Ended || len(l.Arrivals) > 84 || len(l.Arrivals) < 75 {
			t.Fatalf("cut at %d: %+v, %v", cut, l, err)
		}
	}
}

// The lines of the replica itself, and of the platform, are between those of
// the log.
func TestOtherLinesAreSkipped(t *testing.T) {
	l, err := Read(strings.NewReader("--- 2026 started\n+truth 2 t 7\nhello\n+5 2 P lose 3 4 x\nbye\n"))
	if want := (Arrival{At: 5000, Took: 2000, Put: true, Did: Lose, Event: 3, Value: 4, ID: "x"}); err != nil || len(l.Arrivals) != 1 || l.Arrivals[0] != want {
		t.Errorf("%+v, %v", l, err)
	}
}

// FuzzRead: whatever it is, it is read or refused.
func FuzzRead(f *testing.F) {
	whole, err := os.ReadFile(sample)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(whole))
	f.Add("+truth 2 t 7\n+stretch 0 fail 5 6 1 0\n+5 2 P lose 3 4 x\n+end 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, a := range l.Arrivals {
			if a.At < 0 || a.Took < 0 || a.Event < -1 || a.ID == "" {
				t.Fatalf("%+v", a)
			}
		}
	})
}
