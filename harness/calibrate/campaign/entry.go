package campaign

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gauntlet/harness/calibrate"
	"gauntlet/harness/observe"
	"gauntlet/reports"
)

// Entry is a run, as a line of the ledger.
type Entry struct {
	Row       string          `json:"row"`
	Run       string          `json:"run"`
	Seed      int64           `json:"seed"`
	StartedAt string          `json:"startedAt"`
	Commit    string          `json:"commit"`
	Verdict   reports.Verdict `json:"verdict"`
	Why       string          `json:"why"`
	Host      Host            `json:"host"`

	Truth    calibrate.Truth `json:"truth"`
	Told     calibrate.Told  `json:"told"`
	Outcomes calibrate.Share `json:"outcomes"` // requests that both sides saw alike
	Within   int64           `json:"within"`   // ns that the clocks of the two can be apart

	Control string `json:"control,omitempty"` // it is this control of the experiment
	Miss    string `json:"miss,omitempty"`    // how the run ended otherwise than it must
	Open    bool   `json:"open,omitempty"`    // it decided nothing, for the host's reason
	// Failed is why nothing can be said of the run: the system did not come up, or
	// the log of what it did is not whole.
	Failed string `json:"failed,omitempty"`
}

// check says why it is no entry: a run that ended as none does would count as
// one without an alarm.
func (e Entry) check() error {
	switch {
	case e.Row == "" || e.Run == "" && e.Failed == "":
		return errors.New("no entry of a run")
	case e.Failed != "" || e.Verdict == reports.Pass || e.Verdict == reports.Fail || e.Verdict == reports.Inconclusive:
		return nil
	}
	return fmt.Errorf("the run %s has the verdict %q, which is none", e.Run, e.Verdict)
}

// Tally is what came of the run.
func (e Entry) Tally() calibrate.Tally { return calibrate.Score(e.Truth, e.Told) }

// Host is what the machine was like during the run.
type Host struct {
	Processors  int      `json:"processors"`
	LoadAverage *float64 `json:"loadAverage,omitempty"` // over a minute, at the run's end; nil: nobody looked
	Pressure    *float64 `json:"pressure,omitempty"`    // share of the time in which something waited for a processor, on average; nil: not told
	Others      float64  `json:"others"`                // share of the processors that was not the run's, on average
	Ambiguous   float64  `json:"ambiguous"`             // share of the requests whose outcome is in doubt
	SlipP99Ms   float64  `json:"slipP99Ms"`
}

// quietOthers is the share of the processors that others have on a quiet host,
// at most: from there on a late answer can be their doing (package observe).
const quietOthers = 0.25

// Quiet says that the host left the run alone.
func (h Host) Quiet() bool { return h.Others <= quietOthers }

// hostOf reads what the run in dir wrote down of the host.
func hostOf(dir string, r *reports.Result) (Host, error) {
	h := Host{Processors: r.Environment.CPUs, Ambiguous: r.Validity.ExcludedRatio, SlipP99Ms: r.Validity.SlipP99Ms}
	f, err := os.Open(filepath.Join(dir, "host.jsonl"))
	if err != nil {
		return h, err
	}
	defer f.Close()
	samples, err := observe.ReadSamples(f)
	if err != nil {
		return h, fmt.Errorf("%s: %w", f.Name(), err)
	}
	told, pressure := 0, 0.0
	for _, s := range samples {
		h.Others += s.Others / float64(len(samples))
		if s.Pressure != nil {
			told, pressure = told+1, pressure+*s.Pressure
		}
	}
	if told > 0 {
		pressure /= float64(told)
		h.Pressure = &pressure
	}
	return h, nil
}

// loadAverage is that of the last minute; nil where the system does not tell.
func loadAverage() *float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return nil
	}
	first, _, _ := strings.Cut(string(text), " ")
	v, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return nil
	}
	return &v
}
