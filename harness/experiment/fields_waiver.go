package experiment

import (
	"fmt"
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"

	"gauntlet/harness/diagnostic"
)

var waiverFields = object[Waiver]{
	needed(scalar("objective", "The objective whose FAIL is accepted for now, as result.json names it.", words("the name of an objective"),
		func(w *Waiver) *string { return &w.Objective })),
	needed(scalar("owner", "Who has to mend it.", prose("a person or a team"), func(w *Waiver) *string { return &w.Owner })),
	needed(scalar("until", "The last day on which it holds (UTC).", date, func(w *Waiver) *time.Time { return &w.Until })),
	needed(scalar("reason", "Why it is accepted.", prose("a sentence"), func(w *Waiver) *string { return &w.Reason })),
	scalar("reference", "Where it is being mended: a ticket or an address.", prose("a reference"), func(w *Waiver) *string { return &w.Reference }),
}

// date is a day of the calendar. A time of day would have a time zone, which
// nobody writes down.
var date = unit[time.Time]{"a date such as 2026-12-31", schema{"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}, func(w word) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, w.text)
	if w.kind != textWord {
		return day, wrong{}
	}
	if err != nil {
		return day, wrong{problem: fmt.Sprintf("%q is no date", w.text), hint: "write year, month and day: 2026-12-31"}
	}
	return day, nil
}}

func readWaivers(r *reader, path string, n ast.Node, s *SLO) {
	s.Waivers = nil
	r.items(path, n, func(at string, item ast.Node) {
		w := Waiver{path: at}
		waiverFields.read(r, at, item, &w)
		s.Waivers = append(s.Waivers, w)
	})
}

// unwaivable is what nobody can accept on others' behalf, and why.
var unwaivable = map[string]string{
	"foreign":     "an answer that belongs to another key is no limit to be late on: it may be another customer's",
	"steadyState": "without it nothing is injected and nothing else is decided: there would be nothing left that passes",
}

// checkWaivers refuses waivers of what is no objective, cannot be waived, or is
// waived twice.
func (d *draft) checkWaivers(r *reader) {
	known := d.Objectives()
	for i, w := range d.SLO.Waivers {
		at := join(w.path, "objective")
		if w.Objective == "" {
			continue // it was refused when it was read
		}
		if why, ok := unwaivable[w.Objective]; ok {
			r.refuseAt(at, "mend it, or take the experiment out of the gate", "%s cannot be waived: %s", w.Objective, why)
			continue
		}
		if !slices.Contains(known, w.Objective) {
			r.refuseAt(at, diagnostic.DidYouMean(w.Objective, known), "%q is no objective of this experiment", w.Objective)
		}
		if slices.ContainsFunc(d.SLO.Waivers[:i], func(o Waiver) bool { return o.Objective == w.Objective }) {
			r.refuseAt(at, "one waiver has one owner and one end", "a second waiver is for %q", w.Objective)
		}
	}
}

// Lapsed is a diagnostic for each waiver that holds no more on the day of at: it
// is no mistake, since the file was right when it was written, and says so before
// the run does.
func (e *Experiment) Lapsed(at time.Time) diagnostic.List {
	var all diagnostic.List
	for _, w := range e.SLO.Waivers {
		if w.Ended(at) {
			all = append(all, e.places.diagnose(join(w.path, "until"), "ask "+w.Owner+" to mend it, or to renew the waiver",
				"warning: the waiver of %s for %s ended on %s and counts no more", w.Owner, w.Objective, w.Until.Format(time.DateOnly)))
		}
	}
	return all
}

// Ended says whether the waiver's last day (UTC) is over at an instant.
func (w Waiver) Ended(at time.Time) bool { return !at.UTC().Before(w.Until.AddDate(0, 0, 1)) }
