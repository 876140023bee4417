package reports

import (
	"fmt"
	"strings"
)

// Waived says that the objective is broken and that this is accepted for now.
func (o Objective) Waived() bool { return o.Verdict == Fail && o.Waiver != nil && o.Waiver.Holds }

// Words says in a sentence what the waiver means for an objective that ended
// so: it accepts a FAIL until its last day, and nothing else.
func (w *Waiver) Words(v Verdict) string {
	switch {
	case v == Pass:
		return fmt.Sprintf("The waiver of %s is not needed: take it out.", w.Owner)
	case !w.Holds:
		return fmt.Sprintf("The waiver of %s ended on %s and counts no more.", w.Owner, w.Until)
	case v == Inconclusive:
		return fmt.Sprintf("The waiver of %s accepts a FAIL, and this is not decided.", w.Owner)
	}
	s := fmt.Sprintf("Waived by %s until %s (%s): %s", w.Owner, w.Until, w.left(), strings.TrimSuffix(w.Reason, "."))
	if w.Reference != "" {
		s += ", see " + w.Reference
	}
	return s + "."
}

func (w *Waiver) left() string {
	if w.DaysLeft == 0 {
		return "its last day"
	}
	return plural(w.DaysLeft, "day") + " left"
}

// Waives is what the objective's waiver says; "" without one.
func (o Objective) Waives() string {
	if o.Waiver == nil {
		return ""
	}
	return o.Waiver.Words(o.Verdict)
}

// reasoned is why the objective ended so, and what its waiver makes of that.
func (o Objective) reasoned() string { return strings.TrimSpace(o.Why + " " + o.Waives()) }

// ended is the verdict in words. A waived FAIL is one.
func (o Objective) ended() string {
	if o.Waived() {
		return string(Fail) + ", waived"
	}
	return string(o.Verdict)
}

// waived is the objectives whose FAIL is accepted.
func waived(all []Objective) []Objective {
	var out []Objective
	for _, o := range all {
		if o.Waived() {
			out = append(out, o)
		}
	}
	return out
}

// GateOf is the verdict that a pipeline acts on: gate where a waiver makes it
// another one, else verdict.
func GateOf(verdict, gate Verdict) Verdict {
	if gate != "" {
		return gate
	}
	return verdict
}

// gated says what a pipeline is told when that is not the verdict; "" when it
// is.
func gated(gate Verdict) string {
	switch gate {
	case "":
		return ""
	case Pass:
		return "What failed is waived: a pipeline goes on."
	}
	return "What failed is waived; what is left is " + string(gate) + "."
}
