package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gauntlet/harness/experiment"
	"gauntlet/harness/run"
	"gauntlet/harness/suite"
	"gauntlet/reports"
)

// runCommand runs experiments and suites, and judges them.
type runCommand struct {
	Names          []string          `arg:"" name:"experiment" help:"Name (experiments/NAME.yaml or experiments/suites/NAME.yaml, looked up from here upwards) or path of the file of an experiment or a suite."`
	Platform       string            `help:"Where the system runs: local (processes of this machine) or docker (containers). An experiment with target.url is always external." placeholder:"NAME"`
	Set            map[string]string `help:"Override a field of the experiment: --set load.rate=500/s." mapsep:"none" placeholder:"PATH=VALUE"`
	Control        string            `help:"Run this control of the experiment: it must end as the file says." placeholder:"NAME" xor:"control"`
	Controls       bool              `help:"Run every control of the experiments." xor:"control"`
	Repeat         int               `help:"Run each experiment this often, one after the other, with another seed and phase; the worst conclusive one gates." placeholder:"N"`
	Shift          time.Duration     `help:"Inject this much later, as a repetition does; its report says how much. Of one run only." placeholder:"DURATION"`
	Seed           *int64            `help:"Seed of everything random; without it one is drawn, shown and stored." placeholder:"N"`
	Out            string            `help:"Folder of all that comes of it: DIR/EXPERIMENT/ID, of a suite DIR/suites/SUITE/ID; default: reports/runs and reports/suites beside experiments/." type:"path" placeholder:"DIR"`
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
	if c.Repeat < 0 || c.Shift < 0 {
		return exit{exitUsage, errors.New("--repeat and --shift are not negative")}
	}
	if c.Platform == allPlatforms {
		return exit{exitUsage, errors.New("--platform all is what validate takes; a run has one\n  hint: --platform local or --platform docker")}
	}
	if info, err := os.Stat(c.Out); err == nil && !info.IsDir() {
		return exit{exitUsage, fmt.Errorf("--out %s is no folder\n  hint: name one, which need not exist", c.Out)}
	}
	groups, err := c.groups(ctx)
	if err != nil {
		return err
	}
	for _, g := range groups {
		g.warn(std.err)
		if c.Shift > 0 && g.merged() {
			return exit{exitUsage, fmt.Errorf("%s: --shift is of one run, and of several each has a shift of its own\n  hint: add --repeat 1, and name an experiment", g.title())}
		}
	}
	if c.DryRun {
		return c.dryRun(groups, std.out)
	}
	several := len(groups) > 1
	worst := exitPass
	for i, g := range groups {
		if several {
			fmt.Fprintf(std.err, "\n[%d/%d] %s\n", i+1, len(groups), g.title())
		}
		code, err := c.group(ctx, g, several, std)
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

// group runs one experiment, or all runs of a suite.
func (c *runCommand) group(ctx context.Context, g *group, several bool, std streams) (int, error) {
	seed := rand.Int64N(1_000_000)
	if c.Seed != nil {
		seed = *c.Seed
	}
	if g.merged() {
		return c.suite(ctx, g, seed, std)
	}
	j := g.jobs[0]
	out, err := c.one(ctx, j, suite.Attempt{Seed: seed, Shift: c.Shift}, several, std)
	if out.Result != nil && onGitHub() {
		err = errors.Join(err, reports.Annotations(std.err, j.exp.File, out.Result))
	}
	return c.code(j.exp, out, err, std), err
}

// one runs one experiment once and shows what came of it.
func (c *runCommand) one(ctx context.Context, j *prepared, a suite.Attempt, several bool, std streams) (run.Outcome, error) {
	o, done, err := c.options(j, a, std)
	if err != nil {
		return run.Outcome{}, exit{exitUsage, err}
	}
	defer done()
	out, err := run.Run(ctx, o)
	if out.Result != nil {
		err = errors.Join(err, c.show(out, several, std))
	}
	if out.Unclean != nil {
		fmt.Fprintf(std.err, "gauntlet: not everything could be cleaned up (`gauntlet gc` tries again): %v\n", out.Unclean)
	}
	return out, err
}

func (c *runCommand) options(j *prepared, a suite.Attempt, std streams) (o run.Options, done func(), err error) {
	to, err := c.places(j.root)
	if err != nil {
		return o, nil, err
	}
	o = run.Options{
		Experiment: j.exp, Faults: j.faults, Platform: j.platform, Kernel: j.kernel, Seed: a.Seed, Shift: a.Shift, Out: to.runs,
		History: to.history, Command: c.again(j, a), Set: j.set,
		Wait: c.Wait, AllowHosts: c.AllowHost, NoSubstitute: c.NoSubstitute, ForceSubstitute: c.Substitute, Progress: std.err,
	}
	if o.Echo, err = itself(echoName); err != nil {
		return o, nil, err
	}
	if o.Link, err = itself("link", "--ignore-stdin"); err != nil {
		return o, nil, err
	}
	if o.Burner, err = burnAgain(); err != nil {
		return o, nil, err
	}
	done = func() {}
	if c.Events != "" {
		f, err := os.OpenFile(c.Events, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			return o, nil, fmt.Errorf("--events: %w", err)
		}
		o.Events, done = f, func() { f.Close() }
	}
	return o, done, nil
}

// places are where what comes of runs and suites is put.
type places struct {
	runs, suites string // folders
	history      string // the file of all runs
}

// places are below --out, or in the tree around file.
func (c *runCommand) places(file string) (places, error) {
	if c.Out != "" {
		return places{c.Out, filepath.Join(c.Out, "suites"), filepath.Join(c.Out, run.HistoryFile)}, nil
	}
	root, err := tree(file)
	reports := filepath.Join(root, "reports")
	return places{filepath.Join(reports, "runs"), filepath.Join(reports, "suites"), filepath.Join(reports, run.HistoryFile)}, err
}

// again is the command that repeats the run.
func (c *runCommand) again(j *prepared, a suite.Attempt) string {
	words := []string{"gauntlet", "run", j.exp.File, "--platform", j.platform, "--seed", fmt.Sprint(a.Seed)}
	if a.Shift > 0 {
		words = append(words, "--shift", a.Shift.String())
	}
	for _, set := range j.set {
		words = append(words, "--set", set)
	}
	if j.exp.Applied != "" {
		words = append(words, "--control", j.exp.Applied)
	}
	if j.exp.Repeat > 1 {
		words = append(words, "--repeat", "1") // this run, and not all of them
	}
	return quoted(append(words, c.modes()...)...)
}

// modes are the flags that change how everything is run.
func (c *runCommand) modes() (words []string) {
	if c.NoSubstitute {
		words = append(words, "--no-substitute")
	}
	if c.Substitute {
		words = append(words, "--substitute")
	}
	for _, host := range c.AllowHost {
		words = append(words, "--allow-host", host)
	}
	return words
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

// code is the exit code of one run. That of a control tells whether it ended
// as it must.
func (c *runCommand) code(exp *experiment.Experiment, out run.Outcome, err error, std streams) int {
	if err != nil {
		code := worse(codeOf(err), unclean(out))
		if out.Result != nil && gate(out.Result) == reports.Fail && exp.Expect == nil {
			code = worse(code, exitFail) // that the page could not be written does not hide what was found
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
	case gate(out.Result) == reports.Fail:
		code = exitFail
	case gate(out.Result) == reports.Inconclusive:
		code = inconclusive(c.OnInconclusive)
	}
	return worse(code, unclean(out))
}

// gate is the verdict that a pipeline acts on: waivers count.
func gate(r *reports.Result) reports.Verdict { return reports.GateOf(r.Verdict, r.Gate) }

func unclean(out run.Outcome) int {
	if out.Unclean != nil {
		return exitUnclean
	}
	return exitPass
}

// worse is the exit code that says more: what could not be cleaned up (an
// interruption promises that the system is down), an interruption, a mistake
// of the caller, then FAIL over what could not be brought up (a regression is
// one, whatever else went wrong) over INCONCLUSIVE over PASS.
func worse(a, b int) int {
	order := []int{exitPass, exitInconclusive, exitInfrastructure, exitFail, exitUsage, exitTerminated, exitInterrupted, exitUnclean}
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
