package reports

import (
	"fmt"
	"math"
	"strconv"
)

// burned is a budget as a row of the page.
type burned struct {
	Name, Target       string
	Phases             []burnCell // by burnPhases
	Total              burnCell
	Bad                string
	Used, UsedInterval string
}

type burnCell struct{ Rate, Interval string }

var burnPhases = []string{"baseline", "fault", "observe"}

// BurnPhases are the columns of the table of budgets.
func (p *page) BurnPhases() []string { return burnPhases }

func burnedBy(all []ErrorBudget) []burned {
	var rows []burned
	for _, b := range all {
		row := burned{Name: b.Operation, Target: percent(b.Target), Total: cellOf(b.Burn), Phases: make([]burnCell, len(burnPhases)),
			Bad: fmt.Sprintf("%s of %s", count(b.Burn.Bad), count(b.Burn.Judged))}
		if row.Name == "" {
			row.Name = "all requests"
		}
		for i, name := range burnPhases {
			row.Phases[i] = burnCell{Rate: absent}
			for _, one := range b.Phases {
				if one.Phase == name {
					row.Phases[i] = cellOf(one)
				}
			}
		}
		row.Used = percent(b.OfPeriod.Value) + " of " + trim(strconv.FormatFloat(b.PeriodDays, 'f', 1, 64)) + space + "days"
		from, to := outwards(b.OfPeriod.Low*100, b.OfPeriod.High*100, 1, 6)
		row.UsedInterval = "[" + trim(from) + ", " + trim(to) + "]" + space + "%"
		rows = append(rows, row)
	}
	return rows
}

func cellOf(b Burn) burnCell {
	return burnCell{significant(b.Value), "[" + significant(b.Low) + ", " + significant(b.High) + "]"}
}

// significant is a number with three digits that count.
func significant(v float64) string {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return trim(strconv.FormatFloat(v, 'f', 0, 64))
	}
	digits := max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	return trim(strconv.FormatFloat(v, 'f', min(digits, 6), 64))
}
