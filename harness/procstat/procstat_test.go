package procstat

import (
	"bytes"
	"os"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	rest := " S 1 77 77 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 100"
	for _, name := range []string{"mapper", "a b", "evil) R 9 9 (", ""} {
		s, err := Parse([]byte("12 (" + name + ")" + rest))
		if want := (Stat{State: 'S', Group: 77, Waited: 150 * time.Millisecond, Start: 4711}); err != nil || s != want {
			t.Errorf("%q: %+v, %v", name, s, err)
		}
	}
	for _, text := range []string{"", "12", "12 (x)", "12 (x) S 1 2", "12 (x) SS" + rest[2:], "12 (x) S 1 a" + rest[7:]} {
		if s, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q: %+v", text, s)
		}
	}
}

func TestWhoLives(t *testing.T) {
	for state, want := range map[byte]bool{'R': true, 'S': true, 'D': true, 'T': true, 'Z': false, 'X': false} {
		if (Stat{State: state}).Lives() != want {
			t.Errorf("%c lives: %v", state, !want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("12 (a) b) S 1 1 1 0 -1 0 0 0 0 0 9 9 3 4 20 0 5 0 77 0 0"))
	f.Add([]byte("S 1 1 1 0 -1 0 0 0 0 0 9 9 3 4 20 0 5 0 77 0 0"))
	f.Add([]byte("12 (a"))
	f.Add([]byte("12 (a) \x00 1 1 1 0 -1 0 0 0 0 0 9 9 3 4 20 0 5 0 77 0 0"))
	if own, err := os.ReadFile("/proc/self/stat"); err == nil {
		f.Add(own)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse(text)
		if err == nil && (s.State == 0 || s.Waited < 0 || !bytes.Contains(text, []byte{')'})) {
			t.Errorf("%q: %+v", text, s)
		}
	})
}
