package slo

import (
	"strings"
	"testing"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

// When nothing was injected because the baseline was not fit for it, what
// depends on the fault says that, and not that the fault did not work: that is
// for a fault which was injected, or was not although it could have been.
func TestWhyNothingWasInjected(t *testing.T) {
	const unproven, few, disturbed, spans = reports.FaultUnproven, reports.TooFewSamples, reports.InstrumentDisturbed, reports.IntervalSpansLimit
	for _, c := range []struct {
		name   string
		marks  []mark
		masks  []Mask
		steady string
		reason string
		why    string
	}{
		{"steady", nil, nil, "", unproven, "No fault was injected."},
		{"broken", marks(fails(0, 5, 50, history.EOF)), nil, reports.LimitBroken, few, "No fault was injected, since the baseline was not steady."},
		{"one operation broken", marks(only(1, down(0, 0.2))), nil, reports.LimitBroken, few, "No fault was injected, since the baseline was not steady."},
		{"a burst among few", marks(only(1, down(1, 1.07))), nil, spans, spans, "No fault was injected, since it cannot be told whether the baseline was steady."},
		{"late requests decide", marks(late(1, 1.1, 1)), nil, disturbed, disturbed, "No fault was injected, since it cannot be told whether the baseline was steady."},
		{"masked requests decide", marks(down(1, 1.1)), []Mask{{Span{ms * 950, ms * 1150}, 1}}, disturbed, disturbed, "cannot be told"},
		{"the generator did not send", marks(unsent(0, 5, 60, 0)), nil, disturbed, disturbed, ""},
	} {
		for _, file := range []string{"faults", "none"} {
			in := trial(1000, c.marks...)
			in.Samples = collect(operations(1000, 5, c.marks...))
			in.Faults = []Fault{{Name: "down", OneShot: true}, {Name: "again"}}
			in.Phases.Fault, in.Phases.Observe = nil, Span{}
			in.Masks = c.masks
			available("", 0.5)(&in)
			want, why := c.reason, c.why
			if file == "none" {
				in.Faults, why = nil, ""
				if want == unproven {
					want = few
				}
			}
			j := Judge(in)
			switch {
			case file == "none" && j.Withheld != (Withheld{}):
				t.Errorf("%s: without a fault of %+v", c.name, j.Withheld)
			case file == "faults" && (j.Withheld.Reason != want || !strings.Contains(j.Withheld.Why, why)):
				t.Errorf("%s: the faults were withheld for %+v, want %s and %q", c.name, j.Withheld, want, why)
			}
			if o := objective(t, j, "steadyState"); o.Reason != c.steady {
				t.Errorf("%s: steadyState %s %s", c.name, o.Verdict, o.Reason)
			}
			for _, name := range []string{"recovery", "availability", "residual"} {
				o := objective(t, j, name)
				if o.Verdict != inc || o.Reason != want {
					t.Errorf("%s, %s: %s is %s %s, want %s: %s", c.name, file, name, o.Verdict, o.Reason, want, o.Why)
				}
				wants(t, o.Why, why)
			}
		}
	}
}
