package reports

import (
	"math"
	"strconv"
	"strings"
)

// The charts share one width and one plot, so that a second stands at the
// same place in all of them.
const (
	chartWidth = 1200.0
	plotLeft   = 104.0
	plotRight  = 1128.0
	maxPoints  = 600 // beyond it neighbouring seconds are drawn as one
)

// chart is a picture with the words that belong to it.
type chart struct {
	ID       string
	Title    string
	Desc     string // what the axes are, for those who cannot see it
	Sentence string // what a point is, and what happened
	Height   float64
	Legend   []key
	Patterns []pattern
	Marks    []mark
}

// key is one entry of a legend.
type key struct {
	Class string // of outcome, or a label
	Fill  paint
	Hatch string // id of the pattern over it; ""
	Count string
}

// mark is one shape of a chart. Only what its Kind has is set.
type mark struct {
	Kind       string // rect, path, text, image
	X, Y, W, H float64
	Path       string
	Text       string // of a text; of a rect or path what hovering tells
	Anchor     string
	Size       float64
	Bold, Halo bool
	Fill       paint
	Stroke     paint
	Width      float64
	Dash       string
	Opacity    float64 // 0: opaque
	Pattern    string  // id
	Light      string  // image: data URL on a light page
	Dark       string
}

// pattern is a hatching, so that hue is never the only cue.
type pattern struct {
	ID    string
	Paint paint
	Angle int
}

// paint names a colour. The hexadecimal value is a presentation attribute,
// which shows even where a policy forbids styles; the name is a class through
// which the style sheet adapts it to a dark page.
type paint string

// The colours: those of Okabe and Ito (2008), which people with any colour
// vision tell apart, and greys.
var palette = map[paint]string{
	"sky": "#56b4e9", "blue": "#0072b2", "green": "#009e73", "orange": "#e69f00",
	"vermillion": "#d55e00", "purple": "#cc79a7", "yellow": "#f0e442", "black": "#1b1f24",
	"ink": "#1b1f24", "muted": "#59636e", "grid": "#e1e5e9", "faint": "#eff1f3", "grey": "#8a949e",
	"paper": "#ffffff", "fault": "#d55e00", "wane": "#e69f00", "on-bar": "#1b1f24",
	"vermillion-text": "#a84300", "purple-text": "#96417a", "blue-text": "#005f96", "green-text": "#00694c",
}

func (m mark) FillHex() string   { return palette[m.Fill] }
func (m mark) StrokeHex() string { return palette[m.Stroke] }
func (k key) FillHex() string    { return palette[k.Fill] }
func (p pattern) Hex() string    { return palette[p.Paint] }

// Class is the classes that follow the theme.
func (m mark) Class() string {
	var c []string
	if m.Fill != "" {
		c = append(c, "f-"+string(m.Fill))
	}
	if m.Stroke != "" {
		c = append(c, "s-"+string(m.Stroke))
	}
	return strings.Join(c, " ")
}

func (c *chart) add(m ...mark) { c.Marks = append(c.Marks, m...) }

func (c *chart) text(x, y float64, anchor, s string, fill paint) {
	c.add(mark{Kind: "text", X: x, Y: y, Anchor: anchor, Text: s, Fill: fill, Size: 12})
}

func (c *chart) hline(x1, x2, y float64, stroke paint, width float64, dash string) {
	c.add(mark{Kind: "path", Path: "M" + num(x1) + " " + num(y) + "H" + num(x2), Stroke: stroke, Width: width, Dash: dash})
}

func (c *chart) vline(x, y1, y2 float64, stroke paint, width float64, dash string) {
	c.add(mark{Kind: "path", Path: "M" + num(x) + " " + num(y1) + "V" + num(y2), Stroke: stroke, Width: width, Dash: dash})
}

// num is a coordinate: a tenth of a unit is finer than a screen.
func num(v float64) string {
	s := strconv.FormatFloat(v, 'f', 1, 64)
	s = strings.TrimSuffix(s, ".0")
	if s == "-0" {
		return "0"
	}
	return s
}

// band is the vertical extent of a plot.
type band struct{ top, bottom float64 }

// axis turns a value into a height of a band.
type axis struct {
	band
	lo, hi float64
	log    bool
}

func (a axis) y(v float64) float64 {
	share := 0.0
	if a.log {
		share = math.Log(max(v, a.lo)/a.lo) / math.Log(a.hi/a.lo)
	} else {
		share = (v - a.lo) / (a.hi - a.lo)
	}
	return a.bottom - min(max(share, 0), 1)*(a.bottom-a.top)
}

// logAxis spans whole decades from lo to hi; hi leaves room for what is drawn
// at its value.
func logAxis(b band, lo, hi float64) axis {
	lo = min(max(lo, 1e-3), axisLimit/10)
	hi = min(max(hi, lo*2), axisLimit)
	floor := math.Pow(10, math.Floor(math.Log10(lo)+1e-9))
	ceil := math.Pow(10, math.Ceil(math.Log10(hi)-1e-9))
	if ceil <= floor {
		ceil = floor * 10
	}
	return axis{band: b, lo: floor, hi: ceil, log: true}
}

// axisLimit is the largest value that an axis goes to. Nothing that is measured
// comes near it; a damaged file must not draw grid lines for ever.
const axisLimit = 1e12

// linearAxis begins at 0 and ends at a round number above hi.
func linearAxis(b band, hi float64) axis {
	if hi <= 0 || math.IsNaN(hi) || math.IsInf(hi, 0) {
		hi = 1
	}
	hi = min(hi, axisLimit)
	step := niceStep(hi / 3)
	return axis{band: b, hi: math.Ceil(hi/step-1e-9) * step}
}

// niceStep is the next 1, 2 or 5 times a power of ten from v up.
func niceStep(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if v <= m*p*(1+1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// grid draws the axis' lines and their labels.
func (c *chart) grid(a axis, label func(float64) string) {
	if a.log {
		for v := a.lo; v <= a.hi*1.0001; v *= 10 {
			c.hline(plotLeft, plotRight, a.y(v), "grid", 1, "")
			c.text(plotLeft-8, a.y(v)+4, "end", label(v), "muted")
		}
		return
	}
	step := niceStep(a.hi / 3)
	for v := 0.0; v <= a.hi*1.0001; v += step {
		c.hline(plotLeft, plotRight, a.y(v), "grid", 1, "")
		c.text(plotLeft-8, a.y(v)+4, "end", label(v), "muted")
	}
}

// spread moves labels apart that would overlap: the heights, at least gap
// apart and within the band, in the order that they have.
func spread(ys []float64, gap float64, b band) []float64 {
	order := make([]int, len(ys))
	for i := range order {
		order[i] = i
	}
	for i := 1; i < len(order); i++ { // insertion sort: few and nearly sorted
		for j := i; j > 0 && ys[order[j]] < ys[order[j-1]]; j-- {
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	out := make([]float64, len(ys))
	last := math.Inf(-1)
	for _, i := range order {
		out[i] = max(ys[i], last+gap, b.top)
		last = out[i]
	}
	limit := b.bottom
	for k := len(order) - 1; k >= 0; k-- {
		i := order[k]
		out[i] = min(out[i], limit)
		limit = out[i] - gap
	}
	return out
}

// textWidth is about how wide s is at the given size: generous, since the
// reader's font is not known here.
func textWidth(s string, size float64) float64 { return float64(len([]rune(s))) * size * 0.62 }

// text is the variant of a colour that is dark enough to be read as letters.
func (p paint) text() paint {
	switch p {
	case "vermillion", "purple", "blue", "green":
		return p + "-text"
	case "grey", "":
		return "muted"
	}
	return p
}
