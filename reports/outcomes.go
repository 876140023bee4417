package reports

import (
	"fmt"
	"sort"
	"strings"
)

// looks is how each class of outcome is drawn, from the bottom of the stack
// up: hue and hatching together are its own.
var looks = []struct {
	class string
	fill  paint
	angle int // of the hatching; 0: plain
}{
	{"good", "sky", 0}, {"slow", "orange", 0}, {"5xx", "vermillion", 0}, {"refused", "vermillion", 45},
	{"timeout", "purple", 0}, {"reset", "purple", 45}, {"eof", "orange", 45}, {"4xx", "yellow", 0}, {"dns", "yellow", 45},
	{"wrong-answer", "black", 0}, {"unsent", "purple", 90}, {"other", "yellow", 90}, {"in doubt", "grey", 0}, {"no outcome", "black", 45},
}

// layer is a class of outcome with its requests per second.
type layer struct {
	class string
	fill  paint
	hatch string // pattern id, "" for plain
	angle int
	rate  []float64
	total int
}

// outcomeChart stacks what became of the requests against the offered rate,
// and below, on its own scale, what was not good.
func outcomeChart(sc scene, r *Result, s *Series) *chart {
	layers, offered, planned := stack(sc, s)
	if planned == 0 {
		return nil
	}
	c := &chart{ID: "outcomes", Title: "Outcomes", Height: 196,
		Desc: "Requests per second stacked by outcome, against the offered rate."}
	highest := 0.0
	for _, v := range offered {
		highest = max(highest, v)
	}
	for _, l := range layers {
		c.Legend = append(c.Legend, key{Class: l.class, Fill: l.fill, Hatch: l.hatch, Count: count(l.total)})
		if l.hatch != "" {
			c.Patterns = append(c.Patterns, pattern{ID: l.hatch, Paint: l.fill, Angle: l.angle})
		}
	}
	a := linearAxis(band{10, 170}, highest)
	c.stacked(sc, a, layers)
	c.add(mark{Kind: "path", Path: steps(sc, offered, func(v float64) (float64, bool) { return a.y(v), v > 0 }), Stroke: "ink", Width: 1.2, Dash: "5 3"})
	c.text(plotRight+8, a.y(offered[len(offered)-1])+4, "", "offered", "ink")
	bad := layers
	if len(bad) > 0 && bad[0].class == "good" {
		bad = bad[1:]
	}
	if lost := peakOf(bad, sc.bins()); lost > 0 && lost < highest/4 {
		lower := linearAxis(band{226, 290}, lost)
		c.Height = 316
		c.text(plotLeft, lower.top-8, "", "what was not good, on its own scale", "muted")
		c.stacked(sc, lower, bad)
		sc.timeAxis(c, lower.bottom)
	}
	sc.timeAxis(c, a.bottom)
	c.tellOutcomes(sc, a.band, layers, offered)
	c.Sentence = outcomeSentence(sc, layers, planned)
	if r.Load.Shape != "" {
		c.Sentence += " The rate that was asked for: " + r.Load.Shape + "."
	}
	return c
}

// stack is the layers in the order of looks, the rest that has no outcome
// last, and the offered rate.
func stack(sc scene, s *Series) (layers []layer, offered []float64, planned int) {
	offered = make([]float64, sc.bins())
	rest := layer{class: "no outcome", rate: make([]float64, sc.bins())}
	for i := range offered {
		from, to := sc.span(i)
		for t := from; t < to; t++ {
			n := at(s.Planned, t)
			planned += n
			offered[i] += float64(n) / sc.width(from, to)
			for _, o := range s.Outcomes {
				n -= at(o.Count, t)
			}
			if n > 0 {
				rest.total += n
				rest.rate[i] += float64(n) / sc.width(from, to)
			}
		}
	}
	for _, o := range s.Outcomes {
		l := layer{class: o.Class, rate: make([]float64, sc.bins())}
		for i := range l.rate {
			from, to := sc.span(i)
			for t := from; t < to; t++ {
				l.total += at(o.Count, t)
				l.rate[i] += float64(at(o.Count, t)) / sc.width(from, to)
			}
		}
		layers = append(layers, l)
	}
	layers = append(layers, rest)
	kept := layers[:0]
	for _, l := range layers {
		if l.total > 0 {
			kept = append(kept, l)
		}
	}
	layers = kept
	for i := range layers {
		layers[i].look(i)
	}
	sort.SliceStable(layers, func(i, j int) bool { return rank(layers[i].class) < rank(layers[j].class) })
	return layers, offered, planned
}

func rank(class string) int {
	for i, l := range looks {
		if l.class == class {
			return i
		}
	}
	return len(looks)
}

// look gives a layer its hue and hatching; an unknown class is grey, crossed.
func (l *layer) look(i int) {
	l.fill, l.angle = "grey", 135
	if k := rank(l.class); k < len(looks) {
		l.fill, l.angle = looks[k].fill, looks[k].angle
	}
	if l.angle != 0 {
		l.hatch = fmt.Sprintf("hatch-%d", i)
	}
}

func peakOf(layers []layer, bins int) float64 {
	most := 0.0
	for i := range bins {
		sum := 0.0
		for _, l := range layers {
			sum += l.rate[i]
		}
		most = max(most, sum)
	}
	return most
}

// stacked draws the layers on top of each other, each with its name where the
// area has room for it.
func (c *chart) stacked(sc scene, a axis, layers []layer) {
	c.grid(a, func(v float64) string {
		if v == 0 {
			return "0"
		}
		return rateLabel(v) + "/s"
	})
	base := make([]float64, sc.bins())
	shaded := false
	for _, l := range layers {
		if !shaded && l.class != "good" { // over what is good, under what is not
			sc.backdrop(c, a.band)
			shaded = true
		}
		var path strings.Builder
		for i := 0; i < len(base); {
			if l.rate[i] == 0 {
				i++
				continue
			}
			j := i
			for j < len(base) && l.rate[j] > 0 {
				j++
			}
			area(&path, sc, a, base, l.rate, i, j)
			i = j
		}
		c.add(mark{Kind: "rect-path", Path: path.String(), Fill: l.fill, Pattern: l.hatch})
		if l.class != "good" && l.fill != "black" {
			c.nameArea(sc, a, base, l)
		}
		for i := range base {
			base[i] += l.rate[i]
		}
	}
	if !shaded {
		sc.backdrop(c, a.band)
	}
	sc.edges(c, a.band)
}

// area appends the outline of [i, j): along the top, and back along the base.
func area(path *strings.Builder, sc scene, a axis, base, rate []float64, i, j int) {
	for k := i; k < j; k++ {
		from, to := sc.span(k)
		y := num(a.y(base[k] + rate[k]))
		if k == i {
			path.WriteString("M" + num(sc.x(float64(from))) + " " + y)
		} else {
			path.WriteString("V" + y)
		}
		path.WriteString("H" + num(sc.x(float64(to))))
	}
	for k := j - 1; k >= i; k-- {
		from, _ := sc.span(k)
		path.WriteString("V" + num(a.y(base[k])) + "H" + num(sc.x(float64(from))))
	}
	path.WriteByte('Z')
}

// nameArea writes a layer's name into it, in the middle of the longest
// stretch that is high enough; nowhere when it does not fit.
func (c *chart) nameArea(sc scene, a axis, base []float64, l layer) {
	fits := func(i int) bool { return a.y(base[i])-a.y(base[i]+l.rate[i]) >= 16 }
	begin, length := 0, 0
	for i := 0; i < len(base); i++ {
		j := i
		for j < len(base) && fits(j) {
			j++
		}
		if j-i > length {
			begin, length = i, j-i
		}
		if j > i {
			i = j
		}
	}
	if length == 0 {
		return
	}
	from, _ := sc.span(begin)
	_, to := sc.span(begin + length - 1)
	if sc.x(float64(to))-sc.x(float64(from)) < textWidth(l.class, 12)+8 {
		return
	}
	m := begin + length/2
	y := (a.y(base[m]) + a.y(base[m]+l.rate[m])) / 2
	c.add(mark{Kind: "text", X: (sc.x(float64(from)) + sc.x(float64(to))) / 2, Y: y + 4, Anchor: "middle", Text: l.class, Fill: "on-bar", Size: 12})
}

func rateLabel(v float64) string {
	if v >= 10 || v == float64(int(v)) {
		return count(int(v + 0.5))
	}
	return trim(fmt.Sprintf("%.1f", v))
}

func (c *chart) tellOutcomes(sc scene, b band, layers []layer, offered []float64) {
	for i := range offered {
		if offered[i] == 0 {
			continue
		}
		said := "offered " + rateLabel(offered[i]) + "/s"
		for _, l := range layers {
			if l.rate[i] > 0 {
				said += ", " + l.class + " " + rateLabel(l.rate[i]) + "/s"
			}
		}
		c.hover(sc, i, b, said)
	}
}

func outcomeSentence(sc scene, layers []layer, planned int) string {
	good, worst := 0, ""
	most := 0
	for _, l := range layers {
		if l.class == "good" {
			good = l.total
		} else if l.total > most {
			most, worst = l.total, l.class
		}
	}
	said := fmt.Sprintf("Each step is %s. Of %s, %s were good (%s)", sc.pointIs(), plural(planned, "request"), count(good), percent(float64(good)/float64(planned)))
	if lost := planned - good; lost > 0 {
		said += fmt.Sprintf("; the area between good and offered is what was not: %s, mostly “%s” (%s)", plural(lost, "request"), worst, count(most))
	}
	return said + "."
}
