package experiment

import (
	"strings"
	"testing"
	"time"
)

// The parser's time grows with the square of some inputs; within the bounds
// of a text each of them ends soon, with mistakes that have a place.
func TestParsingEnds(t *testing.T) {
	for _, piece := range []string{"a: b\n", "- a\n", "a\n", " \n", "- ", "#\n", "{", "[", "a: {", "a: b, ", "{a: b, ", "---\n", "!a ", "&a ", "*a\n", "? a\n",
		"a:\n ", "'a' ", "? a\n: ", ":", "-\n", "- -\n", "[]\n", "%a\n", "|\n", "a: |\n ", "\\", "\"", "\t", "\r", "a: ~\n", "<<: {}\n"} {
		for _, size := range []int{maxTokens, maxBytes} {
			begin := time.Now()
			if _, err := Parse("x.yaml", []byte(strings.Repeat(piece, size/len(piece)))); err == nil {
				t.Errorf("%q, repeated, is an experiment", piece)
			}
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("%q, repeated, took %v", piece, took)
			}
		}
	}
	if _, err := Parse("x.yaml", []byte("name: x\nhypothesis: "+strings.Repeat("a", maxBytes))); err == nil || !strings.Contains(err.Error(), "is the limit") {
		t.Errorf("%.200v", err)
	}
}
