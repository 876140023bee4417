package calibrate

import (
	"math/rand/v2"
	"slices"
	"strings"

	"gauntlet/reports"
)

// Wrong is a harness with a mistake, in what it tells. The calibration must
// catch it, in the row and with the words that it names.
type Wrong struct {
	Name string
	Row  string // of the deterministic layer
	Says string // what is among the words of Goal.Broken
	tell func(seed uint64, t *Told)
}

// Tell is what it tells of the run that has the seed, where the harness says
// told.
func (w Wrong) Tell(seed uint64, told Told) Told {
	told.Episodes, told.Objectives = slices.Clone(told.Episodes), slices.Clone(told.Objectives)
	w.tell(seed, &told)
	return told
}

// Caught says whether what came of its row says what it must.
func (w Wrong) Caught(g Goal, t Tally) bool {
	return slices.ContainsFunc(g.Broken(t), func(s string) bool { return strings.Contains(s, w.Says) })
}

// Wrongs are the controls of the calibration.
func Wrongs() []Wrong {
	each := func(change func(*reports.Episode)) func(uint64, *Told) {
		return func(_ uint64, t *Told) {
			for i := range t.Episodes {
				change(&t.Episodes[i])
			}
		}
	}
	decide := func(share float64, verdict reports.Verdict, reason string) func(uint64, *Told) {
		return func(seed uint64, t *Told) {
			if len(t.Objectives) > 0 && chosen(seed, share) {
				t.Objectives[0].Verdict, t.Objectives[0].Reason = verdict, reason
			}
		}
	}
	return []Wrong{
		{"recoveries 50 ms late", "full outage", "p95 of the recovery's error", each(func(e *reports.Episode) {
			if e.RecoveredAt != nil {
				later := *e.RecoveredAt + 0.05
				e.RecoveredAt = &later
			}
		})},
		{"onsets 50 ms early", "one of three replicas", "p95 of the onset's error", each(func(e *reports.Episode) { e.DegradedAt -= 0.05 })},
		{"intervals of no width", "5 % brown-out", "intervals hold the truth", each(func(e *reports.Episode) {
			e.DegradedLow, e.DegradedHigh = e.DegradedAt, e.DegradedAt
			if e.RecoveredAt != nil {
				e.RecoveredLow, e.RecoveredHigh = *e.RecoveredAt, *e.RecoveredAt
			}
		})},
		{"one episode in ten deleted", "full outage", "outages were found", func(seed uint64, t *Told) {
			if chosen(seed, 0.1) {
				t.Episodes = nil
			}
		}},
		{"an episode invented in one healthy run of a hundred", "healthy, independent errors", "episodes that nothing caused", func(seed uint64, t *Told) {
			if chosen(seed, 0.01) {
				end := 11.0
				t.Episodes = append(t.Episodes, reports.Episode{Scope: "overall", DegradedAt: 10, RecoveredAt: &end, ImpactSeconds: 1})
			}
		}},
		{"lost requests 5 % too few", "full outage", "error in lost requests", each(func(e *reports.Episode) { e.LostRequests *= 0.95 })},
		{"a FAIL in one healthy run of a hundred", "healthy, clustered errors", "FAIL what was kept", decide(0.01, reports.Fail, reports.LimitBroken)},
		{"one healthy run in ten undecided", "healthy, no errors", "are INCONCLUSIVE", decide(0.1, reports.Inconclusive, reports.InstrumentDisturbed)},
		{"a lost write forgiven in one run of ten", "writes, some lost", "pass that were broken", decide(0.1, reports.Pass, "")},
		{"one lost write of ten not counted", "writes, some lost", "lost writes were told", func(_ uint64, t *Told) {
			t.Consistency.Lost -= t.Consistency.Lost / 10
		}},
		{"unreachable writes taken for lost", "writes, a replica silent", "lost writes were told", func(_ uint64, t *Told) {
			t.Consistency.Lost += t.Consistency.Unreachable
		}},
	}
}

// chosen takes a share of the seeds, at random.
func chosen(seed uint64, share float64) bool {
	return rand.New(rand.NewPCG(seed, 0xa0761d6478bd642f)).Float64() < share
}
