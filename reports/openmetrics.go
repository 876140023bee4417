package reports

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// OpenMetrics writes the run's numbers in the text format of OpenMetrics 1.0,
// for a Pushgateway or a textfile collector. What was not measured is left
// out, since a 0 would be a measurement.
func OpenMetrics(w io.Writer, r *Result) error {
	m := metrics{b: bufio.NewWriter(w), run: fmt.Sprintf("experiment=%s", quoted(r.Experiment))}
	m.family("verdict", "info", "", "The verdict of the run.")
	m.sample("verdict_info", 1, "verdict", string(r.Verdict), "control", r.Control, "commit", r.Commit, "platform", r.Platform)
	m.family("objective_kept", "gauge", "", "1: kept, 0: broken; an objective that could not be decided is absent.")
	for _, o := range r.Objectives {
		if o.Verdict != Inconclusive {
			m.sample("objective_kept", map[bool]float64{true: 1}[o.Verdict == Pass], "objective", o.Name)
		}
	}
	if r.Recovery != nil && r.Recovery.FromInject.Seconds != nil {
		m.family("recovery_seconds", "gauge", "seconds", "Time to recover, from the injection of the fault.")
		m.sample("recovery_seconds", *r.Recovery.FromInject.Seconds)
	}
	m.family("availability_ratio", "gauge", "ratio", "Good requests of those judged, by operation.")
	for _, op := range slices.Sorted(maps.Keys(r.Availability)) {
		m.sample("availability_ratio", r.Availability[op].Ratio, "operation", op)
	}
	m.family("response_time_seconds", "gauge", "seconds", "Response time from due time, by phase and quantile.")
	for _, phase := range slices.Sorted(maps.Keys(r.Latency)) {
		if l := r.Latency[phase]; l.Count > 0 {
			for _, q := range []struct {
				name string
				ms   float64
			}{{"0.5", l.P50}, {"0.9", l.P90}, {"0.99", l.P99}, {"0.999", l.P999}, {"1", l.Max}} {
				m.sample("response_time_seconds", q.ms/1000, "phase", phase, "q", q.name)
			}
		}
	}
	m.family("requests", "counter", "", "Requests by outcome.")
	for _, class := range slices.Sorted(maps.Keys(r.Load.ByClass)) {
		m.sample("requests_total", float64(r.Load.ByClass[class]), "class", class)
	}
	if r.Consistency.Verdict != "" {
		m.family("lost_writes", "gauge", "", "Acknowledged writes that were lost.")
		m.sample("lost_writes", float64(r.Consistency.Lost))
	}
	m.b.WriteString("# EOF\n")
	return m.b.Flush()
}

// metrics writes the families of one run, each sample labelled with it.
type metrics struct {
	b   *bufio.Writer
	run string
}

func (m metrics) family(name, kind, unit, help string) {
	fmt.Fprintf(m.b, "# TYPE gauntlet_%s %s\n", name, kind)
	if unit != "" {
		fmt.Fprintf(m.b, "# UNIT gauntlet_%s %s\n", name, unit)
	}
	fmt.Fprintf(m.b, "# HELP gauntlet_%s %s\n", name, help)
}

// sample writes one number with its labels, given as name and value in turn.
func (m metrics) sample(name string, v float64, labels ...string) {
	if math.IsNaN(v) {
		return
	}
	fmt.Fprintf(m.b, "gauntlet_%s{%s", name, m.run)
	for i := 0; i+1 < len(labels); i += 2 {
		fmt.Fprintf(m.b, ",%s=%s", labels[i], quoted(labels[i+1]))
	}
	fmt.Fprintf(m.b, "} %s\n", strconv.FormatFloat(v, 'g', -1, 64))
}

// quoted is a label's value: the format knows three escapes.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.ToValidUTF8(s, "\uFFFD")) + `"`
}
