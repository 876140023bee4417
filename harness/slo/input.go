package slo

import (
	"time"

	"gauntlet/reports"
)

// Span is a stretch of time [Begin, End), in ns since the run's origin.
type Span struct{ Begin, End int64 }

func (s Span) seconds() float64 { return float64(s.End-s.Begin) / 1e9 }

// Phases are the phases as they were, not as they were planned. A phase that
// was not reached is zero (Fault: nil, as also without faults); one that was
// cut short ends where the load did.
type Phases struct {
	Warmup   Span
	Baseline Span
	Fault    *Span
	Observe  Span
}

// end is the end of the last phase that was reached.
func (p Phases) end() int64 {
	end := max(p.Warmup.End, p.Baseline.End, p.Observe.End)
	if p.Fault != nil {
		end = max(end, p.Fault.End)
	}
	return end
}

// Fault is a fault as it was done. Instants are ns since the origin, and nil
// when the thing never happened: a fault without InjectBegin was not injected.
type Fault struct {
	Name, Kind             string
	InjectBegin, InjectEnd *int64 // it took effect between these
	HealBegin, HealEnd     *int64 // it was undone, or (one-shot) its victim came back, between these
	OneShot                bool   // it has no duration: the heal is the victim's own return
	Proven                 bool   // it is known to have worked
}

func (f Fault) injected() bool { return f.InjectBegin != nil }

// injection is the span in which the fault took effect.
func (f Fault) injection() Span { return bracket(f.InjectBegin, f.InjectEnd) }

// heal is the span in which it was undone; ok is false when it never was.
func (f Fault) heal() (span Span, ok bool) {
	if f.HealBegin == nil {
		return Span{}, false
	}
	return bracket(f.HealBegin, f.HealEnd), true
}

// bracket makes a span of two instants, the second of which may be missing.
func bracket(begin, end *int64) Span {
	s := Span{*begin, *begin}
	if end != nil {
		s.End = max(s.Begin, *end)
	}
	return s
}

// Limit is the objective on recovery.
type Limit struct {
	Within time.Duration
	From   string // "inject", "heal" or "both"; "" is "inject"
	// Replicas and Shards hold each of these to it too, beside the service and its
	// operations.
	Replicas, Shards bool
}

func (l Limit) fromInject() bool { return l.From != "heal" }
func (l Limit) fromHeal() bool   { return l.From == "heal" || l.From == "both" }

// Availability is the objective on the share of good requests.
type Availability struct {
	Operation string  // "" for all operations together
	Ratio     float64 // in (0, 1)
}

// Spec is what the run is held to.
type Spec struct {
	Recovery     *Limit // nil: not an objective
	Availability []Availability
	Budget       Budget
}

// Offered is what a schedule whose rate changes makes due.
type Offered interface {
	// Due is the number of requests due in span.
	Due(span Span) int
	// Mean is the mean rate (requests per second) that is asked for in span.
	Mean(span Span) float64
	// Lowest is the lowest mean rate of any stretch of ns in span.
	Lowest(span Span, ns int64) float64
}

// Input is everything that a judgement depends on.
type Input struct {
	Samples    *Samples
	Operations []string // names by history.Op.Kind
	Replicas   []string // names by history.Op.Replica
	Rate       float64  // requests per second that the schedule made due; 0: not constant, or not known
	Offered    Offered  // what the schedule made due, where its rate changes; nil: Rate
	Phases     Phases
	Faults     []Fault // all of the experiment file's, in its order
	Spec       Spec
	Aborted    bool   // the run ended early
	PlannedEnd int64  // when it would have ended; 0: not known
	Masks      []Mask // when others held the run up; nil: never
}

// Judgement is what came of a run, as far as its load tells.
type Judgement struct {
	Episodes        []reports.Episode               // by scope, then time
	Recovery        *reports.Recovery               // the worst; nil when no fault was injected
	FaultRecoveries []*reports.Recovery             // by Input.Faults; nil for one never injected
	Groups          []int                           // by Input.Faults: from 1 in order of injection; 0: never injected
	Availability    map[string]reports.Availability // "overall" and by operation; absent without a request
	Budgets         []reports.ErrorBudget           // by Spec.Availability; of what was not judged there is none
	Withheld        Withheld                        // why no fault was injected, as far as that is known; empty when one was, or none was to be
	Objectives      []reports.Objective             // in the order of Arrange
	Validity        reports.Validity
	BaselineBad     float64 // bad share of the baseline, all operations, in [0, 1]
}

// Withheld is why no fault was injected: a reason of an objective and a
// sentence.
type Withheld struct{ Reason, Why string }
