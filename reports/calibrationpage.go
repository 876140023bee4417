package reports

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"strings"
)

// CalibrationHTML writes the page of a calibration: one file that needs
// nothing but itself, drawn from calibration.json alone.
func CalibrationHTML(w io.Writer, c *Calibration) error {
	p, err := newCalibrationPage(c)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&b, "calibration.html.tmpl", p); err != nil {
		return fmt.Errorf("page of the calibration: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// calibrationPage is what the template shows.
type calibrationPage struct {
	Policy  string
	Style   template.CSS
	Script  template.JS
	Verdict Verdict
	Kept    string
	Why     string
	When    string
	Tiles   []tile
	Layers  []calibrationView
}

// calibrationView is a layer, its numbers as text.
type calibrationView struct {
	CalibrationLayer
	ID    string
	Chart *chart
	Rows  []calibrationRowView
	// Defects are the rows of a layer about defects of the target, which has no
	// others.
	Defects []calibrationDefectView
	Edges   bool // some row has outages
	Hosts   bool // some row was measured on a machine
	Wrongs  []calibrationWrongView
}

type calibrationWrongView struct {
	CalibrationWrong
	Row string
}

func (w calibrationWrongView) Verdict() Verdict {
	if w.Caught {
		return Pass
	}
	return Fail
}

func newCalibrationPage(c *Calibration) (*calibrationPage, error) {
	style, script, policy, err := assets("page/page.css", "page/calibration.css")
	if err != nil {
		return nil, err
	}
	p := &calibrationPage{
		Style: style, Script: script, Policy: policy,
		Tiles: calibrationTiles(c),
	}
	p.Verdict, p.Kept, p.Why = holding(c)
	for i, l := range c.Layers {
		p.When = max(p.When, l.To)
		v := calibrationView{CalibrationLayer: l, ID: fmt.Sprintf("layer-%d", i+1), Defects: l.defects()}
		v.Chart = edgesChart(l, v.ID)
		for _, r := range l.Rows {
			v.Rows = append(v.Rows, calibrationRowOf(r))
			v.Edges = v.Edges || r.Outages > 0
			v.Hosts = v.Hosts || r.Host != nil
			for _, w := range r.Wrongs {
				v.Wrongs = append(v.Wrongs, calibrationWrongView{w, r.Name})
			}
		}
		p.Layers = append(p.Layers, v)
	}
	p.When = startedAt(p.When)
	return p, nil
}

// Title is the page's name in a browser's tab.
func (p *calibrationPage) Title() string {
	return strings.TrimSpace(glyph(p.Verdict) + " calibration of gauntlet")
}

// holding is what can be said of all rows together: INCONCLUSIVE while one has
// not been measured.
func holding(c *Calibration) (v Verdict, kept, why string) {
	rows, hold, unmeasured := 0, 0, 0
	var broken []string
	for _, l := range c.Layers {
		for _, r := range l.Rows {
			rows++
			switch {
			case r.Holds():
				hold++
			case r.Runs == 0:
				unmeasured++
			default:
				broken = append(broken, fmt.Sprintf("%s, %s", l.Name, r.Name))
			}
		}
	}
	kept = fmt.Sprintf("%d of %d rows hold", hold, rows)
	switch {
	case len(broken) > 0:
		return Fail, kept, fmt.Sprintf("%s: %s.", rowsDoNot(len(broken)), strings.Join(broken, "; "))
	case rows == 0:
		return Inconclusive, kept, "Nothing was measured yet."
	case unmeasured > 0:
		return Inconclusive, kept, fmt.Sprintf("%s not measured yet.", plural(unmeasured, "row"))
	}
	return Pass, kept, "Every row keeps its goal, and every harness that is wrong on purpose is caught by the row that names it."
}

func rowsDoNot(n int) string {
	if n == 1 {
		return "One row does not keep its goal"
	}
	return fmt.Sprintf("%d rows do not keep their goals", n)
}

// calibrationTiles are the numbers of the first screen.
func calibrationTiles(c *Calibration) []tile {
	return []tile{edgeTile(c), coverageTile(c), alarmTile(c), wrongTile(c)}
}

// edgeTile is the recovery of the first row of each layer that has edges.
func edgeTile(c *Calibration) tile {
	t := tile{ID: "edges", Label: "Recovery error, p95", Value: absent}
	for _, l := range c.Layers {
		for _, r := range l.Rows {
			if r.Recovery == nil {
				continue
			}
			t.Value = milliseconds(r.Recovery.P95)
			t.Lines = append(t.Lines, line{Text: fmt.Sprintf("%s: %s, %s", l.Name, r.Name, milliseconds(r.Recovery.P95))})
			break
		}
	}
	return t
}

func coverageTile(c *Calibration) tile {
	t := tile{ID: "intervals", Label: "Intervals that hold the truth", Value: absent}
	held, of, found, outages := 0, 0, 0, 0
	for _, l := range c.Layers {
		for _, r := range l.Rows {
			held, of = held+r.Held, of+r.Intervals
			found, outages = found+r.Found, outages+r.Outages
		}
	}
	if of > 0 {
		t.Value, t.Beside = percent(float64(held)/float64(of)), "of "+count(of)
	}
	if outages > 0 {
		t.Lines = append(t.Lines, line{Text: fmt.Sprintf("%s of %s outages found", count(found), count(outages))})
	}
	return t
}

// alarmTile is of the healthy runs on sockets: those without outages.
func alarmTile(c *Calibration) tile {
	t := tile{ID: "alarms", Label: "False alarms", Value: absent}
	runs, fails, open := 0, 0, 0
	for _, l := range c.Layers {
		for _, r := range l.Rows {
			if r.Host != nil && r.Outages == 0 && !r.Control && r.Defect == nil {
				runs, fails, open = runs+r.Runs, fails+r.FalseFails, open+r.Undecided
			}
		}
	}
	if runs == 0 {
		return t
	}
	t.Value, t.Beside = count(fails), "of "+plural(runs, "run")
	if fails == 0 {
		t.Lines = append(t.Lines, line{Text: "at most " + percent(min(1, 3/float64(runs))) + " (3/n, 95" + space + "%)"})
	}
	t.Lines = append(t.Lines, line{Text: fmt.Sprintf("%s INCONCLUSIVE", percent(float64(open)/float64(runs)))})
	return t
}

func wrongTile(c *Calibration) tile {
	t := tile{ID: "wrongs", Label: "Wrong on purpose, and caught", Value: absent}
	caught, all := 0, 0
	for _, l := range c.Layers {
		for _, r := range l.Rows {
			for _, w := range r.Wrongs {
				all++
				if w.Caught {
					caught++
				}
			}
			if r.Control {
				all, caught = all+r.Runs, caught+r.Runs-r.FalsePasses
			}
		}
	}
	if all > 0 {
		t.Value = fmt.Sprintf("%s of %s", count(caught), count(all))
	}
	if caught, all := caughtDefects(c); all > 0 {
		t.Lines = append(t.Lines, line{Text: fmt.Sprintf("%s of %s of the target", count(caught), plural(all, "defect"))})
	}
	return t
}
