package pairs

import (
	"fmt"

	"gauntlet/harness/compare"
	"gauntlet/reports"
)

// look judges the pairs when it is time to, and says whether that decided.
// Between looks what is measured is shown, and nothing is decided.
func (c *conductor) look() (decided bool) {
	n := len(c.pairs)
	for i, l := range c.looks {
		if l.After != n {
			continue
		}
		c.told.Looks[i].Done = true
		return c.judge(l) != reports.Inconclusive
	}
	c.undecided(reports.TooFewPairs, fmt.Sprintf("%d of at most %d pairs so far", n, c.o.Pairs))
	return false
}

// end judges what there is when the budget leaves no time for more.
func (c *conductor) end() {
	n := len(c.pairs)
	cut := fmt.Sprintf("the budget was up after %d of %d pairs", n, c.o.Pairs)
	if n == 0 {
		c.undecided(reports.TooFewPairs, cut)
		return
	}
	l := compare.Last(c.looks, n)
	c.told.Looks = append(c.told.Looks, reports.ComparedLook{After: n, Alpha: l.Alpha, Beta: l.Beta, Done: true})
	if c.judge(l) == reports.Inconclusive {
		c.told.Reason, c.told.Why = reports.TooFewPairs, cut+"; "+c.told.Why
	}
}

func (c *conductor) judge(l compare.Look) reports.Verdict {
	t := c.told
	t.Measures = compare.Judge(c.pairs, c.o.Floors, l, t.Seed)
	verdict, first := compare.Verdict(t.Measures)
	t.Verdict, t.Reason, t.Why = verdict, "", fmt.Sprintf("B is not worse in any of %d measures by more than what is worth a word, after %d pairs.", gating(t.Measures), l.After)
	if verdict == reports.Pass {
		return verdict
	}
	if first == nil {
		t.Reason, t.Why = reports.TooFewPairs, "nothing was measured"
		return verdict
	}
	t.Reason, t.Why = first.Reason, fmt.Sprintf("%s, after %d of at most %d pairs.", first.Why, l.After, c.o.Pairs)
	return verdict
}

func gating(all []reports.ComparedMeasure) (n int) {
	for _, m := range all {
		if m.Gates {
			n++
		}
	}
	return n
}

// undecided leaves the comparison open, for a reason, and shows what was measured.
func (c *conductor) undecided(reason, why string) {
	t := c.told
	t.Verdict, t.Reason, t.Why = reports.Inconclusive, reason, why
	t.Measures = compare.Judge(c.pairs, c.o.Floors, c.looks[len(c.looks)-1], t.Seed)
	for i := range t.Measures {
		if m := &t.Measures[i]; m.Gates {
			m.Verdict, m.Reason = reports.Inconclusive, reason
		}
	}
}
