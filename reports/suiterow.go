package reports

import (
	"fmt"
	"strings"
	"time"
)

// suiteRow is an entry as a row of a table, its numbers as text.
type suiteRow struct {
	SuiteEntry
	Anchor    string
	Worst     string // recovery
	Interval  string
	Mean      string
	Limit     string
	Available string // the worst, with its interval
	Lost      string
	Cells     []runCell
}

// runCell is a repetition in the matrix of verdicts: all of its attempts.
type runCell struct{ Attempts []suiteRunView }

// suiteRunView is a run, its numbers as text.
type suiteRunView struct {
	SuiteRun
	Name      string // of its entry
	Link      string // of its report; "" without one
	Recovered string
	Between   string
	Available string
	Losses    string
	Shifted   string
}

func (v suiteRunView) Glyph() string { return glyph(v.Verdict) }
func (v suiteRunView) Tone() string  { return tone(v.Verdict) }
func (v suiteRunView) Tip() string {
	return fmt.Sprintf("%s, seed %d, recovery %s", v.Verdict, v.Seed, v.Recovered)
}

// maxRepetitions is as many columns as the matrix has: as many repetitions as
// a suite can ask for.
const maxRepetitions = 1000

func rowOf(e SuiteEntry) suiteRow {
	row := suiteRow{SuiteEntry: e, Worst: absent, Mean: absent, Limit: absent, Available: absent, Lost: absent}
	if r := e.Recovery; r != nil {
		row.Worst, row.Interval = recoveryText(r.Worst, r.Low, r.High)
		row.Mean = optional(r.Mean, seconds)
		if r.LimitSec != nil {
			row.Limit = seconds(*r.LimitSec)
		}
	}
	if a := e.Availability; a != nil {
		row.Available = percent(a.Worst) + " " + interval("availability", &a.Low, &a.High)
	}
	if e.Acked > 0 {
		row.Lost = fmt.Sprintf("%s of %s", count(e.Lost), count(e.Acked))
	}
	for _, r := range e.Runs {
		column := min(max(r.Repetition, 1), maxRepetitions)
		for len(row.Cells) < column {
			row.Cells = append(row.Cells, runCell{})
		}
		cell := &row.Cells[column-1]
		cell.Attempts = append(cell.Attempts, viewOf(e, r))
	}
	return row
}

func viewOf(e SuiteEntry, r SuiteRun) suiteRunView {
	v := suiteRunView{SuiteRun: r, Name: e.Name, Link: reportOf(r), Recovered: absent, Available: absent, Losses: absent, Shifted: absent}
	if rec := r.Recovery; rec != nil {
		took := rec.FromInject.Seconds
		if zero := 0.0; took == nil && !rec.Degraded && rec.Recovered {
			took = &zero
		}
		v.Recovered, v.Between = recoveryText(took, rec.FromInject.Low, rec.FromInject.High)
	}
	if a := r.Availability; a != nil {
		v.Available = percent(a.Ratio)
	}
	if r.Acked > 0 {
		v.Losses = fmt.Sprintf("%s of %s", count(r.Lost), count(r.Acked))
	}
	if r.Shift > 0 {
		v.Shifted = "+" + seconds(r.Shift)
	}
	return v
}

// recoveryText is a recovery and its interval; of one without an end, that it
// took longer than was measured.
func recoveryText(took *float64, low float64, high *float64) (value, between string) {
	if took == nil {
		return "> " + seconds(low), ""
	}
	return seconds(*took), interval("recovery", &low, high)
}

// length is how long something took that goes on for minutes.
func length(v float64) string {
	if v < 100 {
		return seconds(v)
	}
	return time.Duration(v * float64(time.Second)).Round(time.Second).String()
}

// reportOf is the link to a run's report; "" when it has none, or its folder
// cannot stand in a link as it is.
func reportOf(r SuiteRun) string { return reportBelow(r.Folder) }

// reportBelow is the link to the report of a run in folder.
func reportBelow(folder string) string {
	const plainPath = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./"
	if folder == "" || strings.HasPrefix(folder, "/") || strings.Trim(folder, plainPath) != "" {
		return ""
	}
	return folder + "/report.html"
}
