package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gauntlet/harness/capacity"
	"gauntlet/harness/chaos"
	"gauntlet/harness/doctor"
	"gauntlet/harness/experiment"
	"gauntlet/harness/platform/local"
	"gauntlet/harness/platform/priority"
	"gauntlet/harness/run"
)

// doctorCommand tells what this machine can do.
type doctorCommand struct {
	Name     string            `arg:"" optional:"" name:"experiment" help:"Name or path of an experiment: tell whether its rate can be sent from here beside its stress."`
	JSON     bool              `help:"Print the report as JSON on stdout."`
	Out      string            `help:"Folder of the runs, where space is looked for; default: reports/runs beside experiments/." type:"path" placeholder:"DIR"`
	Platform string            `help:"Where the experiment is to run: local or docker." placeholder:"NAME"`
	Set      map[string]string `help:"Override a field of the experiment." mapsep:"none" placeholder:"PATH=VALUE"`
}

// Run ends with exitInfrastructure when something is missing that no run on
// the local platform can do without, or that of the named experiment.
func (c *doctorCommand) Run(ctx context.Context, std streams) error {
	asked, err := c.load(ctx)
	if err != nil {
		return err
	}
	first, last := local.PortRange()
	report := doctor.Examine(ctx, doctor.ThisMachine(generator), doctor.Needs{
		Out: c.out(), Workers: experiment.MaxWorkers, FirstPort: first, LastPort: last, Load: asked,
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

// load is what the named experiment asks of the generator; nil without a name.
func (c *doctorCommand) load(ctx context.Context) (*doctor.Load, error) {
	if c.Name == "" {
		return nil, nil
	}
	groups, err := reading{platform: c.Platform, set: c.Set}.read(ctx, c.Name)
	if err != nil {
		return nil, err
	}
	if groups[0].suite != nil {
		return nil, exit{exitUsage, fmt.Errorf("%s is a suite\n  hint: name one of its experiments", c.Name)}
	}
	j := groups[0].jobs[0]
	victims := make([]int, len(j.faults))
	for i, f := range j.faults {
		if f.Stress == nil {
			continue
		}
		if victims[i], err = chaos.Most(f.Fault, j.replicas); err != nil {
			return nil, err
		}
	}
	a := run.Asks(j.exp, j.platform, j.faults, victims)
	return &doctor.Load{Name: title(j.exp), Rate: a.Rate, Times: a.Times, Stress: a.Stress}, nil
}

// generator measures the generator with the priority that it has in a run.
func generator(ctx context.Context) (g capacity.Generator, err error) {
	echo, err := itself(echoName)
	if err != nil {
		return g, err
	}
	lower, err := priority.Raise()
	raised := err == nil
	if raised {
		defer func() { err = errors.Join(err, lower()) }()
	}
	return run.Measure(ctx, echo, raised)
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
