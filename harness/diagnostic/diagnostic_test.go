package diagnostic

import (
	"errors"
	"fmt"
	"testing"
)

func TestErrorPointsAtTheColumn(t *testing.T) {
	d := &Diagnostic{File: "x.yaml", Line: 3, Column: 8, Message: `unknown field "rat"`, Hint: `did you mean "rate"?`, Snippet: "load: {rat: 5}"}
	want := "x.yaml:3:8: unknown field \"rat\"\n" +
		"     3 | load: {rat: 5}\n" +
		"       |        ^\n" +
		"  hint: did you mean \"rate\"?"
	if got := d.Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDidYouMean(t *testing.T) {
	known := []string{"rate", "timeout", "retries", "workers"}
	for word, want := range map[string]string{
		"rat":     `did you mean "rate"?`,
		"tiemout": `did you mean "timeout"?`,
		"WORKERS": `did you mean "workers"?`,
		"colour":  "known here: rate, timeout, retries, workers",
	} {
		if got := DidYouMean(word, known); got != want {
			t.Errorf("DidYouMean(%q) = %s, want %s", word, got, want)
		}
	}
}

func TestListIsInTheOrderOfTheFile(t *testing.T) {
	err := List{{File: "b", Line: 1}, {File: "a", Line: 2, Column: 5}, {File: "a", Line: 2, Column: 1}}.Err()
	got := ""
	for _, d := range All(fmt.Errorf("wrapped: %w", err)) {
		got += fmt.Sprintf("%s:%d:%d ", d.File, d.Line, d.Column)
	}
	if got != "a:2:1 a:2:5 b:1:0 " {
		t.Errorf("order %s", got)
	}
	if List(nil).Err() != nil {
		t.Error("an empty list is an error")
	}
	if All(errors.New("other")) != nil {
		t.Error("another error holds diagnostics")
	}
}
