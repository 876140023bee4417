package run

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gauntlet/reports"
)

// FuzzJudge judges a run whose facts and events somebody wrote: it is a result
// that can be drawn, or an error.
func FuzzJudge(f *testing.F) {
	made := handMade(f, 500*time.Millisecond)
	facts, err := os.ReadFile(filepath.Join(made, factsFile))
	if err != nil {
		f.Fatal(err)
	}
	events, err := os.ReadFile(filepath.Join(made, eventsFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(facts), string(events))
	f.Add(`{"schemaVersion":1,"run":"r","seed":-1,"shift":-9223372036854775808,"workers":-5,"hotKeys":[4294967295],"registers":1000000000}`, "{}\n")
	f.Add(string(facts), `{"at":9223372036854775807,"until":-9223372036854775808,"type":"phase","name":"baseline"}`+"\n"+`{"at":-1,"type":"abort"}`+"\n")
	f.Add(string(facts), `{"at":1000000000,"until":4000000000,"type":"phase","name":"observe"}`+"\n"+`{"at":0,"until":99999999999999,"type":"phase","name":"warmup"}`+"\n"+`{"at":5,"type":"replica","name":"external","state":"down"}`+"\n")
	f.Fuzz(func(t *testing.T, facts, events string) {
		dir := t.TempDir()
		for _, name := range []string{experimentFile, opsFile} {
			if err := os.Link(filepath.Join(made, name), filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		for name, text := range map[string]string{factsFile: facts, eventsFile: events} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		watch := time.AfterFunc(time.Minute, func() { panic("it does not end: " + facts + events) })
		defer watch.Stop()
		r, s, err := Judge(dir)
		if err != nil {
			return
		}
		if r.Verdict != reports.Pass && r.Verdict != reports.Fail && r.Verdict != reports.Inconclusive {
			t.Errorf("verdict %q", r.Verdict)
		}
		var page bytes.Buffer
		if err := reports.HTML(&page, r, s, reports.Extra{}); err != nil {
			t.Errorf("what can be judged cannot be drawn: %v", err)
		}
	})
}
