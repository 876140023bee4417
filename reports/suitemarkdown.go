package reports

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// SuiteMarkdown writes a summary for the page of a CI job, at most 100 KB:
// the entries, those that failed first, and below them every run that did not
// pass.
func SuiteMarkdown(w io.Writer, s *Suite) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "## %s %s · %s\n\n%s\n\n", glyph(s.Verdict), s.Verdict, escapeMarkdown(s.Suite, 200), escapeMarkdown(s.Why, 2000))
	if said := gated(s.Gate); said != "" {
		fmt.Fprintf(&b, "> **Waived.** %s\n\n", said)
	}
	if !s.Finished {
		b.WriteString("> **Not finished:** the suite was under way, or killed, when this was written.\n\n")
	}
	if s.Interrupted {
		b.WriteString("> **Interrupted:** what was not run is missing.\n\n")
	}
	for _, s := range s.Substitutes {
		fmt.Fprintf(&b, "> **Substitute:** %s\n\n", escapeMarkdown(s, 500))
	}
	b.WriteString("| | experiment | recovery, worst | mean | limit | availability, worst | lost | runs | why |\n|---|---|---|---|---|---|---:|---|---|\n")
	sorted := failedEntriesFirst(s.Entries)
	for i, e := range sorted {
		if b.Len() > maxMarkdown/2 {
			fmt.Fprintf(&b, "\n%s more are in suite.json.\n", count(len(sorted)-i))
			break
		}
		row := rowOf(e)
		cells := []string{glyph(e.Verdict) + " " + string(e.Verdict), e.Name, row.Worst + " " + row.Interval, row.Mean, row.Limit, row.Available, row.Lost}
		for i := range cells {
			cells[i] = escapeMarkdown(strings.TrimSpace(cells[i]), 300)
		}
		cells = append(cells, runLinks(e), escapeMarkdown(e.Why, 1000))
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	markdownAdvice(&b, suiteAdvices(s.Entries))
	notPassed(&b, sorted)
	fmt.Fprintf(&b, "\n%s of %s, planned %s. %s, commit %s, seed %d.\n", length(s.Took), optionalBudget(s.Budget), length(s.Planned),
		escapeMarkdown(startedAt(s.StartedAt), 60), escapeMarkdown(orAbsent(s.Commit), 60), s.Seed)
	if s.Command != "" {
		fmt.Fprintf(&b, "\nAgain: <code>%s</code>\n", escapeMarkdown(s.Command, 2000))
	}
	_, err := w.Write(b.Bytes())
	return err
}

// notPassed lists the runs that did not pass, with why.
func notPassed(b *bytes.Buffer, entries []SuiteEntry) {
	head := "\n| | run | seed | why |\n|---|---|---:|---|\n"
	for _, e := range entries {
		for _, r := range e.Runs {
			if r.Verdict == Pass {
				continue
			}
			if b.Len() > maxMarkdown*3/4 {
				b.WriteString("\nMore are in suite.json.\n")
				return
			}
			b.WriteString(head)
			head = ""
			name := fmt.Sprintf("%s, repetition %d", e.Name, r.Repetition)
			if r.Attempt > 1 {
				name += fmt.Sprintf(", attempt %d", r.Attempt)
			}
			fmt.Fprintf(b, "| %s %s | %s | %d | %s |\n", glyph(r.Verdict), escapeMarkdown(r.Reason, 60), escapeMarkdown(name, 200), r.Seed, escapeMarkdown(r.Why, 600))
		}
	}
}

// runLinks are the signs of an entry's runs, each a link to its report as far
// as a path can be one.
func runLinks(e SuiteEntry) string {
	const most = 40 // beyond it the cell is no overview
	var all []string
	for i, r := range e.Runs {
		if i == most {
			all = append(all, "…")
			break
		}
		if link := reportOf(r); link != "" {
			all = append(all, fmt.Sprintf("[%s](%s)", glyph(r.Verdict), link))
		} else {
			all = append(all, glyph(r.Verdict))
		}
	}
	return strings.Join(all, " ")
}

func optionalBudget(budget *float64) string {
	if budget == nil {
		return "no budget"
	}
	return "a budget of " + length(*budget)
}
