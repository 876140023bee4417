package experiment

import (
	"fmt"
	"strings"
	"testing"
)

// must is the experiment of source, which must be valid.
func must(t testing.TB, source string) *Experiment {
	t.Helper()
	e, err := Parse("experiments/x.yaml", []byte(source))
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, source)
	}
	return e
}

// essence is what an experiment says, without where it says it.
func essence(e *Experiment) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s|%s|%s|%s|%v\n", e.Name, e.Hypothesis, e.File, e.Applied, e.Inert)
	fmt.Fprintf(&b, "%+v\n%+v\n%+v\n", e.Target, e.Load, e.Phases)
	for _, f := range e.Faults {
		fmt.Fprintf(&b, "%v %s\n", f.At, render(f.Chaos.Node))
	}
	if e.Consistency != nil {
		fmt.Fprintf(&b, "%+v\n", *e.Consistency)
	}
	fmt.Fprintf(&b, "%v %v\n", e.SLO.GoodLatency, e.SLO.Availability)
	if e.SLO.Recovery != nil {
		fmt.Fprintf(&b, "%+v\n", *e.SLO.Recovery)
	}
	if e.SLO.LostWrites != nil {
		fmt.Fprintln(&b, "lost", *e.SLO.LostWrites)
	}
	for _, c := range e.Controls {
		fmt.Fprintf(&b, "%+v\n", c)
	}
	if e.Expect != nil {
		fmt.Fprintf(&b, "%+v\n", *e.Expect)
	}
	return b.String()
}
