package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gauntlet/harness/run"
	"gauntlet/harness/suite"
	"gauntlet/reports"
)

// suite runs everything that belongs to g and shows what came of it.
func (c *runCommand) suite(ctx context.Context, g *group, seed int64, std streams) (int, error) {
	file := g.jobs[0].root
	to, err := c.places(file)
	if err != nil {
		return exitInfrastructure, err
	}
	ctx, refuse := context.WithCancelCause(ctx)
	defer refuse(nil)
	var refused error // why not even the first run was started
	runs := 0
	worst := exitPass // of what kept runs from being carried out, beside the verdict
	o := suite.Options{
		Name: g.jobs[0].exp.Name, Seed: seed, Out: to.suites, Command: c.suiteAgain(g, file, seed),
		Commit: run.Commit(ctx, filepath.Dir(file)), Now: time.Now, Progress: std.err,
		Run: func(ctx context.Context, i int, a suite.Attempt) (run.Outcome, error) {
			one, err := c.one(ctx, g.jobs[i], a, true, std)
			runs++
			code := codeOf(err)
			switch {
			case err == nil:
			case code == exitUsage && runs == 1: // what refuses the first refuses them all
				refused = err
				refuse(err)
			default:
				fmt.Fprintln(std.err, paragraphs(err))
				if code == exitUsage {
					code = exitInfrastructure // files and flags were right; a host may still be taken by another run
				}
				worst = worse(worst, code)
			}
			return one, err
		},
	}
	if g.suite != nil {
		o.Name, o.About, o.Budget = g.suite.Name, g.suite.About(), g.suite.Budget
	} else {
		o.About = g.jobs[0].exp.Hypothesis
	}
	done, err := suite.Run(ctx, o, g.work())
	if refused != nil {
		return worse(worst, exitUsage), errors.Join(refused, os.RemoveAll(done.Dir))
	}
	if done.Suite == nil {
		return worse(worst, exitInfrastructure), err
	}
	if done.Suite.Interrupted {
		worst = worse(worst, codeOf(context.Cause(ctx)))
	}
	if done.Unclean {
		worst = worse(worst, exitUnclean)
	}
	return worse(worst, c.suiteCode(done.Suite)), errors.Join(err, c.showSuite(done, std))
}

// suiteCode is the exit code of a merged verdict.
func (c *runCommand) suiteCode(s *reports.Suite) int {
	switch reports.GateOf(s.Verdict, s.Gate) {
	case reports.Pass:
		return exitPass
	case reports.Fail:
		return exitFail
	}
	return inconclusive(c.OnInconclusive)
}

// inconclusive is the exit code of INCONCLUSIVE, by the flag that says it.
func inconclusive(on string) int {
	return map[string]int{"exit4": exitInconclusive, "fail": exitFail, "pass": exitPass}[on]
}

// showSuite prints the end of a suite: with --json on stderr, since stdout
// holds the results of its runs and nothing else.
func (c *runCommand) showSuite(done suite.Outcome, std streams) error {
	w := std.out
	if c.JSON {
		w = std.err
	}
	err := reports.SuiteTerminal(w, done.Suite, reports.SuiteFolder.Page(done.Dir), colored(w))
	if onGitHub() {
		err = errors.Join(err, reports.SuiteAnnotations(std.err, done.Suite))
	}
	return err
}

// suiteAgain is the command that repeats everything.
func (c *runCommand) suiteAgain(g *group, file string, seed int64) string {
	words := []string{"gauntlet", "run", file, "--seed", fmt.Sprint(seed)}
	switch {
	case c.Platform != "":
		words = append(words, "--platform", c.Platform)
	case g.suite == nil:
		words = append(words, "--platform", g.jobs[0].platform)
	}
	if c.Repeat > 0 {
		words = append(words, "--repeat", fmt.Sprint(c.Repeat))
	}
	if c.Control != "" {
		words = append(words, "--control", c.Control)
	}
	for _, path := range sortedKeys(c.Set) {
		words = append(words, "--set", path+"="+c.Set[path])
	}
	return quoted(append(words, c.modes()...)...)
}

// onGitHub says that a GitHub workflow runs us, which shows annotations.
func onGitHub() bool { return os.Getenv("GITHUB_ACTIONS") == "true" }
