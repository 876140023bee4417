package reports

import (
	"fmt"
	"math"
	"strings"
)

// The lines of the spectrum, one a phase: hue and dash are its own.
var phaseLooks = map[string]curve{
	"warmup":   {paint: "grey", dash: "1 3", width: 1.2},
	"baseline": {paint: "blue", width: 1.8},
	"fault":    {paint: "vermillion", dash: "7 3", width: 1.8},
	"observe":  {paint: "green", dash: "2 2", width: 1.8},
}

// spectrumChart draws the whole distribution of each phase: a nine more with
// every step to the right.
func spectrumChart(s *Series) *chart {
	lo, hi, nines := math.Inf(1), 0.0, 1.0
	for _, l := range s.Spectrum {
		for _, q := range l.At {
			if q.Ms > 0 {
				lo, hi = min(lo, q.Ms), max(hi, q.Ms)
			}
			nines = max(nines, ninesOf(q.Q, l.Count))
		}
	}
	if hi == 0 {
		return nil
	}
	nines = math.Ceil(nines*2-1e-9) / 2
	c := &chart{ID: "spectrum", Title: "Distribution by phase", Height: 262,
		Desc: "Response time, logarithmic, over the percentile, stretched towards the slowest."}
	a := logAxis(band{10, 220}, lo, max(hi, s.GoodMs))
	c.grid(a, tick)
	x := func(q float64, n int) float64 {
		return plotLeft + (plotRight-plotLeft)*ninesOf(q, n)/nines
	}
	for _, q := range []float64{0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999} {
		if -math.Log10(1-q) > nines+1e-9 {
			break
		}
		c.vline(x(q, math.MaxInt), a.top, a.bottom, "grid", 1, "")
		c.text(x(q, math.MaxInt), a.bottom+17, "middle", percent(q), "muted")
	}
	c.hline(plotLeft, plotRight, a.bottom, "grey", 1, "")
	c.text(plotRight, a.bottom+36, "end", "share of responses at most this slow", "muted")
	c.limit(a, s.GoodMs)
	c.spectrumLines(a, s.Spectrum, x)
	c.Sentence = "Each line is one phase: how slow the given share of its responses was at most. A line ends at its slowest response; the further right, the fewer requests stand behind it."
	return c
}

// ninesOf is how far right a share stands. Of n responses the slowest is the
// share 1, and it stands where 1 − 1/n does.
func ninesOf(q float64, n int) float64 {
	return -math.Log10(max(1-q, 1/float64(max(n, 1)), 1e-6))
}

func (c *chart) spectrumLines(a axis, lines []SpectrumLine, x func(float64, int) float64) {
	var ys, xs []float64
	var names []SpectrumLine
	for _, l := range lines {
		if len(l.At) == 0 {
			continue
		}
		look, ok := phaseLooks[l.Phase]
		if !ok {
			look = curve{paint: "purple", dash: "4 2 1 2", width: 1.6}
		}
		var path strings.Builder
		for i, q := range l.At {
			verb := "L"
			if i == 0 {
				verb = "M"
			}
			path.WriteString(verb + num(x(q.Q, l.Count)) + " " + num(a.y(q.Ms)))
		}
		c.add(mark{Kind: "path", Path: path.String(), Stroke: look.paint, Width: look.width, Dash: look.dash})
		last := l.At[len(l.At)-1]
		ys, xs, names = append(ys, a.y(last.Ms)+4), append(xs, x(last.Q, l.Count)), append(names, l)
	}
	for i, y := range spread(ys, 14, a.band) {
		name := fmt.Sprintf("%s, n = %s", phaseName(names[i].Phase), count(names[i].Count))
		paint := phaseLooks[names[i].Phase].paint.text()
		m := mark{Kind: "text", X: xs[i] + 6, Y: y, Text: name, Fill: paint, Size: 12, Bold: true, Halo: true}
		if m.X+textWidth(name, 12) > chartWidth {
			m.X, m.Anchor, m.Y = chartWidth-2, "end", y-6
		}
		c.add(m)
	}
}
