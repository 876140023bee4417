package slo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

// breakdown says what the bad requests of a stretch were.
type breakdown struct {
	bad       int
	classes   []named // most first
	replicas  []named
	operation string // whose all of them were, of several
}

type named struct {
	name  string
	count int
}

// breakdown counts the scope's bad requests due in [from, to) by class and by
// the replica that answered last; those in doubt are left out.
func (j *judge) breakdown(sc *scope, from, to int64) breakdown {
	var b breakdown
	classes, replicas, operations := map[string]int{}, map[string]int{}, map[string]int{}
	for s, doubtful := range j.requests(Span{from, to}) {
		if !s.bad() || doubtful || !sc.has(s) {
			continue
		}
		b.bad++
		class := s.class.String()
		if s.class == history.OK {
			class = "slow"
		}
		classes[class]++
		operations[nameOf(j.Operations, int(s.operation))]++
		if s.replica != history.NoReplica {
			replicas[nameOf(j.Replicas, int(s.replica))]++
		}
	}
	b.classes, b.replicas = mostFirst(classes), mostFirst(replicas)
	if len(operations) == 1 && len(j.Operations) > 1 && sc.by == everything {
		b.operation = mostFirst(operations)[0].name
	}
	return b
}

func mostFirst(counts map[string]int) []named {
	var all []named
	for name, n := range counts {
		all = append(all, named{name, n})
	}
	slices.SortFunc(all, func(a, b named) int { return cmp.Or(b.count-a.count, strings.Compare(a.name, b.name)) })
	return all
}

// words is " (700 refused, 112 timeout), most of them through mapper-1", or
// nothing when nothing was bad. A replica is named when it had most of the bad
// requests and others had fewer.
func (b breakdown) words() string {
	if b.bad == 0 {
		return ""
	}
	parts := make([]string, len(b.classes))
	for i, c := range b.classes {
		parts[i] = fmt.Sprintf("%d %s", c.count, c.name)
	}
	s := " (" + strings.Join(parts, ", ") + ")"
	if b.operation != "" {
		s += ", all of operation " + b.operation
	}
	if len(b.replicas) > 0 && 2*b.replicas[0].count > b.bad {
		s += fmt.Sprintf(", %d of them through %s", b.replicas[0].count, b.replicas[0].name)
	}
	return s
}

// claimWords is the one sentence about a claim.
func (a *analysis) claimWords(c claim) string {
	limit := duration(int64(a.Spec.Recovery.Within))
	var s string
	switch {
	case c.episode == nil && c.reason == reports.ObserveTooShort && c.measure.at == nil:
		return fmt.Sprintf("Before the run ended %s, so that recovery from its heal cannot be measured.", a.unhealed(c.fault))
	case c.episode == nil && c.fault < 0:
		s = "No episode was worth 0.1 s of full outage"
	case c.episode == nil && c.kind == sinceTheHeal:
		s = fmt.Sprintf("%s was not degraded when %s", upper(c.scope.spoken()), a.healed(c.fault))
	case c.episode == nil:
		s = fmt.Sprintf("%s was never degraded by %s: no episode was worth 0.1 s of full outage", upper(c.scope.spoken()), a.faultName(c.fault))
	default:
		s = a.episodeWords(c)
	}
	switch c.reason {
	case reports.LimitBroken:
		return s + "; the limit is " + limit + "."
	case reports.FaultUnproven:
		return fmt.Sprintf("%s, but %s is not known to have worked.", s, a.unprovenIn(c.fault))
	case reports.RunAborted:
		return s + ", but the run was aborted."
	case reports.InstrumentDisturbed:
		return s + ", but more than half of what was bad in it may be the doing of the generator or of other work on the host."
	case reports.ObserveTooShort:
		return s + "; observe was too short to see whether it keeps the limit of " + limit + "."
	case reports.IntervalSpansLimit:
		return fmt.Sprintf("%s; the interval %s to %s spans the limit of %s.", s, duration(c.measure.low), duration(*c.measure.high), limit)
	}
	return s + "."
}

// episodeWords says what an episode was: whose, how long, what errors, where
// and when.
func (a *analysis) episodeWords(c claim) string {
	e := c.episode
	took := "recovered " + duration(c.measure.size())
	if c.measure.at == nil {
		took = "was not seen to recover for at least " + duration(c.measure.low)
	}
	after := "after its onset"
	switch {
	case c.kind == sinceTheHeal:
		heal, _ := a.Faults[c.fault].heal()
		after = fmt.Sprintf("after %s at %.3f s", a.healed(c.fault), seconds(heal.End))
	case e.origin.kind == fromInjection:
		after = fmt.Sprintf("after %s was injected at %.3f s", a.faultName(e.origin.fault), seconds(e.origin.begin))
	case e.origin.kind == fromHeal:
		after = fmt.Sprintf("after %s at %.3f s", a.healed(e.origin.fault), seconds(e.origin.begin))
	}
	if c.kind == relapse {
		after += fmt.Sprintf(" (a relapse, %s)", a.faultName(c.fault))
	}
	b := a.breakdown(c.scope, e.degraded, e.recovered)
	return fmt.Sprintf("%s %s %s: from %.3f s to %.3f s %d of %d requests were bad%s",
		upper(c.scope.spoken()), took, after, seconds(e.degraded), seconds(e.recovered), e.seen.bad, e.seen.n, b.words())
}

func (a *analysis) faultName(f int) string { return a.Faults[f].Name }

// healed says what the heal of fault f was: nobody undoes a kill.
func (a *analysis) healed(f int) string {
	if a.Faults[f].OneShot {
		return "the victim of " + a.faultName(f) + " came back"
	}
	return a.faultName(f) + " was undone"
}

// unhealed says that the heal of fault f never came.
func (a *analysis) unhealed(f int) string {
	if a.Faults[f].OneShot {
		return "the victim of " + a.faultName(f) + " did not come back"
	}
	return a.faultName(f) + " was not undone"
}

// unprovenIn is the first unproven fault of f's group.
func (a *analysis) unprovenIn(f int) string {
	for i, other := range a.Faults {
		if a.groups[i] == a.groups[f] && !other.Proven {
			return other.Name
		}
	}
	return a.faultName(f)
}
