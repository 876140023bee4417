package observe

import (
	"strings"
	"testing"
	"time"
)

func TestParseMachine(t *testing.T) {
	m, err := parseMachine([]byte("cpu  499262 1752 168753 623454 5845 0 15196 1992 0 0\ncpu0 1 2\ncpu1 1 2\nintr 1\n"))
	if want := (machineTime{cores: 2, idle: 629299 * 10 * time.Millisecond, steal: 19920 * time.Millisecond}); err != nil || m != want {
		t.Errorf("%+v, %v; want %+v", m, err, want)
	}
	for _, text := range []string{"", "intr 1\n", "cpu 1 2 3\ncpu0 1\n", "cpu 1 2 3 x 5 6 7 8\ncpu0 1\n", "cpu 1 2 3 -4 5 6 7 8\ncpu0 1\n", "cpu 1 2 3 9999999999999999 5 6 7 8\ncpu0 1\n", "cpu 1 2 3 4 5 6 7 8\n"} {
		if m, err := parseMachine([]byte(text)); err == nil {
			t.Errorf("%q is read as %+v", text, m)
		}
	}
}

func TestParsePressure(t *testing.T) {
	if p, err := parsePressure([]byte("some avg10=45.50 avg60=1.00 avg300=0.00 total=5\nfull avg10=0.00\n")); err != nil || p != 0.455 {
		t.Errorf("%v, %v", p, err)
	}
	for _, text := range []string{"", "full avg10=1.00 avg60=2.00", "some avg10=101 x", "some avg10=NaN x", "some"} {
		if p, err := parsePressure([]byte(text)); err == nil {
			t.Errorf("%q is read as %v", text, p)
		}
	}
}

func FuzzProc(f *testing.F) {
	f.Add("cpu  1 2 3 4 5 6 7 8 0 0\ncpu0 1\n")
	f.Add("some avg10=1.53 avg60=0.87 avg300=0.73 total=1157622151\n")
	f.Add("123 456 7\n")
	f.Fuzz(func(t *testing.T, text string) {
		if m, err := parseMachine([]byte(text)); err == nil && (m.cores < 1 || m.idle < 0 || m.steal < 0) {
			t.Errorf("%q: %+v", text, m)
		}
		if p, err := parsePressure([]byte(text)); err == nil && !(p >= 0 && p <= 1) {
			t.Errorf("%q: %v", text, p)
		}
		if d, err := parseWait([]byte(text)); err == nil && d < 0 {
			t.Errorf("%q: waited %v", text, d)
		}
	})
}

func FuzzSamples(f *testing.F) {
	f.Add(`{"from":-5,"at":7,"others":0.5,"steal":0.1,"pressure":0.4}` + "\n" + `{"from":7,"at":7,"others":0,"steal":0,"gap":"why"}` + "\n")
	f.Add(`{"from":1`)
	f.Fuzz(func(t *testing.T, text string) {
		samples, err := ReadSamples(strings.NewReader(text))
		if err == nil && len(samples) != strings.Count(text, "\n") {
			t.Errorf("%d samples of %q", len(samples), text)
		}
		for _, s := range samples {
			if s.At < s.From || !(s.Others >= 0 && s.Others <= 1) || !(s.Steal >= 0 && s.Steal <= 1) {
				t.Errorf("%+v of %q", s, text)
			}
		}
	})
}

func TestReadSamplesLeavesOutATornLine(t *testing.T) {
	whole := `{"from":1,"at":2,"others":0.5,"steal":0}` + "\n"
	if samples, err := ReadSamples(strings.NewReader(whole + `{"from":2,"at":3,"oth`)); err != nil || len(samples) != 1 || samples[0].Others != 0.5 {
		t.Errorf("%+v, %v", samples, err)
	}
	if _, err := ReadSamples(strings.NewReader(whole + "nonsense\n" + whole)); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("%v", err)
	}
}
