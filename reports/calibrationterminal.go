package reports

import (
	"bufio"
	"fmt"
	"io"
)

// CalibrationTerminal writes the tables of the layer of that name, or of all
// for "", for a person at a terminal, and where the page is.
func CalibrationTerminal(w io.Writer, c *Calibration, layer, page string, color bool) error {
	b := bufio.NewWriter(w)
	paint := painter(color)
	for _, l := range c.Layers {
		if layer != "" && l.Name != layer {
			continue
		}
		fmt.Fprintf(b, "\n%s: %s\n%s to %s, commits %s\n\n", plain(l.Name), plain(l.About), plain(startedAt(l.From)), plain(startedAt(l.To)), plain(list(l.commits())))
		if defects := l.defects(); len(defects) > 0 {
			writeDefects(b, defects, paint)
			continue
		}
		table := [][]string{{"", "row", "runs", "found", "recovery p50/p95/max", "onset p50/p95/max", "intervals", "lost requests", "false FAIL", "INCONCLUSIVE", "data", "why"}}
		var rows []calibrationRowView
		for _, r := range l.Rows {
			v := calibrationRowOf(r)
			rows = append(rows, v)
			table = append(table, []string{glyph(v.Verdict), v.Name, count(v.Runs), v.Detected, v.Recovered, v.Began, v.Held, v.Losses, v.False, v.Open, v.Data, v.Why})
		}
		writeTable(b, table, func(row int, cell string) string { return paint(rows[row].Verdict, cell) })
		for _, v := range rows {
			if v.Host != nil {
				fmt.Fprintf(b, "%s: %s\n", plain(v.Name), plain(v.Machine))
			}
		}
		for _, v := range rows {
			for _, wrong := range v.Wrongs {
				w := calibrationWrongView{wrong, v.Name}
				fmt.Fprintf(b, "%s wrong on purpose: %s (%s): %s\n", paint(w.Verdict(), glyph(w.Verdict())), plain(w.Name), plain(w.Row), plain(orAbsent(w.Says)))
			}
		}
	}
	v, kept, why := holding(c)
	fmt.Fprintf(b, "\n%s  %s\n%s\nreport  %s\n", paint(v, glyph(v)), kept, plain(why), plain(page))
	return b.Flush()
}

// writeDefects writes the table of the rows about defects of the target.
func writeDefects(b *bufio.Writer, rows []calibrationDefectView, paint func(Verdict, string) string) {
	table := [][]string{{"", "what is wrong", "experiment", "runs", "must be caught by", "measured", "FAILed as well", "why"}}
	for _, v := range rows {
		table = append(table, []string{glyph(v.Verdict), v.Wrong, v.Within, count(v.Runs), v.Must, v.Measured, v.Also, v.Why})
	}
	writeTable(b, table, func(row int, cell string) string { return paint(rows[row].Verdict, cell) })
}
