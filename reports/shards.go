package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

const (
	// mostDots is how many shards are drawn.
	mostDots = 256
	// surelyUneven is from when on a hash is said to be bad for the keys, in
	// standard deviations: a sound one gets there once in some million runs, for
	// each replica with shards of its own.
	surelyUneven = 5
)

// shardChart draws how busy each shard was, the busiest first, over the band
// in which chance alone puts it; nil when there is nothing to compare.
func shardChart(s *Series) *chart {
	l := s.Shards
	if l == nil || !l.sound() {
		return nil
	}
	all, order := 0.0, make([]int, len(l.Requests))
	for i, n := range l.Requests {
		order[i] = i
		all += float64(n)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(l.Requests[b], l.Requests[a]) })
	mean := all / float64(len(order))
	dots := min(len(order), mostDots)
	place := func(dot int) int { return dot * (len(order) - 1) / (dots - 1) } // the first and the last are drawn

	c := &chart{ID: "shards", Title: "Shards, by how busy they were", Height: 206,
		Desc: "Requests of each shard over their mean, logarithmic; the shards stand from the busiest to the idlest."}
	least := min(l.Requests[order[len(order)-1]], l.Chance[len(order)-1].Low)
	a := logAxis(band{10, 164}, max(0.02, float64(least)/mean), float64(max(l.Requests[order[0]], l.Chance[0].High))/mean)
	c.grid(a, times)
	x := func(dot int) float64 { return plotLeft + (plotRight-plotLeft)*(float64(dot)+0.5)/float64(dots) }
	y := func(requests int) float64 { return a.y(float64(requests) / mean) }
	c.chanceBand(dots, func(dot int) ShardChance { return l.Chance[place(dot)] }, x, y)
	var path strings.Builder
	for dot := range dots {
		path.WriteString("M" + num(x(dot)) + " " + num(y(l.Requests[order[place(dot)]])) + "h0")
	}
	c.add(mark{Kind: "dots", Path: path.String(), Stroke: "blue", Width: 5})
	c.text(plotLeft, a.bottom+17, "", "the busiest shard", "muted")
	c.text(plotRight, a.bottom+17, "end", "the idlest", "muted")
	if dots < len(order) {
		c.text((plotLeft+plotRight)/2, a.bottom+17, "middle", count(dots)+" of "+count(len(order))+" are drawn", "muted")
	}
	c.Sentence = l.words(order, all, mean)
	return c
}

// mostRequests is more than a run can have, and what can be added and drawn.
const mostRequests = 1 << 40

// sound says whether there are shards to compare, and numbers that can be drawn.
func (l *ShardLoad) sound() bool {
	if l.Shards < 2 || l.Shards > len(l.Requests) || len(l.Requests) != l.Shards*max(1, len(l.Replicas)) || len(l.Chance) != len(l.Requests) {
		return false
	}
	for i, n := range l.Requests {
		if c := l.Chance[i]; n < 0 || n > mostRequests || c.Low < 0 || c.Low > c.Median || c.Median > c.High || c.High > mostRequests {
			return false
		}
	}
	return slices.Max(l.Requests) > 0 && (l.Uneven == nil || math.Abs(*l.Uneven) < mostRequests)
}

// chanceBand draws where chance puts the shard of each place.
func (c *chart) chanceBand(dots int, of func(dot int) ShardChance, x func(int) float64, y func(int) float64) {
	var over, under, median strings.Builder
	for dot := range dots {
		verb := "L"
		if dot == 0 {
			verb = "M"
		}
		over.WriteString(verb + num(x(dot)) + " " + num(y(of(dot).High)))
		median.WriteString(verb + num(x(dot)) + " " + num(y(of(dot).Median)))
		under.WriteString("L" + num(x(dots-1-dot)) + " " + num(y(of(dots-1-dot).Low)))
	}
	c.add(mark{Kind: "rect-path", Path: over.String() + under.String() + "Z", Fill: "sky", Opacity: 0.35},
		mark{Kind: "path", Path: median.String(), Stroke: "ink", Width: 1.2, Dash: "6 3"})
}

func (l *ShardLoad) words(order []int, all, mean float64) string {
	busiest := order[0]
	each, name := fmt.Sprintf("a shard, 0 to %d", l.Shards-1), fmt.Sprintf("Shard %d", busiest%l.Shards)
	if len(l.Replicas) > 0 {
		each = fmt.Sprintf("a shard of one replica, 0 to %d of %s: each puts the keys on its shards in a way of its own", l.Shards-1, list(l.Replicas))
		name += " of " + l.Replicas[busiest/l.Shards]
	}
	when := ""
	if l.Until > 0 {
		when = fmt.Sprintf(", due in the first %s (before the first fault, or as many as are counted)", seconds(l.Until))
	}
	n, by := float64(l.Requests[busiest]), l.Chance[0]
	said := fmt.Sprintf("Each dot is %s; its height is its requests over the mean of all%s. %s had %s of the requests, %s the mean. ",
		each, when, name, percent(n/all), times(n/mean))
	none := 0
	for _, n := range l.Requests {
		if n == 0 {
			none++
		}
	}
	if none > 0 {
		said += fmt.Sprintf("%s had none. ", plural(none, "shard"))
	}
	if l.Chosen {
		return said + "The load asked for one shard."
	}
	said += fmt.Sprintf("Were each key as likely on every shard, the skew would make the busiest %s to %s the mean in about 95 of 100 cases; the band is the same for the second busiest and so on, the dashed line the middle of the cases.",
		times(float64(by.Low)/mean), times(float64(by.High)/mean))
	switch {
	case l.Uneven == nil:
		return said + " There were too few keys to say whether the hash is even."
	case *l.Uneven > surelyUneven:
		return said + fmt.Sprintf(" Counted without their requests, the keys lie unevenly, by %.0f standard deviations: the hash is bad for them.", *l.Uneven)
	}
	return said + " Counted without their requests, the keys lie as evenly as chance would put them."
}

// times is a multiple: "1.16 ×".
func times(v float64) string {
	if v >= 1000 {
		return count(int(v)) + space + "×"
	}
	return fmt.Sprintf("%.3g", v) + space + "×"
}
