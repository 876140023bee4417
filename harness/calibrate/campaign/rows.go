package campaign

import (
	"strings"

	"gauntlet/harness/calibrate"
	"gauntlet/harness/experiment"
	"gauntlet/harness/run"
	"gauntlet/reports"
)

// SocketRow is runs of the row's experiment, against truth servers.
func SocketRow(s calibrate.Socket, wanted int, of *experiment.Experiment) Row {
	demand := calibrate.Demand{Good: of.SLO.GoodLatency, Promise: run.Promise(of)}
	return Row{Name: s.Name, Folder: s.Experiment, Wanted: wanted, Read: func(dir string, r *reports.Result, e *Entry) error {
		o, err := calibrate.Observe(dir, r, demand)
		if err != nil {
			return err
		}
		e.Truth, e.Told, e.Outcomes, e.Within = o.Truth, o.Told, o.Outcomes, int64(o.Within)
		return nil
	}}
}

// HealthyRows are as many runs of a healthy system as wanted, every other one
// of them beside the burner.
func HealthyRows(wanted int, burner []string) []Row {
	read := func(_ string, r *reports.Result, e *Entry) error {
		e.Told = calibrate.ToldBy(r)
		return nil
	}
	return []Row{
		{Name: Alone, Folder: "alone", Wanted: (wanted + 1) / 2, Read: read},
		{Name: Stressed, Folder: "stressed", Wanted: wanted / 2, Beside: burner, Read: read},
	}
}

// ControlRow is runs of a control of an experiment, which must end as it says.
func ControlRow(c *experiment.Experiment, wanted int) Row {
	return Row{Name: control + c.Applied, Folder: "control-" + strings.ToLower(c.Applied), Wanted: wanted, Read: func(_ string, r *reports.Result, e *Entry) error {
		e.Told = calibrate.ToldBy(r)
		e.Miss = run.Unexpected(*c.Expect, r)
		return nil
	}}
}
