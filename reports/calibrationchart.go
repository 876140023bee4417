package reports

import "fmt"

// edgesChart draws how far edges were off, a line for each row that has sharp
// ones: from the median to the largest, against the row's goal; nil without.
func edgesChart(l CalibrationLayer, id string) *chart {
	var rows []CalibrationRow
	most, least, edges := 0.0, 1.0, 0
	for _, r := range l.Rows {
		if r.Onset == nil && r.Recovery == nil {
			continue
		}
		rows = append(rows, r)
		for _, e := range []*CalibrationError{r.Onset, r.Recovery} {
			if e != nil {
				most, least, edges = max(most, e.Max, deref(e.Goal), deref(e.Most)), min(least, max(e.P50, 0.1)), edges+e.Edges
			}
		}
	}
	if len(rows) == 0 {
		return nil
	}
	bottom := spreadTop + spreadRow*float64(len(rows))
	a := logAxis(band{top: spreadLeft, bottom: plotRight}, least, most)
	x := func(v float64) float64 { return spreadLeft + plotRight - a.y(v) } // an axis grows towards its top
	c := &chart{ID: id + "-errors", Title: "How far edges were off: " + l.Name, Height: bottom + 30,
		Desc:     "A line for each row; milliseconds from left to right, each decade as wide as the next.",
		Sentence: fmt.Sprintf("The upper bar of a row is the onset’s error, the lower one the recovery’s: from the median over the 95th percentile (the point) to the largest, of %s. The upright bar is the goal of the point.", plural(edges, "edge"))}
	for v := a.lo; v <= a.hi*1.0001; v *= 10 {
		c.vline(x(v), spreadTop, bottom, "grid", 1, "")
		c.text(x(v), bottom+18, "middle", tick(v), "muted")
	}
	for i, r := range rows {
		y := spreadTop + spreadRow*(float64(i)+0.5)
		c.hline(spreadLeft, plotRight, y, "grid", 1, "")
		c.text(spreadLeft-12, y+4, "end", clip(glyph(calibrationRowOf(r).Verdict)+" "+r.Name, 42), "ink")
		c.errorBar(r, "onset", r.Onset, y-5, "blue", x)
		c.errorBar(r, "recovery", r.Recovery, y+5, "green", x)
	}
	return c
}

func (c *chart) errorBar(r CalibrationRow, what string, e *CalibrationError, y float64, stroke paint, x func(float64) float64) {
	if e == nil {
		return
	}
	if e.Goal != nil {
		c.vline(x(*e.Goal), y-4, y+4, "vermillion", 2.5, "")
		if e.P95 > *e.Goal {
			stroke = "vermillion"
		}
	}
	c.hline(x(e.P50), max(x(e.Max), x(e.P50)+0.5), y, stroke, 2, "")
	c.add(mark{Kind: "dots", Path: "M" + num(x(e.P95)) + " " + num(y) + "h0.1", Stroke: stroke, Width: 7})
	c.add(mark{Kind: "hover", X: x(e.P50) - 4, Y: y - 5, W: max(8, x(e.Max)-x(e.P50)+8), H: 10, Text: fmt.Sprintf("%s, %s: %s", r.Name, what, errorText(e))})
}

// deref is 0 for what is not there.
func deref(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}
