package suite

import (
	"strings"

	"gauntlet/harness/experiment"
	"gauntlet/reports"
)

// counting are the runs whose verdicts are merged: of each repetition the last
// attempt, as far as there was a run.
func counting(runs []reports.SuiteRun) []reports.SuiteRun {
	var all []reports.SuiteRun
	for _, r := range runs {
		if r.Counts && r.Run != "" {
			all = append(all, r)
		}
	}
	return all
}

// recoverySpread is the recovery from the injection over runs; nil when none
// tells one. A run that never degraded recovered in no time. One that ended
// before the system had recovered leaves the mean unknown: only a lower bound
// of it is measured, and leaving it out would flatter the rest.
func recoverySpread(e *experiment.Experiment, runs []reports.SuiteRun) *reports.RecoverySpread {
	s := &reports.RecoverySpread{}
	if limit := e.SLO.Recovery; limit != nil {
		within := limit.Within.Seconds()
		s.Limit, s.LimitSec = limit.Within.String(), &within
	}
	sum := 0.0
	for _, r := range runs {
		if r.Recovery == nil {
			continue
		}
		s.Runs++
		took, censored := recovered(*r.Recovery)
		if censored {
			s.Censored++
		}
		sum += took
		if s.Runs == 1 || longer(*r.Recovery, took, censored, s) {
			s.Worst, s.Low, s.High = &took, r.Recovery.FromInject.Low, r.Recovery.FromInject.High
			if censored {
				s.Worst, s.High = nil, nil
			}
		}
	}
	if s.Runs == 0 {
		return nil
	}
	if s.Censored == 0 {
		mean := sum / float64(s.Runs)
		s.Mean = &mean
	}
	return s
}

// recovered is how long a recovery took, or at the least when the run ended
// before it.
func recovered(r reports.Recovery) (took float64, censored bool) {
	if s := r.FromInject.Seconds; s != nil {
		return *s, false
	}
	return r.FromInject.Low, true
}

// longer says that a recovery is worse than the worst so far: one without an
// end is worse than any that has one.
func longer(r reports.Recovery, took float64, censored bool, s *reports.RecoverySpread) bool {
	if before := s.Worst == nil; censored != before {
		return censored
	}
	if censored {
		return r.FromInject.Low > s.Low
	}
	return took > *s.Worst
}

// availabilitySpread is the availability over runs; nil when none tells one.
func availabilitySpread(runs []reports.SuiteRun) *reports.AvailabilitySpread {
	var s *reports.AvailabilitySpread
	sum := 0.0
	for _, r := range runs {
		a := r.Availability
		if a == nil {
			continue
		}
		if s == nil {
			s = &reports.AvailabilitySpread{Worst: a.Ratio, Low: a.Low, High: a.High}
		}
		s.Runs++
		sum += a.Ratio
		if a.Ratio < s.Worst {
			s.Worst, s.Low, s.High = a.Ratio, a.Low, a.High
		}
	}
	if s != nil {
		s.Mean = sum / float64(s.Runs)
	}
	return s
}

// kind is the objective without its scope: "availability" of
// "availability:get".
func kind(objective string) string {
	k, _, _ := strings.Cut(objective, ":")
	return k
}
