package reports

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

const hostile = `</script></style><script>alert(1)</script>" onload='x' {{.}} ` + "\u202eRTL אבג javascript:alert(2) ]]>"

func samples() map[string]sample {
	return map[string]sample{"pass": passSample(), "fail": failSample(), "inconclusive": inconclusiveSample()}
}

func render(t testing.TB, sm sample) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, sm.result, sm.series, sm.extra); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// golden compares with a file of testdata, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		i := 0
		for i < min(len(got), len(want)) && got[i] == want[i] {
			i++
		}
		from := max(0, i-60)
		t.Errorf("%s differs from byte %d on (go test ./reports -update writes it anew):\ngot  …%s\nwant …%s", name, i, got[from:min(len(got), i+100)], want[from:min(len(want), i+100)])
	}
}

// pictures are left out of golden files: their bytes are those of the
// compressor of the Go release.
var pictures = regexp.MustCompile(`data:image/png;base64,[A-Za-z0-9+/=]+`)

// The failed run has most to show: one page is enough to see every change.
func TestGoldenPage(t *testing.T) {
	golden(t, "fail.html", pictures.ReplaceAll(render(t, failSample()), []byte("data:image/png;base64,elided")))
}

// A hypothesis is the file's: what the run had other than it stands beside it.
func TestWhatWasSetStandsBesideTheHypothesis(t *testing.T) {
	sm := failSample()
	sm.result.Set = []string{"faults.0.chaos.spec.duration=15s", "load.rate=500/s"}
	if want := []byte("<span>But with</span> <bdi>faults.0.chaos.spec.duration=15s</bdi>, <bdi>load.rate=500/s</bdi>"); !bytes.Contains(render(t, sm), want) {
		t.Errorf("the page lacks %s", want)
	}
}

func TestSameRunSameBytes(t *testing.T) {
	if !bytes.Equal(render(t, failSample()), render(t, failSample())) {
		t.Error("the same run is drawn differently twice")
	}
}

func TestSize(t *testing.T) {
	for name, sm := range samples() {
		if n := len(render(t, sm)); n > 300<<10 {
			t.Errorf("%s: %d bytes, at most 300 KB are wanted for two minutes", name, n)
		}
	}
	if n := len(render(t, longSample())); n > 2<<20 {
		t.Errorf("half an hour: %d bytes, at most 2 MB are allowed", n)
	}
}

// longSample is half an hour, the failed run fifteen times over.
func longSample() sample {
	sm := failSample()
	s := *sm.series
	sm.series = &s
	for s.Seconds < 1800 {
		o := failSample().series
		s.Seconds += o.Seconds
		s.Planned = append(s.Planned, o.Planned...)
		s.Latency = append(s.Latency, o.Latency...)
		s.Slip = append(s.Slip, o.Slip...)
		s.Heat.Cells = append(s.Heat.Cells, o.Heat.Cells...)
		for i := range s.Outcomes {
			s.Outcomes[i].Count = append(s.Outcomes[i].Count, o.Outcomes[i].Count...)
		}
		for i := range s.Strips {
			s.Strips[i].N = append(s.Strips[i].N, o.Strips[i].N...)
			s.Strips[i].Bad = append(s.Strips[i].Bad, o.Strips[i].Bad...)
		}
	}
	sm.result.Phases[3].End = float64(s.Seconds)
	return sm
}

func TestLongRunIsThinnedAndSaysSo(t *testing.T) {
	page := string(render(t, longSample()))
	if !strings.Contains(page, "4 seconds of requests, by the time they were due (thinned") || !strings.Contains(page, "Of each percentile the worst second is drawn") {
		t.Error("a thinned page does not say so")
	}
}

// Everything that a run can say is put into the page as text.
func TestHostileStrings(t *testing.T) {
	page := string(render(t, hostileSample()))
	if n := strings.Count(page, "<script"); n != 1 {
		t.Errorf("%d script elements, want 1", n)
	}
	if n := strings.Count(page, "</script"); n != 1 {
		t.Errorf("%d ends of scripts, want 1", n)
	}
	for _, bad := range []string{"<script>alert", `href="javascript:`, "' onload='x'", `href="../`, `href="/etc`, `href="http`} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
	if !strings.Contains(page, "&lt;/script&gt;") {
		t.Error("the strings are not shown")
	}
}

func hostileSample() sample {
	sm := failSample()
	long := hostile + strings.Repeat("verylongname", 200)
	r, s := sm.result, sm.series
	r.Experiment, r.Hypothesis, r.Why, r.Commit, r.Platform, r.Command, r.Control, r.Run = long, long, long, hostile, hostile, long, hostile, hostile
	r.Set = []string{hostile, long}
	r.Substitutes, r.Fingerprint, r.ConfigDigest, r.StartedAt = []string{hostile}, hostile, hostile, hostile
	r.Aborted = &Aborted{By: hostile, At: 3}
	r.Faults[0].Name, r.Faults[0].Kind, r.Faults[0].Capability, r.Faults[0].Targets, r.Faults[0].Proof = long, hostile, hostile, []string{hostile, hostile}, long
	r.Validity.Reasons, r.Consistency.Examples = []string{hostile}, []string{hostile}
	r.Environment = Environment{hostile, hostile, hostile, 1, 1, hostile, hostile, map[string]string{hostile: hostile}}
	r.Artifacts = []string{"javascript:alert(1)", "/etc/passwd", "../secret", "a/../../b", "http://example.invalid/", hostile, "result.json"}
	for i := range r.Objectives {
		o := &r.Objectives[i]
		o.Name, o.Target, o.Measured, o.Margin, o.Reason, o.Why = hostile, hostile, hostile, hostile, hostile, long
	}
	for i := range r.Episodes {
		r.Episodes[i].Scope = "op:" + hostile
	}
	r.Phases[1].Name = hostile
	for i := range s.Lanes {
		s.Lanes[i].Name, s.Lanes[i].Spans[0].State = long, hostile
	}
	for i := range s.Strips {
		s.Strips[i].Scope = "op:" + long
	}
	s.Outcomes[1].Class, s.Spectrum[1].Phase = hostile, hostile
	sm.extra = Extra{Experiment: hostile, Logs: []LogExcerpt{{hostile, hostile, 1, hostile}},
		Recent: []HistoryEntry{{Run: hostile, StartedAt: hostile, Verdict: hostile, Commit: hostile, Folder: "javascript:alert(3)"}, {Run: "b", Folder: "x/" + hostile}}}
	return sm
}

func TestNothingButThePageIsNeeded(t *testing.T) {
	links := regexp.MustCompile(`(?:href|src)="([^"]*)"`)
	for name, sm := range samples() {
		for _, m := range links.FindAllStringSubmatch(string(render(t, sm)), -1) {
			if strings.Contains(m[1], "//") && !strings.HasPrefix(m[1], "data:") {
				t.Errorf("%s: %s is not a relative link", name, m[1])
			}
		}
	}
}

// Half-filled results come from runs that ended early.
func TestIncompleteRunsAreDrawn(t *testing.T) {
	for i, s := range []*Series{nil, {}, {Seconds: 10}, {Seconds: 10, Planned: []int{1}, Outcomes: []Outcome{{"good", nil}}, Strips: []Strip{{Scope: "op:get"}}, Spectrum: []SpectrumLine{{Phase: "x"}}, Keys: []KeyCount{{}}, Slip: []float64{1}, Heat: Heat{Cells: [][]int{{1}}}}} {
		var b bytes.Buffer
		r := &Result{Verdict: Inconclusive, Faults: []Fault{{}, {InjectBegin: ptr(2.0)}}, Phases: []Phase{{"fault", -5, 1e12}}, Recovery: &Recovery{Censored: true}}
		if err := HTML(&b, r, s, Extra{}); err != nil {
			t.Errorf("series %d: %v", i, err)
		}
		if bytes.Contains(b.Bytes(), []byte("NaN")) || bytes.Contains(b.Bytes(), []byte("Inf")) {
			t.Errorf("series %d: a number that is none", i)
		}
	}
}

func TestGapsAreNotZero(t *testing.T) {
	sm := passSample()
	sm.series.Latency[50] = Point{}
	r, s := sm.result, sm.series
	c := percentileChart(newScene(r, s), r, s)
	for _, m := range c.Marks {
		if m.Stroke == "vermillion" && m.Kind == "path" && strings.Count(m.Path, "M") != 2 {
			t.Errorf("p99 has %d pieces, want 2 around the gap", strings.Count(m.Path, "M"))
		}
	}
	s.Latency[60].N = 12
	c = percentileChart(newScene(r, s), r, s)
	grey := 0
	for _, m := range c.Marks {
		if m.Stroke == "grey" && m.Dash == "3 2" {
			grey++
		}
	}
	if grey != 1 || !strings.Contains(c.Sentence, "Grey p99") {
		t.Error("the p99 of 12 requests is not grey, or the sentence is silent about it")
	}
}

func BenchmarkHTML(b *testing.B) {
	sm := longSample()
	for b.Loop() {
		render(b, sm)
	}
	b.ReportMetric(float64(len(render(b, sm))), "bytes")
}

func ExampleHTML() {
	var page bytes.Buffer
	err := HTML(&page, &Result{Experiment: "baseline", Verdict: Pass}, nil, Extra{})
	fmt.Println(err, strings.Contains(page.String(), "✓ PASS · baseline"))
	// Output: <nil> true
}
