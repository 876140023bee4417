package calibrate

import (
	"path/filepath"
	"testing"
	"time"

	"gauntlet/harness/experiment"
	"gauntlet/targets/truth/script"
)

// Whatever the seed, the script of every row's experiment can be followed, what
// it breaks lies within observe, and where outages are to be found each is far
// enough from the next to be one.
func TestTheScriptsOfTheSocketLayer(t *testing.T) {
	for _, row := range Sockets() {
		e, err := experiment.Read(filepath.Join("../../experiments/calibration", row.Experiment+".yaml"))
		if err != nil {
			t.Error(err)
			continue
		}
		service := e.Target.Service
		s, err := script.Parse(row.Experiment, []byte(e.Target.Env[service]["TRUTH_SCRIPT"]))
		if err != nil || len(s.Events) == 0 {
			t.Errorf("%s: %v, %d events", row.Experiment, err, len(s.Events))
			continue
		}
		for seed := range uint64(200) {
			s.Seed = seed
			apart(t, row, e.Phases, s.Stretches(service+"-2"))
		}
	}
}

func apart(t *testing.T, row Socket, p experiment.Phases, all []script.Stretch) {
	t.Helper()
	if len(all) == 0 {
		t.Fatalf("%s: nothing is done to the replica that the script is for", row.Name)
	}
	h := time.Duration(together)
	if begin, end := p.Warmup+p.Baseline, p.Warmup+p.Baseline+p.Observe; all[0].From < begin || all[len(all)-1].To+h > end {
		t.Fatalf("%s: it is broken from %v to %v, and observed from %v to %v", row.Name, all[0].From, all[len(all)-1].To, begin, end)
	}
	for i, x := range all[1:] {
		if gap := x.From - all[i].To; row.Goal.Found && x.Number != all[i].Number && gap < h+h/8 {
			t.Fatalf("%s: events %d and %d are %v apart", row.Name, all[i].Number, x.Number, gap)
		}
	}
}
