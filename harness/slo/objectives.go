package slo

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gauntlet/reports"
)

// order is that of objectives everywhere (§5).
var order = []string{"recovery", "availability", "availability:", "budget", "lostWrites", "foreign", "staleness", "convergence", "order", "residual", "steadyState"}

// Arrange sorts objectives into their fixed order, those of one kind as they
// came; unknown ones go last. It returns a new list.
func Arrange(objectives []reports.Objective) []reports.Objective {
	place := func(name string) int {
		if strings.HasPrefix(name, "availability:") {
			name = "availability:"
		}
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		return len(order)
	}
	sorted := slices.Clone(objectives)
	slices.SortStableFunc(sorted, func(a, b reports.Objective) int { return place(a.Name) - place(b.Name) })
	return sorted
}

// because completes an objective: no reason is a PASS, limit-broken a FAIL,
// every other INCONCLUSIVE.
func because(o reports.Objective, reason, why string) reports.Objective {
	o.Reason, o.Why = reason, why
	switch reason {
	case "":
		o.Verdict = reports.Pass
	case reports.LimitBroken:
		o.Verdict = reports.Fail
	default:
		o.Verdict = reports.Inconclusive
	}
	return o
}

// recoveryObjective holds every claim of every fault, or without faults every
// episode in observe, to the limit; the worst is shown.
func (a *analysis) recoveryObjective() reports.Objective {
	limit := a.Spec.Recovery
	o := reports.Objective{Name: "recovery", Target: "≤ " + duration(int64(limit.Within)) + " " + limit.words(), Measured: "nothing"}
	if len(a.Faults) == 0 {
		o.Target = "no episode longer than " + duration(int64(limit.Within))
	}
	span, ok := a.exposed()
	if !ok {
		return a.unexposed(o)
	}
	if a.scopes[0].thin() {
		return because(o, orAborted(a.Aborted, reports.TooFewSamples), fmt.Sprintf("Episodes need at least %g requests per second, from the baseline on; there were %.3g.", leastRate, a.scopes[0].lowest))
	}
	o.Samples = a.count(a.scopes[0], span).n
	if o.Samples == 0 {
		return because(o, orAborted(a.Aborted, reports.TooFewSamples), fmt.Sprintf("No request was judged after %.3f s.", seconds(span.Begin)))
	}
	c, ok := a.worstClaim()
	if unseen := a.unseen(); unseen != "" && c.verdict != reports.Fail {
		return because(o, orAborted(a.Aborted, reports.TooFewSamples), unseen)
	}
	if !ok {
		return because(o, orAborted(a.Aborted, reports.FaultUnproven), "Not every fault of the experiment was injected.")
	}
	o.Measured, o.Low, o.Margin = "> "+duration(c.measure.low), pointer(seconds(c.measure.low)), reports.Margin(float64(int64(limit.Within)-c.measure.low), float64(limit.Within))
	if c.measure.high != nil {
		o.High = pointer(seconds(*c.measure.high))
	}
	if c.measure.at != nil {
		o.Measured = duration(*c.measure.at)
		o.Margin = reports.Margin(float64(int64(limit.Within)-*c.measure.at), float64(limit.Within))
	}
	return because(o, c.reason, a.claimWords(c))
}

func (l Limit) words() string {
	switch l.From {
	case "heal":
		return "from heal"
	case "both":
		return "from inject and from heal"
	}
	return "from inject"
}

// worstClaim is the claim that decides: a broken limit, then what is not
// known, then the longest; a real episode over none. A fault that was not
// injected leaves nothing to claim.
func (a *analysis) worstClaim() (claim, bool) {
	var all []claim
	if len(a.Faults) == 0 {
		all = a.episodesInObserve()
	}
	complete := true
	for f, fault := range a.Faults {
		if !fault.injected() {
			complete = false
			continue
		}
		for _, r := range a.recoveries(f) {
			all = append(all, r.claims...)
		}
	}
	if len(all) == 0 {
		return claim{}, false
	}
	worst := all[0]
	for _, c := range all[1:] {
		if c.outweighs(worst) {
			worst = c
		}
	}
	return worst, complete || worst.verdict == reports.Fail
}

// outweighs says whether c matters more than other.
func (c claim) outweighs(other claim) bool {
	switch {
	case rank(c.verdict) != rank(other.verdict):
		return rank(c.verdict) > rank(other.verdict)
	case (c.episode != nil) != (other.episode != nil):
		return c.episode != nil
	}
	return c.measure.longer(other.measure, c.scope == other.scope)
}

// episodesInObserve is what the limit holds when the file has no fault: each
// episode of impact in observe, from its onset; or that there was none.
func (a *analysis) episodesInObserve() []claim {
	none := claim{kind: longest, scope: a.scopes[0], fault: -1, measure: a.undegraded(a.scopes[0], nil)}
	all := []claim{a.settle(none)}
	for i, sc := range a.scopes {
		for k := range a.owned[i] {
			o := &a.owned[i][k]
			if sc.gates && o.counts() && (o.recovered > a.Phases.Observe.Begin || !o.stopped) {
				all = append(all, a.settle(claim{kind: longest, episode: o, scope: sc, fault: -1, measure: o.since(a.whole.End)}))
			}
		}
	}
	return all
}

// unseen says which of the scopes that were asked for cannot be judged; "" when
// all can. Of an operation that is too thin validate says so beforehand, and it
// is drawn; who asks for every replica is not told a PASS of some of them. One
// that had no request of the baseline has nothing to be compared with and is
// another matter: a replica that joins, or that routing passes by.
func (a *analysis) unseen() string {
	for _, asked := range []struct {
		by   dimension
		name string
	}{{byReplica, "replica"}, {byShard, "shard"}} {
		if !a.Spec.gates(asked.by) {
			continue
		}
		judged := 0
		for _, sc := range a.scopes {
			switch {
			case sc.by != asked.by:
			case !sc.thin():
				judged++
			case sc.baseline.n > 0:
				return fmt.Sprintf("%s had %.3g requests per second; each %s is held to the limit, and that takes at least %g.",
					upper(sc.spoken()), sc.lowest, asked.name, leastRate)
			}
		}
		if judged == 0 {
			return fmt.Sprintf("Each %s is held to the limit, and no answer of the baseline named one.", asked.name)
		}
	}
	return a.astray()
}

// astray says that an outage of a shard may lie among requests that nobody can
// tell the shard of: what is not answered names none, and only of keys that were
// populated is it known beforehand. What lies within an episode of the service
// or of an operation is held to the limit there.
func (a *analysis) astray() string {
	span, ok := a.exposed()
	if !ok || !a.Spec.gates(byShard) {
		return ""
	}
	n := 0
	for s, doubtful := range a.requests(span) {
		if bad, judged := a.view.judge(s, doubtful); bad && judged && s.shard == 0 && !a.heldAnyway(s.due) {
			n++
		}
	}
	for _, sc := range a.scopes {
		if sc.by == byShard && !sc.thin() && n >= sc.fewest() {
			return fmt.Sprintf("Each shard is held to the limit, and %d bad requests named none, which would be an episode of %s; the shard of a key is known when it is populated (load.populate).",
				n, sc.spoken())
		}
	}
	return ""
}

// heldAnyway says whether an instant lies in an episode of the service or of an
// operation that counts.
func (a *analysis) heldAnyway(t int64) bool {
	for i, sc := range a.scopes {
		if sc.by <= byOperation && slices.ContainsFunc(a.episodes[i], func(e *episode) bool { return e.counts() && e.degraded <= t && t < e.recovered }) {
			return true
		}
	}
	return false
}

// fewest is with how few bad requests the scope can have an episode that counts.
func (sc *scope) fewest() int {
	return int(math.Ceil(max(threshold/sc.test.bad, leastImpact*sc.lowest)))
}

// percent shows a share with as many digits as tell it from none and from
// all: 99.9994 % is not 100 %.
func percent(share float64) string {
	p := share * 100
	digits := 3
	for ; digits < 9; digits++ {
		r := math.Round(p*math.Pow10(digits)) / math.Pow10(digits)
		if (r != 100 || share >= 1) && (r != 0 || share <= 0) {
			break
		}
	}
	s := strconv.FormatFloat(p, 'f', digits, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") + " %"
}

// duration shows ns in seconds, to the millisecond below 10 s.
func duration(ns int64) string {
	digits := 3
	if ns >= 10*second {
		digits = 1
	}
	s := strconv.FormatFloat(float64(ns)/1e9, 'f', digits, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") + " s"
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
