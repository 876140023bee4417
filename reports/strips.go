package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

const (
	stripHeight = 18.0
	maxStrips   = 64
)

// shares are the steps in which a strip shows its bad share: taller and more
// opaque, so that one can read it without any hue.
var shares = []struct {
	above   float64
	height  float64
	opacity float64
}{{0.5, 14, 1}, {0.2, 12, 0.88}, {0.05, 9, 0.76}, {0.01, 6, 0.66}, {0, 3.5, 0.6}}

// stripChart draws the bad share of each operation, replica and shard.
func stripChart(sc scene, s *Series) *chart {
	strips, sound := withoutSoundShards(s.Strips)
	if len(strips) == 0 {
		return nil
	}
	hidden := max(0, len(strips)-maxStrips)
	strips = strips[:len(strips)-hidden]
	b := band{4, 4 + stripHeight*float64(len(strips))}
	c := &chart{ID: "strips", Title: "By operation, replica and shard", Height: b.bottom + 24,
		Desc: "A strip for each operation, replica and shard: the share of bad requests over time."}
	sc.backdrop(c, b)
	worst, where := 0.0, ""
	for i, strip := range strips {
		top := b.top + stripHeight*float64(i)
		c.add(mark{Kind: "text", X: plotLeft - 8, Y: top + 13, Anchor: "end", Text: clip(scopeName(strip.Scope), 13), Fill: "ink", Size: 12})
		most, when := c.strip(sc, top, strip)
		if most > 0 {
			c.text(plotRight+8, top+13, "", "max "+percent(math.Round(most*100)/100), "muted")
		}
		if most > worst {
			worst, where = most, fmt.Sprintf("%s at %d%ss with %s", scopeName(strip.Scope), when, space, percent(most))
		}
	}
	sc.edges(c, b)
	sc.timeAxis(c, b.bottom)
	c.Sentence = "Each cell is the bad share of " + sc.pointIs() + ", those in doubt left out: none is a thin line, taller and darker is more (up to 1, 5, 20, 50 % and above); no line means that there was no request."
	if where == "" {
		c.Sentence += " No scope had a bad request."
	} else {
		c.Sentence += " The worst was " + where + "."
	}
	if sound > 0 {
		c.Sentence += fmt.Sprintf(" %s without a bad request left out.", plural(sound, "shard"))
	}
	if hidden > 0 {
		c.Sentence += fmt.Sprintf(" %s more are not drawn.", count(hidden))
	}
	return c
}

// withoutSoundShards leaves out the shards of which no request was bad, and
// counts them: there are many, their lines would show nothing, and what is
// broken must have room before what is not.
func withoutSoundShards(all []Strip) (shown []Strip, sound int) {
	for _, s := range all {
		if kind, _ := cutScope(s.Scope); kind == "shard" && !slices.ContainsFunc(s.Bad, func(share *float64) bool { return share != nil && *share > 0 }) {
			sound++
			continue
		}
		shown = append(shown, s)
	}
	return shown, sound
}

// strip draws one scope, runs of equal steps as one rectangle, and returns
// its largest share and when that was.
func (c *chart) strip(sc scene, top float64, strip Strip) (most float64, when int) {
	bins := sc.bins()
	level := func(i int) int { // −1: no request; len(shares): none bad
		share, ok := stripShare(sc, strip, i)
		if !ok {
			return -1
		}
		if share > most {
			from, _ := sc.span(i)
			most, when = share, from
		}
		for k, s := range shares {
			if share > s.above {
				return k
			}
		}
		return len(shares)
	}
	paths := make([]strings.Builder, len(shares)+1)
	for i := 0; i < bins; {
		k := level(i)
		j := i + 1
		for j < bins && level(j) == k {
			j++
		}
		if k >= 0 {
			from, _ := sc.span(i)
			_, to := sc.span(j - 1)
			h := 1.0
			if k < len(shares) {
				h = shares[k].height
			}
			x, y := sc.x(float64(from)), top+stripHeight-2-h
			fmt.Fprintf(&paths[k], "M%s %sH%sv%sH%sZ", num(x), num(y), num(sc.x(float64(to))), num(h), num(x))
		}
		i = j
	}
	for k := range paths {
		m := mark{Kind: "rect-path", Path: paths[k].String(), Fill: "grey"}
		if m.Path == "" {
			continue
		}
		if k < len(shares) {
			m.Fill, m.Opacity = "vermillion", shares[k].opacity
		}
		c.add(m)
	}
	return most, when
}

// stripShare is the bad share of bin i, weighted by requests; false when
// there was none.
func stripShare(sc scene, strip Strip, i int) (float64, bool) {
	from, to := sc.span(i)
	bad, n := 0.0, 0.0
	for t := from; t < to; t++ {
		share := at(strip.Bad, t)
		if share == nil || math.IsNaN(*share) {
			continue
		}
		weight := max(1, float64(at(strip.N, t)))
		bad += *share * weight
		n += weight
	}
	if n == 0 {
		return 0, false
	}
	return bad / n, true
}
