package run

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/experiment"
	"gauntlet/harness/history"
	"gauntlet/reports"
)

const judged = `
name: made
hypothesis: A run that was written by hand can be judged.
target: {url: "http://127.0.0.1:1", request: {method: GET, path: /}}
load: {rate: 500/s, timeout: 1s, mix: {get: 100%}, keys: {distribution: uniform, count: 10}}
phases: {warmup: 1s, baseline: 3s, observe: 10s}
slo: {good: {latency: 100ms}, recovery: 5s, availability: 90%}
`

// handMade writes the folder of a run of 14 s in which every request due in
// [6 s, 6 s + outage) was refused.
func handMade(t testing.TB, outage time.Duration) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, experimentFile), []byte(judged), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeJSON(filepath.Join(dir, factsFile), Facts{SchemaVersion: 1, Run: "r", StartedAt: time.Unix(1e9, 0), Platform: "external", Workers: 550}); err != nil {
		t.Fatal(err)
	}
	events, err := history.CreateEvents(filepath.Join(dir, eventsFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []span{{"warmup", 0, 1 * second}, {"baseline", 1 * second, 4 * second}, {"observe", 4 * second, 14 * second}} {
		events.Record(history.Event{Type: history.EventPhase, Name: p.name, At: p.begin, Until: p.end})
	}
	events.Record(history.Event{Type: history.EventEnd, At: 14 * second})
	if err := events.Close(); err != nil {
		t.Fatal(err)
	}
	ops, err := history.Create(filepath.Join(dir, opsFile), history.Header{Run: "r", StartedAt: "2001-09-09T01:46:40Z", Operations: []string{"get"}, Clients: 64})
	if err != nil {
		t.Fatal(err)
	}
	index := ops.Replica("external")
	for n := range uint64(14 * 500) {
		due := int64(n) * second / 500
		op := history.Op{Seq: n, Attempts: 1, Status: 200, Replica: index, Due: due, Sent: due + 1e5, Done: due + 2e6}
		if due >= 6*second && due < 6*second+int64(outage) {
			op.Class, op.Status = history.Refused, 0
		}
		if err := ops.Append(op); err != nil {
			t.Fatal(err)
		}
	}
	if err := ops.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func judgement(t *testing.T, dir string) (*reports.Result, string) {
	t.Helper()
	r, s, err := Judge(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := reports.WriteResult(&b, r); err != nil {
		t.Fatal(err)
	}
	if err := reports.WriteSeries(&b, s); err != nil {
		t.Fatal(err)
	}
	return r, b.String()
}

func TestJudgeIsAFunctionOfTheFiles(t *testing.T) {
	dir := handMade(t, 500*time.Millisecond)
	r, first := judgement(t, dir)
	if _, again := judgement(t, dir); again != first {
		t.Error("judged twice, two results")
	}
	if r.Verdict != reports.Pass || r.Load.Bad != 250 || len(r.Episodes) == 0 {
		t.Errorf("%s with %d bad and %d episodes (%s); want PASS with 250 and one", r.Verdict, r.Load.Bad, len(r.Episodes), r.Why)
	}
}

func TestJudgeFailsAnOutageThatIsTooLong(t *testing.T) {
	r, _ := judgement(t, handMade(t, 5500*time.Millisecond))
	if r.Verdict != reports.Fail || !strings.Contains(r.Why, "recovery") && !strings.Contains(r.Why, "availability") {
		t.Errorf("%s: %s; want FAIL by recovery or availability", r.Verdict, r.Why)
	}
}

func TestJudgeOfAKilledRunIsAborted(t *testing.T) {
	dir := handMade(t, 0)
	path := filepath.Join(dir, opsFile)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()/2); err != nil {
		t.Fatal(err)
	}
	r, _ := judgement(t, dir)
	if r.Aborted == nil || r.Verdict == reports.Pass {
		t.Errorf("aborted %v, %s; a run whose log is torn must not pass", r.Aborted, r.Verdict)
	}
}

func TestJudgeOfARunWithoutAnEndIsAborted(t *testing.T) {
	dir := handMade(t, 0)
	path := filepath.Join(dir, eventsFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
	if err := os.WriteFile(path, []byte(strings.Join(lines[:len(lines)-1], "")), 0o644); err != nil {
		t.Fatal(err)
	}
	if r, _ := judgement(t, dir); r.Aborted == nil || r.Verdict == reports.Pass {
		t.Errorf("aborted %v, %s; a run that was killed between two blocks must not pass", r.Aborted, r.Verdict)
	}
}

// A run that was made stays readable: this one is of a version that sent less
// beside the mix than this one would, and refused less. Its experiment defines a
// delete, which it did not yet use, and a login that it never sent.
func TestARunOfAnEarlierVersionIsJudged(t *testing.T) {
	const dir = "testdata/earlier"
	path := filepath.Join(dir, experimentFile)
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := experiment.Parse(path, source); err == nil || !strings.Contains(err.Error(), "never be sent") {
		t.Fatalf("to be run it must be refused, and is not: %v", err)
	}
	r, _ := judgement(t, dir)
	if r.Verdict != reports.Pass || r.Load.Sent != 1820 || len(r.Objectives) != 5 {
		t.Errorf("%s (%s), %d requests, %d objectives; it passed with 1820 and 5", r.Verdict, r.Why, r.Load.Sent, len(r.Objectives))
	}
}

func TestJudgeSaysWhatIsNoRun(t *testing.T) {
	if _, _, err := Judge(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is no run of gauntlet's") {
		t.Errorf("got %v", err)
	}
}

func TestWhyNamesTheMostTellingObjective(t *testing.T) {
	objective := func(name string, v reports.Verdict) reports.Objective {
		return reports.Objective{Name: name, Verdict: v, Why: "…"}
	}
	for want, objectives := range map[string][]reports.Objective{
		"foreign: …":          {objective("availability:get", reports.Fail), objective("lostWrites", reports.Fail), objective("foreign", reports.Fail)},
		"availability:get: …": {objective("availability:get", reports.Fail), objective("lostWrites", reports.Pass), objective("steadyState", reports.Inconclusive)},
		"recovery: …":         {objective("recovery", reports.Fail), objective("residual", reports.Fail)},
	} {
		if got := why(&reports.Result{Verdict: reports.Fail, Objectives: objectives}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestJudgeRefusesFilesOfDifferentRuns(t *testing.T) {
	const withFault = `
faults:
  - at: 0s
    chaos: {apiVersion: chaos-mesh.org/v1alpha1, kind: PodChaos, metadata: {name: x}, spec: {}}
`
	for name, spoil := range map[string]func(dir string) error{
		"another experiment": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, experimentFile), []byte(judged+withFault), 0o644)
		},
		"another mix": func(dir string) error {
			const other = `, request: {method: GET, path: /}}
load: {operations: {look: {path: /}}, `
			return os.WriteFile(filepath.Join(dir, experimentFile), []byte(strings.NewReplacer(", request: {method: GET, path: /}}\nload: {", other, "get: 100%", "get: 50%, look: 50%").Replace(judged)), 0o644)
		},
		"a log of what it does not know": func(dir string) error {
			path := filepath.Join(dir, opsFile)
			if err := os.Remove(path); err != nil {
				return err
			}
			w, err := history.Create(path, history.Header{Run: "r", StartedAt: "2001-09-09T01:46:40Z", Operations: []string{"get", "look"}, Clients: 64})
			if err != nil {
				return err
			}
			return w.Close()
		},
		"other facts": func(dir string) error {
			return writeJSON(filepath.Join(dir, factsFile), Facts{SchemaVersion: 1, Run: "another"})
		},
		"facts of nobody": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, factsFile), []byte("{}"), 0o644)
		},
	} {
		dir := handMade(t, 0)
		if err := spoil(dir); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Judge(dir); err == nil {
			t.Errorf("%s: judged all the same", name)
		} else if strings.Contains(err.Error(), "cannot be read") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALongLineMakesNoLongPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "redis-1.log")
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), 4<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	text, err := lastLines(path)
	if err != nil || len(text) > 2*excerptWidth || len(text) == 0 {
		t.Errorf("%d bytes of a line of 4 MiB, %v", len(text), err)
	}
}
