package reports

import (
	"fmt"
	"math"
	"sort"
)

// scene is what all charts over time share: the axis, and what is shaded.
type scene struct {
	seconds  int
	end      float64 // of the last phase: the last second may be a part of one
	bin      int     // seconds drawn as one point
	faults   []shade
	degraded []shade // overall or of an operation
	phases   []Phase
}

// shade is a stretch of time with its name.
type shade struct {
	begin, end float64
	name       string
}

func newScene(r *Result, s *Series) scene {
	sc := scene{seconds: s.Seconds, bin: (s.Seconds + maxPoints - 1) / maxPoints, phases: r.Phases}
	sc.bin = max(sc.bin, 1)
	sc.end = float64(s.Seconds)
	if n := len(r.Phases); n > 0 && r.Phases[n-1].End > sc.end-1 {
		sc.end = min(sc.end, r.Phases[n-1].End)
	}
	for _, f := range r.Faults {
		if f.InjectBegin == nil {
			continue
		}
		end := float64(s.Seconds)
		if f.HealEnd != nil {
			end = *f.HealEnd
		}
		sc.faults = append(sc.faults, shade{*f.InjectBegin, end, f.Name})
	}
	for _, e := range r.Episodes {
		kind, _ := cutScope(e.Scope)
		if kind != "overall" && kind != "op" {
			continue
		}
		end := float64(s.Seconds)
		if e.RecoveredAt != nil {
			end = *e.RecoveredAt
		}
		sc.degraded = append(sc.degraded, shade{e.DegradedAt, end, scopeName(e.Scope)})
	}
	return sc
}

// bins is how many points a line over time has.
func (sc scene) bins() int { return (sc.seconds + sc.bin - 1) / sc.bin }

// span is the seconds [from, to) of point i.
func (sc scene) span(i int) (from, to int) {
	return i * sc.bin, min((i+1)*sc.bin, sc.seconds)
}

// width is how many seconds of load lie in [from, to), so that counts become
// rates: the last second of a run is seldom a whole one.
func (sc scene) width(from, to int) float64 { return min(float64(to), sc.end) - float64(from) }

// x is where second t stands.
func (sc scene) x(t float64) float64 {
	if sc.seconds == 0 {
		return plotLeft
	}
	t = min(max(t, 0), float64(sc.seconds))
	return plotLeft + (plotRight-plotLeft)*t/float64(sc.seconds)
}

// backdrop shades, behind everything else, when the fault lasted and when
// beyond it the system was worse than its baseline.
func (sc scene) backdrop(c *chart, b band) {
	for _, s := range without(merged(sc.degraded), merged(sc.faults)) {
		c.add(sc.shading(s, b, "wane", 0.16))
	}
	for _, s := range merged(sc.faults) {
		c.add(sc.shading(s, b, "fault", 0.09))
	}
}

// edges draws, before everything else, when the fault began and ended.
func (sc scene) edges(c *chart, b band) {
	for _, s := range merged(sc.faults) {
		c.vline(sc.x(s.begin), b.top, b.bottom, "fault", 1, "2 2")
		c.vline(sc.x(s.end), b.top, b.bottom, "fault", 1, "2 2")
	}
}

func (sc scene) shading(s shade, b band, fill paint, opacity float64) mark {
	x := sc.x(s.begin)
	return mark{Kind: "rect", X: x, Y: b.top, W: max(sc.x(s.end)-x, 1.5), H: b.bottom - b.top, Fill: fill, Opacity: opacity}
}

// merged is the union of the stretches, in order: overlapping shades would
// add up to a darkness that means nothing.
func merged(all []shade) []shade {
	all = append([]shade(nil), all...)
	sort.SliceStable(all, func(i, j int) bool { return all[i].begin < all[j].begin })
	var out []shade
	for _, s := range all {
		if n := len(out); n > 0 && s.begin <= out[n-1].end {
			out[n-1].end = max(out[n-1].end, s.end)
			continue
		}
		out = append(out, s)
	}
	return out
}

// without is what the others leave of the stretches; all are in order and
// apart.
func without(all, others []shade) []shade {
	var out []shade
	for _, s := range all {
		for _, o := range others {
			if o.end <= s.begin || o.begin >= s.end {
				continue
			}
			if o.begin > s.begin {
				out = append(out, shade{s.begin, o.begin, s.name})
			}
			s.begin = o.end
		}
		if s.begin < s.end {
			out = append(out, s)
		}
	}
	return out
}

// timeAxis draws the ticks below a band; quiet, since every chart
// has the same.
func (sc scene) timeAxis(c *chart, bottom float64) {
	c.hline(plotLeft, plotRight, bottom, "grey", 1, "")
	step := timeStep(sc.seconds)
	for t := 0; t <= sc.seconds; t += step {
		x := sc.x(float64(t))
		c.vline(x, bottom, bottom+4, "grey", 1, "")
		c.text(x, bottom+17, "middle", clock(t, step), "muted")
	}
}

// timeStep is the distance of the ticks: about a dozen of them.
func timeStep(seconds int) int {
	for _, s := range []int{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600} {
		if seconds/s <= 12 {
			return s
		}
	}
	return int(math.Ceil(float64(seconds)/12/3600)) * 3600
}

func clock(t, step int) string {
	if step >= 60 {
		return fmt.Sprintf("%d%smin", t/60, space)
	}
	return fmt.Sprintf("%d%ss", t, space)
}

// pointIs says what one point of a chart over time covers.
func (sc scene) pointIs() string {
	if sc.bin == 1 {
		return "one second of requests, by the time they were due"
	}
	return fmt.Sprintf("%d seconds of requests, by the time they were due (thinned: the run has %s seconds)", sc.bin, count(sc.seconds))
}

// at is list[i], zero beyond its end: a short list must not bring a page down.
func at[T any](list []T, i int) T {
	var zero T
	if i < 0 || i >= len(list) {
		return zero
	}
	return list[i]
}
