package chaos

import (
	"testing"

	"gauntlet/harness/diagnostic"
)

func TestDistinct(t *testing.T) {
	named := func(name string, line int) Timed {
		return Timed{Fault: Fault{Name: name, Kind: PodChaos, Action: PodKill, Places: map[string]Place{"metadata": {File: "x.yaml", Line: line, Column: 3}}}}
	}
	if err := Distinct([]Timed{named("a", 1), named("b", 2)}); err != nil {
		t.Error(err)
	}
	all := diagnostic.All(Distinct([]Timed{named("a", 1), named("b", 2), named("a", 3)}))
	if len(all) != 1 || all[0].Line != 3 || all[0].Message != `two faults are called "a"` {
		t.Errorf("mistakes %v", all)
	}
}

// A field that is not in the file is missing from what is around it.
func TestMistakeFindsThePlaceAround(t *testing.T) {
	f := Fault{Name: "a", Kind: "Schedule", Places: map[string]Place{"": {Line: 1}, "spec": {Line: 2}, "spec.selector.pods": {Line: 3}}}
	for path, line := range map[string]int{
		"spec.selector.pods.ns[2]": 3, "spec.selector.pods": 3, "spec.selector": 2, "spec.mode": 2, "metadata.name": 1, "": 1,
	} {
		if got := f.mistake(path, "m", "h"); got.Line != line {
			t.Errorf("%s is at line %d, want %d", path, got.Line, line)
		}
	}
	f.Places = nil
	if got := f.mistake("spec", "m", ""); got.Error() != "Schedule a: m" {
		t.Errorf("without places: %s", got)
	}
}
