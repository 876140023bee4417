package reports

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// comparisonSample is a comparison that never was: a build that locks where it
// should not, found after 8 pairs, one of which was disturbed and run again.
func comparisonSample() *Comparison {
	c := &Comparison{Experiment: "redis-latency", Hypothesis: "With Redis far away reads are answered as before.", ID: "20261119T020000Z-4f2c9e", Verdict: Fail, Reason: LimitBroken,
		Finished: true, StartedAt: "2026-11-19T02:00:00Z", Took: 812.4, Planned: 1000, Budget: ptr(1800.0), Platform: "local", Service: "mapper", Seed: 42, Set: []string{"load.rate=400/s"},
		Commit: "4f2c9e1", Command: "gauntlet compare --builds v1 . redis-latency --seed 42",
		A:        ComparedBuild{What: "v1", Told: "revision v1, commit 1f3a5b7c9d02", Digest: "0123456789ab"},
		B:        ComparedBuild{What: ".", Told: "folder ., commit 4f2c9e1+dirty", Digest: "ba9876543210", Args: []string{"--defect=global-lock"}, Env: []string{"MAPPER_ALLOW_DEFECTS=1"}},
		MaxPairs: 10, Looks: []ComparedLook{{8, 0.004, 0.02, true}, {10, 0.006, 0.03, false}},
	}
	measure := func(name, unit string, floor, a, b, d, low, high float64, v Verdict, reason string) {
		kind, _, _ := strings.Cut(strings.ReplaceAll(name, ":", " "), " ")
		m := ComparedMeasure{Name: name, Kind: kind, Unit: unit, Gates: v != "", Floor: floor, A: &a, B: &b, Difference: &d, Low: &low, High: &high, Pairs: 8, Verdict: v, Reason: reason}
		m.Why = m.Sentence(8)
		c.Measures = append(c.Measures, m)
	}
	measure("lost", UnitWrites, 0, 0, 0, 0, 0, 0, Pass, "")
	measure("bad:get in the fault", UnitPoints, 0.005, 0.0004, 0.337, 0.336, 0.301, 0.352, Fail, LimitBroken)
	measure("bad:get outside the fault", UnitPoints, 0.005, 0.0004, 0.0002, -0.0002, -0.001, 0.0008, Pass, "")
	measure("recovery", UnitSeconds, 0.5, 0.31, 6.2, 5.9, 5.1, 6.4, Fail, LimitBroken)
	measure("p99 in the fault", UnitMillis, 7.5, 131, 1830, 1699, 1500, 1801, Fail, LimitBroken)
	measure("p50 in the baseline", UnitMillis, 0.56, 1.2, 1.3, 0.1, -0.4, 0.7, Inconclusive, SpansFloor)
	measure("max in the fault", UnitMillis, 0, 240, 2003, 1760, 1500, 1900, "", "")
	c.Why = c.Measures[1].Why
	for i := 1; i <= 9; i++ {
		run := func(letter string, bad, p99 float64, v Verdict) ComparedRun {
			id := fmt.Sprintf("20261119T02%02d00Z-00000%s", i, strings.ToLower(letter))
			return ComparedRun{Run: id, Folder: "runs/redis-latency/" + id, Verdict: v, Why: "because", Took: 42.5,
				Values: map[string]float64{"bad:get in the fault": bad, "p99 in the fault": p99, "recovery": 0.3 + bad, "lost": 0}}
		}
		p := ComparedPair{Pair: min(i, 8), Attempt: 1, Counts: true, First: []string{"A", "B"}[i%2], Seed: int64(42 + i), Shift: float64(i) * 0.1,
			A: run("A", 0.0004, 131, Pass), B: run("B", 0.3+0.005*float64(i), 1700+20*float64(i), Fail)}
		switch i {
		case 3:
			p.Counts, p.Why = false, "A was disturbed: the host held up the generator"
			p.A.Verdict, p.A.Disturbances = Inconclusive, []string{"the host was under pressure"}
		case 4, 5, 6, 7, 8, 9:
			p.Pair = i - 1
		}
		if i == 4 {
			p.Attempt = 2
		}
		c.Pairs = append(c.Pairs, p)
	}
	return c
}

func drawnComparison(t *testing.T, draw func(io.Writer, *Comparison) error, c *Comparison) string {
	t.Helper()
	var b bytes.Buffer
	if err := draw(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func comparisonAtTerminal(w io.Writer, c *Comparison) error {
	return ComparisonTerminal(w, c, "reports/comparisons/redis-latency/x/index.html", false)
}

var comparisonForms = map[string]func(io.Writer, *Comparison) error{
	"comparison.html": ComparisonHTML, "comparison.md": ComparisonMarkdown, "comparison-junit.xml": ComparisonJUnit,
	"comparison.txt": comparisonAtTerminal, "comparison.json": WriteComparison,
}

func TestGoldenComparison(t *testing.T) {
	for name, draw := range comparisonForms {
		golden(t, name, []byte(drawnComparison(t, draw, comparisonSample())))
	}
}

func TestAComparisonSurvivesItsFile(t *testing.T) {
	first := drawnComparison(t, WriteComparison, comparisonSample())
	back, err := ReadComparison(strings.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	if drawnComparison(t, WriteComparison, back) != first || drawnComparison(t, ComparisonHTML, back) != drawnComparison(t, ComparisonHTML, comparisonSample()) {
		t.Error("read again it differs, or the page needs more than its file")
	}
}

// The forest shows every pair that counts, and which side is worse.
func TestTheForestShowsEveryPair(t *testing.T) {
	c := comparisonSample()
	f := forestChart(c)
	dots, rows := 0, 0
	for _, m := range f.Marks {
		switch m.Kind {
		case "dots":
			dots++
		case "hover":
			rows++
		}
	}
	if rows != 6 || dots != 8*4 { // of six measures four were told pair by pair
		t.Errorf("%d lines and %d pairs", rows, dots)
	}
	if c.Measures = nil; forestChart(c) != nil {
		t.Error("a forest of nothing")
	}
}

// hostileComparison is one whose every text wants to be more than text.
func hostileComparison() *Comparison {
	c, bad := comparisonSample(), hostile+"\x1b[2J\n::error::injected\r"
	c.Experiment, c.Hypothesis, c.Why, c.Command, c.Commit, c.Platform = bad, bad, bad, bad, bad, bad
	c.A.Told, c.B.Args, c.B.Env, c.Substitutes = bad, []string{bad}, []string{bad}, []string{bad}
	for i := range c.Measures {
		c.Measures[i].Name, c.Measures[i].Why = bad, bad
	}
	for i := range c.Pairs {
		c.Pairs[i].Why, c.Pairs[i].A.Folder, c.Pairs[i].A.Disturbances = bad, "javascript:alert(3)//", []string{bad}
	}
	return c
}

// Nothing that a build or a run says becomes markup, a link elsewhere or a
// command of the terminal.
func TestAHostileComparisonIsShownAsText(t *testing.T) {
	c := hostileComparison()
	for name, draw := range comparisonForms {
		text := drawnComparison(t, draw, c)
		if name != "comparison.json" && name != "comparison.txt" && (strings.Contains(text, "<script>alert") || strings.Contains(text, "javascript:alert(3)")) {
			t.Errorf("%s: markup or a link gets through", name)
		}
		if name == "comparison.txt" && (strings.Contains(text, "\x1b") || strings.Contains(text, "\n::error::injected")) {
			t.Errorf("%s: a control character gets through:\n%q", name, text)
		}
	}
}

func TestAComparisonUnderWaySaysSo(t *testing.T) {
	c := comparisonSample()
	c.Finished, c.Measures, c.Pairs, c.Verdict, c.Reason = false, nil, nil, Inconclusive, TooFewPairs
	for _, name := range []string{"comparison.html", "comparison.md"} {
		if text := drawnComparison(t, comparisonForms[name], c); !strings.Contains(text, "Not finished") {
			t.Errorf("%s does not say that it is not finished", name)
		}
	}
	if text := drawnComparison(t, ComparisonJUnit, c); !strings.Contains(text, `skipped="1"`) {
		t.Errorf("JUnit has a pass of nothing:\n%s", text)
	}
}

func TestDifferencesInWords(t *testing.T) {
	for _, c := range []struct {
		unit string
		d    float64
		want string
	}{
		{UnitPoints, 0.336, "B is worse by 33.6 points"}, {UnitPoints, -0.01, "B is better by 1 points"}, {UnitMillis, 0.00001, "no difference"},
		{UnitMillis, 1699, "B is worse by 1.70 s"}, {UnitSeconds, -0.25, "B is better by 0.25 s"}, {UnitWrites, 3, "B is worse by 3 writes"},
	} {
		m := ComparedMeasure{Name: "x", Unit: c.unit, Difference: &c.d, Pairs: 8}
		if got := strings.ReplaceAll(m.Sentence(8), space, " "); got != "x: "+c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// On GitHub what is worse or open stands beside the experiment, and what could
// not be decided at all once.
func TestComparisonAnnotations(t *testing.T) {
	annotations := func(c *Comparison) []string {
		text := drawnComparison(t, func(w io.Writer, c *Comparison) error {
			return ComparisonAnnotations(w, "experiments/redis-latency.yaml", c)
		}, c)
		return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	}
	const at = " file=experiments/redis-latency.yaml,title=redis-latency%3A B against A"
	c := comparisonSample()
	got := annotations(c)
	for i, want := range []string{"::error" + at + "%2C bad%3Aget in the fault FAIL::" + c.Measures[1].Why, "::error", "::error", "::warning" + at + "%2C p50 in the baseline INCONCLUSIVE::"} {
		if len(got) != 4 || !strings.HasPrefix(got[i], want) {
			t.Errorf("%q; want 4, number %d with %q", got, i, want)
		}
	}
	c.Verdict, c.Reason, c.Why = Inconclusive, TooFewPairs, "interrupted"
	if got := annotations(c); len(got) != 1 || got[0] != "::warning"+at+" INCONCLUSIVE::interrupted" {
		t.Errorf("%q", got)
	}
	c.Verdict, c.Reason, c.Measures = Pass, "", c.Measures[:1]
	if got := annotations(c); len(got) != 1 || got[0] != "" {
		t.Errorf("of a comparison that passed: %q", got)
	}
}
