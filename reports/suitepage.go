package reports

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"strings"
)

// SuiteHTML writes the page of a suite: one file that needs nothing but
// itself, drawn from suite.json alone.
func SuiteHTML(w io.Writer, s *Suite) error {
	p, err := newSuitePage(s)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&b, "suite.html.tmpl", p); err != nil {
		return fmt.Errorf("page of the suite %s: %w", s.Suite, err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// suitePage is what the template shows.
type suitePage struct {
	*Suite
	Policy  string
	Style   template.CSS
	Script  template.JS
	Started string
	Passed  string
	Tiles   []tile
	Rows    []suiteRow
	Columns []int // the repetitions of the matrix, from 1
	Chart   *chart
	Runs    []suiteRunView
	Goals   []suiteGoal
	Advices []advised
}

// suiteGoal is an objective of an entry.
type suiteGoal struct {
	objectiveRow
	Name string // of the entry
}

func newSuitePage(s *Suite) (*suitePage, error) {
	style, script, policy, err := assets("page/page.css", "page/suite.css")
	if err != nil {
		return nil, err
	}
	p := &suitePage{
		Suite: s, Style: style, Script: script, Policy: policy, Started: startedAt(s.StartedAt),
		Tiles: suiteTiles(s), Chart: spreadChart(s), Advices: suiteAdvices(s.Entries),
	}
	passed, columns := 0, 0
	for _, e := range failedEntriesFirst(s.Entries) {
		row := rowOf(e)
		row.Anchor = fmt.Sprintf("entry-%d", len(p.Rows)+1)
		p.Rows = append(p.Rows, row)
		columns = max(columns, min(e.Repeat, maxRepetitions), len(row.Cells))
		if e.Verdict == Pass {
			passed++
		}
		for _, r := range e.Runs {
			p.Runs = append(p.Runs, viewOf(e, r))
		}
		for _, o := range failedFirst(e.Objectives) {
			p.Goals = append(p.Goals, suiteGoal{objectiveRow{Objective: o, Interval: interval(o.Name, o.Low, o.High)}, e.Name})
		}
	}
	for i := range columns {
		p.Columns = append(p.Columns, i+1)
	}
	for i := range p.Rows {
		for len(p.Rows[i].Cells) < columns {
			p.Rows[i].Cells = append(p.Rows[i].Cells, runCell{})
		}
	}
	p.Passed = fmt.Sprintf("%d of %d passed", passed, len(s.Entries))
	return p, nil
}

// Gated says what a pipeline is told when that is not the verdict.
func (p *suitePage) Gated() string { return gated(p.Gate) }

// Title is the page's name in a browser's tab.
func (p *suitePage) Title() string {
	return strings.TrimSpace(glyph(p.Verdict) + " " + string(p.Verdict) + " · " + p.Suite.Suite)
}

// suiteTiles are the numbers of the first screen: each the worst of all runs.
func suiteTiles(s *Suite) []tile {
	recovery := tile{ID: "recovery", Label: "Worst recovery", Value: absent}
	available := tile{ID: "availability", Label: "Worst availability", Value: absent}
	lost := tile{ID: "lost", Label: "Lost acknowledged writes", Value: absent}
	took := tile{ID: "took", Label: "Took", Value: length(s.Took), Lines: []line{{Text: "planned " + length(s.Planned)}}}
	if s.Budget != nil {
		took.Lines = append(took.Lines, line{Text: "budget " + length(*s.Budget)})
	}
	var worst *SuiteEntry
	var least *AvailabilitySpread
	acked, lostWrites, runs := 0, 0, 0
	for i := range s.Entries {
		e := &s.Entries[i]
		runs += len(e.Runs)
		if e.Control != "" {
			continue // it is made to end badly
		}
		if e.Recovery != nil && (worst == nil || worseSpread(e.Recovery, worst.Recovery)) {
			worst = e
		}
		if a := e.Availability; a != nil && (least == nil || a.Worst < least.Worst) {
			least = a
			available.Value, available.Beside = percent(a.Worst), interval("availability", &a.Low, &a.High)
			available.Lines = []line{{Text: e.Name}}
		}
		acked, lostWrites = acked+e.Acked, lostWrites+e.Lost
	}
	if worst != nil {
		row := rowOf(*worst)
		recovery.Value, recovery.Beside = row.Worst, row.Interval
		recovery.Lines = []line{{Text: fmt.Sprintf("%s, limit %s", worst.Name, row.Limit)}, {Text: "mean " + row.Mean}}
	}
	if acked > 0 {
		lost.Value, lost.Lines = count(lostWrites), []line{{Text: "of " + count(acked)}}
	}
	took.Lines = append(took.Lines, line{Text: plural(runs, "run")})
	return []tile{recovery, available, lost, took}
}

// worseSpread orders recoveries: one without an end is the worst.
func worseSpread(a, b *RecoverySpread) bool {
	if (a.Worst == nil) != (b.Worst == nil) {
		return a.Worst == nil
	}
	if a.Worst == nil {
		return a.Low > b.Low
	}
	return *a.Worst > *b.Worst
}
