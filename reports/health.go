package reports

import "fmt"

// slipChart draws how late the generator itself was: the reader's reason to
// trust, or not to trust, everything above it.
func slipChart(sc scene, r *Result, s *Series) *chart {
	if len(s.Slip) == 0 {
		return nil
	}
	late := make([]float64, sc.bins())
	most, when := 0.0, 0
	for i := range late {
		from, to := sc.span(i)
		for t := from; t < to; t++ {
			late[i] = max(late[i], at(s.Slip, t))
		}
		if late[i] > most {
			most, when = late[i], from
		}
	}
	c := &chart{ID: "generator", Title: "The generator’s own lateness", Height: 104,
		Desc: "The 99th percentile of how late requests were sent, over the time of the run."}
	a := linearAxis(band{8, 78}, max(most, 1))
	sc.backdrop(c, a.band)
	c.grid(a, tick)
	known := func(i int) bool { from, _ := sc.span(i); return from < len(s.Slip) && at(s.Planned, from) > 0 }
	index := make([]int, len(late))
	for i := range index {
		index[i] = i
	}
	c.add(mark{Kind: "path", Path: steps(sc, index, func(i int) (float64, bool) { return a.y(late[i]), known(i) }), Stroke: "blue", Width: 1.4})
	c.text(plotRight+8, a.y(late[len(late)-1])+4, "", "slip p99", "blue-text")
	sc.edges(c, a.band)
	sc.timeAxis(c, a.bottom)
	c.Sentence = fmt.Sprintf("Each step is the p99 of sent − due over %s. Over the run it was %s, at worst %s at %d%ss; %s of the requests could have changed class by it or by what others did, and are excluded.",
		plural(sc.bin, "second"), milliseconds(r.Validity.SlipP99Ms), milliseconds(most), when, space, percent(r.Validity.ExcludedRatio))
	if v := r.Validity; v.ReadyMaxMs > 0 || v.PauseMaxMs > 0 {
		c.Sentence += fmt.Sprintf(" Within it, what could run waited for up to %s, and garbage collection stopped it for up to %s.", milliseconds(v.ReadyMaxMs), milliseconds(v.PauseMaxMs))
	}
	return c
}

// hostChart draws who else used the processors of the generator's host, and
// when that can have held the run up.
func hostChart(sc scene, r *Result, s *Series) *chart {
	if s.Host == nil {
		return nil
	}
	c := &chart{ID: "host", Title: "The host", Height: 104,
		Desc: "Shares of the processors that other work had, of ten seconds in which something waited for one, and of the time for which that can have held the run up."}
	a := linearAxis(band{8, 78}, 1)
	sc.backdrop(c, a.band)
	c.grid(a, percent)
	others, pressure, held := sc.most(s.Host.Others), sc.most(s.Host.Pressure), sc.most(pointers(s.Host.HeldUp))
	for i, share := range held {
		if from, to := sc.span(i); share != nil && *share > 0 {
			c.add(mark{Kind: "rect", X: sc.x(float64(from)), Y: a.y(*share), W: sc.x(float64(to)) - sc.x(float64(from)), H: a.bottom - a.y(*share), Fill: "grey", Opacity: 0.55})
		}
	}
	y := func(p *float64) (float64, bool) {
		if p == nil {
			return 0, false
		}
		return a.y(*p), true
	}
	c.add(mark{Kind: "path", Path: steps(sc, pressure, y), Stroke: "orange", Width: 1.2, Dash: "4 3"},
		mark{Kind: "path", Path: steps(sc, others, y), Stroke: "blue", Width: 1.4})
	c.Legend = []key{{Class: "processors that others had", Fill: "blue"}, {Class: "pressure", Fill: "orange"}, {Class: "held up, at most", Fill: "grey"}}
	sc.edges(c, a.band)
	sc.timeAxis(c, a.bottom)
	c.Sentence = fmt.Sprintf("Each step is the highest of %s. Grey: for how much of it, at most, others kept the run from the processors, over the run %s; a request is in doubt only when it could have been good without.",
		plural(sc.bin, "second"), seconds(r.Validity.HeldUpSeconds))
	return c
}

// most is the highest share of each point; nil where none is known.
func (sc scene) most(shares []*float64) []*float64 {
	out := make([]*float64, sc.bins())
	for i := range out {
		from, to := sc.span(i)
		for t := from; t < to; t++ {
			if v := at(shares, t); v != nil && (out[i] == nil || *v > *out[i]) {
				out[i] = v
			}
		}
	}
	return out
}

func pointers(values []float64) []*float64 {
	out := make([]*float64, len(values))
	for i := range values {
		out[i] = &values[i]
	}
	return out
}
