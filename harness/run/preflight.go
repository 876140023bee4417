package run

import (
	"gauntlet/harness/experiment"
	"gauntlet/harness/load"
)

// preflight finds what would keep the load from being sent, before anything is
// started.
func preflight(o Options) error {
	if _, err := keyName(o.Experiment.Load.Keys); err != nil {
		return mistake("%w", err)
	}
	for _, op := range o.Experiment.Load.Operations {
		if _, err := expand(op); err != nil {
			return mistake("%w", err)
		}
	}
	pool, beside, err := workers(o.Experiment)
	if err != nil {
		return mistake("%w", err)
	}
	all := pool + 2*beside
	if len(o.Echo) > 0 {
		all += controlWorkers
	}
	return load.CheckDescriptors(all)
}

// workers are how many requests of the load can be under way at once, and how
// many of each of the two streams beside it that ask about the data.
func workers(e *experiment.Experiment) (pool, beside int, err error) {
	if pool, err = e.Load.Pool(); err != nil {
		return 0, 0, err
	}
	if e.Consistency != nil {
		beside, err = experiment.WorkersFor(besideShare(e)*e.Load.Rate.Peak(e.Load.Timeout), e.Load.Timeout)
	}
	return pool, beside, err
}

// asksDurability says whether write-once keys are written beside the load.
func asksDurability(e *experiment.Experiment) bool {
	return e.Consistency != nil && e.Consistency.Promise.Durable
}

// besideShare is how many write-once keys are written for each request of the
// load, and how often a register is asked or written.
func besideShare(e *experiment.Experiment) float64 { return e.Consistency.Share / 2 }
