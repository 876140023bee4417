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
	c.Sentence = fmt.Sprintf("Each step is the p99 of sent − due over %s. Over the run it was %s, at worst %s at %d%ss; %s of the requests could have changed class by it and are excluded.",
		plural(sc.bin, "second"), milliseconds(r.Validity.SlipP99Ms), milliseconds(most), when, space, percent(r.Validity.ExcludedRatio))
	return c
}
