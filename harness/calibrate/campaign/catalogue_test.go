package campaign

import (
	"path/filepath"
	"slices"
	"testing"

	"gauntlet/targets/mapper/defect"
)

// unseen are the defects that no objective is about: what they do is no broken
// promise.
var unseen = []defect.Name{defect.FNVShards}

// Every defect that the mapper can be built with is a control of an experiment,
// which switches that one on and nothing else, or is said to be seen by none.
func TestEveryDefectIsClaimedToBeCaught(t *testing.T) {
	var caught []string
	for _, c := range published(t) {
		e := c.Experiment
		if c.Defect() == "" {
			if len(e.Target.Args["mapper"]) > 0 || len(e.Controls) == 0 {
				t.Errorf("%s: arguments %q, %d controls", e.File, e.Target.Args["mapper"], len(e.Controls))
			}
			continue
		}
		caught = append(caught, c.Defect())
		if !slices.Equal(e.Target.Args["mapper"], []string{"--defect=" + c.Defect()}) || e.Target.Env["mapper"]["MAPPER_ALLOW_DEFECTS"] != "1" {
			t.Errorf("%s: the control %s does not switch that defect on: %q, %q", e.File, c.Defect(), e.Target.Args, e.Target.Env)
		}
		if e.Expect.Verdict != "FAIL" || e.Expect.Reason == "" || e.Inert {
			t.Errorf("%s: the control %s is to end by %+v", e.File, c.Defect(), e.Expect)
		}
	}
	var all []string
	for _, name := range defect.All() {
		if !slices.Contains(unseen, name) {
			all = append(all, string(name))
		}
	}
	slices.Sort(caught)
	slices.Sort(all)
	if !slices.Equal(caught, all) {
		t.Errorf("the experiments have the defects\n%q, the mapper\n%q", caught, all)
	}
}

func published(t *testing.T) []Claim {
	t.Helper()
	all, err := ReadClaims(filepath.Join("..", "..", "..", "experiments", "calibration"))
	if err != nil || len(all) == 0 {
		t.Fatalf("%d claims, %v", len(all), err)
	}
	return all
}
