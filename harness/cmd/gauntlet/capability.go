package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"gauntlet/harness/chaos"
	"gauntlet/harness/chaos/manifest"
	"gauntlet/harness/diagnostic"
	"gauntlet/harness/experiment"
	"gauntlet/harness/textfile"
)

// allPlatforms asks validate about every platform.
const allPlatforms = "all"

// everywhere prints what each platform makes of every fault. It is an error
// when there is none that can do all of them.
func everywhere(w io.Writer, kernel chaos.Kernel, faults []chaos.Timed) error {
	able := map[string]bool{}
	for _, p := range chaos.Platforms {
		able[p] = true
	}
	said := map[string][]string{} // what there is to say → the faults of which it is
	var order []string
	for _, f := range faults {
		var rows strings.Builder
		for _, p := range chaos.Platforms {
			able[p] = row(&rows, p, kernel, f.Fault) && able[p]
		}
		text := rows.String()
		if said[text] == nil {
			order = append(order, text)
		}
		said[text] = append(said[text], f.Title()+" "+f.Name)
	}
	for _, text := range order {
		fmt.Fprintf(w, "\n  %s\n%s", several(said[text]), text)
	}
	for _, can := range able {
		if can {
			return nil
		}
	}
	return exit{exitUsage, errors.New("no platform can do every fault of the file")}
}

// several is the first and the last of names.
func several(names []string) string {
	if len(names) < 3 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s … %s (%d)", names[0], names[len(names)-1], len(names))
}

// row prints what a platform makes of a fault, and tells whether it can do it.
func row(w io.Writer, platform string, kernel chaos.Kernel, f chaos.Fault) bool {
	t := tabwriter.NewWriter(w, 16, 0, 2, ' ', 0)
	defer t.Flush()
	c := chaos.CapabilityOf(platform, kernel, f)
	fmt.Fprintf(t, "    %s\t%s\t", platform, c.Level)
	if c.Level != chaos.Refused {
		said := c.How
		if c.Reason != "" {
			said = c.Reason + "; " + said
		}
		fmt.Fprintln(t, said)
		for _, note := range c.Notes {
			fmt.Fprintf(t, "    \t\tnote: %s\n", note)
		}
		return true
	}
	fmt.Fprintln(t, c.Reason)
	for _, d := range diagnostic.All(chaos.Refuse(platform, f)) {
		_, reason, _ := strings.Cut(d.Message, " is refused on "+platform+": ")
		if reason != c.Reason {
			fmt.Fprintf(t, "    \t\t%s\n", reason)
		}
	}
	return false
}

// bareManifest tells whether name is a file that holds Chaos Mesh objects and
// no experiment.
func bareManifest(name string) (path string, ok bool) {
	path, err := experiment.Find(name)
	if err != nil {
		return "", false
	}
	text, err := textfile.Read(path, manifest.MaxBytes)
	return path, err == nil && manifest.IsObject(text)
}

// shownSpan is how long a Schedule is shown that stands in no experiment,
// which would say how long it goes on.
const shownSpan = time.Hour

// shownObjects is how many of what a Schedule or a Workflow makes are shown.
const shownObjects = 5

// span is how long a fault of a file lasts.
func span(t chaos.Timed) string {
	switch {
	case t.OneShot():
		return "once"
	case t.Duration == 0:
		return "without an end"
	}
	return fmt.Sprintf("for %v", t.Duration)
}

// manifest shows what the objects of a file would do, and where.
func (c *validateCommand) manifest(ctx context.Context, path string, w io.Writer) error {
	if len(c.Set) > 0 || c.Control != "" {
		return exit{exitUsage, fmt.Errorf("%s holds Chaos Mesh objects: --set and --control belong to an experiment", path)}
	}
	objects, err := manifest.DecodeFile(path, shownSpan)
	if err != nil {
		return err
	}
	var errs []error
	for _, timeline := range objects {
		shown := min(len(timeline), shownObjects)
		for _, t := range timeline[:shown] {
			fmt.Fprintf(w, "%s: %v after its begin, %s %s %s\n", path, t.At, t.Title(), t.Name, span(t))
		}
		if more := len(timeline) - shown; more > 0 {
			fmt.Fprintf(w, "%s: %d more, the last %v after its begin\n", path, more, timeline[len(timeline)-1].At)
		}
		if c.Platform == "" || c.Platform == allPlatforms {
			errs = append(errs, everywhere(w, kernelFor(ctx, allPlatforms, timeline), timeline))
			continue
		}
		kernel := kernelFor(ctx, c.Platform, timeline)
		for _, t := range timeline {
			row(w, c.Platform, kernel, t.Fault)
			errs = append(errs, chaos.Refuse(c.Platform, t.Fault))
		}
	}
	return merge(errs)
}
