package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/term"

	"gauntlet/harness/experiment"
	"gauntlet/harness/run"
	"gauntlet/reports"
)

// runCommand runs experiments and judges them.
type runCommand struct {
	Names          []string          `arg:"" name:"experiment" help:"Name (experiments/NAME.yaml, looked up from here upwards) or path of an experiment file."`
	Platform       string            `help:"Where the system runs: local (processes of this machine) or docker (containers). An experiment with target.url is always external." placeholder:"NAME"`
	Set            map[string]string `help:"Override a field of the experiment: --set load.rate=500/s." mapsep:"none" placeholder:"PATH=VALUE"`
	Control        string            `help:"Run this control of the experiment: it must end as the file says." placeholder:"NAME" xor:"control"`
	Controls       bool              `help:"Run every control of the experiments." xor:"control"`
	Seed           *int64            `help:"Seed of everything random; without it one is drawn, shown and stored." placeholder:"N"`
	Out            string            `help:"Folder of the runs; default: reports/runs beside experiments/." type:"path" placeholder:"DIR"`
	JSON           bool              `help:"Print result.json on stdout, and nothing else; of several runs a compact line each."`
	Events         string            `help:"Append the run's events to this file as they happen." type:"path" placeholder:"FILE"`
	Wait           bool              `help:"Wait for another run on this machine to end, instead of being refused."`
	AllowHost      []string          `help:"A host beyond this machine that may receive load." placeholder:"HOST"`
	NoSubstitute   bool              `help:"Refuse an embedded substitute for a program that is not installed." env:"GAUNTLET_NO_SUBSTITUTE" xor:"substitute"`
	Substitute     bool              `help:"Run the embedded substitute even where the real program is installed." xor:"substitute"`
	OnInconclusive string            `help:"How an INCONCLUSIVE run ends: ${enum}." enum:"exit4,fail,pass" default:"exit4"`
	DryRun         bool              `help:"Only show what would be done, and what can be decided."`
}

// Run runs them one after the other. Its exit code is that of the worst.
func (c *runCommand) Run(ctx context.Context, std streams) error {
	jobs, err := c.jobs(ctx)
	if err != nil {
		return err
	}
	if c.DryRun {
		for _, j := range jobs {
			if err := j.describe(std.out); err != nil {
				return err
			}
		}
		return nil
	}
	worst := exitPass
	for i, j := range jobs {
		if len(jobs) > 1 {
			fmt.Fprintf(std.err, "\n[%d/%d] %s\n", i+1, len(jobs), title(j.exp))
		}
		code, err := c.one(ctx, j, len(jobs) > 1, std)
		if err != nil {
			fmt.Fprintln(std.err, paragraphs(err))
		}
		worst = worse(worst, code)
		if ctx.Err() != nil {
			break
		}
	}
	return exit{code: worst}
}

// jobs reads every experiment first, so that a mistake in the last one is
// found before the first one runs.
func (c *runCommand) jobs(ctx context.Context) ([]*prepared, error) {
	var jobs []*prepared
	var errs []error
	for _, name := range c.Names {
		controls := []string{c.Control}
		if c.Controls {
			exp, err := load(name, "", c.Set)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			if len(exp.Controls) == 0 {
				errs = append(errs, exit{exitUsage, fmt.Errorf("%s has no controls: nothing shows that it can fail; add some", exp.File)})
			}
			controls = controls[:0]
			for _, control := range exp.Controls {
				controls = append(controls, control.Name)
			}
		}
		for _, control := range controls {
			exp, err := load(name, control, c.Set)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			job, err := prepare(ctx, exp, c.Platform)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			jobs = append(jobs, job)
		}
	}
	return jobs, errors.Join(errs...)
}

// one runs one experiment and shows what came of it.
func (c *runCommand) one(ctx context.Context, j *prepared, several bool, std streams) (code int, err error) {
	o, done, err := c.options(j, std)
	if err != nil {
		return exitUsage, err
	}
	defer done()
	out, err := run.Run(ctx, o)
	if out.Result != nil {
		if showErr := c.show(out, several, std); showErr != nil {
			err = errors.Join(err, showErr)
		}
	}
	if out.Unclean != nil {
		fmt.Fprintf(std.err, "gauntlet: not everything could be cleaned up (`gauntlet gc` tries again): %v\n", out.Unclean)
	}
	return c.code(j.exp, out, err, std), err
}

func (c *runCommand) options(j *prepared, std streams) (o run.Options, done func(), err error) {
	root, err := tree(j.exp)
	if err != nil {
		return o, nil, err
	}
	seed := rand.Int64N(1_000_000)
	if c.Seed != nil {
		seed = *c.Seed
	}
	out := c.Out
	if out == "" {
		out = filepath.Join(root, "reports", "runs")
	}
	o = run.Options{
		Experiment: j.exp, Faults: j.faults, Platform: j.platform, Seed: seed, Out: out,
		History: filepath.Join(filepath.Dir(out), "history.ndjson"), Command: c.again(j.exp, j.platform, seed),
		Wait: c.Wait, AllowHosts: c.AllowHost, NoSubstitute: c.NoSubstitute, ForceSubstitute: c.Substitute, Progress: std.err,
	}
	if o.Echo, err = echoAgain(); err != nil {
		return o, nil, err
	}
	done = func() {}
	if c.Events != "" {
		f, err := os.OpenFile(c.Events, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			return o, nil, err
		}
		o.Events, done = f, func() { f.Close() }
	}
	return o, done, nil
}

// again is the command that repeats the run.
func (c *runCommand) again(exp *experiment.Experiment, platform string, seed int64) string {
	words := []string{"gauntlet", "run", exp.File, "--platform", platform, "--seed", fmt.Sprint(seed)}
	for _, path := range sortedKeys(c.Set) {
		words = append(words, "--set", path+"="+c.Set[path])
	}
	if exp.Applied != "" {
		words = append(words, "--control", exp.Applied)
	}
	if c.NoSubstitute {
		words = append(words, "--no-substitute")
	}
	if c.Substitute {
		words = append(words, "--substitute")
	}
	for _, host := range c.AllowHost {
		words = append(words, "--allow-host", host)
	}
	return quoted(words...)
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// show prints the result.
func (c *runCommand) show(out run.Outcome, several bool, std streams) error {
	if !c.JSON {
		return reports.Terminal(std.out, out.Result, colored(std.out))
	}
	if !several {
		return reports.WriteResult(std.out, out.Result)
	}
	var whole, line bytes.Buffer
	if err := reports.WriteResult(&whole, out.Result); err != nil {
		return err
	}
	if err := json.Compact(&line, whole.Bytes()); err != nil {
		return err
	}
	_, err := fmt.Fprintln(std.out, line.String())
	return err
}

// colored says whether w is a terminal whose user has not asked for plain
// text (https://no-color.org).
func colored(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	return term.IsTerminal(int(f.Fd()))
}

// code is the exit code of one run. That of a control tells whether it ended
// as it must.
func (c *runCommand) code(exp *experiment.Experiment, out run.Outcome, err error, std streams) int {
	if err != nil {
		code := worse(codeOf(err), unclean(out))
		if code == exitInfrastructure && out.Result != nil && out.Result.Verdict == reports.Fail && exp.Expect == nil {
			return exitFail // that the page could not be written does not hide what was found
		}
		return code
	}
	code := exitPass
	switch {
	case exp.Expect != nil:
		if miss := run.Unexpected(*exp.Expect, out.Result); miss != "" {
			fmt.Fprintf(std.err, "control %s did not end as it must: %s\n", exp.Applied, miss)
			code = exitFail
		} else {
			fmt.Fprintf(std.err, "control %s ended as it must: %s by %s\n", exp.Applied, exp.Expect.Verdict, exp.Expect.Objective)
		}
	case out.Result.Verdict == reports.Fail:
		code = exitFail
	case out.Result.Verdict == reports.Inconclusive:
		code = map[string]int{"exit4": exitInconclusive, "fail": exitFail, "pass": exitPass}[c.OnInconclusive]
	}
	return worse(code, unclean(out))
}

func unclean(out run.Outcome) int {
	if out.Unclean != nil {
		return exitUnclean
	}
	return exitPass
}

// worse is the exit code that says more: what could not be cleaned up (an
// interruption promises that the system is down), an interruption, what could
// not be brought up, then FAIL over INCONCLUSIVE over PASS.
func worse(a, b int) int {
	order := []int{exitPass, exitInconclusive, exitFail, exitInfrastructure, exitUsage, exitTerminated, exitInterrupted, exitUnclean}
	if slices.Index(order, b) > slices.Index(order, a) {
		return b
	}
	return a
}

func title(exp *experiment.Experiment) string {
	if exp.Applied != "" {
		return exp.Name + " (control " + exp.Applied + ")"
	}
	return exp.Name
}
