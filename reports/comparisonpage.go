package reports

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"strings"
)

// ComparisonHTML writes the page of a comparison: one file that needs nothing
// but itself, drawn from comparison.json alone.
func ComparisonHTML(w io.Writer, c *Comparison) error {
	style, script, policy, err := assets("page/page.css", "page/suite.css")
	if err != nil {
		return err
	}
	p := newComparisonPage(c)
	p.Style, p.Script, p.Policy = style, script, policy
	var b bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&b, "comparison.html.tmpl", p); err != nil {
		return fmt.Errorf("page of the comparison %s: %w", c.ID, err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// comparisonPage is what the template shows.
type comparisonPage struct {
	*Comparison
	Policy  string
	Style   template.CSS
	Script  template.JS
	Started string
	Counted string
	Tiles   []tile
	Builds  []buildView
	Chart   *chart
	Rows    []measureRow
	Looked  []string // the looks, a sentence each
	Advices []advised
	Ran     []pairView
}

// buildView is a build with its letter.
type buildView struct {
	Letter string
	ComparedBuild
}

// measureRow is a measure, its numbers as text.
type measureRow struct {
	ComparedMeasure
	LevelA, LevelB, Apart, Between, Worth string
	Each                                  []string // the difference of every pair that counts
}

// pairView is a pair, with links to its runs.
type pairView struct {
	ComparedPair
	Took         string
	Shifted      string
	LinkA, LinkB string
	Disturbances []string
}

func newComparisonPage(c *Comparison) *comparisonPage {
	p := &comparisonPage{
		Comparison: c, Started: startedAt(c.StartedAt), Counted: fmt.Sprintf("after %d of %s", c.counted(), plural(c.MaxPairs, "pair")),
		Tiles: comparisonTiles(c), Builds: []buildView{{"A", c.A}, {"B", c.B}}, Chart: forestChart(c), Advices: comparisonAdvices(c),
	}
	for _, m := range measuresFirst(c.Measures) {
		p.Rows = append(p.Rows, c.measureRow(m))
	}
	for _, l := range c.Looks {
		done := "not looked at"
		if l.Done {
			done = "looked at"
		}
		p.Looked = append(p.Looked, fmt.Sprintf("after %s: a FAIL at %.2g %%, a PASS at %.2g %%, %s", plural(l.After, "pair"), 100*l.Alpha, 100*l.Beta, done))
	}
	for _, pair := range c.Pairs {
		p.Ran = append(p.Ran, pairView{ComparedPair: pair, Took: length(pair.A.Took + pair.B.Took), Shifted: "+" + seconds(pair.Shift),
			LinkA: reportBelow(pair.A.Folder), LinkB: reportBelow(pair.B.Folder), Disturbances: append(append([]string{}, pair.A.Disturbances...), pair.B.Disturbances...)})
	}
	return p
}

// Title is the page's name in a browser's tab.
func (p *comparisonPage) Title() string {
	return strings.TrimSpace(glyph(p.Verdict) + " " + string(p.Verdict) + " · " + p.Experiment + ": B against A")
}

// Numbers are the pairs that count, for the head of a table.
func (p *comparisonPage) Numbers() []int {
	var all []int
	for _, pair := range p.Pairs {
		if pair.Counts {
			all = append(all, pair.Pair)
		}
	}
	return all
}

func (v pairView) Glyph(verdict Verdict) string { return glyph(verdict) }

func (c *Comparison) measureRow(m ComparedMeasure) measureRow {
	row := measureRow{ComparedMeasure: m, LevelA: optional(m.A, m.level), LevelB: optional(m.B, m.level), Apart: m.signed(m.Difference, absent), Between: m.interval(), Worth: m.worth()}
	for _, pair := range c.Pairs {
		if !pair.Counts {
			continue
		}
		a, okA := pair.A.Values[m.Name]
		b, okB := pair.B.Values[m.Name]
		if d := b - a; okA && okB {
			row.Each = append(row.Each, m.signed(&d, absent))
		} else {
			row.Each = append(row.Each, absent)
		}
	}
	return row
}

// comparisonTiles are the numbers of the first screen: the measures that say
// most, and how long it took.
func comparisonTiles(c *Comparison) []tile {
	var tiles []tile
	for i, m := range measuresFirst(c.Measures) {
		if !m.Gates || len(tiles) == 3 {
			continue
		}
		row := c.measureRow(m)
		tiles = append(tiles, tile{ID: fmt.Sprintf("measure-%d", i+1), Label: m.Name, Value: row.Apart, Beside: row.Between,
			Lines: []line{{Text: "A " + row.LevelA + ", B " + row.LevelB, Verdict: m.Verdict}, {Text: "worth a word: " + row.Worth}}})
	}
	took := tile{ID: "took", Label: "Took", Value: length(c.Took), Lines: []line{{Text: "planned " + length(c.Planned)}}}
	if c.Budget != nil {
		took.Lines = append(took.Lines, line{Text: "budget " + length(*c.Budget)})
	}
	return append(tiles, took)
}

// comparisonAdvices is what to do about the measures that could not be decided.
func comparisonAdvices(c *Comparison) []advised {
	var all []advised
	if c.Verdict == Inconclusive {
		all = advise(all, c.Reason, c.Experiment)
	}
	for _, m := range c.Measures {
		if m.Gates && m.Verdict == Inconclusive && m.Reason != c.Reason {
			all = advise(all, m.Reason, m.Name)
		}
	}
	return all
}
