package suite

import (
	"fmt"
	"strings"
	"time"

	"gauntlet/reports"
)

// settle merges what is known so far.
func (c *conductor) settle() {
	for i := range c.suite.Entries {
		c.settleEntry(i)
	}
	s := c.suite
	s.Verdict = overall(s.Entries, func(e reports.SuiteEntry) reports.Verdict { return e.Verdict })
	s.Gate = otherwise(s.Verdict, overall(s.Entries, func(e reports.SuiteEntry) reports.Verdict { return reports.GateOf(e.Verdict, e.Gate) }))
	s.Took = tenths(c.o.Now().Sub(c.begin))
	s.Reason, s.Why = why(s)
}

func (c *conductor) settleEntry(i int) {
	e := &c.suite.Entries[i]
	var verdicts, gates []reports.Verdict
	e.Conclusive = 0
	for _, r := range e.Runs {
		switch {
		case !r.Counts:
		case r.Run == "", r.Reason == reports.Infrastructure:
			verdicts, gates = append(verdicts, ""), append(gates, "")
		default:
			verdicts, gates = append(verdicts, r.Verdict), append(gates, reports.GateOf(r.Verdict, r.Gate))
			if r.Verdict != reports.Inconclusive {
				e.Conclusive++
			}
		}
	}
	e.Verdict = Merge(e.Repeat, verdicts)
	e.Gate = otherwise(e.Verdict, Merge(e.Repeat, gates))
	runs := counting(e.Runs)
	e.Recovery, e.Availability = recoverySpread(c.jobs[i].Experiment, runs), availabilitySpread(runs)
	e.Acked, e.Lost, e.Objectives = 0, 0, nil
	for _, r := range runs {
		e.Acked += r.Acked
		e.Lost += r.Lost
	}
	if e.Control == "" {
		e.Objectives = mergeObjectives(e.Repeat, runs)
	}
	e.Reason, e.Why = entryWhy(e)
}

// entryWhy is the reason and the sentence of an entry: those of the run that
// decided.
func entryWhy(e *reports.SuiteEntry) (reason, why string) {
	if e.Verdict == reports.Pass {
		if e.Repeat == 1 {
			return "", lastOf(e.Runs).Why
		}
		return "", fmt.Sprintf("%d of %d repetitions passed, none failed.", e.Conclusive, e.Repeat)
	}
	counted := 0
	for _, order := range []func(r reports.SuiteRun) bool{
		func(r reports.SuiteRun) bool { return r.Verdict == reports.Fail },
		func(r reports.SuiteRun) bool { return r.Reason == reports.Infrastructure },
		func(r reports.SuiteRun) bool { return r.Reason == reports.Budget },
		func(r reports.SuiteRun) bool { return r.Verdict == reports.Inconclusive },
	} {
		for _, r := range e.Runs {
			if !r.Counts || !order(r) {
				continue
			}
			if counted++; counted == 1 {
				reason, why = r.Reason, r.Why
			}
		}
		if counted > 0 {
			break
		}
	}
	switch {
	case counted == 0:
		return reports.RunAborted, "not every repetition was run"
	case e.Repeat == 1:
		return reason, why
	case reason == reports.Budget, reason == reports.Infrastructure, e.Verdict == reports.Fail:
		return reason, fmt.Sprintf("%d of %d repetitions: %s", counted, e.Repeat, why)
	}
	return reports.TooFewConclusive, fmt.Sprintf("%d of %d repetitions had a verdict, and it takes %d: %s", e.Conclusive, e.Repeat, e.Needed, why)
}

func lastOf(runs []reports.SuiteRun) reports.SuiteRun {
	if len(runs) == 0 {
		return reports.SuiteRun{}
	}
	return runs[len(runs)-1]
}

// why is the reason and the sentence of the suite: how its entries ended, and
// what the first that decided says.
func why(s *reports.Suite) (reason, why string) {
	count := map[reports.Verdict]int{}
	var first *reports.SuiteEntry
	for i := range s.Entries {
		e := &s.Entries[i]
		count[e.Verdict]++
		if e.Verdict == s.Verdict && first == nil {
			first = e
		}
	}
	if s.Verdict == reports.Pass {
		return "", fmt.Sprintf("All %d experiments passed.", len(s.Entries))
	}
	var parts []string
	for _, v := range []struct {
		verdict reports.Verdict
		said    string
	}{{reports.Fail, "failed"}, {reports.Inconclusive, "could not be decided"}, {reports.Pass, "passed"}} {
		if n := count[v.verdict]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v.said))
		}
	}
	why = fmt.Sprintf("Of %d experiments %s.", len(s.Entries), strings.Join(parts, ", "))
	if first == nil {
		return reports.RunAborted, why
	}
	return first.Reason, fmt.Sprintf("%s %s: %s", why, first.Name, first.Why)
}

// round is a duration for a sentence.
func round(d time.Duration) time.Duration { return max(0, d).Round(time.Second) }

// tenths is a duration in seconds, without digits that nobody reads.
func tenths(d time.Duration) float64 { return d.Round(100 * time.Millisecond).Seconds() }
