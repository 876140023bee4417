package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gauntlet/harness/chaos"
	"gauntlet/harness/chaos/manifest"
	"gauntlet/harness/diagnostic"
	"gauntlet/harness/experiment"
	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// prepared is an experiment that was read and found runnable.
type prepared struct {
	exp      *experiment.Experiment
	faults   []chaos.Timed // in the order of the file, those of a Schedule or Workflow in the order of time
	platform string
	kernel   chaos.Kernel // of this machine, as far as the faults need it
	decision experiment.Decision
	replicas []platform.Replica // as they are planned; none of an external system
	reach    chaos.Reach        // of the faults
	repeat   int                // ≥ 1
	shift    time.Duration      // by which the faults come later in the first run
	set      []string           // what is overridden, as --set takes it
	root     string             // the file whose tree the run belongs to
}

// prepare decodes the faults and finds out whether the platform can do them
// and whether the runs, which have these shifts, can decide anything: before
// any load.
func prepare(ctx context.Context, exp *experiment.Experiment, platform string, shifts []time.Duration) (*prepared, error) {
	p := &prepared{exp: exp, platform: platformOf(exp, platform), repeat: 1, shift: shifts[0], root: exp.File}
	var mistakes diagnostic.List
	timelines := make([][]chaos.Timed, len(exp.Faults))
	for i, f := range exp.Faults {
		timeline, err := decode(f)
		if err == nil {
			err = p.refuse(timeline)
		}
		if list := diagnostic.All(err); len(list) > 0 {
			mistakes = append(mistakes, list...)
			continue
		}
		if err != nil {
			return nil, err
		}
		timelines[i] = timeline
		for _, t := range timeline {
			t.At += f.At
			p.faults = append(p.faults, t)
		}
	}
	if err := mistakes.Err(); err != nil {
		return nil, err
	}
	if err := p.known(); err != nil {
		return nil, err
	}
	if err := chaos.Distinct(p.faults); err != nil {
		return nil, err
	}
	p.kernel = kernelFor(ctx, p.platform, p.faults)
	if err := p.plan(ctx); err != nil {
		return nil, err
	}
	var err error
	p.decision, err = experiment.Decide(exp, func(i int) []experiment.Part { return p.parts(timelines[i]) }, shifts...)
	return p, err
}

// decode is what an entry of the file means: the times count from its own.
func decode(f experiment.Fault) ([]chaos.Timed, error) {
	if f.Action != nil {
		return []chaos.Timed{{Fault: actionFault(f.Action)}}, nil
	}
	return manifest.Decode(f.Chaos.File, f.Chaos.Source, f.Chaos.Node, f.For)
}

// plan finds the service that receives the traffic, whether the faults go
// together, and how much of the system they touch.
func (p *prepared) plan(ctx context.Context) error {
	stack, err := checkTarget(ctx, p.exp)
	if err != nil || p.exp.Target.Compose == "" {
		return err
	}
	if _, err := chaos.Links(stack, p.exp.Target.Service, p.faults, p.kernel); err != nil {
		return err
	}
	p.replicas = platform.Planned(stack)
	if err := chaos.Clash(p.faults, p.replicas); err != nil {
		return err
	}
	if p.reach, err = chaos.Blast(p.faults, p.replicas, p.exp.Returns()); err != nil {
		return err
	}
	if most := p.exp.Limits.Replicas; most > 0 {
		return p.reach.Limit(most)
	}
	return nil
}

// refuse is every reason why the platform cannot do the faults; where all
// platforms are asked about, there must be one that can do all of them.
func (p *prepared) refuse(timeline []chaos.Timed) error {
	if p.platform == allPlatforms {
		return nil
	}
	var all diagnostic.List
	for _, t := range timeline {
		for _, d := range diagnostic.All(chaos.Refuse(p.platform, t.Fault)) {
			if !slices.ContainsFunc(all, func(o *diagnostic.Diagnostic) bool { return *o == *d }) { // a Schedule says the same each time
				all = append(all, d)
			}
		}
	}
	return all.Err()
}

// parts are the faults of an entry as what can be decided about them. Only one
// of several is called by its own name.
func (p *prepared) parts(timeline []chaos.Timed) []experiment.Part {
	all := make([]experiment.Part, len(timeline))
	for i, t := range timeline {
		all[i] = experiment.Part{After: t.At, Lasts: t.Duration, OneShot: t.OneShot(), Within: t.Within(p.replicas, p.exp.Returns())}
		if len(timeline) > 1 {
			all[i].Title = t.Kind + " " + t.Name
		}
	}
	return all
}

// checkTarget finds the service that is to receive the traffic.
func checkTarget(ctx context.Context, exp *experiment.Experiment) (topology.Stack, error) {
	t := exp.Target
	if t.Compose == "" {
		return topology.Stack{}, nil
	}
	stack, err := topology.Load(ctx, t.Compose, topology.Options{Env: t.Env, Args: t.Args})
	if err != nil {
		return stack, placed(exp, err)
	}
	var names []string
	for _, service := range stack.Services {
		if service.Name == t.Service && len(service.Ports) == 0 {
			return stack, exp.Mistake("target.service", "add ports: [\"8080\"] to it", "target.service: %q of %s has no port: nothing can be sent to it", t.Service, t.Compose)
		}
		if service.Name == t.Service {
			return stack, nil
		}
		names = append(names, service.Name)
	}
	return stack, exp.Mistake("target.service", diagnostic.DidYouMean(t.Service, names), "target.service: %q is no service of %s", t.Service, t.Compose)
}

// placed is err of the Compose file, at its place: in that file, which it has
// already, or in the experiment.
func placed(exp *experiment.Experiment, err error) error {
	if len(diagnostic.All(err)) > 0 {
		return err
	}
	var file *topology.FileError
	if errors.As(err, &file) {
		return exp.Mistake("target.compose", "paths are relative to the experiment file", "target.compose: %v", file.Err)
	}
	var list diagnostic.List
	for _, one := range unjoined(err) {
		var unknown *topology.UnknownServiceError
		if !errors.As(one, &unknown) {
			return exit{exitUsage, err}
		}
		list = append(list, exp.Mistake("target."+unknown.Field+"."+unknown.Service, diagnostic.DidYouMean(unknown.Service, unknown.Known), "target.%s: %s has no service %q", unknown.Field, unknown.File, unknown.Service))
	}
	return list.Err()
}

// unjoined are the errors that errors.Join joined into err.
func unjoined(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// describe prints what the run takes, what it can decide, and how the
// platform does each fault.
func (p *prepared) describe(w io.Writer) error {
	if err := p.decision.Write(w); err != nil {
		return err
	}
	if p.platform == allPlatforms {
		return everywhere(w, p.kernel, p.faults)
	}
	for _, f := range p.faults {
		c := chaos.CapabilityOf(p.platform, p.kernel, f.Fault)
		fmt.Fprintf(w, "\n  %s %s on %s: %s; %s\n", f.Title(), f.Name, p.platform, c, c.How)
		for _, note := range c.Notes {
			fmt.Fprintf(w, "    note: %s\n", note)
		}
		if late := chaos.Newcomers(f, p.faults, p.replicas); len(late) > 0 {
			fmt.Fprintf(w, "    note: %s: there by then and not touched, as targets are chosen among the replicas that the system starts with\n", strings.Join(late, ", "))
		}
	}
	return nil
}

// platformOf is the platform to run on: what was asked for, else what the
// target calls for.
func platformOf(exp *experiment.Experiment, asked string) string {
	switch {
	case exp.Target.URL != "":
		return chaos.External
	case asked != "":
		return asked
	}
	return chaos.Local
}

// known is a mistake when the experiment cannot run on its platform even
// without a fault, which the refusal of a fault would tell.
func (p *prepared) known() error {
	if p.exp.Target.URL != "" || slices.Contains([]string{allPlatforms, chaos.Local, chaos.Docker}, p.platform) {
		return nil
	}
	hint := diagnostic.DidYouMean(p.platform, []string{chaos.Local, chaos.Docker})
	if p.platform == chaos.External {
		hint = "an external system has a target.url instead of a Compose file"
	}
	return exit{exitUsage, fmt.Errorf("%s: %s cannot run on platform %q\n  hint: %s", p.exp.File, p.exp.Name, p.platform, hint)}
}

// tree is the folder that holds experiments/ and reports/: the one around the
// folder of the experiment or the suite, or the current one for a file from
// elsewhere.
func tree(file string) (string, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	dir := filepath.Dir(file)
	if filepath.Base(dir) == "suites" {
		dir = filepath.Dir(dir)
	}
	if filepath.Base(dir) == "experiments" {
		return filepath.Dir(dir), nil
	}
	return os.Getwd()
}

// shellQuote makes a word safe to paste into a shell.
func shellQuote(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func quoted(words ...string) string {
	q := make([]string, len(words))
	for i, w := range words {
		q[i] = shellQuote(w)
	}
	return strings.Join(q, " ")
}

// paragraphs prints diagnostics without a prefix, as compilers do, so that an
// editor can jump to them.
func paragraphs(err error) string {
	if list := diagnostic.All(err); len(list) > 0 {
		return list.Error() + fmt.Sprintf("\n%d mistake(s); nothing was started", len(list))
	}
	return "gauntlet: " + err.Error()
}
