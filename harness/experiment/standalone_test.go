package experiment

import (
	"path/filepath"
	"testing"
)

func TestStandaloneMeansTheSameElsewhere(t *testing.T) {
	source := "name: x\nfaults:\n  - {at: 9s, chaos: faults/kill.yaml}\n  - {at: 0s, chaos: {kind: K, metadata: {name: inline}}}\n" +
		"controls: [{name: c, faults: inert, expect: {verdict: INCONCLUSIVE, objective: recovery}}]\n"
	e, err := Parse("testdata/x.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	control, err := e.Control("c")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []*Experiment{e, control} {
		text, err := e.Standalone()
		if err != nil {
			t.Fatal(err)
		}
		there, err := Parse(filepath.Join(t.TempDir(), "x.yaml"), text)
		if err != nil {
			t.Fatalf("%v\nin\n%s", err, text)
		}
		there.File, there.Target.Compose = e.File, e.Target.Compose // the only things that depend on the folder
		if got, want := essence(there), essence(e); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestStandaloneIsTheSourceWhereNothingIsElsewhere(t *testing.T) {
	for _, source := range []string{"# kept\nname: x\n", "# kept\nname: x\nfaults: [{chaos: {kind: K}}]\n"} {
		if text, err := must(t, source).Standalone(); err != nil || string(text) != source {
			t.Errorf("%s, %v", text, err)
		}
	}
}
