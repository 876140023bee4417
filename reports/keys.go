package reports

import (
	"fmt"
	"math"
	"strings"
)

// keyChart draws how often each key was asked for against how often the
// distribution says, both by rank, on log axes.
func keyChart(s *Series) *chart {
	most, ranks, seen := 0.0, 1, 0
	for _, k := range s.Keys {
		most, ranks = max(most, float64(k.Seen), k.Expected), max(ranks, k.Rank)
		seen += k.Seen
	}
	if most == 0 {
		return nil
	}
	c := &chart{ID: "keys", Title: "Key skew, asked and seen", Height: 226,
		Desc: "Requests per key over the rank of the key; both axes are logarithmic."}
	a := logAxis(band{10, 184}, 1, most)
	c.grid(a, func(v float64) string { return count(int(v)) })
	x := func(rank int) float64 {
		return plotLeft + (plotRight-plotLeft)*math.Log10(float64(max(rank, 1)))/math.Log10(float64(max(ranks, 2)))
	}
	for v := 1; v <= ranks; v *= 10 {
		c.vline(x(v), a.top, a.bottom, "grid", 1, "")
		c.text(x(v), a.bottom+17, "middle", count(v), "muted")
	}
	c.text(plotRight, a.bottom+36, "end", "rank of the key", "muted")
	var asked, dots strings.Builder
	last := s.Keys[0]
	for i, k := range s.Keys {
		if k.Expected < 1 && i > 0 {
			break
		}
		last = k
		verb := "L"
		if i == 0 {
			verb = "M"
		}
		asked.WriteString(verb + num(x(k.Rank)) + " " + num(a.y(k.Expected)))
		if k.Seen > 0 {
			dots.WriteString("M" + num(x(k.Rank)) + " " + num(a.y(float64(k.Seen))) + "h0")
		}
	}
	c.add(mark{Kind: "path", Path: asked.String(), Stroke: "ink", Width: 1.2, Dash: "6 3"},
		mark{Kind: "dots", Path: dots.String(), Stroke: "blue", Width: 5})
	c.text(x(last.Rank)+8, a.y(max(last.Expected, 1))-6, "", "asked", "ink")
	top := s.Keys[0]
	c.Sentence = fmt.Sprintf("Each dot is the key of a rank, five ranks a decade: how often it was asked for. The dashed line is how often the distribution says, down to once. Rank %d was seen %s times, and should be %s.", top.Rank, count(top.Seen), count(int(math.Round(top.Expected))))
	return c
}
