package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// Calibration is calibration.json: how far off the harness is in what it
// tells, where the truth was known. Nothing in it needs another file to be
// drawn.
type Calibration struct {
	SchemaVersion int                `json:"schemaVersion"`
	Layers        []CalibrationLayer `json:"layers"`
}

// CalibrationLayer is one way to know the truth.
type CalibrationLayer struct {
	Name    string           `json:"name"`
	About   string           `json:"about"`   // how the truth is known
	From    string           `json:"from"`    // when the first of the runs began; "" when nothing was measured
	To      string           `json:"to"`      // when the last one did
	Commits []string         `json:"commits"` // of the harness, in the order in which they were used
	Rows    []CalibrationRow `json:"rows"`
}

// Only is the rows of a layer that have one of these names: on a busy host too,
// of which a row has a name that goes on after a comma.
func (c *Calibration) Only(layer string, names []string) *Calibration {
	some := *c
	some.Layers = nil
	for _, l := range c.Layers {
		if l.Name != layer {
			continue
		}
		l.Rows = slices.DeleteFunc(slices.Clone(l.Rows), func(r CalibrationRow) bool {
			return !slices.ContainsFunc(names, func(name string) bool { return r.Name == name || strings.HasPrefix(r.Name, name+", ") })
		})
		some.Layers = append(some.Layers, l)
	}
	return &some
}

// CalibrationRow is what happened, again and again, and what was told of it.
type CalibrationRow struct {
	Name   string   `json:"name"`
	Runs   int      `json:"runs"`
	Broken []string `json:"broken"` // what of its goal it does not keep, in words; none: it holds

	Outages   int               `json:"outages"`
	Found     int               `json:"found"`
	Extra     int               `json:"extra"` // episodes of impact that nothing caused
	Onset     *CalibrationError `json:"onset"` // null: there was no sharp edge
	Recovery  *CalibrationError `json:"recovery"`
	Intervals int               `json:"intervals"` // of edges
	Held      int               `json:"held"`      // of these, that hold the truth
	LossP95   *float64          `json:"lossP95"`   // 95th percentile of the relative error in lost requests, by outage

	FalseFails  int            `json:"falseFails"`  // runs with a FAIL that nothing caused
	FalsePasses int            `json:"falsePasses"` // objectives that were broken and did pass
	Undecided   int            `json:"undecided"`   // runs that were INCONCLUSIVE
	Reasons     map[string]int `json:"reasons,omitempty"`
	// Bound is the upper end of the 95 % interval of the share of false FAILs when
	// none was seen: 3/n. Null when one was.
	Bound *float64 `json:"bound"`

	LostWrites *CalibrationCount `json:"lostWrites,omitempty"` // null: none was asked about
	Foreign    *CalibrationCount `json:"foreign,omitempty"`
	Stale      *CalibrationCount `json:"stale,omitempty"`      // reads of registers whose value was surely over
	Disordered *CalibrationCount `json:"disordered,omitempty"` // breaches of the order of registers

	Outcomes *float64 `json:"outcomes,omitempty"` // share of the requests that both sides saw alike
	ClockMs  *float64 `json:"clockMs,omitempty"`  // that the two clocks can be apart, at most
	Failed   int      `json:"failed,omitempty"`   // runs of which nothing can be said
	Kept     []string `json:"kept,omitempty"`     // ids of runs that were not as they should be
	// Control: the runs are of a control, which must FAIL.
	Control bool `json:"control,omitempty"`
	// Defect is what the row is about where it is of a target that can be built
	// wrong; null elsewhere.
	Defect *CalibrationDefect `json:"defect,omitempty"`

	Wrongs []CalibrationWrong `json:"wrongs,omitempty"`
	Host   *CalibrationHost   `json:"host,omitempty"` // null: no machine was part of it
}

// Holds says that the row keeps its goal, and that whoever is wrong on purpose
// is caught by it.
func (r CalibrationRow) Holds() bool {
	for _, w := range r.Wrongs {
		if !w.Caught {
			return false
		}
	}
	return r.Runs > 0 && len(r.Broken) == 0
}

// CalibrationError is how far edges were off, in milliseconds.
type CalibrationError struct {
	Edges int      `json:"edges"`
	P50   float64  `json:"p50"`
	P95   float64  `json:"p95"`
	Max   float64  `json:"max"`
	Goal  *float64 `json:"goal"` // of the P95; null: none
	Most  *float64 `json:"most"` // of the Max; null: none
}

// CalibrationCount is a number as it was, and as it was told.
type CalibrationCount struct {
	Truth int `json:"truth"`
	Told  int `json:"told"`
}

// CalibrationWrong is a harness that is wrong on purpose.
type CalibrationWrong struct {
	Name   string `json:"name"`
	Caught bool   `json:"caught"`
	Says   string `json:"says"` // what the row says about it
}

// CalibrationDefect is something wrong with the target, made on purpose, and
// what came of it. Without a name it is the same experiment with nothing wrong.
type CalibrationDefect struct {
	Name       string         `json:"name"`
	Experiment string         `json:"experiment"`
	Objective  string         `json:"objective"` // that must FAIL
	Reason     string         `json:"reason"`    // for which it must
	Target     string         `json:"target"`    // of that objective; "" before a run
	Measured   string         `json:"measured"`  // of it in the last run
	Failed     map[string]int `json:"failed"`    // runs in which an objective FAILed, by its name
}

// CalibrationHost is what the machine was like. Shares are in [0, 1]; means
// are over the runs.
type CalibrationHost struct {
	Processors  int      `json:"processors"`
	LoadAverage *float64 `json:"loadAverage"` // mean of that over a minute; null: nobody looked
	Pressure    *float64 `json:"pressure"`    // mean share of the time in which something waited for a processor; null: not told
	PressureMax *float64 `json:"pressureMax"` // of the worst run
	Others      float64  `json:"others"`      // mean share of the processors that others had
	Ambiguous   float64  `json:"ambiguous"`   // mean share of the requests that are in doubt
	// Quiet are the runs on a host that left them alone, QuietOpen those of them
	// that were INCONCLUSIVE.
	Quiet     int `json:"quiet"`
	QuietOpen int `json:"quietOpen"`
}

// WriteCalibration writes calibration.json, deterministic like WriteResult.
func WriteCalibration(w io.Writer, c *Calibration) error {
	with := *c
	with.SchemaVersion = SchemaVersion
	b, err := json.MarshalIndent(withLists(reflect.ValueOf(with)).Interface(), "", "  ")
	if err != nil {
		return fmt.Errorf("calibration: %w", err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// ReadCalibration reads calibration.json. One written by a later version is
// refused.
func ReadCalibration(r io.Reader) (*Calibration, error) {
	return read[Calibration](r, "calibration")
}
