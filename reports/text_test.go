package reports

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

func TestTerminal(t *testing.T) {
	for name, sm := range samples() {
		var b bytes.Buffer
		if err := Terminal(&b, sm.result, false); err != nil {
			t.Fatal(err)
		}
		golden(t, "terminal-"+name+".txt", b.Bytes())
	}
}

func TestTerminalColour(t *testing.T) {
	var with, without bytes.Buffer
	r := failSample().result
	r.Why = "a\x1b[2Jtrap\u202e"
	if err := Terminal(&with, r, true); err != nil {
		t.Fatal(err)
	}
	if err := Terminal(&without, r, false); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(with.String(), "\x1b[1;31m✗ FAIL\x1b[0m") {
		t.Error("no colour when asked for")
	}
	if strings.Contains(without.String(), "\x1b") || strings.Contains(with.String(), "\x1b[2J") || strings.Contains(with.String(), "\u202e") {
		t.Error("a control character of the run reaches the terminal")
	}
	if !strings.Contains(with.String(), "\ufffd[2Jtrap") {
		t.Error("the control character is not made visible")
	}
}

func TestJUnit(t *testing.T) {
	for name, sm := range samples() {
		var b bytes.Buffer
		if err := JUnit(&b, sm.result); err != nil {
			t.Fatal(err)
		}
		golden(t, "junit-"+name+".xml", b.Bytes())
	}
}

func TestJUnitHoldsAnything(t *testing.T) {
	r := failSample().result
	r.Why, r.Experiment = "]]></system-out>\x00\x1b\xff", `"<&>'`
	r.Objectives[0].Why = hostile
	var b bytes.Buffer
	if err := JUnit(&b, r); err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(bytes.NewReader(b.Bytes()))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestMarkdown(t *testing.T) {
	for name, sm := range samples() {
		var b bytes.Buffer
		if err := Markdown(&b, sm.result); err != nil {
			t.Fatal(err)
		}
		golden(t, "summary-"+name+".md", b.Bytes())
	}
}

// How the rate changed is said where its curve is drawn and in the summary.
func TestTheShapeOfTheLoadIsSaid(t *testing.T) {
	sm := failSample()
	sm.result.Load.Shape = "a ramp from 1/s to 2/s <over> 5s"
	var summary bytes.Buffer
	if err := Markdown(&summary, sm.result); err != nil {
		t.Fatal(err)
	}
	c := outcomeChart(newScene(sm.result, sm.series), sm.result, sm.series)
	for where, text := range map[string]string{"summary": summary.String(), "chart": c.Sentence} {
		if !strings.Contains(text, "a ramp from 1/s to 2/s") {
			t.Errorf("the %s says %s", where, text)
		}
	}
	if strings.Contains(summary.String(), "<over>") {
		t.Error("markup of the shape is not escaped")
	}
}

func TestMarkdownIsBounded(t *testing.T) {
	r := failSample().result
	for range 2000 {
		o := r.Objectives[0]
		o.Why = strings.Repeat("<script>|", 1000)
		r.Objectives = append(r.Objectives, o)
		f := r.Faults[0]
		f.Proof = strings.Repeat("|", 5000)
		r.Faults = append(r.Faults, f)
	}
	var b bytes.Buffer
	if err := Markdown(&b, r); err != nil {
		t.Fatal(err)
	}
	if b.Len() > maxMarkdown {
		t.Errorf("%d bytes, at most %d are allowed", b.Len(), maxMarkdown)
	}
	if strings.Contains(b.String(), "<script") {
		t.Error("markup of the run is not escaped")
	}
}

func TestOpenMetrics(t *testing.T) {
	for name, sm := range samples() {
		var b bytes.Buffer
		if err := OpenMetrics(&b, sm.result); err != nil {
			t.Fatal(err)
		}
		golden(t, "metrics-"+name+".prom", b.Bytes())
	}
	r := failSample().result
	r.Experiment = "a\"\\\nb"
	var b bytes.Buffer
	if err := OpenMetrics(&b, r); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `gauntlet_lost_writes{experiment="a\"\\\nb"} 3`) || strings.Count(b.String(), "# EOF\n") != 1 {
		t.Errorf("labels are not escaped:\n%s", b.String())
	}
}
