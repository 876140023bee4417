package run

import (
	"fmt"
	"math"
	"slices"

	"gauntlet/harness/history"
	"gauntlet/harness/slo"
	"gauntlet/reports"
)

// result puts everything together.
func (t *trial) result() *reports.Result {
	in := t.input()
	judged := slo.Judge(in)
	t.instrument(&judged.Validity)
	question := t.question(in, judged.Withheld)
	data, dataObjectives := t.checker.Check(question)
	t.picture = t.checker.Picture(question)
	objectives := slo.Arrange(slices.Concat(judged.Objectives, dataObjectives))
	objectives = slo.Waive(objectives, t.waivers(), t.facts.StartedAt)
	for i := range objectives {
		objectives[i].Line = t.exp.SLO.Lines[objectives[i].Name]
	}
	series, counts := t.summary.finish()
	t.summary.series = series
	counts.Rate, counts.Shape = t.asked()
	counts.Workers, counts.Undersized = t.facts.Workers, t.exp.Load.Undersized
	r := &reports.Result{
		SchemaVersion: reports.SchemaVersion,
		Experiment:    t.exp.Name, Hypothesis: t.exp.Hypothesis, Control: t.exp.Applied,
		Aborted: t.aborted, Run: t.facts.Run, StartedAt: t.facts.StartedAt.UTC().Format("2006-01-02T15:04:05.000Z"),
		Seed: t.facts.Seed, Shift: seconds(int64(t.facts.Shift)), Platform: t.facts.Platform, Substitutes: t.facts.Substitutes, Commit: t.facts.Commit,
		ConfigDigest: t.facts.ConfigDigest, Fingerprint: t.facts.Fingerprint, Command: t.facts.Command, Set: t.facts.Set,
		Load: counts, Validity: judged.Validity, Episodes: judged.Episodes, Recovery: judged.Recovery,
		Availability: judged.Availability, Budgets: judged.Budgets, Latency: t.summary.latencies(), Shares: t.summary.sharesOf(t.log.Header.Operations), ProcessorMs: t.processor(), Consistency: data, Objectives: objectives,
		Environment: t.facts.Environment, Artifacts: artifacts(), Folder: t.dir,
	}
	for _, p := range t.spans {
		r.Phases = append(r.Phases, reports.Phase{Name: p.name, Begin: seconds(p.begin), End: seconds(p.end)})
	}
	r.Faults = t.describeFaults(in.Faults, judged)
	verdicts := make([]reports.Verdict, len(objectives))
	for i, o := range objectives {
		verdicts[i] = o.Verdict
	}
	// What was not reached was not kept.
	r.Verdict = shorn(slo.Merge(verdicts...), r.Aborted)
	if gate := shorn(slo.Gate(objectives), r.Aborted); gate != r.Verdict {
		r.Gate = gate
	}
	r.Why = why(r)
	if a := r.Aborted; a != nil && a.By == "stop" {
		r.Why += fmt.Sprintf(" The run was stopped at %.1f s: %s.", a.At, a.Why)
	}
	return r
}

// shorn is a verdict without the PASS that a run cannot have that was cut short.
func shorn(v reports.Verdict, aborted *reports.Aborted) reports.Verdict {
	if aborted != nil && v == reports.Pass {
		return reports.Inconclusive
	}
	return v
}

func (t *trial) describeFaults(faults []slo.Fault, judged slo.Judgement) []reports.Fault {
	all := make([]reports.Fault, len(faults))
	for i, f := range faults {
		facts := t.facts.Faults[i]
		all[i] = reports.Fault{
			Name: f.Name, Kind: f.Kind, Capability: facts.Capability, Targets: facts.Targets, Group: judged.Groups[i],
			InjectBegin: secondsOf(f.InjectBegin), InjectEnd: secondsOf(f.InjectEnd), HealBegin: secondsOf(f.HealBegin), HealEnd: secondsOf(f.HealEnd),
			Proven: f.Proven, Recovery: judged.FaultRecoveries[i],
		}
		for _, e := range t.events {
			if e.Type == history.EventProof && e.Name == f.Name {
				all[i].Proof = e.Detail
			}
		}
		if f.InjectBegin == nil {
			all[i].Proof = "it was never injected"
		}
	}
	return all
}

// telling orders the objectives by how much they say when several ended the
// run alike: without a steady state nothing else could be decided, and wrong
// data is worse than slow data and often its cause. The rest is in the order
// of the result.
var telling = []string{"steadyState", "foreign", "lostWrites", "order", "convergence", "staleness"}

// Deciding is the objective that decided the run, whose sentence stands under
// the verdict; false for a PASS, and for a run that was cut short when every
// objective had been met.
func Deciding(r *reports.Result) (first reports.Objective, ok bool) {
	deciding := slices.DeleteFunc(slices.Clone(r.Objectives), func(o reports.Objective) bool { return o.Verdict != r.Verdict })
	if r.Verdict == reports.Pass || len(deciding) == 0 {
		return first, false
	}
	// What a waiver accepts is said of a run only when nothing else is.
	if unwaived := slices.DeleteFunc(slices.Clone(deciding), reports.Objective.Waived); len(unwaived) > 0 {
		deciding = unwaived
	}
	first = deciding[0]
	for _, name := range slices.Backward(telling) {
		if i := slices.IndexFunc(deciding, func(o reports.Objective) bool { return o.Name == name }); i >= 0 {
			first = deciding[i]
		}
	}
	return first, true
}

// why is the sentence under the verdict: that of the objective that decided.
func why(r *reports.Result) string {
	if first, ok := Deciding(r); ok {
		said := first.Name + ": " + first.Why
		if first.Waiver != nil {
			said += " " + first.Waiver.Words(first.Verdict)
		}
		return said
	}
	if r.Verdict != reports.Pass && r.Aborted != nil {
		return fmt.Sprintf("The run was cut short after %.1f s; until then all %d objectives held.", r.Aborted.At, len(r.Objectives))
	}
	if r.Recovery != nil && r.Recovery.Degraded && r.Recovery.FromInject.Seconds != nil {
		return fmt.Sprintf("All %d objectives hold; the worst recovery took %.2f s.", len(r.Objectives), *r.Recovery.FromInject.Seconds)
	}
	if len(r.Faults) > 0 {
		return fmt.Sprintf("All %d objectives hold; the faults were proven and the service was never degraded.", len(r.Objectives))
	}
	return fmt.Sprintf("All %d objectives hold.", len(r.Objectives))
}

func artifacts() []string {
	return []string{resultFile, seriesFile, pageFile, junitFile, summaryFile, metricsFile, opsFile, eventsFile, hostFile, experimentFile, factsFile, logsFolder + "/"}
}

// seconds is an instant as results tell it, to the microsecond: what lies
// below is noise that would make two equal results differ in print.
func seconds(ns int64) float64 { return math.Round(float64(ns)/1e3) / 1e6 }

func secondsOf(ns *int64) *float64 {
	if ns == nil {
		return nil
	}
	s := seconds(*ns)
	return &s
}
