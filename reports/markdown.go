package reports

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// maxMarkdown is what a CI job's page takes, with room to spare.
const maxMarkdown = 100 << 10

// Markdown writes a summary for the page of a CI job, at most 100 KB.
func Markdown(w io.Writer, r *Result) error {
	var b bytes.Buffer
	title := r.Experiment
	if r.Control != "" {
		title += " · control " + r.Control
	}
	fmt.Fprintf(&b, "## %s %s · %s\n\n%s\n\n", glyph(r.Verdict), r.Verdict, escapeMarkdown(title, 200), escapeMarkdown(r.Why, 2000))
	if said := gated(r.Gate); said != "" {
		fmt.Fprintf(&b, "> **Waived.** %s\n\n", said)
	}
	if r.Aborted != nil {
		fmt.Fprintf(&b, "> **Aborted** by %s at %s. %s\n\n", escapeMarkdown(r.Aborted.By, 100), instant(r.Aborted.At), escapeMarkdown(r.Aborted.Why, 500))
	}
	for _, s := range r.Substitutes {
		fmt.Fprintf(&b, "> **Substitute:** %s\n\n", escapeMarkdown(s, 500))
	}
	b.WriteString("| | objective | target | measured | interval | margin | samples | why |\n|---|---|---|---|---|---|---:|---|\n")
	for i, o := range failedFirst(r.Objectives) {
		if b.Len() > maxMarkdown*3/4 {
			fmt.Fprintf(&b, "\n%s more are in result.json.\n", count(len(r.Objectives)-i))
			break
		}
		cells := []string{glyph(o.Verdict) + " " + o.ended(), o.Name, o.Target, o.Measured, interval(o.Name, o.Low, o.High), o.Margin, count(o.Samples), o.reasoned()}
		for i := range cells {
			cells[i] = escapeMarkdown(cells[i], 1000)
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	markdownAdvice(&b, advices(r.Objectives))
	b.WriteString("\n| fault | targets | injected | healed | proof |\n|---|---|---|---|---|\n")
	for i, f := range r.Faults {
		if b.Len() > maxMarkdown*7/8 {
			fmt.Fprintf(&b, "\n%s more are in result.json.\n", count(len(r.Faults)-i))
			break
		}
		proof := "✓ " + f.Proof
		if !f.Proven {
			proof = "✗ not proven: " + f.Proof
		}
		cells := []string{f.Name, list(f.Targets), optional(f.InjectBegin, instant), optional(f.HealEnd, instant), proof}
		for i := range cells {
			cells[i] = escapeMarkdown(cells[i], 500)
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	fmt.Fprintf(&b, "\n%s requests of %s were good. %s, %s, commit %s, seed %d.\n", count(r.Load.Good), count(r.Load.Planned),
		escapeMarkdown(startedAt(r.StartedAt), 60), escapeMarkdown(r.Platform, 60), escapeMarkdown(orAbsent(r.Commit), 60), r.Seed)
	if r.Load.Shape != "" {
		fmt.Fprintf(&b, "\nThe rate changed: %s.\n", escapeMarkdown(r.Load.Shape, 300))
	}
	if r.Command != "" {
		fmt.Fprintf(&b, "\nAgain: <code>%s</code>\n", escapeMarkdown(r.Command, 2000))
	}
	_, err := w.Write(b.Bytes())
	return err
}

// markdownAdvice says what to do about what could not be decided.
func markdownAdvice(b *bytes.Buffer, all []advised) {
	for _, a := range all {
		fmt.Fprintf(b, "\n**Now** (%s, %s): %s\n", escapeMarkdown(list(a.Names), 500), a.Means, escapeMarkdown(a.Do, 500))
	}
}

// escapeMarkdown makes s plain text of at most n runes within a table cell.
func escapeMarkdown(s string, n int) string {
	var b strings.Builder
	for _, r := range clip(plain(s), n) {
		switch r {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '\\', '`', '*', '_', '[', ']', '|', '#', '~', '!', '@':
			fmt.Fprintf(&b, "&#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func optional(v *float64, tell func(float64) string) string {
	if v == nil {
		return absent
	}
	return tell(*v)
}

func orAbsent(s string) string {
	if s == "" {
		return absent
	}
	return s
}
