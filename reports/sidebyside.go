package reports

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// SideBySide writes two runs beside each other: how they ended, their
// objectives, response times and recovery, and what differed about where and
// how they were run. It decides nothing: of two runs nobody can say which
// difference is chance.
func SideBySide(w io.Writer, a, b *Result, color bool) error {
	out := bufio.NewWriter(w)
	paint := painter(color)
	fmt.Fprintf(out, "A  %s  %s  %s\n   %s\n", paint(a.Verdict, glyph(a.Verdict)+" "+string(a.Verdict)), plain(runTitle(a)), plain(a.Run), plain(a.Why))
	fmt.Fprintf(out, "B  %s  %s  %s\n   %s\n", paint(b.Verdict, glyph(b.Verdict)+" "+string(b.Verdict)), plain(runTitle(b)), plain(b.Run), plain(b.Why))
	if a.Fingerprint != b.Fingerprint {
		fmt.Fprintln(out, "! they are not runs of one experiment on one kind of machine: what differs below may have nothing to do with the system")
	}
	for _, table := range [][][]string{objectivesBeside(a, b), numbersBeside(a, b), settingsBeside(a, b)} {
		if len(table) > 1 {
			out.WriteByte('\n')
			writeTable(out, table, func(_ int, cell string) string { return cell })
		}
	}
	fmt.Fprintln(out, "\nOne run of each cannot tell a difference from chance; gauntlet compare --builds runs them in pairs.")
	return out.Flush()
}

func runTitle(r *Result) string {
	title := r.Experiment
	if r.Control != "" {
		title += " (control " + r.Control + ")"
	}
	return title + ", " + startedAt(r.StartedAt)
}

func objectivesBeside(a, b *Result) [][]string {
	rows := [][]string{{"objective", "A", "", "B", "", "target"}}
	var names []string
	for _, o := range slices.Concat(a.Objectives, b.Objectives) {
		if !slices.Contains(names, o.Name) {
			names = append(names, o.Name)
		}
	}
	for _, name := range names {
		row, target := []string{name}, ""
		for _, r := range []*Result{a, b} {
			o := objective(r.Objectives, name)
			if o == nil {
				row = append(row, absent, "")
				continue
			}
			row = append(row, glyph(o.Verdict)+" "+o.Measured, interval(o.Name, o.Low, o.High))
			if target != "" && target != o.Target {
				target += ", B " + o.Target
			} else {
				target = o.Target
			}
		}
		rows = append(rows, append(row, target))
	}
	return rows
}

// numbersBeside are response times, recovery and processor time.
func numbersBeside(a, b *Result) [][]string {
	rows := [][]string{{"measured", "A", "B"}}
	for _, phase := range []string{"baseline", "fault", "observe"} {
		la, okA := a.Latency[phase]
		lb, okB := b.Latency[phase]
		if !okA && !okB {
			continue
		}
		for _, p := range []struct {
			name string
			of   func(Latency) float64
		}{{"p50", func(l Latency) float64 { return l.P50 }}, {"p99", func(l Latency) float64 { return l.P99 }}, {"max", func(l Latency) float64 { return l.Max }}} {
			tell := func(l Latency, ok bool) string {
				if !ok {
					return absent
				}
				return milliseconds(p.of(l))
			}
			rows = append(rows, []string{p.name + " in " + phaseName(phase), tell(la, okA), tell(lb, okB)})
		}
	}
	tell := func(r *Result) string {
		if r.Recovery == nil {
			return absent
		}
		d := r.Recovery.FromInject
		value, between := recoveryText(d.Seconds, d.Low, d.High)
		return strings.TrimSpace(value + " " + between)
	}
	rows = append(rows, []string{"recovery", tell(a), tell(b)})
	rows = append(rows, []string{"lost writes", lostOf(a), lostOf(b)})
	rows = append(rows, []string{"bad requests", fmt.Sprintf("%s of %s", count(a.Load.Bad), count(a.Load.Planned)), fmt.Sprintf("%s of %s", count(b.Load.Bad), count(b.Load.Planned))})
	return append(rows, []string{"processor time a request", optional(a.ProcessorMs, milliseconds), optional(b.ProcessorMs, milliseconds)})
}

func lostOf(r *Result) string {
	if r.Consistency.Acked == 0 {
		return absent
	}
	return fmt.Sprintf("%s of %s", count(r.Consistency.Lost), count(r.Consistency.Acked))
}

// settingsBeside is what differs about the runs beside what came of them.
func settingsBeside(a, b *Result) [][]string {
	rows := [][]string{{"differs", "A", "B"}}
	of := func(r *Result) map[string]string {
		e := r.Environment
		all := map[string]string{
			"platform": r.Platform, "commit": r.Commit, "seed": fmt.Sprint(r.Seed), "shift": seconds(r.Shift), "substitutes": list(r.Substitutes), "gauntlet": e.Gauntlet, "go": e.Go, "os": e.OS,
			"cpus": fmt.Sprint(e.CPUs), "memory": fmt.Sprint(e.MemoryMB) + " MB", "kernel": e.Kernel, "rate": fmt.Sprintf("%g/s %s", r.Load.Rate, r.Load.Shape), "host": list(r.Validity.Reasons),
		}
		for name, value := range e.Config {
			all[name] = value
		}
		return all
	}
	inA, inB := of(a), of(b)
	names := maps.Clone(inA)
	maps.Copy(names, inB)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if inA[name] != inB[name] {
			rows = append(rows, []string{name, clip(orAbsent(inA[name]), 80), clip(orAbsent(inB[name]), 80)})
		}
	}
	return rows
}
