package reports

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
)

// ComparisonTerminal writes the end of a comparison for a person at a
// terminal.
func ComparisonTerminal(w io.Writer, c *Comparison, page string, color bool) error {
	b := bufio.NewWriter(w)
	paint := painter(color)
	fmt.Fprintf(b, "\n%s  %s: B against A\n%s\n", paint(c.Verdict, glyph(c.Verdict)+" "+string(c.Verdict)), plain(c.Experiment), plain(c.Why))
	for _, s := range c.Substitutes {
		fmt.Fprintf(b, "! substitute: %s\n", plain(s))
	}
	fmt.Fprintf(b, "\nA  %s\nB  %s\n\n", plain(c.A.line()), plain(c.B.line()))
	rows := [][]string{{"", "measure", "A", "B", "difference", "interval", "worth a word"}}
	sorted := measuresFirst(c.Measures)
	for _, m := range sorted {
		row := c.measureRow(m)
		rows = append(rows, []string{glyph(m.Verdict), m.Name, row.LevelA, row.LevelB, row.Apart, row.Between, row.Worth})
	}
	if len(sorted) > 0 {
		writeTable(b, rows, func(row int, cell string) string { return paint(sorted[row].Verdict, cell) })
	}
	terminalAdvice(b, comparisonAdvices(c))
	fmt.Fprintf(b, "\n%s\nreport  %s\nagain   %s\n", c.spent(), plain(page), plain(c.Command))
	return b.Flush()
}

// line is a build in a line.
func (b ComparedBuild) line() string {
	return strings.Join(append(append([]string{b.Told}, b.Args...), b.Env...), " ")
}

// spent is how many pairs it took, and how long.
func (c *Comparison) spent() string {
	text := fmt.Sprintf("%d of %s, ", c.counted(), plural(c.MaxPairs, "pair"))
	if again := len(c.Pairs) - c.counted(); again > 0 {
		text += fmt.Sprintf("%d more not counted, ", again)
	}
	text += fmt.Sprintf("took %s, planned %s", length(c.Took), length(c.Planned))
	if c.Budget != nil {
		text += ", budget " + length(*c.Budget)
	}
	return text
}

// ComparisonMarkdown writes a summary for the page of a CI job, at most 100 KB.
func ComparisonMarkdown(w io.Writer, c *Comparison) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "## %s %s · %s: B against A\n\n%s\n\n", glyph(c.Verdict), c.Verdict, escapeMarkdown(c.Experiment, 200), escapeMarkdown(c.Why, 2000))
	if !c.Finished {
		b.WriteString("> **Not finished:** the comparison was under way, or killed, when this was written.\n\n")
	}
	if c.Interrupted {
		b.WriteString("> **Interrupted:** what was not run is missing.\n\n")
	}
	for _, s := range c.Substitutes {
		fmt.Fprintf(&b, "> **Substitute:** %s\n\n", escapeMarkdown(s, 500))
	}
	fmt.Fprintf(&b, "- A: %s\n- B: %s\n\n", escapeMarkdown(c.A.line(), 1000), escapeMarkdown(c.B.line(), 1000))
	b.WriteString("| | measure | A | B | difference | interval | worth a word |\n|---|---|---:|---:|---:|---:|---:|\n")
	for i, m := range measuresFirst(c.Measures) {
		if b.Len() > maxMarkdown*3/4 {
			fmt.Fprintf(&b, "\n%s more are in comparison.json.\n", count(len(c.Measures)-i))
			break
		}
		row := c.measureRow(m)
		cells := []string{strings.TrimSpace(glyph(m.Verdict) + " " + string(m.Verdict)), m.Name, row.LevelA, row.LevelB, row.Apart, row.Between, row.Worth}
		for i := range cells {
			cells[i] = escapeMarkdown(cells[i], 300)
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	markdownAdvice(&b, comparisonAdvices(c))
	fmt.Fprintf(&b, "\n%s. %s, commit %s, seed %d.\n", c.spent(), escapeMarkdown(startedAt(c.StartedAt), 60), escapeMarkdown(orAbsent(c.Commit), 60), c.Seed)
	if c.Command != "" {
		fmt.Fprintf(&b, "\nAgain: <code>%s</code>\n", escapeMarkdown(c.Command, 2000))
	}
	_, err := w.Write(b.Bytes())
	return err
}

// ComparisonJUnit writes a test case for each measure that is decided on. One
// that never came to its end has no passed cases alone.
func ComparisonJUnit(w io.Writer, c *Comparison) error {
	class := "gauntlet.compare." + c.Experiment
	suite := junitSuite{Name: valid("compare/" + c.Experiment), Timestamp: valid(c.StartedAt), Time: fmt.Sprintf("%.3f", c.Took), Out: valid(c.Why + "\nA: " + c.A.line() + "\nB: " + c.B.line())}
	for _, m := range c.Measures {
		if m.Gates {
			suite.add(m.Name, class, m.Verdict, m.Reason, m.Why, m.Why)
		}
	}
	if c.Verdict != Pass && suite.green() {
		suite.add("the pairs were run", class, c.Verdict, c.Reason, c.Why, "")
	}
	suite.Tests = len(suite.Cases)
	return writeJUnit(w, suite)
}
