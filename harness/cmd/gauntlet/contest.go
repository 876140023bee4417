package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"gauntlet/harness/chaos"
	"gauntlet/harness/compare"
	"gauntlet/harness/compare/build"
	"gauntlet/harness/experiment"
	"gauntlet/harness/run"
	"gauntlet/harness/suite"
	"gauntlet/reports"
)

// contest is a comparison of builds, read and found runnable.
type contest struct {
	a, b   side
	file   string // of the experiment
	floors compare.Floors
	looks  []compare.Look
	out    string // the folder of comparisons
	seed   int64
}

// side is one of the builds.
type side struct {
	what  string
	args  []string
	env   []string
	job   *prepared
	found build.Found
}

// contest reads everything that the command line names, before anything is
// built or run.
func (c *compareCommand) contest(ctx context.Context) (*contest, error) {
	if len(c.Names) != 3 {
		return nil, exit{exitUsage, fmt.Errorf("two builds and an experiment are named, not %d\n  hint: gauntlet compare --builds v1.2 . redis-latency", len(c.Names))}
	}
	t := &contest{a: side{what: c.Names[0], args: c.AArg, env: c.AEnv}, b: side{what: c.Names[1], args: c.BArg, env: c.BEnv}, seed: c.drawSeed()}
	var err error
	if t.looks, err = compare.Looks(c.Pairs); err != nil {
		return nil, exit{exitUsage, fmt.Errorf("--pairs %w", err)}
	}
	if t.floors, err = compare.DefaultFloors().With(c.Floor); err != nil {
		return nil, exit{exitUsage, err}
	}
	if t.file, err = experiment.Find(c.Names[2]); err != nil {
		return nil, err
	}
	if experiment.Kind(t.file) == experiment.KindSuite {
		return nil, exit{exitUsage, fmt.Errorf("%s is a suite; builds are compared under one experiment\n  hint: name one of its experiments", t.file)}
	}
	exp, err := experiment.Read(t.file)
	if err == nil && len(c.Set) > 0 {
		exp, err = exp.With(c.Set)
	}
	if err != nil {
		return nil, err
	}
	if exp.Target.Compose == "" {
		return nil, exit{exitUsage, fmt.Errorf("%s has a target.url: what runs there already is no build that could be started\n  hint: compare its runs (gauntlet compare RUN-A RUN-B), or give it a target.compose", t.file)}
	}
	for _, s := range []*side{&t.a, &t.b} {
		if err := s.prepare(ctx, exp, c.Platform); err != nil {
			return nil, err
		}
	}
	if least := leastTime(t.takes()); c.Budget > 0 && c.Budget < least {
		return nil, exit{exitUsage, fmt.Errorf("--budget %s: %d pairs, the fewest that can be sure of anything, take about %s\n  hint: raise it, or shorten the phases with --set", c.Budget, compare.LeastPairs, least.Round(time.Second))}
	}
	t.out, err = comparisons(c.Out, t.file)
	return t, err
}

// comparisons is the folder of comparisons: --out, or in the tree around file.
func comparisons(out, file string) (string, error) {
	if out != "" {
		return out, nil
	}
	root, err := tree(file)
	return filepath.Join(root, "reports", "comparisons"), err
}

// prepare makes the experiment as the build runs it: with its own arguments
// and settings.
func (s *side) prepare(ctx context.Context, exp *experiment.Experiment, platform string) error {
	service := exp.Target.Service
	set := map[string]string{}
	if len(s.args) > 0 {
		words, err := json.Marshal(slices.Concat(exp.Target.Args[service], s.args))
		if err != nil {
			return err
		}
		set["target.args."+service] = string(words)
	}
	for _, entry := range s.env {
		name, value, ok := strings.Cut(entry, "=")
		if !ok || name == "" || strings.Contains(name, ".") {
			return exit{exitUsage, fmt.Errorf("the setting %q of a build is not NAME=VALUE\n  hint: --b-env MAPPER_ALLOW_DEFECTS=1", entry)}
		}
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		set["target.env."+service+"."+name] = string(text)
	}
	if len(set) > 0 {
		var err error
		if exp, err = exp.With(set); err != nil {
			return err
		}
	}
	var err error
	s.job, err = prepare(ctx, exp, platform, suite.Shifts())
	if err == nil && s.job.platform != chaos.Local && s.job.platform != chaos.Docker {
		err = exit{exitUsage, fmt.Errorf("builds are compared on %s and %s, not on %q", chaos.Local, chaos.Docker, s.job.platform)}
	}
	return err
}

// takes is about how long a run takes.
func (t *contest) takes() time.Duration {
	return max(suite.Takes(t.a.job.decision), suite.Takes(t.b.job.decision))
}

// look says what both builds are, of which nothing is built.
func (t *contest) look(ctx context.Context) (told [2]string, err error) {
	err = t.each(ctx, func(f build.Finder, i int, s *side) error {
		told[i], err = f.Look(ctx, s.what)
		return err
	})
	return told, err
}

// find looks both builds up, and builds what is source.
func (t *contest) find(ctx context.Context, progress io.Writer) error {
	err := t.each(ctx, func(f build.Finder, _ int, s *side) (err error) {
		s.found, err = f.Find(ctx, s.what)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(progress, "A: %s\nB: %s\n", t.a.found.Build.Name, t.b.found.Build.Name)
	if t.a.found.Digest != "" && t.a.found.Digest == t.b.found.Digest && slices.Equal(t.a.args, t.b.args) && slices.Equal(t.a.env, t.b.env) {
		fmt.Fprintln(progress, "note: they are the same program, to the byte: a build is compared with itself")
	}
	return nil
}

// close lets go of the builds.
func (t *contest) close() {
	for _, s := range []*side{&t.a, &t.b} {
		s.found.Close()
	}
}

// fromMachine says that the kernel or a missing tool stood in the way, whatever
// was named: a full disk, a cache that cannot be written.
func fromMachine(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) || errors.Is(err, exec.ErrNotFound)
}

// each does something about either build with what finds them.
func (t *contest) each(ctx context.Context, do func(f build.Finder, i int, s *side) error) error {
	stack, err := checkTarget(ctx, t.a.job.exp)
	if err != nil {
		return err
	}
	root, err := tree(t.file)
	if err != nil {
		return err
	}
	f := build.Finder{Stack: stack, Service: t.a.job.exp.Target.Service, Platform: t.a.job.platform, Cache: filepath.Join(root, ".cache", "builds")}
	for i, s := range []*side{&t.a, &t.b} {
		if err := do(f, i, s); err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			if fromMachine(err) {
				return err
			}
			return exit{exitUsage, err}
		}
	}
	return nil
}

// one carries out a run of one of the builds, and says in a line how it ended.
func (t *contest) one(ctx context.Context, c *compareCommand, letter, folder string, a suite.Attempt, std streams) (run.Outcome, error) {
	s := map[string]*side{"A": &t.a, "B": &t.b}[letter]
	s.job.root = t.file
	settings := &runCommand{Platform: c.Platform, Set: c.Set, Out: folder, Wait: c.Wait, NoSubstitute: c.NoSubstitute, Substitute: c.Substitute}
	o, done, err := settings.options(s.job, a, std)
	if err != nil {
		return run.Outcome{}, exit{exitUsage, err}
	}
	defer done()
	o.Build, o.Command = s.found.Build, t.again(c)
	out, err := run.Run(ctx, o)
	if out.Result != nil {
		fmt.Fprintf(std.err, "%s: %s %s\n", letter, out.Result.Verdict, out.Result.Why)
	}
	if out.Unclean != nil {
		fmt.Fprintf(std.err, "gauntlet: not everything could be cleaned up (`gauntlet gc` tries again): %v\n", out.Unclean)
	}
	return out, err
}

// about is what stands on the report from the beginning.
func (t *contest) about(c *compareCommand, commit string) reports.Comparison {
	exp := t.a.job.exp
	hide := run.Hiding(t.a.job.exp, t.b.job.exp)
	told := reports.Comparison{
		Experiment: exp.Name, Hypothesis: exp.Hypothesis, Platform: t.a.job.platform, Service: exp.Target.Service, Seed: t.seed, Commit: commit, Command: hide(t.again(c)),
		A: t.a.told(hide), B: t.b.told(hide),
	}
	for _, path := range sortedKeys(c.Set) {
		told.Set = append(told.Set, hide(path+"="+c.Set[path]))
	}
	return told
}

func (s *side) told(hide func(string) string) reports.ComparedBuild {
	told := reports.ComparedBuild{What: s.what, Told: s.found.Told, Digest: s.found.Digest}
	for _, word := range s.args {
		told.Args = append(told.Args, hide(word))
	}
	for _, entry := range s.env {
		told.Env = append(told.Env, hide(entry))
	}
	return told
}

// again is the command that repeats the comparison.
func (t *contest) again(c *compareCommand) string {
	words := []string{"gauntlet", "compare", "--builds", t.a.what, t.b.what, t.file, "--platform", t.a.job.platform, "--seed", fmt.Sprint(t.seed), "--pairs", fmt.Sprint(c.Pairs)}
	if c.Budget > 0 {
		words = append(words, "--budget", c.Budget.String())
	}
	for _, of := range []struct {
		flag string
		all  []string
	}{{"--a-arg", t.a.args}, {"--b-arg", t.b.args}, {"--a-env", t.a.env}, {"--b-env", t.b.env}} {
		for _, word := range of.all {
			words = append(words, of.flag+"="+word)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(c.Floor)) {
		words = append(words, "--floor", kind+"="+c.Floor[kind])
	}
	for _, path := range sortedKeys(c.Set) {
		words = append(words, "--set", path+"="+c.Set[path])
	}
	return quoted(append(words, (&runCommand{NoSubstitute: c.NoSubstitute, Substitute: c.Substitute}).modes()...)...)
}
