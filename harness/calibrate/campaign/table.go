package campaign

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gauntlet/harness/calibrate"
	"gauntlet/reports"
)

// Layer is the table of a ledger.
func Layer(name, about string, rows []reports.CalibrationRow, entries []Entry) reports.CalibrationLayer {
	l := reports.CalibrationLayer{Name: name, About: about, Rows: rows}
	for _, e := range entries {
		if e.StartedAt == "" {
			continue
		}
		if l.From == "" || e.StartedAt < l.From {
			l.From = e.StartedAt
		}
		l.To = max(l.To, e.StartedAt)
		if !slices.Contains(l.Commits, e.Commit) {
			l.Commits = append(l.Commits, e.Commit)
		}
	}
	return l
}

// Sockets are the rows of runs against truth servers. Their goals are those of
// a quiet host. Runs that others disturbed are rows of their own, after these:
// nothing is demanded there but that no verdict is wrong. Where any host will do
// no run is told apart.
func Sockets(entries []Entry) []reports.CalibrationRow {
	var quiet, busy []Entry
	for _, e := range entries {
		if e.Failed != "" || e.Host.Quiet() {
			quiet = append(quiet, e)
		} else {
			busy = append(busy, e)
		}
	}
	var rows, disturbed []reports.CalibrationRow
	for _, s := range calibrate.Sockets() {
		wrongs := calibrate.WrongsOf(calibrate.SocketWrongs(), s.Name)
		if s.AnyHost {
			rows = append(rows, accountOf(entries, s.Name, wrongs).row(s.Name, s.Goal, wrongs))
			continue
		}
		rows = append(rows, accountOf(quiet, s.Name, wrongs).row(s.Name, s.Goal, wrongs))
		if a := accountOf(busy, s.Name, nil); a.tally.Runs > 0 {
			disturbed = append(disturbed, a.row(s.Name+", busy host", calibrate.Goal{Open: 1}, nil))
		}
	}
	return append(rows, disturbed...)
}

// The rows of healthy runs: half of them have a burner beside them.
const (
	Alone    = "healthy"
	Stressed = "healthy, beside CPU stress"
	control  = "control: " // and its name
)

// mostOpen is the share of the healthy runs on a quiet host that may be
// INCONCLUSIVE.
const mostOpen = 0.02

// Healthy are the rows of healthy runs, and of their controls.
func Healthy(entries []Entry) []reports.CalibrationRow {
	var rows []reports.CalibrationRow
	for _, name := range []string{Alone, Stressed} {
		a := accountOf(entries, name, nil)
		r := a.row(name, calibrate.Goal{Open: 1}, nil)
		if q := r.Host; q != nil && float64(q.QuietOpen) > mostOpen*float64(q.Quiet) {
			r.Broken = append(r.Broken, fmt.Sprintf("%d of %d runs on a quiet host are INCONCLUSIVE, at most %.0f %% may be", q.QuietOpen, q.Quiet, 100*mostOpen))
		}
		rows = append(rows, r)
	}
	var controls []string
	for _, e := range entries {
		if strings.HasPrefix(e.Row, control) && !slices.Contains(controls, e.Row) {
			controls = append(controls, e.Row)
			rows = append(rows, controlRow(entries, e.Row))
		}
	}
	return rows
}

// controlRow is of runs that must FAIL.
func controlRow(entries []Entry, name string) reports.CalibrationRow {
	r := reports.CalibrationRow{Name: name, Control: true}
	var hosts []Host
	for _, e := range entries {
		switch {
		case e.Row != name:
		case e.Failed != "":
			r.Failed++
		default:
			r.Runs++
			hosts = append(hosts, e.Host)
			if e.Miss != "" {
				r.FalsePasses++
				r.Broken = append(r.Broken, e.Run+": "+e.Miss)
				r.Kept = append(r.Kept, e.Run)
			}
		}
	}
	r.Host = hostsOf(hosts)
	return r
}

// account is what the ledger has of a row.
type account struct {
	tally     calibrate.Tally
	controls  []calibrate.Tally // by wrong
	outcomes  calibrate.Share
	within    time.Duration
	hosts     []Host
	quiet     int
	quietOpen int
	failed    int
	kept      []string
}

func accountOf(entries []Entry, row string, wrongs []calibrate.Wrong) *account {
	a := &account{controls: make([]calibrate.Tally, len(wrongs))}
	for _, e := range entries {
		if e.Row != row {
			continue
		}
		if e.Failed != "" {
			a.failed++
			continue
		}
		t := e.Tally()
		a.tally.Add(t)
		for i, w := range wrongs {
			a.controls[i].Add(calibrate.Score(w.Tell(uint64(e.Seed), e.Truth, e.Told)))
		}
		a.outcomes = calibrate.Share{So: a.outcomes.So + e.Outcomes.So, Of: a.outcomes.Of + e.Outcomes.Of}
		a.within = max(a.within, time.Duration(e.Within))
		a.hosts = append(a.hosts, e.Host)
		if e.Host.Quiet() {
			a.quiet++
			a.quietOpen += t.Undecided
		}
		if e.remarkable() {
			a.kept = append(a.kept, e.Run)
		}
	}
	return a
}

func (a *account) row(name string, g calibrate.Goal, wrongs []calibrate.Wrong) reports.CalibrationRow {
	r := calibrate.Describe(name, g, a.tally, wrongs, a.controls)
	r.Failed, r.Kept = a.failed, a.kept
	if a.outcomes.Of > 0 {
		share, apart := a.outcomes.Ratio(), float64(a.within)/float64(time.Millisecond)
		r.Outcomes, r.ClockMs = &share, &apart
	}
	if r.Host = hostsOf(a.hosts); r.Host != nil {
		r.Host.Quiet, r.Host.QuietOpen = a.quiet, a.quietOpen
	}
	return r
}

// hostsOf is what the machine was like over runs; nil without any.
func hostsOf(all []Host) *reports.CalibrationHost {
	if len(all) == 0 {
		return nil
	}
	h := &reports.CalibrationHost{}
	var loads, pressures []float64
	for _, x := range all {
		h.Processors = max(h.Processors, x.Processors)
		h.Others += x.Others / float64(len(all))
		h.Ambiguous += x.Ambiguous / float64(len(all))
		if x.LoadAverage != nil {
			loads = append(loads, *x.LoadAverage)
		}
		if x.Pressure != nil {
			pressures = append(pressures, *x.Pressure)
		}
	}
	h.LoadAverage, h.Pressure = mean(loads), mean(pressures)
	if len(pressures) > 0 {
		worst := slices.Max(pressures)
		h.PressureMax = &worst
	}
	return h
}

func mean(all []float64) *float64 {
	if len(all) == 0 {
		return nil
	}
	sum := 0.0
	for _, v := range all {
		sum += v
	}
	sum /= float64(len(all))
	return &sum
}
