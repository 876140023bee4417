package reports

import (
	"slices"
	"strings"
)

// counsel is what a reason means, and what to do now: half a sentence and one.
type counsel struct{ means, do string }

// counsels has one for every reason why something could not be decided.
var counsels = map[string]counsel{
	IntervalSpansLimit: {"the limit lies within the interval",
		"Run it again, for longer or at a higher rate (phases.observe, load.rate): with more requests the interval gets narrower."},
	FaultUnproven: {"the fault is not known to have worked",
		"Read the fault’s proof, which says what was looked for and not seen, and see with gauntlet validate what it would touch."},
	TooFewSamples: {"there were too few requests to tell",
		"Let gauntlet validate say how many each objective needs, and raise load.rate or the phase that it names."},
	ObserveTooShort: {"the run ended before its end was seen",
		"Raise phases.observe: to the limit and the time to see that a recovery lasts, at the least."},
	InstrumentDisturbed: {"the generator or other work on its host may have done it",
		"Let the machine be quiet (gauntlet doctor tells whether it is; the chart of the host shows when it was not) or lower load.rate, and run it again."},
	CheckerTimeout: {"not all of the data was looked at in time",
		"Ask about less (consistency.share), or give the replicas more time to converge (consistency.promise.convergence), and run it again."},
	Unreachable: {"some of the data could not be read at the end",
		"Find out why those replicas did not answer after the heal: the end of their logs is in the report."},
	RunAborted: {"the run was cut short",
		"Remove what ended it, which the report names, and run it again to its end."},
	Infrastructure: {"the system could not be brought up, or the run not be carried out",
		"Make it start by itself first; gauntlet doctor names what this machine lacks."},
	Budget: {"the suite’s time was up",
		"Raise the suite’s budget or take repetitions out; gauntlet validate adds them up."},
	TooFewConclusive: {"fewer than half of the repetitions had a verdict",
		"Mend what left them open, which each of them says; more repetitions alone do not help."},
	SpansFloor: {"the difference may be worth a word or not",
		"Compare more pairs (--pairs), let each run send more (load.rate, phases.observe), or say what is worth a word (--floor)."},
	TooFewPairs: {"too few pairs measured it",
		"Read in the pairs’ reports why, and compare again to the end."},
}

// Advice is what to do about something that could not be decided for this
// reason, in one sentence; "" for a reason that is none.
func Advice(reason string) string { return counsels[reason].do }

// advised is a reason with what it means, what to do about it, and the names of
// what it left open.
type advised struct {
	Reason, Means, Do string
	Names             []string
}

// advices is what to do about the objectives that could not be decided, in
// their order. Where the baseline was broken it is not requests that are
// missing.
func advices(all []Objective) []advised {
	var out []advised
	broken := slices.ContainsFunc(all, func(o Objective) bool { return o.Name == "steadyState" && o.Verdict == Fail })
	for _, o := range failedFirst(all) {
		if o.Verdict == Inconclusive && !(broken && o.Reason == TooFewSamples) {
			out = advise(out, o.Reason, o.Name)
		}
	}
	return out
}

// suiteAdvices is the same for the entries of a suite.
func suiteAdvices(all []SuiteEntry) []advised {
	var out []advised
	for _, e := range failedEntriesFirst(all) {
		if e.Verdict == Inconclusive {
			out = advise(out, e.Reason, e.Name)
		}
	}
	return out
}

// advise adds one, if there is anything to say.
func advise(all []advised, reason, name string) []advised {
	c, ok := counsels[reason]
	if !ok {
		return all
	}
	for i := range all {
		if all[i].Reason == reason {
			all[i].Names = append(all[i].Names, name)
			return all
		}
	}
	return append(all, advised{reason, c.means, c.do, []string{name}})
}

// first is what to do about the objective that left the run open, which its
// sentence begins with; "" when none did.
func first(all []advised, r *Result) string {
	if r.Verdict != Inconclusive || len(all) == 0 {
		return ""
	}
	deciding, _, _ := strings.Cut(r.Why, ": ")
	for _, a := range all {
		if slices.Contains(a.Names, deciding) {
			return a.Do
		}
	}
	return all[0].Do
}
