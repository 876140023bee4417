package main

import (
	"context"
	"os"
	"path/filepath"

	"gauntlet/harness/doctor"
	"gauntlet/harness/experiment"
	"gauntlet/harness/platform/local"
)

// doctorCommand tells what this machine can do.
type doctorCommand struct {
	JSON bool   `help:"Print the report as JSON on stdout."`
	Out  string `help:"Folder of the runs, where space is looked for; default: reports/runs beside experiments/." type:"path" placeholder:"DIR"`
}

// Run ends with exitInfrastructure when something is missing that no run on
// the local platform can do without.
func (c *doctorCommand) Run(ctx context.Context, std streams) error {
	first, last := local.PortRange()
	report := doctor.Examine(ctx, doctor.ThisMachine(), doctor.Needs{
		Out: c.out(), Workers: experiment.MaxWorkers, FirstPort: first, LastPort: last,
	})
	write := report.Write
	if c.JSON {
		write = report.WriteJSON
	}
	if err := write(std.out); err != nil {
		return err
	}
	if !report.OK {
		return exit{code: exitInfrastructure}
	}
	return nil
}

// out is where runs are written: below the tree's folder when there is one
// around the current folder, else below the current folder.
func (c *doctorCommand) out() string {
	if c.Out != "" {
		return c.Out
	}
	dir, err := experiment.Folder()
	if err != nil {
		dir, _ = os.Getwd() // "" when it is gone, which the check then says
	} else {
		dir = filepath.Dir(dir)
	}
	return filepath.Join(dir, "reports", "runs")
}
