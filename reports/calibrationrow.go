package reports

import (
	"fmt"
	"sort"
	"strings"
)

// calibrationRowView is a row, its numbers as text.
type calibrationRowView struct {
	CalibrationRow
	Verdict   Verdict
	Detected  string
	Recovered string // p50 / p95 / max of the error
	Began     string
	Held      string
	Losses    string
	False     string // FAILs that nothing caused, and their bound
	Open      string // INCONCLUSIVE runs
	Data      string
	Why       string
	Machine   string
}

func calibrationRowOf(r CalibrationRow) calibrationRowView {
	v := calibrationRowView{CalibrationRow: r, Verdict: Fail, Detected: absent, Recovered: errorText(r.Recovery), Began: errorText(r.Onset), Held: absent, Losses: absent, False: absent, Open: absent, Data: absent, Machine: absent}
	switch {
	case r.Holds():
		v.Verdict = Pass
	case r.Runs == 0:
		v.Verdict = Inconclusive
	}
	if r.Outages > 0 {
		v.Detected = fmt.Sprintf("%s of %s", count(r.Found), count(r.Outages))
	}
	if r.Extra > 0 {
		v.Detected = strings.TrimPrefix(v.Detected+", ", absent+", ") + count(r.Extra) + " more"
	}
	if r.Intervals > 0 {
		v.Held = fmt.Sprintf("%s of %s", percent(float64(r.Held)/float64(r.Intervals)), count(r.Intervals))
	}
	if r.LossP95 != nil {
		v.Losses = percent(*r.LossP95)
	}
	if r.Runs > 0 && !r.Control && r.Defect == nil {
		v.False = count(r.FalseFails)
		if r.Bound != nil {
			v.False += " (≤" + space + percent(*r.Bound) + ")"
		}
		v.Open = fmt.Sprintf("%s (%s)", percent(float64(r.Undecided)/float64(r.Runs)), count(r.Undecided))
	}
	v.Data, v.Why, v.Machine = r.data(), r.why(), r.Host.text()
	return v
}

// Said is what stands below the row.
func (v calibrationRowView) Said() (all []string) {
	if v.Data != absent {
		all = append(all, v.Data+" were told")
	}
	if v.Why != "" {
		all = append(all, v.Why)
	}
	if len(v.Kept) > 0 {
		all = append(all, "kept: "+strings.Join(v.Kept, ", "))
	}
	return all
}

func errorText(e *CalibrationError) string {
	if e == nil {
		return absent
	}
	return fmt.Sprintf("%s / %s / %s", milliseconds(e.P50), milliseconds(e.P95), milliseconds(e.Max))
}

// data is what was counted of the data.
func (r CalibrationRow) data() string {
	var all []string
	for _, c := range []struct {
		of   *CalibrationCount
		what string
	}{{r.LostWrites, "lost writes"}, {r.Foreign, "foreign values"}, {r.Stale, "stale reads"}, {r.Disordered, "breaches of the order"}} {
		if c.of != nil {
			all = append(all, fmt.Sprintf("%s of %s %s", count(c.of.Told), count(c.of.Truth), c.what))
		}
	}
	if len(all) == 0 {
		return absent
	}
	return strings.Join(all, ", ")
}

// why is what is amiss, or worth knowing.
func (r CalibrationRow) why() string {
	all := append([]string(nil), r.Broken...)
	for _, w := range r.Wrongs {
		if !w.Caught {
			all = append(all, "not caught: "+w.Name)
		}
	}
	switch {
	case r.Runs == 0:
		all = append(all, "not measured yet")
	case r.Control && r.Defect == nil && len(all) == 0:
		all = append(all, "every run ended as it must")
	}
	if r.Defect != nil && r.Undecided > 0 {
		all = append(all, fmt.Sprintf("%s decided nothing, for the host’s reason", plural(r.Undecided, "run")))
	}
	if r.Failed > 0 {
		all = append(all, fmt.Sprintf("of %s nothing can be said", plural(r.Failed, "further run")))
	}
	if r.Outcomes != nil && *r.Outcomes < 1 {
		all = append(all, fmt.Sprintf("%s of the requests were seen alike by both sides", percent(*r.Outcomes)))
	}
	var reasons []string
	for reason, n := range r.Reasons {
		reasons = append(reasons, fmt.Sprintf("%s × %s", count(n), reason))
	}
	sort.Strings(reasons)
	return strings.Join(append(all, reasons...), "; ")
}

// text is the machine in words.
func (h *CalibrationHost) text() string {
	if h == nil {
		return absent
	}
	all := []string{plural(h.Processors, "processor")}
	if h.LoadAverage != nil {
		all = append(all, fmt.Sprintf("load average %.1f", *h.LoadAverage))
	}
	if h.Pressure != nil {
		all = append(all, "pressure "+percentOf(*h.Pressure))
		if h.PressureMax != nil {
			all[len(all)-1] += " (up to " + percentOf(*h.PressureMax) + ")"
		}
	}
	all = append(all, "others had "+percentOf(h.Others), percentOf(h.Ambiguous)+" of the requests in doubt")
	if h.Quiet > 0 {
		all = append(all, fmt.Sprintf("quiet in %s, %d of them INCONCLUSIVE", plural(h.Quiet, "run"), h.QuietOpen))
	}
	return strings.Join(all, ", ")
}

// percentOf is a share as precisely as a condition is worth.
func percentOf(share float64) string {
	return trim(fmt.Sprintf("%.1f", 100*share)) + space + "%"
}

// commits are those of the harness, in words.
func (l CalibrationLayer) commits() []string {
	all := make([]string, len(l.Commits))
	for i, c := range l.Commits {
		all[i] = c
		if c == "" {
			all[i] = "none"
		}
	}
	return all
}
