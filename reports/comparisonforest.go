package reports

import (
	"fmt"
	"math"
)

// The forest has room for names at its left and for numbers at its right.
const (
	forestLeft  = 300.0
	forestRight = 900.0
	forestRow   = 26.0
	forestTop   = 36.0
)

// forestChart draws the difference of each measure with its interval, and that
// of every pair, in floors: 1 is the difference that is worth a word. The axis
// is linear around it and logarithmic beyond. A measure without a floor is told
// in its unit. nil when nothing was measured.
func forestChart(c *Comparison) *chart {
	var rows []ComparedMeasure
	for _, m := range measuresFirst(c.Measures) {
		if m.Gates && m.Difference != nil {
			rows = append(rows, m)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	most := 2.0
	for _, m := range rows {
		for _, v := range append(pairDifferences(c, m), *m.Difference) {
			most = max(most, min(math.Abs(m.floors(v)), 1e6))
		}
	}
	most = math.Asinh(most) * 1.08
	x := func(v float64) float64 {
		share := math.Asinh(v) / most
		return (forestLeft+forestRight)/2 + min(max(share, -1), 1)*(forestRight-forestLeft)/2
	}
	bottom := forestTop + forestRow*float64(len(rows))
	f := &chart{ID: "forest", Title: "Differences of B from A", Height: bottom + 34,
		Desc: "A line for each measure; what is right of nought is worse in B. The axis counts the differences that are worth a word, and is logarithmic beyond the first.",
		Sentence: fmt.Sprintf("The square is the difference within pairs, the line its interval, a point a pair; dashed is where a difference begins to be worth a word. %s.",
			plural(c.counted(), "pair"))}
	f.text(x(0)-10, 14, "end", "← B is better", "muted")
	f.text(x(0)+10, 14, "start", "B is worse →", "muted")
	for _, v := range []float64{-1000, -100, -10, -1, 0, 1, 10, 100, 1000} {
		if math.Abs(math.Asinh(v)) > most {
			continue
		}
		stroke, width, dash := paint("grid"), 1.0, ""
		switch v {
		case 0:
			stroke = "ink"
		case 1:
			stroke, width, dash = "vermillion", 2, "5 3"
		}
		f.vline(x(v), forestTop-10, bottom, stroke, width, dash)
		f.text(x(v), bottom+18, "middle", signedCount(v), "muted")
	}
	for i, m := range rows {
		f.forestLine(c, m, forestTop+forestRow*(float64(i)+0.5), x)
	}
	return f
}

// forestLine draws one measure at the height y.
func (f *chart) forestLine(c *Comparison, m ComparedMeasure, y float64, x func(float64) float64) {
	f.text(forestLeft-12, y+4, "end", clip(glyph(m.Verdict)+" "+m.Name, 42), "ink")
	f.hline(forestLeft, forestRight, y, "grid", 1, "")
	stroke := map[Verdict]paint{Fail: "vermillion", Pass: "green"}[m.Verdict]
	if stroke == "" {
		stroke = "grey"
	}
	low, high := forestLeft, forestRight
	if m.Low != nil {
		low = x(m.floors(*m.Low))
		f.vline(low, y-5, y+5, stroke, 2, "")
	}
	if m.High != nil {
		high = x(m.floors(*m.High))
		f.vline(high, y-5, y+5, stroke, 2, "")
	}
	f.hline(low, high, y, stroke, 2, "")
	for _, d := range pairDifferences(c, m) {
		f.add(mark{Kind: "dots", Path: "M" + num(x(m.floors(d))) + " " + num(y+7) + "h0.1", Stroke: "muted", Width: 3.5})
	}
	f.add(mark{Kind: "rect", X: x(m.floors(*m.Difference)) - 4, Y: y - 4, W: 8, H: 8, Fill: stroke})
	f.text(forestRight+14, y+4, "start", m.signed(m.Difference, absent)+" "+m.interval(), "ink")
	f.add(mark{Kind: "hover", X: forestLeft, Y: y - forestRow/2, W: forestRight - forestLeft, H: forestRow, Text: m.Sentence(c.counted())})
}

// floors is how many floors a difference is; in the unit where there is none.
func (m ComparedMeasure) floors(v float64) float64 {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return 0
	case m.Floor > 0:
		return v / m.Floor
	}
	return v
}

// pairDifferences are B less A in every pair that counts and measured both.
func pairDifferences(c *Comparison, m ComparedMeasure) []float64 {
	var all []float64
	for _, p := range c.Pairs {
		a, okA := p.A.Values[m.Name]
		b, okB := p.B.Values[m.Name]
		if p.Counts && okA && okB {
			all = append(all, b-a)
		}
	}
	return all
}

func signedCount(v float64) string {
	if v > 0 {
		return "+" + count(int(v))
	}
	return count(int(v))
}
