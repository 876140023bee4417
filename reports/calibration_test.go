package reports

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// calibrationSample is a calibration that never was: seeded histories that
// hold, sockets with a row that does not and one that was not measured, healthy
// runs with their control, and defects of which one was missed and one not tried.
func calibrationSample() *Calibration {
	off := func(edges int, p50, p95, most, goal float64) *CalibrationError {
		return &CalibrationError{Edges: edges, P50: p50, P95: p95, Max: most, Goal: ptr(goal)}
	}
	host := &CalibrationHost{Processors: 2, LoadAverage: ptr(2.4), Pressure: ptr(0.31), PressureMax: ptr(0.62), Others: 0.12, Ambiguous: 0.004, Quiet: 140, QuietOpen: 1}
	return &Calibration{Layers: []CalibrationLayer{
		{Name: "Seeded histories", About: "the truth is what made them", From: "2026-11-29T05:00:00Z", To: "2026-11-29T05:01:00Z", Commits: []string{"4f2c9e1"}, Rows: []CalibrationRow{
			{Name: "full outage", Runs: 100, Outages: 100, Found: 100, Onset: off(100, 0.5, 0.95, 1.1, 2), Recovery: off(100, 0.51, 0.95, 1.2, 2), Intervals: 200, Held: 200, LossP95: ptr(0.002), Bound: ptr(0.03),
				Wrongs: []CalibrationWrong{{Name: "recoveries 50 ms late", Caught: true, Says: "the p95 of the recovery's error is 50.95 ms, at most 2 may be"}}},
			{Name: "writes, some lost", Runs: 100, LostWrites: &CalibrationCount{Truth: 1954, Told: 1954}, Foreign: &CalibrationCount{Truth: 3, Told: 3}, Bound: ptr(0.03),
				Stale: &CalibrationCount{Truth: 10287, Told: 10280}, Disordered: &CalibrationCount{Truth: 12, Told: 12}},
		}},
		{Name: "Sockets", About: "the truth is their own log", From: "2026-11-29T06:00:00Z", To: "2026-11-29T06:20:00Z", Commits: []string{"4f2c9e1", ""}, Rows: []CalibrationRow{
			{Name: "full outage", Runs: 4, Outages: 40, Found: 40, Onset: off(40, 0.8, 2.4, 8, 10), Recovery: off(40, 1.1, 4.2, 12, 10), Intervals: 80, Held: 79, LossP95: ptr(0.006), Bound: ptr(0.75), Outcomes: ptr(0.9998), ClockMs: ptr(0.12), Host: host},
			{Name: "5 % brown-out", Runs: 4, Broken: []string{"19 of 20 outages were found"}, Outages: 20, Found: 19, Extra: 1, Onset: off(19, 14, 71, 90, 150), Recovery: off(19, 18, 190, 230, 150), Intervals: 38, Held: 37, LossP95: ptr(0.04),
				FalseFails: 1, Undecided: 1, Reasons: map[string]int{"INCONCLUSIVE recovery instrument-disturbed": 1, "FAIL residual limit-broken": 1}, Failed: 1, Kept: []string{"20261129T060001Z-aaaaaa"}, Host: host,
				Wrongs: []CalibrationWrong{{Name: "intervals of no width", Caught: false}}},
			{Name: "writes and reads"},
		}},
		{Name: "False alarms", About: "a FAIL is one", From: "2026-11-29T07:00:00Z", To: "2026-11-29T08:00:00Z", Commits: []string{"4f2c9e1"}, Rows: []CalibrationRow{
			{Name: "healthy", Runs: 150, Undecided: 2, Bound: ptr(0.02), Host: host},
			{Name: "healthy, beside CPU stress", Runs: 150, Undecided: 70, Bound: ptr(0.02), Host: host},
			{Name: "control: wrong-url", Runs: 3, Control: true, Host: host},
		}},
		{Name: "Seeded defects", About: "built wrong on purpose", From: "2026-11-29T09:00:00Z", To: "2026-11-29T09:30:00Z", Commits: []string{"4f2c9e1"}, Rows: []CalibrationRow{
			{Name: "redis-outage without a defect: PASS", Runs: 2, Undecided: 1, Defect: &CalibrationDefect{Experiment: "redis-outage"}, Host: host},
			{Name: "redis-outage with older-write-wins: FAIL by convergence (limit-broken)", Runs: 2, Control: true, Host: host,
				Defect: &CalibrationDefect{Name: "older-write-wins", Experiment: "redis-outage", Objective: "convergence", Reason: LimitBroken, Target: "≤ 4 s after a heal", Measured: "10.4 s", Failed: map[string]int{"convergence": 2, "order": 1, "staleness": 2}}},
			{Name: "redis-outage with no-fallback: FAIL by availability:get (limit-broken)", Runs: 1, Control: true, FalsePasses: 1, Broken: []string{"20261129T090001Z-aaaaaa: PASS, want FAIL"}, Kept: []string{"20261129T090001Z-aaaaaa"}, Host: host,
				Defect: &CalibrationDefect{Name: "no-fallback", Experiment: "redis-outage", Objective: "availability:get", Reason: LimitBroken, Target: "≥ 99 %", Measured: "99.9 %"}},
			{Name: "pod-kill with ack-before-store: FAIL by lostWrites (limit-broken)", Control: true,
				Defect: &CalibrationDefect{Name: "ack-before-store", Experiment: "pod-kill", Objective: "lostWrites", Reason: LimitBroken}},
		}},
	}}
}

// heldCalibration is one of which every row holds.
func heldCalibration() *Calibration {
	c := calibrationSample()
	c.Layers[1].Rows, c.Layers[3].Rows = c.Layers[1].Rows[:1], c.Layers[3].Rows[:2]
	return c
}

func calibrationDrawn(t *testing.T, draw func(io.Writer, *Calibration) error, c *Calibration) string {
	t.Helper()
	var b bytes.Buffer
	if err := draw(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func calibrationAtTerminal(w io.Writer, c *Calibration) error {
	return CalibrationTerminal(w, c, "", "reports/calibration/index.html", false)
}

func TestGoldenCalibration(t *testing.T) {
	for name, draw := range map[string]func(io.Writer, *Calibration) error{
		"calibration.html": CalibrationHTML, "calibration.txt": calibrationAtTerminal, "calibration.json": WriteCalibration,
	} {
		golden(t, name, []byte(calibrationDrawn(t, draw, calibrationSample())))
	}
}

func TestWhatACalibrationSaysOfItself(t *testing.T) {
	unmeasured := heldCalibration()
	unmeasured.Layers[2].Rows[0].Runs = 0
	for _, c := range []struct {
		of   *Calibration
		want Verdict
		kept string
		why  string
	}{
		{heldCalibration(), Pass, "8 of 8 rows hold", "Every row keeps"},
		{unmeasured, Inconclusive, "7 of 8 rows hold", "not measured yet"},
		{calibrationSample(), Fail, "8 of 12 rows hold", "Sockets, 5 % brown-out"},
		{&Calibration{}, Inconclusive, "0 of 0 rows hold", "Nothing was measured yet."},
	} {
		if v, kept, why := holding(c.of); v != c.want || kept != c.kept || !strings.Contains(why, c.why) {
			t.Errorf("%s, %s, %s: want %s, %s, %s", v, kept, why, c.want, c.kept, c.why)
		}
	}
	notCaught := heldCalibration()
	notCaught.Layers[0].Rows[0].Wrongs[0].Caught = false
	if v, _, _ := holding(notCaught); v != Fail {
		t.Error("a wrong harness that nobody caught holds")
	}
}

func TestCalibrationSurvivesItsFile(t *testing.T) {
	first := calibrationDrawn(t, WriteCalibration, calibrationSample())
	back, err := ReadCalibration(strings.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	if again := calibrationDrawn(t, WriteCalibration, back); again != first {
		t.Error("read and written again it differs")
	}
	if calibrationDrawn(t, CalibrationHTML, back) != calibrationDrawn(t, CalibrationHTML, calibrationSample()) {
		t.Error("the page needs more than calibration.json")
	}
	if _, err := ReadCalibration(strings.NewReader(`{"schemaVersion": 99}`)); err == nil || !strings.Contains(err.Error(), "later gauntlet") {
		t.Errorf("a later version: %v", err)
	}
}

// hostileCalibration is one whose every text wants to be more than text.
func hostileCalibration() *Calibration {
	c, bad := calibrationSample(), hostile+"\x1b[2J\n::error::injected\r"
	for i := range c.Layers {
		l := &c.Layers[i]
		l.Name, l.About, l.From, l.To, l.Commits = bad, bad, bad, bad, []string{bad}
		for k := range l.Rows {
			r := &l.Rows[k]
			r.Name, r.Broken, r.Kept, r.Reasons = bad, []string{bad}, []string{bad}, map[string]int{bad: 1}
			for j := range r.Wrongs {
				r.Wrongs[j].Name, r.Wrongs[j].Says = bad, bad
			}
			if r.Defect != nil {
				r.Defect = &CalibrationDefect{Name: bad, Experiment: bad, Objective: bad, Reason: bad, Target: bad, Measured: bad, Failed: map[string]int{bad + "x": 1}}
			}
		}
	}
	return c
}

func TestAHostileCalibrationIsShownAsText(t *testing.T) {
	page := calibrationDrawn(t, CalibrationHTML, hostileCalibration())
	for _, trap := range []string{"<script>alert", `onload='x'`} {
		if strings.Contains(strings.ReplaceAll(page, "&#39;", "''"), trap) {
			t.Errorf("the page holds %s", trap)
		}
	}
	text := calibrationDrawn(t, calibrationAtTerminal, hostileCalibration())
	if strings.Contains(text, "\x1b") || strings.Contains(text, "\u202e") || strings.Contains(text, "\n::error::injected") {
		t.Errorf("a control character gets through:\n%q", text)
	}
}

func TestOnlyTheRowsThatWereAskedFor(t *testing.T) {
	row := func(name string) CalibrationRow { return CalibrationRow{Name: name} }
	c := &Calibration{Layers: []CalibrationLayer{
		{Name: "Sockets", Rows: []CalibrationRow{row("full outage"), row("full outage, busy host"), row("full outages"), row("data")}},
		{Name: "False alarms", Rows: []CalibrationRow{row("full outage")}},
	}}
	got := c.Only("Sockets", []string{"full outage"})
	if len(got.Layers) != 1 || len(got.Layers[0].Rows) != 2 || got.Layers[0].Rows[1].Name != "full outage, busy host" {
		t.Errorf("%+v", got)
	}
	if len(c.Layers) != 2 || len(c.Layers[0].Rows) != 4 || c.Layers[0].Rows[3].Name != "data" {
		t.Errorf("what it is taken from has changed: %+v", c)
	}
}
