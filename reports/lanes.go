package reports

import (
	"fmt"
	"strings"
)

// How a state of a replica is drawn: its height says how well it is as much
// as its hue does.
var states = map[string]struct {
	fill   paint
	height float64
}{
	"ready":    {"green", 4},
	"starting": {"orange", 10},
	"unready":  {"orange", 14},
	"down":     {"vermillion", 18},
	"active":   {"vermillion", 18},
	"degraded": {"orange", 14},
}

const (
	laneHeight = 24.0
	maxLanes   = 40
)

// laneChart draws the timeline: phases, faults, what they did to the answers,
// and the states of the replicas.
func laneChart(sc scene, r *Result, s *Series) *chart {
	lanes := sc.degradedLanes()
	lanes = append(append(laneOf(s.Lanes, "fault"), lanes...), laneOf(s.Lanes, "replica")...)
	hidden := max(0, len(lanes)-maxLanes)
	lanes = lanes[:len(lanes)-hidden]
	c := &chart{ID: "timeline", Title: "Timeline", Desc: "What was done to the system and the states of its replicas, over the time of the run."}
	b := band{24, 24 + laneHeight*float64(len(lanes))}
	c.Height = b.bottom + 28
	sc.backdrop(c, b)
	c.phases(sc, b)
	for i, l := range lanes {
		top := b.top + laneHeight*float64(i)
		c.hline(plotLeft, plotRight, top+laneHeight, "faint", 1, "")
		c.add(mark{Kind: "text", X: plotLeft - 8, Y: top + 16, Anchor: "end", Text: clip(l.Name, 13), Fill: "ink", Size: 12})
		for _, span := range l.Spans {
			c.span(sc, top, span)
		}
	}
	for i, l := range lanes {
		for _, span := range l.Spans {
			c.nameSpan(sc, b.top+laneHeight*float64(i), span)
		}
	}
	sc.edges(c, b)
	sc.timeAxis(c, b.bottom)
	c.Sentence = laneSentence(r, s)
	if hidden > 0 {
		c.Sentence += fmt.Sprintf(" %s more are not drawn.", count(hidden))
	}
	return c
}

func laneOf(all []Lane, kind string) []Lane {
	var some []Lane
	for _, l := range all {
		if l.Kind == kind {
			some = append(some, l)
		}
	}
	return some
}

// degradedLanes shows when the answers were worse than in the baseline.
func (sc scene) degradedLanes() []Lane {
	var lanes []Lane
	for _, d := range sc.degraded {
		name := d.name + " bad"
		if d.name == "overall" {
			name = "answers bad"
		}
		if n := len(lanes); n == 0 || lanes[n-1].Name != name {
			lanes = append(lanes, Lane{Name: name})
		}
		l := &lanes[len(lanes)-1]
		l.Spans = append(l.Spans, Span{Begin: d.begin, End: d.end, State: "degraded"})
	}
	return lanes
}

// phases names the phases above the lanes and draws where each begins.
func (c *chart) phases(sc scene, b band) {
	for _, p := range sc.phases {
		x, end := sc.x(p.Begin), sc.x(p.End)
		c.vline(x, b.top-16, b.bottom, "grid", 1, "")
		name := phaseName(p.Name)
		if w := textWidth(name, 12); w+8 <= end-x {
			c.add(mark{Kind: "text", X: x + 5, Y: b.top - 7, Text: name, Fill: "muted", Size: 12})
		}
	}
}

func (c *chart) span(sc scene, top float64, s Span) {
	look, ok := states[s.State]
	if !ok {
		look.fill, look.height = "grey", 10
	}
	x := sc.x(s.Begin)
	w := max(sc.x(s.End)-x, 2)
	c.add(mark{Kind: "rect", X: x, Y: top + (laneHeight-look.height)/2, W: w, H: look.height, Fill: look.fill,
		Text: fmt.Sprintf("%s, %s – %s", s.State, instant(s.Begin), instant(s.End))})
}

// nameSpan writes what a thick bar is and how long it lasted, into it or, when
// it is too short, beside it. All bars are drawn by then.
func (c *chart) nameSpan(sc scene, top float64, s Span) {
	look := states[s.State]
	x := sc.x(s.Begin)
	w := max(sc.x(s.End)-x, 2)
	label := s.State + " " + seconds(s.End-s.Begin)
	switch {
	case look.height < 14:
	case textWidth(label, 12)+10 <= w:
		c.add(mark{Kind: "text", X: x + 6, Y: top + 16, Text: label, Fill: "on-bar", Size: 12})
	case x+w+textWidth(label, 12)+8 < plotRight:
		c.add(mark{Kind: "text", X: x + w + 5, Y: top + 16, Text: label, Fill: "ink", Size: 12, Halo: true})
	}
}

func laneSentence(r *Result, s *Series) string {
	var parts []string
	for _, f := range r.Faults {
		if f.InjectBegin == nil {
			parts = append(parts, fmt.Sprintf("the fault %s was never injected", f.Name))
			continue
		}
		said := fmt.Sprintf("the fault %s hit %s at %s", f.Name, list(f.Targets), instant(*f.InjectBegin))
		if f.HealEnd != nil {
			said += " and was over at " + instant(*f.HealEnd)
		}
		parts = append(parts, said)
	}
	said := "A bar is a state over time; a thin green line is a replica that is ready."
	if len(parts) > 0 {
		said += " " + upper(strings.Join(parts, "; ")) + "."
	}
	if r.Recovery != nil && !r.Recovery.Degraded {
		said += " The answers never became worse than in the baseline."
	}
	return said
}

func upper(s string) string {
	if s == "" {
		return s
	}
	r := []rune(s)
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}
