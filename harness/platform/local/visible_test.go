package local

import (
	"slices"
	"testing"
)

func TestATerminalIsNotObeyed(t *testing.T) {
	got := lastLines([]byte("a\tb\n\x1b[2Jgone\x07\x7f\u009b\n"), 2)
	if want := []string{"a\tb", "␛[2Jgone␇␡�"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
