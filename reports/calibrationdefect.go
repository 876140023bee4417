package reports

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// calibrationDefectView is a row about a defect of the target, as text.
type calibrationDefectView struct {
	calibrationRowView
	Wrong    string // what is
	Within   string // which experiment
	Must     string // how it must end
	Measured string // what the objective was that must FAIL, and what it is held to
	Also     string // the other objectives that FAILed
}

func calibrationDefectOf(r CalibrationRow) calibrationDefectView {
	d := r.Defect
	v := calibrationDefectView{calibrationRowView: calibrationRowOf(r), Wrong: cmp.Or(d.Name, "nothing"), Within: d.Experiment,
		Must: string(Pass), Measured: absent, Also: absent}
	if d.Name != "" {
		v.Must = fmt.Sprintf("%s (%s)", d.Objective, cmp.Or(d.Reason, "any reason"))
	}
	if d.Measured != "" {
		v.Measured = fmt.Sprintf("%s, held to %s", d.Measured, d.Target)
	}
	var also []string
	for _, name := range slices.Sorted(maps.Keys(d.Failed)) {
		switch n := d.Failed[name]; {
		case name == d.Objective:
			continue
		case n < r.Runs:
			also = append(also, fmt.Sprintf("%s (%s of %s)", name, count(n), count(r.Runs)))
		default:
			also = append(also, name)
		}
	}
	if len(also) > 0 {
		v.Also = strings.Join(also, ", ")
	}
	return v
}

// defects are the rows about defects of the target.
func (l CalibrationLayer) defects() (all []calibrationDefectView) {
	for _, r := range l.Rows {
		if r.Defect != nil {
			all = append(all, calibrationDefectOf(r))
		}
	}
	return all
}

// caughtDefects counts the defects, and those whose every run was caught as it
// must be.
func caughtDefects(c *Calibration) (caught, all int) {
	for _, l := range c.Layers {
		for _, r := range l.Rows {
			if r.Defect == nil || r.Defect.Name == "" {
				continue
			}
			all++
			if r.Holds() {
				caught++
			}
		}
	}
	return caught, all
}
