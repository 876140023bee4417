package experiment

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// String is d as validate prints it.
func (d Decision) String() string {
	var b strings.Builder
	_ = d.Write(&b) // a Builder takes everything
	return b.String()
}

// Write prints the timeline, what the run takes, and what it can decide.
func (d Decision) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s\n", d.Experiment)
	for _, m := range d.Timeline {
		fmt.Fprintf(t, "  %v\t%s\n", m.At, m.What)
	}
	fmt.Fprintln(t)
	total := fmt.Sprint(d.Total)
	if d.Extra > 0 {
		total = fmt.Sprintf("%v to %v", d.Total, d.Total+d.Extra)
	}
	if d.Populate > 0 {
		total += fmt.Sprintf(", and before it %d keys are written", d.Populate)
	}
	fmt.Fprintf(t, "  takes\t%s\n", total)
	fmt.Fprintf(t, "  sends\t%d requests, %v\n", d.Requests, d.Rate)
	fmt.Fprintf(t, "  workers\t%d\n\n", d.Workers)
	for _, x := range d.Demands {
		verb := "decidable"
		if !x.Met {
			verb = "UNDECIDABLE"
		}
		fmt.Fprintf(t, "  %s %s\t%s: needs %s, has %s\n", x.Objective, x.Target, verb, x.Need, x.Have)
	}
	fmt.Fprintln(t)
	for _, f := range d.Floors {
		if f.Seen == Unbounded {
			fmt.Fprintf(t, "  %s bad\tnever seen\n", d.share(f))
			continue
		}
		fmt.Fprintf(t, "  %s bad\tseen from %v, counts from %v\n", d.share(f), roundTo(f.Seen), roundTo(f.Counts))
	}
	for _, n := range d.Notes {
		fmt.Fprintf(t, "  note: %s\n", n)
	}
	return t.Flush()
}

func (d Decision) share(f Floor) string { return fmt.Sprintf("%.3g%%", 100*f.Share) }
