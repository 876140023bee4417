package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// pictureChart draws what happened to the worst register, a lane for each
// client: writes are tall bars and reads low ones, each with a letter for the
// value that it wrote or saw, while the faults are shaded as everywhere. nil when
// there is nothing to show.
func pictureChart(r *Result, s *Series) *chart {
	if s == nil || s.Picture == nil || len(s.Picture.Ops) == 0 {
		return nil
	}
	p := newDrawing(r, s.Picture)
	c := &chart{ID: "picture", Title: "What happened to " + s.Picture.Key, Height: p.bottom + 46,
		Desc: "Operations on one key over the time of the run, a lane for each client. Tall bars are writes, low ones reads; a letter is a value.",
		Legend: []key{{Class: "write", Fill: "blue", Count: p.counted("write")}, {Class: "read", Fill: "green", Count: p.counted("read")},
			{Class: "stale read", Fill: "vermillion", Count: "1"}}}
	p.faults(c)
	for i, client := range p.clients {
		y := p.lane(i)
		c.hline(plotLeft, plotRight, y+pictureLane/2, "faint", 1, "")
		c.text(plotLeft-8, y+4, "end", fmt.Sprintf("client %d", client), "ink")
	}
	p.story(c)
	for _, o := range p.ops {
		p.bar(c, o)
	}
	p.axis(c)
	c.Sentence = fmt.Sprintf("%s. Each bar is a request, from when it was sent until its outcome was known (at least as wide as can be seen); values are named in the order in which they were written%s.", s.Picture.What, p.earlier)
	return c
}

const (
	pictureTop  = 30.0
	pictureLane = 30.0
	thinnest    = 5.0 // of a bar that can still be seen
)

// drawing is the operations that are drawn, and where.
type drawing struct {
	ops        []PictureOp
	clients    []int
	letters    map[string]string // of values
	begin, end float64           // of the axis, s
	bottom     float64
	shades     []shade
	earlier    string // what lies before the axis, in words
	drawn      map[float64][]float64
}

// newDrawing chooses the stretch: from what should have been seen to the read
// that did not, with some room to either side.
func newDrawing(r *Result, all *Picture) *drawing {
	p := &drawing{letters: map[string]string{"": "∅"}, begin: math.Inf(1), end: math.Inf(-1), drawn: map[float64][]float64{}}
	for _, o := range all.Ops {
		if o.Role == RoleStale || o.Role == RoleMissed {
			p.begin, p.end = min(p.begin, o.Begin), max(p.end, o.ended())
		}
	}
	if p.begin > p.end { // no story: all of it
		for _, o := range all.Ops {
			p.begin, p.end = min(p.begin, o.Begin), max(p.end, o.ended())
		}
	}
	room := max(0.15*(p.end-p.begin), 0.005)
	p.begin, p.end = p.begin-room, p.end+room
	for _, o := range all.Ops {
		outside := o.ended() < p.begin || o.Begin > p.end
		if _, known := p.letters[o.Value]; !known && (!outside || o.Role != "") {
			p.letters[o.Value] = letter(len(p.letters) - 1)
		}
		if outside {
			if o.Role == RoleSource {
				p.earlier = fmt.Sprintf("; %s was written before the picture, at %s", p.letters[o.Value], instant(o.Begin))
			}
			continue
		}
		p.ops = append(p.ops, o)
		if !slices.Contains(p.clients, o.Client) {
			p.clients = append(p.clients, o.Client)
		}
	}
	slices.Sort(p.clients)
	p.bottom = pictureTop + pictureLane*float64(len(p.clients))
	for _, f := range r.Faults {
		if f.InjectBegin != nil {
			s := shade{*f.InjectBegin, p.end, f.Name}
			if f.HealEnd != nil {
				s.end = *f.HealEnd
			}
			if s.end > p.begin && s.begin < p.end {
				p.shades = append(p.shades, shade{max(s.begin, p.begin), min(s.end, p.end), s.name})
			}
		}
	}
	return p
}

// ended is when the outcome was known; of one that never was, when it began.
func (o PictureOp) ended() float64 {
	if o.End == nil {
		return o.Begin
	}
	return *o.End
}

// letter names the i-th value: A to Z, then A1 and so on.
func letter(i int) string {
	name := string(rune('A' + i%26))
	if i >= 26 {
		name += strconv.Itoa(i / 26)
	}
	return name
}

func (p *drawing) counted(kind string) string {
	n := 0
	for _, o := range p.ops {
		if o.Role != RoleStale && (o.Kind == kind || kind == "write" && o.Kind == "delete") {
			n++
		}
	}
	return count(n)
}

func (p *drawing) x(t float64) float64 {
	return plotLeft + (plotRight-plotLeft)*min(max((t-p.begin)/(p.end-p.begin), 0), 1)
}

// lane is the middle of the i-th lane.
func (p *drawing) lane(i int) float64 { return pictureTop + pictureLane*(float64(i)+0.5) }

func (p *drawing) faults(c *chart) {
	for _, s := range merged(p.shades) {
		c.add(mark{Kind: "rect", X: p.x(s.begin), Y: pictureTop, W: max(p.x(s.end)-p.x(s.begin), 1.5), H: p.bottom - pictureTop, Fill: "fault", Opacity: 0.09})
		for _, t := range []float64{s.begin, s.end} {
			if t > p.begin && t < p.end {
				c.vline(p.x(t), pictureTop, p.bottom, "fault", 1, "2 2")
			}
		}
		c.text(p.x(s.begin)+4, pictureTop-8, "", clip(s.name, 40), "vermillion-text")
	}
}

// story marks the span for which the read was too late.
func (p *drawing) story(c *chart) {
	var from, to float64
	for _, o := range p.ops {
		switch o.Role {
		case RoleMissed:
			from = o.ended()
		case RoleStale:
			to = o.Begin
		}
	}
	if from == 0 || to <= from {
		return
	}
	c.vline(p.x(from), pictureTop, p.bottom, "ink", 1, "4 3")
	c.vline(p.x(to), pictureTop, p.bottom, "ink", 1, "4 3")
	c.hline(p.x(from), p.x(to), pictureTop-4, "ink", 1.5, "")
	c.text((p.x(from)+p.x(to))/2, pictureTop-8, "middle", milliseconds((to-from)*1000)+" stale", "ink")
}

// bar draws an operation, with the letter of its value where there is room.
func (p *drawing) bar(c *chart, o PictureOp) {
	height, fill := 8.0, paint("green")
	switch {
	case o.Role == RoleStale:
		height, fill = 12, "vermillion"
	case o.Kind != "read":
		height, fill = 16, "blue"
	}
	y := p.lane(slices.Index(p.clients, o.Client))
	x, opacity := p.x(o.Begin), 0.0
	end := p.x(o.ended())
	if o.End == nil { // it may take effect at any later time
		end, opacity = plotRight, 0.25
	}
	width := max(end-x, thinnest)
	c.add(mark{Kind: "rect", X: x, Y: y - height/2, W: width, H: height, Fill: fill, Opacity: opacity, Text: p.told(o)})
	name := p.letters[o.Value]
	if o.Role != "" {
		name += " " + clip(o.Replica, 20)
	}
	at := x + thinnest + 3
	for _, other := range p.drawn[y] {
		if math.Abs(other-at) < textWidth(name, 12)+4 {
			return
		}
	}
	p.drawn[y] = append(p.drawn[y], at)
	c.add(mark{Kind: "text", X: at, Y: y + 4, Text: name, Fill: fill.text(), Size: 12, Bold: o.Role != "", Halo: true})
}

// told is what hovering says.
func (p *drawing) told(o PictureOp) string {
	what := o.Kind + " of nothing"
	if o.Value != "" {
		what = fmt.Sprintf("%s of %s (%s)", o.Kind, p.letters[o.Value], o.Value)
	}
	if o.Kind == "delete" {
		what = "delete"
	}
	end := "outcome unknown"
	if o.End != nil {
		end = instant(*o.End)
	}
	return fmt.Sprintf("client %d, %s through %s, %s to %s", o.Client, what, o.Replica, instant(o.Begin), end)
}

func (p *drawing) axis(c *chart) {
	c.hline(plotLeft, plotRight, p.bottom, "grey", 1, "")
	step := niceStep((p.end - p.begin) / 8)
	digits := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	for i := math.Ceil(p.begin / step); i*step <= p.end; i++ {
		c.vline(p.x(i*step), p.bottom, p.bottom+4, "grey", 1, "")
		c.text(p.x(i*step), p.bottom+17, "middle", strconv.FormatFloat(i*step, 'f', digits, 64)+space+"s", "muted")
	}
}
