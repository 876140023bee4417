package register

import (
	"bytes"
	"os"
	"testing"
)

func FuzzStat(f *testing.F) {
	f.Add([]byte("12 (a) b) S 1 1 1 0 -1 0 0 0 0 0 9 9 3 4 20 0 5 0 77 0 0"))
	f.Add([]byte("S 1 1 1 0 -1 0 0 0 0 0 9 9 3 4 20 0 5 0 77 0 0"))
	f.Add([]byte("12 (a"))
	f.Add([]byte("12 (a) \x00 1 1 1 0 -1 0 0 0 0 0 9 9 3 4 20 0 5 0 77 0 0"))
	if own, err := os.ReadFile("/proc/self/stat"); err == nil {
		f.Add(own)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		start, state, err := parseStat(text)
		if err == nil && (state == 0 || !bytes.Contains(text, []byte{')'})) {
			t.Errorf("%q: started at %d, %c", text, start, state)
		}
	})
}
