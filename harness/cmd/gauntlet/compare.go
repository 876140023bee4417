package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"gauntlet/harness/compare"
	"gauntlet/harness/compare/pairs"
	"gauntlet/harness/run"
	"gauntlet/harness/suite"
	"gauntlet/reports"
)

// compareCommand compares two builds, or two runs that were made.
type compareCommand struct {
	Names []string `arg:"" name:"what" help:"RUN-A RUN-B: two folders of runs, side by side. With --builds: A B EXPERIMENT, where a build is a folder with the source, a revision, a program, or on docker an image."`

	Builds bool     `help:"Run two builds of the target's service in pairs, under the same load and faults, and decide whether B is worse."`
	AArg   []string `help:"A further argument for build A." sep:"none" placeholder:"WORD"`
	BArg   []string `help:"A further argument for build B." sep:"none" placeholder:"WORD"`
	AEnv   []string `help:"A setting in the environment of build A." sep:"none" placeholder:"NAME=VALUE"`
	BEnv   []string `help:"A setting in the environment of build B." sep:"none" placeholder:"NAME=VALUE"`

	Pairs  int               `help:"At most so many pairs (7 to 50); fewer when it is plain after 8." default:"10" placeholder:"N"`
	Budget time.Duration     `help:"The time that all of it may take; then what there is is judged." placeholder:"DURATION"`
	Floor  map[string]string `help:"The difference that is worth a word: bad=1%, p50=5%+1ms, p99=10%+5ms, recovery=10%+500ms, lost=0, processor=10%+20us." mapsep:"none" placeholder:"KIND=FLOOR"`

	Platform       string            `help:"Where the system runs: local (processes of this machine) or docker (containers)." placeholder:"NAME"`
	Set            map[string]string `help:"Override a field of the experiment, for both: --set phases.observe=10s." mapsep:"none" placeholder:"PATH=VALUE"`
	Seed           *int64            `help:"Seed of everything random, the order within pairs included; without it one is drawn, shown and stored." placeholder:"N"`
	Out            string            `help:"Folder of all that comes of it: DIR/EXPERIMENT/ID; default: reports/comparisons beside experiments/." type:"path" placeholder:"DIR"`
	JSON           bool              `help:"Print comparison.json on stdout, and nothing else."`
	Wait           bool              `help:"Wait for another run on this machine to end, instead of being refused."`
	NoSubstitute   bool              `help:"Refuse an embedded substitute for a program that is not installed." env:"GAUNTLET_NO_SUBSTITUTE" xor:"substitute"`
	Substitute     bool              `help:"Run the embedded substitute even where the real program is installed." xor:"substitute"`
	OnInconclusive string            `help:"How an INCONCLUSIVE comparison ends: ${enum}." enum:"exit4,fail,pass" default:"exit4"`
	DryRun         bool              `help:"Only show what would be done."`
}

func (c *compareCommand) Run(ctx context.Context, std streams) error {
	if c.Builds {
		return c.builds(ctx, std)
	}
	if len(c.Names) != 2 {
		return exit{exitUsage, fmt.Errorf("two folders of runs are compared, not %d\n  hint: gauntlet compare RUN-A RUN-B, or gauntlet compare --builds A B EXPERIMENT", len(c.Names))}
	}
	var runs [2]*reports.Result
	for i, dir := range c.Names {
		r, _, err := run.ReadResult(dir)
		if err != nil {
			return exit{exitUsage, fmt.Errorf("%w\n  hint: to compare builds: --builds", err)}
		}
		runs[i] = r
	}
	return reports.SideBySide(std.out, runs[0], runs[1], colored(std.out))
}

// builds runs the pairs and shows what came of them.
func (c *compareCommand) builds(ctx context.Context, std streams) error {
	t, err := c.contest(ctx)
	if err != nil {
		return err
	}
	if c.DryRun {
		return c.dryRun(ctx, t, std)
	}
	defer t.close()
	if err := t.find(ctx, std.err); err != nil {
		return err
	}
	ctx, refuse := context.WithCancelCause(ctx)
	defer refuse(nil)
	var refused error // why not even the first run was started
	runs, worst := 0, exitPass
	done, err := pairs.Run(ctx, pairs.Options{
		About: t.about(c, run.Commit(ctx, filepath.Dir(t.file))), Pairs: c.Pairs, Budget: c.Budget, Takes: t.takes(), Floors: t.floors, Out: t.out, Now: time.Now,
		Hide: run.Hiding(t.a.job.exp, t.b.job.exp), Progress: std.err,
		Run: func(ctx context.Context, build, folder string, a suite.Attempt) (run.Outcome, error) {
			out, err := t.one(ctx, c, build, folder, a, std)
			runs++
			switch code := codeOf(err); {
			case err == nil:
			case code == exitUsage && runs == 1: // what refuses the first refuses them all
				refused = err
				refuse(err)
			case code == exitUsage: // files and flags were right; a host may still be taken by another run
				worst = worse(worst, exitInfrastructure)
			default:
				worst = worse(worst, code)
			}
			return out, err
		},
	})
	if refused != nil {
		return errors.Join(refused, os.RemoveAll(done.Dir))
	}
	if done.Comparison == nil {
		return err
	}
	if done.Comparison.Interrupted {
		worst = worse(worst, codeOf(context.Cause(ctx)))
	}
	if done.Unclean {
		worst = worse(worst, exitUnclean)
	}
	return c.end(t.file, done, worst, err, std)
}

// end shows a comparison under the experiment in file and says how gauntlet ends.
func (c *compareCommand) end(file string, done pairs.Outcome, worst int, err error, std streams) error {
	told := done.Comparison
	switch told.Verdict {
	case reports.Fail:
		worst = worse(worst, exitFail)
	case reports.Inconclusive:
		worst = worse(worst, inconclusive(c.OnInconclusive))
	}
	if c.JSON {
		err = errors.Join(err, reports.WriteComparison(std.out, told))
	} else {
		err = errors.Join(err, reports.ComparisonTerminal(std.out, told, reports.ComparisonFolder.Page(done.Dir), colored(std.out)))
	}
	if onGitHub() {
		err = errors.Join(err, reports.ComparisonAnnotations(std.err, file, told))
	}
	if err != nil {
		return exit{worse(worst, codeOf(err)), err}
	}
	return exit{code: worst}
}

// dryRun shows what the pairs take.
func (c *compareCommand) dryRun(ctx context.Context, t *contest, std streams) error {
	told, err := t.look(ctx)
	if err != nil {
		return err
	}
	if err := t.a.job.describe(std.out); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "\n%s: build B (%s) against A (%s) of service %s on %s\n", t.a.job.exp.Name, told[1], told[0], t.a.job.exp.Target.Service, t.a.job.platform)
	fmt.Fprintf(std.out, "  at most %d pairs, about %s for each run, %s for all\n", c.Pairs, t.takes().Round(time.Second), pairs.Planned(c.Pairs, t.takes()).Round(time.Second))
	for _, l := range t.looks {
		fmt.Fprintf(std.out, "  looked at after %d pairs\n", l.After)
	}
	return nil
}

// drawSeed is the seed of the command line, or one that is drawn.
func (c *compareCommand) drawSeed() int64 {
	if c.Seed != nil {
		return *c.Seed
	}
	return rand.Int64N(1_000_000)
}

// leastTime is what a comparison of as few pairs as can be decided takes.
func leastTime(takes time.Duration) time.Duration { return pairs.Planned(compare.LeastPairs, takes) }
