package platform

import (
	"slices"
	"strings"
	"testing"
)

func TestLastLines(t *testing.T) {
	long := strings.Repeat("é", maxLine)
	for _, c := range []struct {
		text string
		n    int
		want []string
	}{
		{"", 3, nil},
		{"\n", 3, nil},
		{"a\nb\nc\n", 2, []string{"b", "c"}},
		{"a\nb", 5, []string{"a", "b"}},
		{"a\r\n\nb\n\n", 5, []string{"a", "", "b"}},
		{"a\n", 0, nil},
		{"a\xffb\n", 1, []string{"a�b"}},
		{"a\tb\n\x1b[2Jgone\x07\x7f\u009b\n", 2, []string{"a\tb", "␛[2Jgone␇␡�"}},
	} {
		if got := LastLines(c.text, c.n); !slices.Equal(got, c.want) {
			t.Errorf("the last %d of %q: %q, want %q", c.n, c.text, got, c.want)
		}
	}
	if got := LastLines(long, 1)[0]; len(got) > maxLine+len("…") || !strings.HasSuffix(got, "é…") {
		t.Errorf("a long line is cut to %d bytes: …%q", len(got), got[len(got)-6:])
	}
}
