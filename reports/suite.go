package reports

// The reasons why an entry of a suite has no verdict, beside those of an
// objective.
const (
	// Budget: the time of the suite was up before the run was started.
	Budget = "budget"
	// Infrastructure: the system could not be brought up, or the run could not be
	// carried out.
	Infrastructure = "infrastructure"
	// TooFewConclusive: fewer than half of the repetitions had a verdict.
	TooFewConclusive = "too-few-conclusive"
)

// Suite is suite.json: what came of experiments that were run one after the
// other. Times are seconds; nothing in it needs another file to be drawn.
type Suite struct {
	SchemaVersion int     `json:"schemaVersion"`
	Suite         string  `json:"suite"`
	About         string  `json:"about"` // what it is for, or what it expects; may be empty
	ID            string  `json:"id"`
	Verdict       Verdict `json:"verdict"`        // FAIL over INCONCLUSIVE over PASS of its entries
	Gate          Verdict `json:"gate,omitempty"` // see Result.Gate
	Reason        string  `json:"reason"`         // of the entry that decided; "" for a PASS
	Why           string  `json:"why"`            // one sentence
	// Finished is false while the suite is under way, and for good when it was
	// killed.
	Finished    bool         `json:"finished"`
	Interrupted bool         `json:"interrupted"` // by a signal: what was not run is missing
	StartedAt   string       `json:"startedAt"`
	Took        float64      `json:"took"`
	Planned     float64      `json:"planned"` // how long all runs take, as estimated beforehand
	Budget      *float64     `json:"budget"`  // null: no limit
	Seed        int64        `json:"seed"`    // that of every run is derived from it
	Commit      string       `json:"commit"`
	Command     string       `json:"command"`     // runs it again
	Substitutes []string     `json:"substitutes"` // that any of the runs used
	Entries     []SuiteEntry `json:"entries"`
}

// SuiteEntry is an experiment of a suite, with all of its repetitions.
type SuiteEntry struct {
	Name       string   `json:"name"` // told apart from the other entries
	Experiment string   `json:"experiment"`
	Control    string   `json:"control,omitempty"` // it is this control, which must end badly
	Platform   string   `json:"platform"`
	Set        []string `json:"set"` // what the suite changes: "path: value"
	File       string   `json:"file"`
	Repeat     int      `json:"repeat"`
	Needed     int      `json:"needed"`     // conclusive repetitions that a PASS takes
	Conclusive int      `json:"conclusive"` // repetitions that ended PASS or FAIL
	Verdict    Verdict  `json:"verdict"`
	Gate       Verdict  `json:"gate,omitempty"` // see Result.Gate
	Reason     string   `json:"reason"`         // "" for a PASS
	Why        string   `json:"why"`

	Recovery     *RecoverySpread     `json:"recovery"`     // null: nothing was measured
	Availability *AvailabilitySpread `json:"availability"` // null: nothing was measured
	Acked        int                 `json:"acked"`        // durable writes of the runs that count
	Lost         int                 `json:"lost"`
	Objectives   []Objective         `json:"objectives"` // merged over the repetitions; of a control there are none
	Runs         []SuiteRun          `json:"runs"`       // in the order in which they were run
}

// RecoverySpread is the recovery from the injection over the runs that count.
type RecoverySpread struct {
	Limit    string   `json:"limit"` // as the objective says it; "" without one
	LimitSec *float64 `json:"limitSeconds"`
	Mean     *float64 `json:"mean"` // null when a run had not recovered when it ended
	Worst    *float64 `json:"worst"`
	Low      float64  `json:"low"`      // 95 % interval of the worst
	High     *float64 `json:"high"`     // null: no upper bound is known
	Runs     int      `json:"runs"`     // that told a recovery
	Censored int      `json:"censored"` // that ended before the system had recovered
}

// AvailabilitySpread is the share of good requests, of all operations
// together, over the runs that count.
type AvailabilitySpread struct {
	Mean  float64 `json:"mean"`
	Worst float64 `json:"worst"`
	Low   float64 `json:"low"` // 95 % interval of the worst
	High  float64 `json:"high"`
	Runs  int     `json:"runs"`
}

// SuiteRun is one run of an entry: one attempt at one of its repetitions.
type SuiteRun struct {
	Repetition int     `json:"repetition"` // from 1
	Attempt    int     `json:"attempt"`    // from 1; later ones because the one before was inconclusive
	Counts     bool    `json:"counts"`     // it is the last attempt at its repetition
	Seed       int64   `json:"seed"`
	Shift      float64 `json:"shift"`
	Run        string  `json:"run"`    // its id; "" when there was none
	Folder     string  `json:"folder"` // relative to the suite's folder, with slashes; "" when there is no report
	Verdict    Verdict `json:"verdict"`
	Gate       Verdict `json:"gate,omitempty"`    // see Result.Gate
	Stopped    bool    `json:"stopped,omitempty"` // its stop condition ended it
	// Ended is the run's own verdict, which for a control is not the one that
	// counts; "" without a result.
	Ended  Verdict `json:"ended"`
	Reason string  `json:"reason"`
	Why    string  `json:"why"`
	Took   float64 `json:"took"`

	Recovery     *Recovery     `json:"recovery"`
	Availability *Availability `json:"availability"`
	Acked        int           `json:"acked"`
	Lost         int           `json:"lost"`
	FaultP99Ms   *float64      `json:"faultP99Ms"`
	Objectives   []Objective   `json:"objectives"`
	// Disturbances is what was found to be amiss with the instrument or its host,
	// whether or not it changed the verdict.
	Disturbances []string `json:"disturbances"`
}

// failedEntriesFirst is the entries as a reader wants them.
func failedEntriesFirst(all []SuiteEntry) []SuiteEntry {
	var sorted []SuiteEntry
	for _, v := range []Verdict{Fail, Inconclusive, Pass} {
		for _, e := range all {
			if e.Verdict == v || v == Inconclusive && e.Verdict != Fail && e.Verdict != Pass {
				sorted = append(sorted, e)
			}
		}
	}
	return sorted
}
