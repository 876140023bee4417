package reports

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// Terminal writes the end of a run for a person at a terminal: verdict, why,
// objectives with those that failed first, where the report is, and how to run
// it again. Control characters in what the run reports are made visible, since
// a terminal would obey them.
func Terminal(w io.Writer, r *Result, color bool) error {
	b := bufio.NewWriter(w)
	paint := painter(color)
	fmt.Fprintf(b, "\n%s  %s", paint(r.Verdict, glyph(r.Verdict)+" "+string(r.Verdict)), plain(r.Experiment))
	if r.Control != "" {
		fmt.Fprintf(b, " (control %s)", plain(r.Control))
	}
	fmt.Fprintf(b, "\n%s\n", plain(r.Why))
	if said := gated(r.Gate); said != "" {
		fmt.Fprintf(b, "! %s\n", said)
	}
	for _, s := range r.Substitutes {
		fmt.Fprintf(b, "! substitute: %s\n", plain(s))
	}
	if r.Aborted != nil {
		fmt.Fprintf(b, "! aborted by %s at %s", plain(r.Aborted.By), instant(r.Aborted.At))
		if r.Aborted.Why != "" {
			fmt.Fprintf(b, ": %s", plain(r.Aborted.Why))
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	objectivesTable(b, r, paint)
	terminalWaivers(b, r.Objectives, paint)
	terminalAdvice(b, advices(r.Objectives))
	if slices.Contains(r.Artifacts, "report.html") {
		fmt.Fprintf(b, "\nreport  %s\n", plain(filepath.Join(r.Folder, "report.html")))
	}
	if r.Command != "" {
		fmt.Fprintf(b, "again   %s\n", plain(r.Command))
	}
	return b.Flush()
}

// terminalAdvice says what to do about what could not be decided.
func terminalAdvice(b *bufio.Writer, all []advised) {
	for i, a := range all {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(b, "now     %s (%s): %s\n", a.Reason, plain(list(a.Names)), a.Do)
	}
}

// terminalWaivers says what every waiver makes of its objective, in the colour of
// how that ended: a waived FAIL stays red.
func terminalWaivers(b *bufio.Writer, all []Objective, paint func(Verdict, string) string) {
	first := true
	for _, o := range failedFirst(all) {
		if o.Waiver == nil {
			continue
		}
		if first {
			b.WriteByte('\n')
		}
		first = false
		fmt.Fprintf(b, "waiver  %s\n", paint(o.Verdict, plain(o.Name+" "+o.ended()+": "+o.Waives())))
	}
}

func objectivesTable(b *bufio.Writer, r *Result, paint func(Verdict, string) string) {
	rows := [][]string{{"", "objective", "target", "measured", "margin", "why"}}
	sorted := failedFirst(r.Objectives)
	for _, o := range sorted {
		measured := o.Measured
		if i := interval(o.Name, o.Low, o.High); i != "" {
			measured += " " + i
		}
		why := o.Why
		if o.Verdict == Pass {
			why = ""
		}
		rows = append(rows, []string{glyph(o.Verdict), o.Name, o.Target, measured, o.Margin, why})
	}
	writeTable(b, rows, func(row int, cell string) string { return paint(sorted[row].Verdict, cell) })
}

// plain makes control characters and the marks that reorder text visible.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
			return '\uFFFD'
		}
		return r
	}, s)
}
