package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gauntlet/harness/chaos"
	"gauntlet/harness/chaos/manifest"
	"gauntlet/harness/diagnostic"
	"gauntlet/harness/experiment"
	"gauntlet/harness/topology"
)

// prepared is an experiment that was read and found runnable.
type prepared struct {
	exp      *experiment.Experiment
	faults   []chaos.Fault
	platform string
	decision experiment.Decision
	repeat   int      // ≥ 1
	set      []string // what is overridden, as --set takes it
	root     string   // the file whose tree the run belongs to
}

// prepare decodes the faults and finds out whether the platform can do them
// and whether the run can decide anything: before any load.
func prepare(ctx context.Context, exp *experiment.Experiment, platform string) (*prepared, error) {
	p := &prepared{exp: exp, platform: platformOf(exp, platform), repeat: 1, root: exp.File}
	var mistakes diagnostic.List
	for _, f := range exp.Faults {
		fault, err := decode(f)
		if err == nil {
			err = chaos.Refuse(p.platform, fault)
		}
		if list := diagnostic.All(err); len(list) > 0 {
			mistakes = append(mistakes, list...)
			continue
		}
		if err != nil {
			return nil, err
		}
		p.faults = append(p.faults, fault)
	}
	if err := mistakes.Err(); err != nil {
		return nil, err
	}
	if err := chaos.Distinct(p.faults); err != nil {
		return nil, err
	}
	if err := checkTarget(ctx, exp); err != nil {
		return nil, err
	}
	var err error
	p.decision, err = experiment.Decide(exp, func(i int) (time.Duration, bool) {
		return p.faults[i].Duration, p.faults[i].OneShot()
	})
	return p, err
}

// decode is what a fault of the file means.
func decode(f experiment.Fault) (chaos.Fault, error) {
	if f.Action != nil {
		return actionFault(f.Action), nil
	}
	return manifest.Decode(f.Chaos.File, f.Chaos.Source, f.Chaos.Node)
}

// checkTarget finds the service that is to receive the traffic.
func checkTarget(ctx context.Context, exp *experiment.Experiment) error {
	t := exp.Target
	if t.Compose == "" {
		return nil
	}
	stack, err := topology.Load(ctx, t.Compose, topology.Options{Env: t.Env, Args: t.Args})
	if err != nil {
		return exit{exitUsage, err}
	}
	var names []string
	for _, service := range stack.Services {
		if service.Name == t.Service && len(service.Ports) == 0 {
			return exit{exitUsage, fmt.Errorf("%s: service %q has no port: nothing can be sent to it\n  hint: add ports: [\"8080\"]", t.Compose, t.Service)}
		}
		if service.Name == t.Service {
			return nil
		}
		names = append(names, service.Name)
	}
	return exit{exitUsage, fmt.Errorf("%s: target.service %q is no service of %s\n  hint: %s", exp.File, t.Service, t.Compose, diagnostic.DidYouMean(t.Service, names))}
}

// describe prints what the run takes, what it can decide, and how the
// platform does each fault.
func (p *prepared) describe(w io.Writer) error {
	if err := p.decision.Write(w); err != nil {
		return err
	}
	for _, f := range p.faults {
		c := chaos.CapabilityOf(p.platform, f)
		fmt.Fprintf(w, "\n  %s %s on %s: %s. %s.\n", f.Title(), f.Name, p.platform, c, c.How)
		for _, note := range c.Notes {
			fmt.Fprintf(w, "    note: %s\n", note)
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
