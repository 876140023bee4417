package consistency

import (
	"fmt"
	"strings"

	"gauntlet/reports"
)

const (
	second = int64(1e9)
	// horizon is H: how long before an injection and, at least, after it
	// acknowledged writes count as exposed to the fault.
	horizon = 2 * second
	// leastAcked is how many acknowledged writes each fault must be tried on.
	leastAcked = 100
)

// Fault is a fault that was injected.
type Fault struct {
	Name        string
	InjectBegin int64  // ns since the origin
	HealEnd     *int64 // nil: never healed
	Unproven    bool   // it is not known to have worked: no write lost shows nothing
}

// Question is what must be known of the run beside its requests.
type Question struct {
	LostLimit  *int     // acknowledged writes that may be lost; nil: not an objective
	Replicas   []string // names by history.Op.Replica
	Faults     []Fault  // those that were injected
	Planned    int      // faults in the file; 0: those injected are all
	Withheld   Withheld // why none of them was injected, when it is known
	Finished   bool     // the final reads came to an end
	Incomplete string   // why they are incomplete; "" when they are not
	Aborted    bool     // the run ended early
	Values     bool     // some operation returns values: a run that read none shows nothing about foreign ones

	Registers *Registers // nil: the run had none
}

// Withheld is why no fault was injected: a reason of an objective and a
// sentence.
type Withheld struct{ Reason, Why string }

// uninjected is why faults of the file are missing; "" when none is.
func (q Question) uninjected() (reason, why string) {
	switch {
	case len(q.Faults) >= q.Planned:
		return "", ""
	case q.Withheld.Reason != "":
		return q.Withheld.Reason, q.Withheld.Why
	}
	return reports.FaultUnproven, "Not every fault of the experiment was injected."
}

// unproven is why nothing that was kept in the faults shows anything, for one
// that is not known to have worked; "" when all are.
func (q Question) unproven(so string) (reason, why string) {
	for _, f := range q.Faults {
		if f.Unproven {
			return reports.FaultUnproven, f.Name + " is not known to have worked, so " + so + "."
		}
	}
	return "", ""
}

// Check answers q from what was added: the counts, and the objectives
// lostWrites (when it has a limit), foreign (always), and those of the promise
// where there were registers.
func (c *Checker) Check(q Question) (reports.Consistency, []reports.Objective) {
	n := c.count(q.Replicas)
	objectives := make([]reports.Objective, 0, 2)
	if q.LostLimit != nil {
		objectives = append(objectives, c.lostWrites(q, n))
	}
	objectives = append(objectives, c.foreignValues(q))
	out := reports.Consistency{
		Acked: n.acked, Lost: n.lost, Foreign: c.foreign, Unknown: n.unknown,
		Unreachable: n.unreachable + n.unread, Resurrected: n.resurrected,
		Examples: append(append(n.lostExamples, c.foreignExamples(q.Replicas)...), n.backToLife...),
	}
	if q.Registers != nil {
		f := q.Registers.findings(c.registers, c.slow, q.Faults)
		objectives = append(objectives, f.promised(q)...)
		f.describe(&out, q)
		c.found = f
	}
	if q.LostLimit != nil || c.read > 0 || c.finals > 0 {
		out.Verdict = merge(objectives)
	}
	return out, objectives
}

// lostWrites holds the number of lost writes to its limit. More than that is
// a FAIL, whatever else went wrong; without, every gap in what was asked
// makes it INCONCLUSIVE.
func (c *Checker) lostWrites(q Question, n counts) reports.Objective {
	limit := *q.LostLimit
	lost := float64(n.lost)
	most := lost + float64(n.unreachable+n.unread)
	o := reports.Objective{
		Name: "lostWrites", Target: fmt.Sprintf("≤ %d", limit), Measured: fmt.Sprintf("%d of %d", n.lost, n.acked),
		Low: &lost, High: &most, Samples: n.acked,
	}
	o.Margin = reports.Margin(float64(limit)-lost, float64(limit))
	thin, where := c.thinnest(q)
	missing, why := q.uninjected()
	switch {
	case n.lost > limit:
		return because(o, reports.LimitBroken, fmt.Sprintf("%d of %d acknowledged writes were lost, at most %d may be; %s.", n.lost, n.acked, limit, n.lostExamples[0]))
	case q.Aborted:
		return because(o, reports.RunAborted, "The run was aborted before every acknowledged write was looked for.")
	case !q.Finished || q.Incomplete != "" || c.wide:
		return because(o, reports.CheckerTimeout, "The final reads are incomplete: "+c.incomplete(q)+".")
	case n.unread > 0:
		return because(o, reports.CheckerTimeout, fmt.Sprintf("%d of %d acknowledged writes were not looked for on every replica.", n.unread, n.acked))
	case n.unreachable > 0:
		return because(o, reports.Unreachable, fmt.Sprintf("%d of %d acknowledged writes could not be read through every replica: they are not known to be lost.", n.unreachable, n.acked))
	case missing != "":
		return because(o, missing, why)
	case thin < leastAcked:
		return because(o, reports.TooFewSamples, fmt.Sprintf("%d writes were acknowledged %s; it takes %d.", thin, where, leastAcked))
	}
	if reason, why := q.unproven("that losing nothing shows nothing"); reason != "" {
		return because(o, reason, why)
	}
	return because(o, "", fmt.Sprintf("%d of %d acknowledged writes were lost.", n.lost, n.acked))
}

func (c *Checker) incomplete(q Question) string {
	switch {
	case q.Incomplete != "":
		return q.Incomplete
	case !q.Finished:
		return "they did not come to an end"
	}
	return "there are more than 64 replicas"
}

// thinnest is the fewest writes that were acknowledged around a fault, in
// [injectBegin − H, max(healEnd, injectBegin + H)]; in a run without faults
// those of all of it.
func (c *Checker) thinnest(q Question) (n int, where string) {
	n, where = c.around(-1<<63, 1<<63-1), "in all"
	for i, f := range q.Faults {
		to := f.InjectBegin + horizon
		if f.HealEnd != nil {
			to = max(to, *f.HealEnd)
		}
		if around := c.around(f.InjectBegin-horizon, to); i == 0 || around < n {
			n, where = around, "around "+f.Name
		}
	}
	return n, where
}

// foreignValues fails for any value that the run did not write to the key it
// was read from. There is no limit on them, and no lack of time excuses one.
func (c *Checker) foreignValues(q Question) reports.Objective {
	low := float64(c.foreign)
	o := reports.Objective{Name: "foreign", Target: "0", Measured: fmt.Sprint(c.foreign), Low: &low, High: &low, Samples: c.read}
	switch {
	case c.foreign > 0:
		return because(o, reports.LimitBroken, fmt.Sprintf("%d of %d values read were never written to their key by this run: %s.", c.foreign, c.read, strings.Join(c.foreignExamples(q.Replicas)[:1], "")))
	case q.Aborted:
		return because(o, reports.RunAborted, fmt.Sprintf("None of %d values read was foreign when the run was aborted.", c.read))
	case c.read == 0 && q.Values:
		return because(o, reports.TooFewSamples, "No answer carried a value.")
	case c.read == 0:
		return because(o, "", "No answer carries a value of ours, so that none can be foreign.")
	}
	return because(o, "", fmt.Sprintf("All %d values read were written to their key by this run.", c.read))
}

func (c *Checker) foreignExamples(replicas []string) []string {
	var all []string
	for _, op := range c.strange {
		all = append(all, fmt.Sprintf("%s request %d read a foreign value from key %d through %s at %.3f s", op.Stream, op.Seq, op.Key, nameOf(replicas, int(op.Replica)), seconds(op.Done)))
	}
	return all
}

// because completes an objective: no reason is a PASS, limit-broken a FAIL,
// every other INCONCLUSIVE.
func because(o reports.Objective, reason, why string) reports.Objective {
	o.Reason, o.Why, o.Verdict = reason, why, reports.Inconclusive
	switch reason {
	case "":
		o.Verdict = reports.Pass
	case reports.LimitBroken:
		o.Verdict = reports.Fail
	}
	return o
}

// merge is FAIL over INCONCLUSIVE over PASS.
func merge(objectives []reports.Objective) reports.Verdict {
	worst := reports.Pass
	for _, o := range objectives {
		if o.Verdict == reports.Fail || o.Verdict == reports.Inconclusive && worst == reports.Pass {
			worst = o.Verdict
		}
	}
	return worst
}
