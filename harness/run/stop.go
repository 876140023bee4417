package run

import (
	"context"

	"gauntlet/harness/history"
	"gauntlet/harness/load"
	"gauntlet/harness/slo"
)

// stopped is the cause of a run that ends because its stop condition was met. It
// is no error of the run: what was measured until then is its result.
type stopped struct{ slo.Halt }

func (e stopped) Error() string { return "the stop condition was met: " + e.Halt.String() }

// unlessStopped is err, or nil when the stop condition ended the run and nothing
// went wrong beside it.
func unlessStopped(err error) error {
	if _, ok := err.(stopped); ok {
		return nil
	}
	return err
}

// guarded is the record of the load with somebody who reads along.
type guarded struct {
	load.Recorder
	guard *slo.Guard
	met   func(slo.Halt)
}

func (g guarded) Append(op history.Op) error {
	if h, ok := g.guard.Add(op); ok {
		g.met(h)
	}
	return g.Recorder.Append(op)
}

// guard lets a record end the run by halt when the experiment's stop condition
// is met, if it has one.
func (s *session) guard(halt context.CancelCauseFunc) func(load.Recorder) load.Recorder {
	return func(rec load.Recorder) load.Recorder {
		if s.exp.Stop == nil {
			return rec
		}
		stop := slo.Stop{Below: s.exp.Stop.AvailabilityBelow, For: s.exp.Stop.For}
		return guarded{rec, slo.NewGuard(stop, rulesOf(s.exp)), func(h slo.Halt) {
			s.tell.line("stop: %s; faults are undone, the load ends", h)
			halt(stopped{h})
		}}
	}
}
