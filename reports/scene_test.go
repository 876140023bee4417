package reports

import "testing"

// A run ends in the middle of a second: the rate of that second is what was
// sent in the part of it that was.
func TestTheLastSecondIsNoDropInRate(t *testing.T) {
	r := &Result{Phases: []Phase{{Name: "observe", Begin: 0, End: 2.25}}}
	s := &Series{Seconds: 3, Planned: []int{1000, 1000, 250}, Outcomes: []Outcome{{Class: "good", Count: []int{1000, 1000, 250}}}}
	layers, offered, planned := stack(newScene(r, s), s)
	if planned != 2250 || layers[0].total != 2250 {
		t.Errorf("%d planned, %d good, want 2250 of each", planned, layers[0].total)
	}
	for i := range offered {
		if offered[i] != 1000 || layers[0].rate[i] != 1000 {
			t.Errorf("second %d: %v/s offered, %v/s good, want 1000/s", i, offered[i], layers[0].rate[i])
		}
	}
}
