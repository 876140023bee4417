package run

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

// A run that was stopped in its baseline has no observe phase: what ended after
// the stop is no evidence about a time that was never reached.
func TestWhatEndsAfterAStopIsNoPhase(t *testing.T) {
	dir := handMade(t, 0)
	path := filepath.Join(dir, eventsFile)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	events, err := history.CreateEvents(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []history.Event{
		{Type: history.EventPhase, Name: history.PhaseWarmup, Until: 1 * second},
		{Type: history.EventPhase, Name: history.PhaseBaseline, At: 1 * second, Until: 3 * second},
		{Type: history.EventAbort, Name: "stop", At: 3*second - int64(10*time.Millisecond), Detail: "the stop condition was met"},
	} {
		events.Record(e)
	}
	if err := events.Close(); err != nil {
		t.Fatal(err)
	}
	r, _ := judgement(t, dir)
	if len(r.Phases) != 2 {
		t.Errorf("phases %+v, want those that were written down", r.Phases)
	}
	if want := (reports.Aborted{By: "stop", At: 2.99, Why: "the stop condition was met"}); r.Aborted == nil || *r.Aborted != want {
		t.Errorf("aborted %+v, want %+v", r.Aborted, want)
	}
	for _, o := range r.Objectives {
		if o.Verdict != reports.Inconclusive && o.Name != "foreign" {
			t.Errorf("%s is %s: %s", o.Name, o.Verdict, o.Why)
		}
	}
}
