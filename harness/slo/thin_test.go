package slo

import (
	"testing"
	"time"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

// puts makes the i-th to last put before the end of the run (s) fail, for each
// given i, at a tenth of the rate.
func puts(rate, end float64, last ...int) mark {
	return only(1, func(op *history.Op) {
		for _, i := range last {
			if int(float64(op.Due)/1e9*rate/10) == int(end*rate/10)-i {
				op.Class = history.Status5xx
			}
		}
	})
}

// An operation so thin that its H outlasts the run does not leave the recovery
// open when it was never degraded: it takes the H of the service, fifty of its
// requests, and no evidence at the end that something begins.
func TestAThinOperationThatIsWell(t *testing.T) {
	const short = reports.ObserveTooShort
	for _, c := range []struct {
		name    string
		rate    float64 // a tenth of which is puts
		end     float64 // of the run, the fault being injected at 5 s
		marks   []mark
		verdict reports.Verdict
		reason  string
	}{
		{"all good", 300, 8.5, nil, pass, ""},
		{"all good, for hardly H of the service", 300, 7.05, nil, pass, ""},
		{"less than H of the service", 300, 6.9, nil, inc, short},
		{"less than fifty of its requests", 210, 7.2, nil, inc, short},
		{"fifty of its requests", 210, 7.6, nil, pass, ""},
		{"one bad just before the end", 300, 8.5, marks(puts(300, 8.5, 1)), pass, ""},
		{"two bad just before the end", 300, 8.5, marks(puts(300, 8.5, 1, 2)), inc, short},
		{"two bad at the end, one good between", 300, 8.5, marks(puts(300, 8.5, 1, 3)), inc, short},
		{"two bad long before the end", 300, 8.5, marks(puts(300, 8.5, 95, 96)), pass, ""},
		{"down at the end, beyond the limit", 300, 8.5, marks(only(1, down(8.2, 9))), fail, reports.LimitBroken},
		{"down, and up for less than its H", 300, 12, marks(only(1, down(5.002, 6))), inc, short},
		{"down for too long at the end", 300, 8.5, marks(only(1, down(5.002, 9))), fail, reports.LimitBroken},
	} {
		in := trial(c.rate, c.marks...)
		in.Spec.Recovery.Within = 2 * time.Second
		endsAt(c.end)(&in)
		o := objective(t, Judge(in), "recovery")
		if o.Verdict != c.verdict || o.Reason != c.reason {
			t.Errorf("%s: %s %s, want %s %s: %s", c.name, o.Verdict, o.Reason, c.verdict, c.reason, o.Why)
		}
	}
}
