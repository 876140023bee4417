package reports

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// SuiteTerminal writes the end of a suite for a person at a terminal: its
// verdict, why, the entries with those that failed first, where the page is,
// and how to run it again.
func SuiteTerminal(w io.Writer, s *Suite, page string, color bool) error {
	b := bufio.NewWriter(w)
	paint := painter(color)
	fmt.Fprintf(b, "\n%s  suite %s\n%s\n", paint(s.Verdict, glyph(s.Verdict)+" "+string(s.Verdict)), plain(s.Suite), plain(s.Why))
	if said := gated(s.Gate); said != "" {
		fmt.Fprintf(b, "! %s\n", said)
	}
	for _, s := range s.Substitutes {
		fmt.Fprintf(b, "! substitute: %s\n", plain(s))
	}
	b.WriteByte('\n')
	rows := [][]string{{"", "experiment", "runs", "recovery, worst", "mean", "limit", "availability, worst", "lost", "why"}}
	sorted := failedEntriesFirst(s.Entries)
	for _, e := range sorted {
		row := rowOf(e)
		var runs []string
		for _, r := range e.Runs {
			runs = append(runs, glyph(r.Verdict))
		}
		why := e.Why
		if e.Verdict == Pass {
			why = ""
		}
		rows = append(rows, []string{glyph(e.Verdict), e.Name, strings.Join(runs, ""), strings.TrimSpace(row.Worst + " " + row.Interval), row.Mean, row.Limit, row.Available, row.Lost, why})
	}
	writeTable(b, rows, func(row int, cell string) string { return paint(sorted[row].Verdict, cell) })
	for _, e := range sorted {
		terminalWaivers(b, e.Objectives, paint)
	}
	terminalAdvice(b, suiteAdvices(s.Entries))
	took := fmt.Sprintf("took %s, planned %s", length(s.Took), length(s.Planned))
	if s.Budget != nil {
		took += ", budget " + length(*s.Budget)
	}
	fmt.Fprintf(b, "\n%s\nreport  %s\nagain   %s\n", took, plain(page), plain(s.Command))
	return b.Flush()
}

// painter colours the text of a verdict, where colours are wanted.
func painter(color bool) func(Verdict, string) string {
	return func(v Verdict, s string) string {
		codes := map[Verdict]string{Pass: "32", Fail: "31", Inconclusive: "33"}
		if !color || codes[v] == "" {
			return s
		}
		return "\x1b[1;" + codes[v] + "m" + s + "\x1b[0m"
	}
}

// writeTable writes rows, the first its head, in columns as wide as they must
// be; paint colours the first cell of a row below the head.
func writeTable(b *bufio.Writer, rows [][]string, paint func(row int, cell string) string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i := range row {
			row[i] = plain(row[i])
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	for n, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if n > 0 && i == 0 {
				cell = paint(n-1, cell)
			}
			if i == len(row)-1 {
				pad = ""
			}
			line.WriteString(cell + pad + "  ")
		}
		fmt.Fprintln(b, strings.TrimRight(line.String(), " "))
	}
}
