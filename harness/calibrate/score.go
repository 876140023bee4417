package calibrate

import (
	"math"
	"slices"
	"time"

	"gauntlet/reports"
)

// Outage is a stretch of time in which a system was broken, as the requests
// feel it. Instants are ns since the run's origin.
type Outage struct {
	From  int64 `json:"from"`
	To    int64 `json:"to"`
	Bad   int   `json:"bad"`             // requests of the load that it made bad
	Blunt bool  `json:"blunt,omitempty"` // its edges are no instants: their errors are not counted
}

// Truth is what happened.
type Truth struct {
	Outages    []Outage `json:"outages,omitempty"` // by time, more than H apart
	LostWrites int      `json:"lostWrites"`        // acknowledged, and not to be found at the end
	Foreign    int      `json:"foreign"`           // reads that returned another key's value
	// Registers is what was wrong with them; nil where nobody knows.
	Registers *Registers `json:"registers,omitempty"`
	// Broken are the objectives that must FAIL; no other one may.
	Broken []string `json:"broken,omitempty"`
}

// Told is what the harness says that happened.
type Told struct {
	Episodes    []reports.Episode   `json:"episodes"`
	Objectives  []reports.Objective `json:"objectives"`
	Consistency reports.Consistency `json:"consistency"`
}

// leastImpact is the equivalent of full outage, in seconds, from which an
// episode counts.
const leastImpact = 0.1

// Score compares what was told of one run with what happened.
func Score(truth Truth, told Told) Tally {
	t := Tally{Runs: 1}
	t.edges(truth.Outages, told.Episodes)
	t.verdicts(truth.Broken, told.Objectives)
	t.Lost.add(truth.LostWrites, told.Consistency.Lost)
	t.Foreign.add(truth.Foreign, told.Consistency.Foreign)
	if r := truth.Registers; r != nil {
		t.Stale.add(r.Stale, told.Consistency.Stale)
		t.Disordered.add(r.Disordered, told.disordered())
	}
	return t
}

// disordered is what the objective order counts.
func (t Told) disordered() int {
	if o := t.objective("order"); o != nil && o.Low != nil {
		return int(math.Round(*o.Low))
	}
	return 0
}

// objective is the one of that name; nil when it was not asked.
func (t Told) objective(name string) *reports.Objective {
	i := slices.IndexFunc(t.Objectives, func(o reports.Objective) bool { return o.Name == name })
	if i < 0 {
		return nil
	}
	return &t.Objectives[i]
}

// edges matches episodes of the service as a whole with outages: of those
// that overlap an outage, the one of the greatest impact is it. Every other
// one of impact was caused by nothing.
func (t *Tally) edges(outages []Outage, episodes []reports.Episode) {
	taken := map[int]bool{}
	for _, o := range outages {
		t.Outages++
		best := -1
		for i, e := range episodes {
			if overall(e) && !taken[i] && o.overlaps(e) && (best < 0 || e.ImpactSeconds > episodes[best].ImpactSeconds) {
				best = i
			}
		}
		if best < 0 {
			continue
		}
		taken[best] = true
		t.Found++
		t.edge(o, episodes[best])
	}
	for i, e := range episodes {
		if overall(e) && !taken[i] && e.ImpactSeconds >= leastImpact {
			t.Extra++
		}
	}
}

func overall(e reports.Episode) bool { return e.Scope == "overall" }

func (o Outage) overlaps(e reports.Episode) bool {
	end := math.Inf(1)
	if e.RecoveredAt != nil {
		end = *e.RecoveredAt
	}
	return e.DegradedAt < seconds(o.To) && end > seconds(o.From)
}

// edge compares an episode with its outage.
func (t *Tally) edge(o Outage, e reports.Episode) {
	t.Requests.add(o.Bad, int(math.Round(e.LostRequests)))
	if o.Bad > 0 {
		t.Losses = append(t.Losses, math.Abs(e.LostRequests-float64(o.Bad))/float64(o.Bad))
	}
	if o.Blunt {
		return
	}
	t.Onset = append(t.Onset, millis(e.DegradedAt, o.From))
	t.Intervals.held(e.DegradedLow <= seconds(o.From) && seconds(o.From) <= e.DegradedHigh)
	if e.RecoveredAt == nil {
		t.Open++
		return
	}
	t.Recovery = append(t.Recovery, millis(*e.RecoveredAt, o.To))
	t.Intervals.held(e.RecoveredLow <= seconds(o.To) && seconds(o.To) <= e.RecoveredHigh)
}

// verdicts counts what was decided wrongly, or not at all.
func (t *Tally) verdicts(broken []string, objectives []reports.Objective) {
	fail, open := false, false
	for _, o := range objectives {
		must := slices.Contains(broken, o.Name)
		switch {
		case must && o.Verdict == reports.Pass:
			t.FalsePasses++
		case !must && o.Verdict == reports.Fail:
			fail = true
			t.note(o)
		case o.Verdict == reports.Inconclusive:
			open = true
			t.note(o)
		}
	}
	for _, name := range broken {
		if !slices.ContainsFunc(objectives, func(o reports.Objective) bool { return o.Name == name }) {
			t.FalsePasses++
		}
	}
	switch {
	case fail:
		t.FalseFails++
	case open:
		t.Undecided++
	}
}

// note counts an objective that did not end as it should.
func (t *Tally) note(o reports.Objective) {
	if t.Reasons == nil {
		t.Reasons = map[string]int{}
	}
	t.Reasons[string(o.Verdict)+" "+o.Name+" "+o.Reason]++
}

func seconds(ns int64) float64 { return float64(ns) / float64(time.Second) }

// millis is how far an edge told in seconds is off, in ms.
func millis(told float64, truth int64) float64 { return math.Abs(told*1e3 - float64(truth)/1e6) }
