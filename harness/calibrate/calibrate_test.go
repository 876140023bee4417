package calibrate

import (
	"path/filepath"
	"slices"
	"testing"
)

// recordings are those that are checked in: of a host that did nothing else,
// of one that others worked on, and of one with four processes that computed
// without end.
func recordings(t testing.TB, names ...string) []*Recording {
	t.Helper()
	var all []*Recording
	for _, name := range names {
		r, err := ReadRecording(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// runs is how many histories a row plays here: -short and the race detector
// make it a tenth. `make calibrate` plays more.
func runs(r Row) int {
	if testing.Short() || raced {
		return r.Runs / 10
	}
	return r.Runs
}

// Every row keeps its goal, and every judge that is wrong on purpose is caught
// by the row that it names: a calibration that lets everything pass would be
// worse than none.
func TestEveryRowKeepsItsGoalAndCatchesWhoDoesNot(t *testing.T) {
	rows := Rows(nil, recordings(t, "shared", "stressed"))
	for _, w := range Wrongs() {
		if !slices.ContainsFunc(rows, func(r Row) bool { return r.Name == w.Row }) {
			t.Errorf("%s: there is no row %q", w.Name, w.Row)
		}
	}
	for _, r := range rows {
		t.Run(r.Name, func(t *testing.T) {
			wrongs := WrongsOf(Wrongs(), r.Name)
			n := runs(r)
			if len(wrongs) > 0 {
				n = r.Runs // the wrong ones are wrong now and then
			}
			got, controls := r.Play(0, n, wrongs...)
			t.Logf("%-40s %s", r.Name, got)
			for _, broken := range r.Goal.Broken(got) {
				t.Error(broken)
			}
			for i, w := range wrongs {
				if !w.Caught(r.Goal, controls[i]) {
					t.Errorf("%s: not caught; the row says %q, want %q among it", w.Name, r.Goal.Broken(controls[i]), w.Says)
				}
			}
		})
	}
}
