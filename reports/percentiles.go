package reports

import (
	"fmt"
	"math"
	"strings"
)

// fewSamples is where a p99 begins to mean something: below it, it is the
// slowest request by another name.
const fewSamples = 100

// curve is one percentile over time, told apart by hue, dash, width and name.
type curve struct {
	name  string
	of    func(Point) float64
	paint paint
	dash  string
	width float64
}

var curves = []curve{
	{"max", func(p Point) float64 { return p.Max }, "muted", "1.5 2.5", 1.1},
	{"p99", func(p Point) float64 { return p.P99 }, "vermillion", "", 2},
	{"p90", func(p Point) float64 { return p.P90 }, "purple", "6 3", 1.4},
	{"p50", func(p Point) float64 { return p.P50 }, "blue", "", 1.4},
}

// percentileChart draws response time over time, on a log axis.
func percentileChart(sc scene, r *Result, s *Series) *chart {
	c := &chart{ID: "response-time", Title: "Response time", Height: 276,
		Desc: "Percentiles of the response time over the time of the run; the vertical axis is logarithmic."}
	points := make([]Point, sc.bins())
	lo, hi := math.Inf(1), s.GoodMs
	for i := range points {
		points[i] = worst(sc, s.Latency, i)
		if points[i].N > 0 {
			lo, hi = min(lo, points[i].P50), max(hi, points[i].Max)
		}
	}
	if math.IsInf(lo, 1) {
		return nil
	}
	a := logAxis(band{22, 250}, lo, hi)
	sc.backdrop(c, a.band)
	c.grid(a, tick)
	sc.timeAxis(c, a.bottom)
	sc.names(c, a.band)
	var ends []float64
	var names []curve
	for _, k := range curves {
		c.curve(sc, a, points, k)
		if last := lastPoint(points); last >= 0 {
			ends, names = append(ends, a.y(k.of(points[last]))+4), append(names, k)
		}
	}
	for i, y := range spread(ends, 13, a.band) {
		c.add(mark{Kind: "text", X: plotRight + 8, Y: y, Text: names[i].name, Fill: names[i].paint.text(), Size: 12, Bold: names[i].name == "p99"})
	}
	c.limit(a, s.GoodMs)
	sc.edges(c, a.band)
	for i, p := range points {
		if p.N > 0 {
			c.hover(sc, i, a.band, fmt.Sprintf("p50 %s, p90 %s, p99 %s, max %s, n = %s", milliseconds(p.P50), milliseconds(p.P90), milliseconds(p.P99), milliseconds(p.Max), count(p.N)))
		}
	}
	c.Sentence = percentileSentence(sc, r, s)
	return c
}

// worst is the point of bin i: of each percentile the worst second, since
// percentiles cannot be averaged.
func worst(sc scene, all []Point, i int) Point {
	var w Point
	from, to := sc.span(i)
	for t := from; t < to; t++ {
		p := at(all, t)
		if p.N == 0 {
			continue
		}
		w = Point{w.N + p.N, max(w.P50, p.P50), max(w.P90, p.P90), max(w.P99, p.P99), max(w.Max, p.Max)}
	}
	return w
}

func lastPoint(points []Point) int {
	for i := len(points) - 1; i >= 0; i-- {
		if points[i].N > 0 {
			return i
		}
	}
	return -1
}

// curve draws one percentile as steps that cover their seconds exactly.
// Where there is no request the line has a gap; a p99 of few requests is grey.
func (c *chart) curve(sc scene, a axis, points []Point, k curve) {
	sure, unsure := steps(sc, points, func(p Point) (float64, bool) {
		return a.y(k.of(p)), p.N > 0 && (k.name != "p99" || p.N >= fewSamples)
	}), ""
	if k.name == "p99" {
		unsure = steps(sc, points, func(p Point) (float64, bool) { return a.y(k.of(p)), p.N > 0 && p.N < fewSamples })
	}
	if sure != "" {
		c.add(mark{Kind: "path", Path: sure, Stroke: k.paint, Width: k.width, Dash: k.dash})
	}
	if unsure != "" {
		c.add(mark{Kind: "path", Path: unsure, Stroke: "grey", Width: k.width, Dash: "3 2"})
	}
}

// steps is a path through the points that shown says, broken where it says no.
func steps[P any](sc scene, points []P, shown func(P) (y float64, ok bool)) string {
	var b strings.Builder
	open := false
	for i, p := range points {
		y, ok := shown(p)
		from, to := sc.span(i)
		switch {
		case !ok:
			open = false
			continue
		case open:
			b.WriteString("V" + num(y) + "H" + num(sc.x(float64(to))))
		default:
			b.WriteString("M" + num(sc.x(float64(from))) + " " + num(y) + "H" + num(sc.x(float64(to))))
		}
		open = true
	}
	return b.String()
}

// limit draws the slowest good response.
func (c *chart) limit(a axis, ms float64) {
	if ms <= 0 {
		return
	}
	y := a.y(ms)
	c.hline(plotLeft, plotRight, y, "ink", 1.2, "8 4")
	c.add(mark{Kind: "text", X: plotLeft + 6, Y: y - 5, Text: "limit of a good response: " + milliseconds(ms), Fill: "ink", Size: 12, Halo: true})
}

// hover is an unseen strip over point i that tells its numbers to a pointer.
func (c *chart) hover(sc scene, i int, b band, what string) {
	from, to := sc.span(i)
	x := sc.x(float64(from))
	c.add(mark{Kind: "hover", X: x, Y: b.top, W: sc.x(float64(to)) - x, H: b.bottom - b.top,
		Text: fmt.Sprintf("%d–%d%ss: %s", from, to, space, what)})
}

// names writes what is shaded above the band, where there is room for it.
func (sc scene) names(c *chart, b band) {
	free := plotLeft
	for i, f := range sc.faults {
		x, name := sc.x(f.begin), "fault: "+clip(f.name, 40)
		w := textWidth(name, 12)
		if x < free || i >= 6 {
			continue
		}
		x = min(x, plotRight-w)
		if x < free {
			continue
		}
		c.add(mark{Kind: "text", X: x, Y: b.top - 7, Text: name, Fill: "vermillion-text", Size: 12})
		free = x + w + 12
	}
	for _, d := range sc.degraded {
		if d.name == "overall" && d.end < float64(sc.seconds) {
			x, name := sc.x(d.end), "recovered "+instant(d.end)
			w := textWidth(name, 12)
			if x+w > plotRight {
				x = plotRight - w
			}
			if x >= free {
				c.vline(sc.x(d.end), b.top, b.bottom, "ink", 1, "1 3")
				c.add(mark{Kind: "text", X: x, Y: b.top - 7, Text: name, Fill: "ink", Size: 12})
				free = x + w + 12
			}
		}
	}
}

func percentileSentence(sc scene, r *Result, s *Series) string {
	said := "Each step is " + sc.pointIs() + "; response time runs from the due time, so waiting counts."
	if sc.bin > 1 {
		said += " Of each percentile the worst second is drawn."
	}
	if b, ok := r.Latency["baseline"]; ok && b.Count > 0 {
		said += fmt.Sprintf(" In the baseline p99 was %s (n = %s)", milliseconds(b.P99), count(b.Count))
		if w, ok := worstP99(r, s, "fault"); ok {
			said += fmt.Sprintf("; in the fault its worst second reached %s, at %d%ss", milliseconds(w.ms), w.at, space)
		}
		if o, ok := r.Latency["observe"]; ok && o.Count > 0 {
			said += fmt.Sprintf("; afterwards it was %s", milliseconds(o.P99))
		}
		said += "."
	}
	for _, p := range s.Latency {
		if p.N > 0 && p.N < fewSamples {
			return said + fmt.Sprintf(" Grey p99: fewer than %d requests in that second.", fewSamples)
		}
	}
	return said
}

// peak is a second's p99.
type peak struct {
	ms  float64
	at  int
	few bool // of fewer than fewSamples requests
}

// worstP99 is the worst second's p99 within a phase, of the seconds with
// enough requests where there is one.
func worstP99(r *Result, s *Series, phase string) (peak, bool) {
	var best peak
	found := false
	if s == nil {
		return best, false
	}
	for _, ph := range r.Phases {
		if ph.Name != phase {
			continue
		}
		for t := max(0, int(ph.Begin)); t < min(s.Seconds, int(math.Ceil(ph.End))); t++ {
			p := at(s.Latency, t)
			few := p.N < fewSamples
			if p.N == 0 || found && few && !best.few {
				continue
			}
			if !found || best.few && !few || p.P99 > best.ms {
				best, found = peak{p.P99, t, few}, true
			}
		}
	}
	return best, found
}
