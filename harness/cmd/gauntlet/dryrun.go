package main

import (
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"gauntlet/harness/chaos"
)

// dryRun shows what the groups would do: with the seed of the command line the
// same targets as the run with that seed.
func (c *runCommand) dryRun(groups []*group, w io.Writer) error {
	seed := rand.Int64N(1_000_000)
	if c.Seed != nil {
		seed = *c.Seed
	}
	for _, g := range groups {
		if err := g.describe(w); err != nil {
			return err
		}
		for _, j := range g.jobs {
			if err := j.targets(w, seed); err != nil {
				return err
			}
		}
	}
	return nil
}

// targets shows whom the faults touch, and how many at once.
func (p *prepared) targets(w io.Writer, seed int64) error {
	if len(p.replicas) == 0 || len(p.faults) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\n%s with --seed %d\n", title(p.exp), seed)
	begin := p.exp.Phases.Warmup + p.exp.Phases.Baseline + p.shift
	inTime := slices.SortedStableFunc(slices.Values(p.faults), func(a, b chaos.Timed) int { return cmp.Compare(a.At, b.At) })
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, f := range inTime {
		names, err := chaos.Aim(f.Fault, p.replicas, uint64(seed))
		if err != nil {
			return err
		}
		until := "once"
		if !f.OneShot() {
			until = fmt.Sprintf("until %v", begin+f.At+f.Duration)
		}
		whom := strings.Join(names, ", ")
		if whom == "" {
			whom = "nobody: the draw was empty"
		}
		fmt.Fprintf(table, "  %v %s\t%s %s: %s\n", begin+f.At, until, f.Title(), f.Name, whom)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "  touches at most %d of %d replicas at once%s\n", p.reach.Replicas, len(p.replicas), p.when(begin))
	return nil
}

// when says from when on the reach is widest, and by which faults.
func (p *prepared) when(begin time.Duration) string {
	if p.reach.Replicas == 0 {
		return ""
	}
	var names []string
	for _, f := range p.reach.Faults {
		names = append(names, f.Name)
	}
	limit := ""
	if n := p.exp.Limits.Replicas; n > 0 {
		limit = fmt.Sprintf("; limits.replicas is %d", n)
	}
	return fmt.Sprintf(", from %v on (%s%s)", begin+p.reach.At, strings.Join(names, ", "), limit)
}
