package reports

import (
	"fmt"
	"math"
	"strings"
)

// The reasons why a measure of a comparison has no verdict, beside those of an
// objective.
const (
	// SpansFloor: the difference may be worth a word or not.
	SpansFloor = "interval-spans-floor"
	// TooFewPairs: it was not measured in every pair that it takes.
	TooFewPairs = "too-few-pairs"
)

// The units of what is compared.
const (
	UnitPoints  = "points" // shares, in [0, 1]; a difference of 0.01 is a point
	UnitMillis  = "ms"
	UnitSeconds = "s"
	UnitWrites  = "writes"
)

// Comparison is comparison.json: two builds under the same faults, in pairs of
// runs. Nothing in it needs another file to be drawn.
type Comparison struct {
	SchemaVersion int      `json:"schemaVersion"`
	Experiment    string   `json:"experiment"`
	Hypothesis    string   `json:"hypothesis"`
	ID            string   `json:"id"`
	Verdict       Verdict  `json:"verdict"` // FAIL: B is worse; PASS: it is not, by more than the floors
	Reason        string   `json:"reason"`  // "" for a PASS
	Why           string   `json:"why"`     // one sentence
	Finished      bool     `json:"finished"`
	Interrupted   bool     `json:"interrupted"`
	StartedAt     string   `json:"startedAt"`
	Took          float64  `json:"took"`    // s
	Planned       float64  `json:"planned"` // s, of as many pairs as there may be
	Budget        *float64 `json:"budget"`  // s; null: no limit
	Platform      string   `json:"platform"`
	Service       string   `json:"service"` // whose builds they are
	Seed          int64    `json:"seed"`
	Set           []string `json:"set"` // what is overridden of the experiment
	Commit        string   `json:"commit"`
	Command       string   `json:"command"`
	Substitutes   []string `json:"substitutes"`

	A        ComparedBuild     `json:"a"`
	B        ComparedBuild     `json:"b"`
	MaxPairs int               `json:"maxPairs"`
	Looks    []ComparedLook    `json:"looks"`
	Measures []ComparedMeasure `json:"measures"`
	Pairs    []ComparedPair    `json:"pairs"` // in the order in which they were run
}

// ComparedBuild is one of the two.
type ComparedBuild struct {
	What   string   `json:"what"`   // as it was asked for
	Told   string   `json:"told"`   // what that was: a commit, a folder, a file, an image
	Digest string   `json:"digest"` // of the file or the image, 12 hex digits; "" when not known
	Args   []string `json:"args"`
	Env    []string `json:"env"` // NAME=value, secrets redacted
}

// ComparedLook is when the pairs so far are judged, and at what levels.
type ComparedLook struct {
	After int     `json:"after"` // pairs
	Alpha float64 `json:"alpha"`
	Beta  float64 `json:"beta"`
	Done  bool    `json:"done"`
}

// ComparedMeasure is something of which a worse build has more. A share is in
// [0, 1] and told in points.
type ComparedMeasure struct {
	Name       string   `json:"name"`
	Kind       string   `json:"kind"` // what of it: "bad" of "bad:get in the fault"
	Unit       string   `json:"unit"`
	Gates      bool     `json:"gates"` // it is decided on; others are shown
	Floor      float64  `json:"floor"` // the difference that is worth a word, where A has what it typically has
	A          *float64 `json:"a"`     // median
	B          *float64 `json:"b"`
	Difference *float64 `json:"difference"` // of B from A, within pairs; null: not measured
	Low        *float64 `json:"low"`        // of its interval; null: it has no end there
	High       *float64 `json:"high"`
	Pairs      int      `json:"pairs"` // in which both runs measured it
	Open       int      `json:"open"`  // pairs in which a run ended first: its value is at least that
	Verdict    Verdict  `json:"verdict"`
	Reason     string   `json:"reason"`
	Why        string   `json:"why"`
}

// ComparedPair is two runs one after the other.
type ComparedPair struct {
	Pair    int    `json:"pair"`    // from 1
	Attempt int    `json:"attempt"` // from 1; later ones because the one before was disturbed
	Counts  bool   `json:"counts"`  // it is a pair that the verdict is from
	Why     string `json:"why"`     // why it was disturbed or not carried out; "" when it was sound. The last attempt at one counts, disturbed or not
	// First is "A" or "B": which came first, as was drawn.
	First string      `json:"first"`
	Seed  int64       `json:"seed"`
	Shift float64     `json:"shift"`
	A     ComparedRun `json:"a"`
	B     ComparedRun `json:"b"`
}

// ComparedRun is a run of one build.
type ComparedRun struct {
	Run     string  `json:"run"`     // its id; "" when there was none
	Folder  string  `json:"folder"`  // relative to the comparison's, with slashes; "" when there is no report
	Verdict Verdict `json:"verdict"` // its own, which decides nothing here
	Why     string  `json:"why"`
	Took    float64 `json:"took"`
	// Values are what it measured, by the measure's name.
	Values map[string]float64 `json:"values"`
	// Disturbances is what was found to be amiss with the instrument or its host.
	Disturbances []string `json:"disturbances"`
}

// level is how much of a measure a run had, in words.
func (m ComparedMeasure) level(v float64) string {
	switch m.Unit {
	case UnitPoints:
		return percent(v)
	case UnitMillis:
		return milliseconds(v)
	case UnitSeconds:
		return seconds(v)
	}
	return count(int(math.Round(v)))
}

// bare is a difference without its sign, in words.
func (m ComparedMeasure) bare(v float64) string {
	switch v = math.Abs(v); m.Unit {
	case UnitPoints:
		return trim(fmt.Sprintf("%.2f", 100*v)) + space + "points"
	case UnitWrites:
		return trim(fmt.Sprintf("%.1f", v)) + space + "writes"
	}
	return m.level(v)
}

// nought says that a difference reads as none.
func (m ComparedMeasure) nought(v float64) bool {
	number, _, _ := strings.Cut(m.bare(v), space)
	return strings.Trim(number, "0.") == ""
}

// signed is a difference in words; of one without an end, ∞ with its sign.
func (m ComparedMeasure) signed(v *float64, without string) string {
	switch {
	case v == nil:
		return without
	case m.nought(*v):
		return "0"
	case *v < 0:
		return "−" + m.bare(*v)
	}
	return "+" + m.bare(*v)
}

// interval is that of the difference.
func (m ComparedMeasure) interval() string {
	if m.Low == nil && m.High == nil {
		return ""
	}
	return "[" + m.signed(m.Low, "−∞") + ", " + m.signed(m.High, "∞") + "]"
}

// worth is the floor in words.
func (m ComparedMeasure) worth() string {
	switch {
	case !m.Gates:
		return "shown only"
	case m.Floor == 0:
		return "any"
	}
	return m.bare(m.Floor)
}

// Sentence says how B compares in the measure over so many pairs.
func (m ComparedMeasure) Sentence(pairs int) string {
	how := "B differs by " + m.signed(m.Difference, absent)
	switch {
	case m.Difference == nil:
		return fmt.Sprintf("%s: not measured in any of %s", m.Name, plural(pairs, "pair"))
	case m.nought(*m.Difference):
		how = "no difference"
	case *m.Difference > 0:
		how = "B is worse by " + m.bare(*m.Difference)
	case *m.Difference < 0:
		how = "B is better by " + m.bare(*m.Difference)
	}
	parts := []string{m.Name + ": " + how}
	if between := m.interval(); between != "" {
		parts[0] += " " + between
	}
	if m.Gates {
		parts = append(parts, "worth a word: "+m.worth())
	}
	if m.Pairs < pairs {
		parts = append(parts, fmt.Sprintf("measured in %d of %s", m.Pairs, plural(pairs, "pair")))
	}
	if m.Open > 0 {
		parts = append(parts, fmt.Sprintf("in %s the run ended first", plural(m.Open, "pair")))
	}
	return strings.Join(parts, "; ")
}

// counted are the pairs that the verdict is from.
func (c *Comparison) counted() (n int) {
	for _, p := range c.Pairs {
		if p.Counts {
			n++
		}
	}
	return n
}

// measuresFirst is the measures as a reader wants them: those that failed, then
// those that are open, then the rest, and last what is only shown.
func measuresFirst(all []ComparedMeasure) []ComparedMeasure {
	var sorted []ComparedMeasure
	for _, v := range []Verdict{Fail, Inconclusive, Pass, ""} {
		for _, m := range all {
			if m.Verdict == v {
				sorted = append(sorted, m)
			}
		}
	}
	return sorted
}
