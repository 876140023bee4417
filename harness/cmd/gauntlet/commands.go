package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	loadgen "gauntlet/harness/load"

	"gauntlet/harness/experiment"
	"gauntlet/harness/history"
	"gauntlet/harness/run"
	"gauntlet/reports"
)

// listCommand lists the experiments, and the suites apart.
type listCommand struct {
	Names bool `help:"Names of experiments only."`
}

func (c *listCommand) Run(std streams) error {
	dir, err := experiment.Folder()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(std.out, 0, 8, 2, ' ', 0)
	if err := c.experiments(table, dir); err != nil {
		return err
	}
	suites := experiment.Suites(dir)
	if c.Names || len(suites) == 0 {
		return nil
	}
	fmt.Fprintln(std.out, "\nsuites:")
	for _, s := range suites {
		if s.Err != nil {
			fmt.Fprintf(table, "%s\tnot valid: gauntlet validate %s\n", s.Name, shellQuote(s.Path))
			continue
		}
		fmt.Fprintf(table, "%s\t%s (%s)\n", s.Name, s.Description, strings.Join(s.Experiments, ", "))
	}
	return table.Flush()
}

func (c *listCommand) experiments(table *tabwriter.Writer, dir string) error {
	for _, e := range experiment.Names(dir) {
		if _, objects := bareManifest(e.Path); objects {
			continue // the faults of one of them
		}
		switch {
		case c.Names:
			fmt.Fprintln(table, e.Name)
		case e.Err != nil:
			fmt.Fprintf(table, "%s\tnot valid: gauntlet validate %s\n", e.Name, shellQuote(e.Path))
		default:
			fmt.Fprintf(table, "%s\t%s\n", e.Name, e.Hypothesis)
		}
	}
	return table.Flush()
}

// validateCommand checks experiments.
type validateCommand struct {
	Names    []string          `arg:"" name:"experiment" help:"Name or path of the file of an experiment or a suite, or the file of Chaos Mesh objects."`
	Platform string            `help:"Check for this platform; all: print what each of them makes of every fault." placeholder:"NAME"`
	Set      map[string]string `help:"Override a field of the experiment." mapsep:"none" placeholder:"PATH=VALUE"`
	Control  string            `help:"Check this control." placeholder:"NAME"`
}

func (c *validateCommand) Run(ctx context.Context, std streams) error {
	failed := false
	for _, name := range c.Names {
		if path, ok := bareManifest(name); ok {
			err := c.manifest(ctx, path, std.out)
			if err != nil {
				failed = true
				fmt.Fprintln(std.err, paragraphs(err))
			}
			continue
		}
		found, err := reading{platform: c.Platform, set: c.Set, control: c.Control}.read(ctx, name)
		for _, g := range found {
			g.warn(std.err)
			if !g.decided() {
				continue
			}
			if err := g.describe(std.out); err != nil {
				return err
			}
		}
		if err != nil {
			failed = true
			fmt.Fprintln(std.err, paragraphs(err))
		}
	}
	if failed {
		return exit{code: exitUsage}
	}
	return nil
}

// schemaCommand prints the schema of the experiment file.
type schemaCommand struct{}

func (schemaCommand) Run(std streams) error {
	_, err := std.out.Write(experiment.Schema())
	return err
}

// judgeCommand judges a run again.
type judgeCommand struct {
	Dir   string `arg:"" name:"run" help:"Folder of the run." type:"existingdir"`
	Write bool   `help:"Also write result.json, series.json and the page into the folder."`
}

func (c *judgeCommand) Run(std streams) error {
	result, series, err := run.Judge(c.Dir)
	if err != nil {
		return exit{exitUsage, err}
	}
	if c.Write {
		if err := run.WriteResult(c.Dir, result, series); err != nil {
			return err
		}
		if err := run.Report(c.Dir, run.HistoryBeside(c.Dir)); err != nil {
			return err
		}
	}
	return reports.WriteResult(std.out, result)
}

// reportCommand draws the page of a run, a suite or a comparison again.
type reportCommand struct {
	Dir string `arg:"" name:"run" help:"Folder of the run, the suite or the comparison." type:"existingdir"`
}

func (c *reportCommand) Run(std streams) error {
	for _, f := range []interface {
		Is(dir string) bool
		Draw(dir string) error
		Page(dir string) string
	}{reports.ComparisonFolder, reports.SuiteFolder} {
		if !f.Is(c.Dir) {
			continue
		}
		if err := f.Draw(c.Dir); err != nil {
			return exit{exitUsage, err}
		}
		fmt.Fprintln(std.out, f.Page(c.Dir))
		return nil
	}
	if err := run.Report(c.Dir, run.HistoryBeside(c.Dir)); err != nil {
		return exit{exitUsage, err}
	}
	fmt.Fprintln(std.out, run.Page(c.Dir))
	return nil
}

// exportCommand writes a run's requests in another format.
type exportCommand struct {
	Dir string `arg:"" name:"run" help:"Folder of the run." type:"existingdir"`
	To  string `help:"Format: ${enum}." enum:"vegeta,csv,jsonl" required:""`
}

func (c *exportCommand) Run(std streams) error {
	log, err := run.Export(c.Dir)
	if err != nil {
		return exit{exitUsage, err}
	}
	defer log.Close()
	switch c.To {
	case "csv":
		err = loadgen.ExportCSV(std.out, log)
	case "jsonl":
		err = loadgen.ExportJSONL(std.out, log)
	default:
		if onTerminal(std.out) {
			return exit{exitUsage, fmt.Errorf("vegeta's results are binary; redirect them: gauntlet export %s --to vegeta | vegeta report", shellQuote(c.Dir))}
		}
		err = loadgen.ExportVegeta(std.out, log)
	}
	if errors.Is(err, history.ErrTorn) {
		fmt.Fprintf(std.err, "warning: %v; what came before is exported\n", err)
		return nil
	}
	return err
}

// gcCommand removes what killed runs left.
type gcCommand struct{}

func (gcCommand) Run(ctx context.Context, std streams) error {
	lines, err := run.Reap(ctx)
	for _, line := range lines {
		fmt.Fprintln(std.out, line)
	}
	if err != nil {
		return exit{exitUnclean, err}
	}
	if len(lines) == 0 {
		fmt.Fprintln(std.out, "nothing was left")
	}
	return nil
}

// versionCommand prints the version.
type versionCommand struct{}

func (versionCommand) Run(std streams) error {
	_, err := fmt.Fprintln(std.out, "gauntlet", run.Version())
	return err
}
