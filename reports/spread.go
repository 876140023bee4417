package reports

import (
	"fmt"
	"math"
)

// The plot of recoveries has room for names at its left.
const (
	spreadLeft = 300.0
	spreadRow  = 26.0
	spreadTop  = 22.0
)

// spreadChart draws the recovery of every run as a point with its interval, a
// line for each entry, against the entry's limit; nil when none was measured.
func spreadChart(s *Suite) *chart {
	most, drawn := 0.0, 0
	for _, e := range s.Entries {
		for _, r := range e.Runs {
			if r.Recovery == nil {
				continue
			}
			drawn++
			took, high := span(*r.Recovery)
			most = max(most, took, high)
		}
		if e.Recovery != nil && e.Recovery.LimitSec != nil {
			most = max(most, *e.Recovery.LimitSec)
		}
	}
	if drawn == 0 {
		return nil
	}
	a := linearAxis(band{}, most)
	x := func(v float64) float64 { return spreadLeft + min(max(v/a.hi, 0), 1)*(plotRight-spreadLeft) }
	entries := failedEntriesFirst(s.Entries)
	bottom := spreadTop + spreadRow*float64(len(entries))
	c := &chart{ID: "recoveries", Title: "Recovery of every run, from the injection", Height: bottom + 30,
		Desc:     "A line for each experiment, a point for each run; time in seconds from left to right.",
		Sentence: fmt.Sprintf("A point is the recovery of one run, the line through it its 95 %% interval, the bar the limit: %s of %s.", plural(drawn, "run"), plural(len(entries), "experiment"))}
	step := niceStep(a.hi / 5)
	for v := 0.0; v <= a.hi*1.0001; v += step {
		c.vline(x(v), spreadTop, bottom, "grid", 1, "")
		c.text(x(v), bottom+18, "middle", seconds(v), "muted")
	}
	for i, e := range entries {
		c.spreadLine(e, spreadTop+spreadRow*(float64(i)+0.5), x)
	}
	return c
}

// spreadLine draws one entry at the height y.
func (c *chart) spreadLine(e SuiteEntry, y float64, x func(float64) float64) {
	c.hline(spreadLeft, plotRight, y, "grid", 1, "")
	c.text(spreadLeft-12, y+4, "end", clip(glyph(e.Verdict)+" "+e.Name, 42), "ink")
	if e.Recovery != nil && e.Recovery.LimitSec != nil {
		c.vline(x(*e.Recovery.LimitSec), y-spreadRow/2+2, y+spreadRow/2-2, "vermillion", 2.5, "")
	}
	for _, r := range e.Runs {
		if r.Recovery == nil {
			continue
		}
		took, high := span(*r.Recovery)
		stroke := paint("blue")
		if r.Verdict != Pass {
			stroke = "vermillion"
		}
		if !r.Counts {
			stroke = "grey"
		}
		low := min(r.Recovery.FromInject.Low, took)
		c.hline(x(low), x(max(high, took)), y, stroke, 2, "")
		c.add(mark{Kind: "dots", Path: "M" + num(x(took)) + " " + num(y) + "h0.1", Stroke: stroke, Width: 8})
		v := viewOf(e, r)
		c.add(mark{Kind: "hover", X: x(took) - 6, Y: y - spreadRow/2, W: 12, H: spreadRow, Text: fmt.Sprintf("%s, repetition %d: %s", e.Name, r.Repetition, v.Tip())})
	}
}

// span is how long a recovery took, or was seen not to be over, and the upper
// end of its interval (took when it has none).
func span(r Recovery) (took, high float64) {
	took = r.FromInject.Low
	if r.FromInject.Seconds != nil {
		took = *r.FromInject.Seconds
	}
	if high = took; r.FromInject.High != nil {
		high = *r.FromInject.High
	}
	if math.IsNaN(took) || math.IsInf(took, 0) {
		took = 0
	}
	return took, high
}
