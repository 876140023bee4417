package campaign

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gauntlet/harness/calibrate"
	"gauntlet/harness/experiment"
	"gauntlet/harness/run"
	"gauntlet/reports"
)

// defectsFolder has, below the experiments that harnesses are calibrated by,
// those whose controls are defects of the target.
const defectsFolder = "defects"

// Claim says how an experiment must end: with a defect it FAILs by the
// objective and for the reason that name the defect, and without one it PASSes.
// Harnesses that always FAIL keep the first half, blind ones the second.
type Claim struct {
	Experiment *experiment.Experiment // with the defect, when there is one
}

// ReadClaims reads those of the experiments in DIR/defects, a folder that need
// not be there: of each the claim without a defect, and after it one for each
// of its controls, which are named by their defects.
func ReadClaims(dir string) ([]Claim, error) {
	paths, err := filepath.Glob(filepath.Join(dir, defectsFolder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var all []Claim
	for _, path := range paths {
		e, err := experiment.Read(path)
		if err != nil {
			return nil, err
		}
		all = append(all, Claim{e})
		for _, c := range e.Controls {
			with, err := e.Control(c.Name)
			if err != nil {
				return nil, err
			}
			all = append(all, Claim{with})
		}
	}
	return all, nil
}

// Defect is what is wrong on purpose; "" when nothing is.
func (c Claim) Defect() string { return c.Experiment.Applied }

// Is says whether the claim is about the defect, or the experiment, of that name.
func (c Claim) Is(name string) bool {
	return name != "" && (name == c.Defect() || name == c.Experiment.Name)
}

// String is the claim in words, and the name of its row: runs that were made
// for another claim say nothing about this one.
func (c Claim) String() string {
	e := c.Experiment
	if c.Defect() == "" {
		return e.Name + " without a defect: PASS"
	}
	return fmt.Sprintf("%s with %s: %s by %s (%s)", e.Name, c.Defect(), e.Expect.Verdict, e.Expect.Objective, cmp.Or(e.Expect.Reason, "for any reason"))
}

// Row is runs of the claim.
func (c Claim) Row(wanted int) Row {
	return Row{Name: c.String(), Folder: cmp.Or(c.Defect(), "none") + "-in-" + c.Experiment.Name, Wanted: wanted, Read: func(_ string, r *reports.Result, e *Entry) error {
		// The faults of the experiment make episodes, which no truth is known of.
		e.Told = calibrate.Told{Objectives: r.Objectives, Consistency: r.Consistency}
		e.Miss = c.miss(r)
		e.Open = e.Miss != "" && c.open(r)
		if caught := c.catcher(r); caught != nil && e.Miss == "" {
			e.Why = caught.Name + ": " + caught.Why // what the run FAILed by first may be another objective
		}
		return nil
	}}
}

// catcher is the objective that is to catch the defect; nil when there is none.
func (c Claim) catcher(r *reports.Result) *reports.Objective {
	if c.Experiment.Expect == nil {
		return nil
	}
	i := slices.IndexFunc(r.Objectives, func(o reports.Objective) bool { return o.Name == c.Experiment.Expect.Objective })
	if i < 0 {
		return nil
	}
	return &r.Objectives[i]
}

// miss is how a run ended otherwise than the claim says; "" when it does not.
func (c Claim) miss(r *reports.Result) string {
	if c.Defect() != "" {
		return run.Unexpected(*c.Experiment.Expect, r)
	}
	if r.Verdict != reports.Pass {
		return fmt.Sprintf("%s, want PASS (%s)", r.Verdict, r.Why)
	}
	return ""
}

// open says that a run decided nothing about the claim because the instrument
// was disturbed: as a whole, or in the objective that is to catch the defect.
func (c Claim) open(r *reports.Result) bool {
	caught := c.catcher(r)
	return run.Disturbed(r) || caught != nil && caught.Verdict == reports.Inconclusive && caught.Reason == reports.InstrumentDisturbed
}

// Defects are the rows of the claims, in their order.
func Defects(claims []Claim, entries []Entry) []reports.CalibrationRow {
	rows := make([]reports.CalibrationRow, len(claims))
	for i, c := range claims {
		rows[i] = c.row(entries)
	}
	return rows
}

// row is the claim against its runs.
func (c Claim) row(entries []Entry) reports.CalibrationRow {
	d := &reports.CalibrationDefect{Name: c.Defect(), Experiment: c.Experiment.Name}
	if want := c.Experiment.Expect; want != nil {
		d.Objective, d.Reason = want.Objective, want.Reason
	}
	r := reports.CalibrationRow{Name: c.String(), Control: d.Name != "", Defect: d}
	var hosts []Host
	for _, e := range entries {
		if e.Row != r.Name {
			continue
		}
		if e.Failed != "" {
			r.Failed++
			continue
		}
		hosts = append(hosts, e.Host)
		if e.Open {
			r.Undecided++
			continue
		}
		r.Runs++
		tell(d, e.Told.Objectives)
		switch {
		case e.Miss == "":
			continue
		case d.Name == "":
			r.FalseFails++
		default:
			r.FalsePasses++
		}
		r.Broken = append(r.Broken, e.Run+": "+e.Miss)
		r.Kept = append(r.Kept, e.Run)
	}
	r.Host = hostsOf(hosts)
	return r
}

// tell adds what a run did with the defect.
func tell(d *reports.CalibrationDefect, told []reports.Objective) {
	for _, o := range told {
		if o.Name == d.Objective {
			d.Measured, d.Target = o.Measured, o.Target
		}
		if o.Verdict == reports.Fail {
			if d.Failed == nil {
				d.Failed = map[string]int{}
			}
			d.Failed[o.Name]++
		}
	}
}

// Concerning are the claims about the defects and the experiments of those
// names, all for none. The error names one that there is no claim about.
func Concerning(claims []Claim, names []string) ([]Claim, error) {
	if len(names) == 0 {
		return claims, nil
	}
	for _, name := range names {
		if !slices.ContainsFunc(claims, func(c Claim) bool { return c.Is(name) }) {
			return nil, fmt.Errorf("no defect and no experiment with one is called %q; there are: %s", name, strings.Join(called(claims), ", "))
		}
	}
	return slices.DeleteFunc(slices.Clone(claims), func(c Claim) bool {
		return !slices.ContainsFunc(names, c.Is)
	}), nil
}

// called are the names that a claim can be asked for by, in order.
func called(claims []Claim) (names []string) {
	for _, c := range claims {
		names = append(names, cmp.Or(c.Defect(), c.Experiment.Name))
	}
	slices.Sort(names)
	return slices.Compact(names)
}
