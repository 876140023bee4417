package experiment

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/diagnostic"
)

const suiteFile = "testdata/tree/experiments/suites/x.yaml"

func TestASuite(t *testing.T) {
	s, err := ParseSuite(suiteFile, []byte(`
kind: Suite
name: x
hypothesis: They hold.
platform: docker
budget: 1h
experiments:
  - name: short
  - {name: short, repeat: 6, platform: local, set: {load.rate: 700/s, load.keys.count: 50, load.mix: {get: 100%}, hypothesis: "a, b"}}
  - {name: ../short.yaml, control: strict}
  - {name: short, repeat: 3, control: strict}
`))
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "x" || s.About() != "They hold." || s.Platform != "docker" || s.Budget != time.Hour || len(s.Entries) != 4 {
		t.Fatalf("%+v", s)
	}
	first, second, third, fourth := s.Entries[0], s.Entries[1], s.Entries[2], s.Entries[3]
	if first.Repeat != 2 || first.Platform != "docker" || first.Experiment.Load.Rate.String() != "500/s" {
		t.Errorf("as the experiment says: %+v", first)
	}
	if second.Repeat != 6 || second.Platform != "local" || second.Experiment.Load.Rate.String() != "700/s" || !slices.Equal(second.Set, []Setting{{"load.rate", "700/s"}, {"load.keys.count", "50"}, {"load.mix", "{get: 100%}"}, {"hypothesis", `"a, b"`}}) {
		t.Errorf("as the suite says: %+v", second)
	}
	if third.Repeat != 1 || third.Experiment.Applied != "strict" || third.Experiment.Expect == nil {
		t.Errorf("the control: %+v", third)
	}
	if fourth.Repeat != 3 || fourth.Experiment.Applied != "strict" {
		t.Errorf("the control, as often as the suite says: %+v", fourth)
	}
	set := map[string]string{}
	for _, s := range second.Set {
		set[s.Path] = s.Value
	}
	if flagged, err := first.Experiment.With(set); err != nil || essence(flagged) != essence(second.Experiment) {
		t.Errorf("set on the command line it is another experiment: %v", err)
	}
	again, err := Parse(second.Experiment.File, second.Experiment.Source)
	if err != nil || essence(again) != essence(second.Experiment) {
		t.Errorf("what is set is not in its source: %v\n%s", err, second.Experiment.Source)
	}
}

func TestOverBudget(t *testing.T) {
	s, err := ParseSuite(suiteFile, []byte("kind: Suite\nname: x\nbudget: 5m\nexperiments: [{name: short}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.OverBudget(5 * time.Minute); err != nil {
		t.Error(err)
	}
	found := diagnostic.All(s.OverBudget(5*time.Minute + time.Second))
	if len(found) != 1 || found[0].Line != 3 || found[0].Column != 9 || !strings.Contains(found[0].Hint, "5m1s") {
		t.Errorf("%v", found)
	}
	s.Budget = 0
	if err := s.OverBudget(time.Hour); err != nil {
		t.Errorf("without a budget: %v", err)
	}
}

func TestKind(t *testing.T) {
	dir := folderOf(t, map[string]string{"s.yaml": "\ufeffname: x\nkind: Suite\n", "e.yaml": "name: x", "n.yaml": "kind: [Suite]", "b.yaml": "kind: ["})
	for name, want := range map[string]string{"s": KindSuite, "e": KindExperiment, "n": KindExperiment, "b": KindExperiment, "missing": KindExperiment} {
		if got := Kind(filepath.Join(dir, name+".yaml")); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestSuitesAreFoundAndListedApart(t *testing.T) {
	dir := folderOf(t, map[string]string{
		"experiments/one.yaml":          "name: one\n",
		"experiments/suites/all.yaml":   "kind: Suite\nname: all\ndescription: All of them.\nexperiments: [{name: one}, {name: one, repeat: 2}]\n",
		"experiments/suites/wrong.yaml": "kind: Suite\n",
	})
	t.Chdir(dir)
	if got, err := Find("all"); err != nil || got != "experiments/suites/all.yaml" {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := Find("al"); err == nil || !strings.Contains(err.Error(), `did you mean "all"?`) {
		t.Errorf("%v", err)
	}
	if got := Names("experiments"); len(got) != 1 || got[0].Name != "one" {
		t.Errorf("experiments: %+v", got)
	}
	got := Suites("experiments")
	if len(got) != 2 || got[0].Name != "all" || got[0].Description != "All of them." || !slices.Equal(got[0].Experiments, []string{"one", "one"}) || got[0].Err != nil || got[1].Err == nil {
		t.Errorf("suites: %+v", got)
	}
	// From the suites' own folder, where paths are shorter.
	t.Chdir("experiments/suites")
	s, err := ReadSuite("all.yaml")
	if err != nil || s.Entries[0].Experiment.File != "../one.yaml" {
		t.Errorf("%v", err)
	}
	// From a folder that has nothing to do with it, experiments above are found.
	if err := os.Mkdir("deep", 0o755); err != nil {
		t.Fatal(err)
	}
	if s, err := ParseSuite("deep/x.yaml", []byte("kind: Suite\nname: x\nexperiments: [{name: one}]\n")); err != nil || len(s.Entries) != 1 {
		t.Errorf("%v", err)
	}
}

func FuzzParseSuite(f *testing.F) {
	f.Add("kind: Suite\nname: x\nbudget: 5m\nexperiments: [{name: short, repeat: 3, set: {load.rate: 5/s}}, {name: other}]\n")
	f.Add("kind: Suite\nexperiments: [{name: short, control: strict, set: {controls: ~}}]\n")
	f.Add("- [{a, b}]\n")
	f.Fuzz(func(t *testing.T, source string) {
		s, err := ParseSuite(suiteFile, []byte(source))
		if err == nil {
			if len(s.Entries) == 0 {
				t.Fatal("a suite without experiments was accepted")
			}
			return
		}
		found := diagnostic.All(err)
		if len(found) == 0 {
			t.Fatalf("no diagnostic: %v", err)
		}
		for _, d := range found {
			if d.File == "" || d.Line < 1 || d.Column < 1 || d.Message == "" {
				t.Fatalf("%+v has no place", d)
			}
		}
	})
}
