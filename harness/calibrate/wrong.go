package calibrate

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"gauntlet/reports"
)

// Wrong is a harness with a mistake, in what it tells or in how the truth is
// read. The calibration must catch it, in the row and with the words that it
// names.
type Wrong struct {
	Name string
	Row  string // of its layer
	Says string // what is among the words of Goal.Broken
	tell func(seed uint64, t *Told)
	late time.Duration // by which the truth is taken for later than it was
}

// Tell is what it makes of the run that has the seed, where this is the truth
// and the harness says told.
func (w Wrong) Tell(seed uint64, truth Truth, told Told) (Truth, Told) {
	truth.Outages = slices.Clone(truth.Outages)
	for i := range truth.Outages {
		truth.Outages[i].From += int64(w.late)
		truth.Outages[i].To += int64(w.late)
	}
	told.Episodes, told.Objectives = slices.Clone(told.Episodes), slices.Clone(told.Objectives)
	if w.tell != nil {
		w.tell(seed, &told)
	}
	return truth, told
}

// Caught says whether what came of its row says what it must.
func (w Wrong) Caught(g Goal, t Tally) bool {
	return slices.ContainsFunc(g.Broken(t), func(s string) bool { return strings.Contains(s, w.Says) })
}

// Wrongs are the controls of the deterministic layer.
func Wrongs() []Wrong {
	return []Wrong{
		{Name: "recoveries 50 ms late", Row: "full outage", Says: "p95 of the recovery's error", tell: each(recoverLater(50 * time.Millisecond))},
		{Name: "onsets 50 ms early", Row: "one of three replicas", Says: "p95 of the onset's error", tell: each(func(e *reports.Episode) { e.DegradedAt -= 0.05 })},
		{Name: "intervals of no width", Row: "5 % brown-out", Says: "intervals hold the truth", tell: each(noWidth)},
		{Name: "one episode in ten deleted", Row: "full outage", Says: "outages were found", tell: func(seed uint64, t *Told) {
			if chosen(seed, 0.1) {
				t.Episodes = nil
			}
		}},
		{Name: "an episode invented in one healthy run of a hundred", Row: "healthy, independent errors", Says: "episodes that nothing caused", tell: func(seed uint64, t *Told) {
			if chosen(seed, 0.01) {
				t.Episodes = append(t.Episodes, invented)
			}
		}},
		{Name: "lost requests 5 % too few", Row: "full outage", Says: "error in lost requests", tell: each(fewerLost)},
		{Name: "a FAIL in one healthy run of a hundred", Row: "healthy, clustered errors", Says: "FAIL what was kept", tell: decide(0.01, reports.Fail, reports.LimitBroken)},
		{Name: "one healthy run in ten undecided", Row: "healthy, no errors", Says: "are INCONCLUSIVE", tell: decide(0.1, reports.Inconclusive, reports.InstrumentDisturbed)},
		{Name: "a lost write forgiven in one run of ten", Row: "writes, some lost", Says: "pass that were broken", tell: decide(0.1, reports.Pass, "")},
		{Name: "one lost write of ten not counted", Row: "writes, some lost", Says: "lost writes were told", tell: forgetLost},
		{Name: "unreachable writes taken for lost", Row: "writes, a replica silent", Says: "lost writes were told", tell: func(_ uint64, t *Told) {
			t.Consistency.Lost += t.Consistency.Unreachable
		}},
		{Name: "a FAIL in one sound history of ten", Row: "registers, copies that lag", Says: "FAIL what was kept", tell: decide(0.1, reports.Fail, reports.LimitBroken)},
		{Name: "one stale read of ten not counted", Row: "registers, some reads too old", Says: "stale reads were told", tell: forgetStale},
		{Name: "reads too old forgiven in one history of ten", Row: "registers, some reads too old", Says: "pass that were broken", tell: named("staleness", 0.1, reports.Pass, "")},
		{Name: "what a fault left behind taken for staleness", Row: "registers, what the fault left behind", Says: "FAIL what was kept", tell: instead("convergence", "staleness")},
		{Name: "the order forgiven in one history of ten", Row: "registers, clients put back", Says: "pass that were broken", tell: named("order", 0.1, reports.Pass, "")},
		{Name: "staleness taken for the order", Row: "registers, some reads too old in the fault", Says: "FAIL what was kept", tell: instead("staleness", "order")},
		{Name: "a breach of the order not counted in half of the histories", Row: "registers, one copy, some reads inverted", Says: "breaches of the order were told", tell: forgetBreaches(0.5)},
		{Name: "deletes that come back forgiven", Row: "registers, one copy, deletes that come back", Says: "pass that were broken", tell: named("order", 1, reports.Pass, "")},
	}
}

// SocketWrongs are the controls of the socket layer. There are few runs there,
// so that each is wrong in every one of them.
func SocketWrongs() []Wrong {
	return []Wrong{
		{Name: "the truth taken for 60 ms later", Row: "full outage", Says: "p95 of the onset's error", late: 60 * time.Millisecond},
		{Name: "recoveries 60 ms late", Row: "full outage", Says: "p95 of the recovery's error", tell: each(recoverLater(60 * time.Millisecond))},
		{Name: "the first episode deleted", Row: "full outage", Says: "outages were found", tell: func(_ uint64, t *Told) {
			t.Episodes = t.Episodes[min(1, len(t.Episodes)):]
		}},
		{Name: "lost requests 5 % too few", Row: "full outage", Says: "error in lost requests", tell: each(fewerLost)},
		{Name: "onsets 60 ms early", Row: "one of three replicas", Says: "p95 of the onset's error", tell: each(func(e *reports.Episode) { e.DegradedAt -= 0.06 })},
		{Name: "intervals of no width", Row: "5 % brown-out", Says: "intervals hold the truth", tell: each(noWidth)},
		{Name: "an episode invented", Row: "pauses, flaps and ramps", Says: "episodes that nothing caused", tell: func(_ uint64, t *Told) {
			t.Episodes = append(t.Episodes, invented)
		}},
		{Name: "one lost write of ten not counted", Row: "writes and reads", Says: "lost writes were told", tell: forgetLost},
		{Name: "lost writes forgiven", Row: "writes and reads", Says: "pass that were broken", tell: named("lostWrites", 1, reports.Pass, "")},
		{Name: "a kept promise broken", Row: "writes and reads", Says: "FAIL what was kept", tell: decide(1, reports.Fail, reports.LimitBroken)},
		{Name: "staleness within the promise taken for a breach", Row: "registers, kept", Says: "FAIL what was kept", tell: named("staleness", 1, reports.Fail, reports.LimitBroken)},
		{Name: "one stale read of ten not counted", Row: "registers, answers too old", Says: "stale reads were told", tell: forgetStale},
		{Name: "answers too old forgiven", Row: "registers, answers too old", Says: "pass that were broken", tell: named("staleness", 1, reports.Pass, "")},
		{Name: "clients that are put back taken for staleness", Row: "registers, clients put back", Says: "FAIL what was kept", tell: instead("order", "staleness")},
		{Name: "one breach of the order in ten not counted", Row: "registers, clients put back", Says: "breaches of the order were told", tell: forgetBreaches(1)},
	}
}

// WrongsOf are those of all that the row must catch.
func WrongsOf(all []Wrong, row string) []Wrong {
	return slices.DeleteFunc(slices.Clone(all), func(w Wrong) bool { return w.Row != row })
}

// invented is an episode where there is none: before any script begins.
var invented = func() reports.Episode {
	end := 3.9
	return reports.Episode{Scope: "overall", DegradedAt: 3, RecoveredAt: &end, ImpactSeconds: 0.9}
}()

func each(change func(*reports.Episode)) func(uint64, *Told) {
	return func(_ uint64, t *Told) {
		for i := range t.Episodes {
			change(&t.Episodes[i])
		}
	}
}

func recoverLater(by time.Duration) func(*reports.Episode) {
	return func(e *reports.Episode) {
		if e.RecoveredAt != nil {
			later := *e.RecoveredAt + by.Seconds()
			e.RecoveredAt = &later
		}
	}
}

func noWidth(e *reports.Episode) {
	e.DegradedLow, e.DegradedHigh = e.DegradedAt, e.DegradedAt
	if e.RecoveredAt != nil {
		e.RecoveredLow, e.RecoveredHigh = *e.RecoveredAt, *e.RecoveredAt
	}
}

func fewerLost(e *reports.Episode) { e.LostRequests *= 0.95 }

func forgetStale(_ uint64, t *Told) { t.Consistency.Stale -= t.Consistency.Stale / 10 }

// forgetBreaches leaves one breach of the order in ten out, at least one, in a
// share of the runs.
func forgetBreaches(share float64) func(uint64, *Told) {
	return func(seed uint64, t *Told) {
		if o := t.objective("order"); o != nil && o.Low != nil && *o.Low > 0 && chosen(seed, share) {
			fewer := *o.Low - max(1, math.Floor(*o.Low/10))
			o.Low = &fewer
		}
	}
}

// named decides the objective of a share of the runs.
func named(name string, share float64, verdict reports.Verdict, reason string) func(uint64, *Told) {
	return func(seed uint64, t *Told) {
		if o := t.objective(name); o != nil && chosen(seed, share) {
			o.Verdict, o.Reason = verdict, reason
		}
	}
}

// instead tells the verdict of one objective as another's.
func instead(of, tell string) func(uint64, *Told) {
	return func(_ uint64, t *Told) {
		if a, b := t.objective(of), t.objective(tell); a != nil && b != nil {
			a.Verdict, b.Verdict, a.Reason, b.Reason = b.Verdict, a.Verdict, b.Reason, a.Reason
		}
	}
}

func forgetLost(_ uint64, t *Told) { t.Consistency.Lost -= t.Consistency.Lost / 10 }

// decide decides the first objective of a share of the runs.
func decide(share float64, verdict reports.Verdict, reason string) func(uint64, *Told) {
	return func(seed uint64, t *Told) {
		if len(t.Objectives) > 0 && chosen(seed, share) {
			t.Objectives[0].Verdict, t.Objectives[0].Reason = verdict, reason
		}
	}
}

// chosen takes a share of the seeds, at random.
func chosen(seed uint64, share float64) bool {
	return rand.New(rand.NewPCG(seed, 0xa0761d6478bd642f)).Float64() < share
}
