package load

import (
	"testing"

	"pgregory.net/rapid"
)

func TestValueComesBack(t *testing.T) {
	part := rapid.StringMatching(`[A-Za-z0-9_-]{1,40}`)
	rapid.Check(t, func(t *rapid.T) {
		want := Written{Run: part.Draw(t, "run"), Key: part.Draw(t, "key"), Client: part.Draw(t, "client"), Seq: rapid.Uint64().Draw(t, "seq")}
		got, err := ParseValue(want.String())
		if err != nil || got != want {
			t.Fatalf("%q is %+v, %v; want %+v", want.String(), got, err, want)
		}
	})
}

func TestMangledValuesAreNoValues(t *testing.T) {
	for _, s := range []string{
		"", "https://t.invalid/", "https://t.invalid/r/k/1", "https://t.invalid/r/k/1/", "https://t.invalid/r/k/1/x",
		"https://t.invalid/r/k/1/01", "https://t.invalid/r/k/1/+1", "https://t.invalid/r/k/1/-1", "https://t.invalid/r/k/1/1/",
		"https://t.invalid//k/1/1", "https://t.invalid/r//1/1", "https://t.invalid/r/k//1", "http://t.invalid/r/k/1/1",
		"https://t.invalid/r/k/1/18446744073709551616", " https://t.invalid/r/k/1/1",
	} {
		if w, err := ParseValue(s); err == nil {
			t.Errorf("%q was read as %+v", s, w)
		}
	}
}

func FuzzParseValue(f *testing.F) {
	f.Add("https://t.invalid/r/k-1/7/42")
	f.Add("https://t.invalid/r/k-1/p/0")
	f.Add("https://example.org/")
	f.Fuzz(func(t *testing.T, s string) {
		if w, err := ParseValue(s); err == nil && w.String() != s {
			t.Fatalf("%q was read as %+v, which writes %q", s, w, w.String())
		}
	})
}
