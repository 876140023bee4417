package reports

import "slices"

// failedFirst is the objectives as a reader wants them: what failed, what is
// undecided, what passed; within each as the experiment has them.
func failedFirst(all []Objective) []Objective {
	order := map[Verdict]int{Fail: 0, Inconclusive: 1, Pass: 2}
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b Objective) int { return order[a.Verdict] - order[b.Verdict] })
	return sorted
}

func kept(all []Objective) int {
	n := 0
	for _, o := range all {
		if o.Verdict == Pass {
			n++
		}
	}
	return n
}

// objective is the one of that name, else the worst of its kind
// ("availability" finds "availability:get"); nil without one.
func objective(all []Objective, name string) *Objective {
	for i := range all {
		if all[i].Name == name {
			return &all[i]
		}
	}
	for _, o := range failedFirst(all) {
		if kind, _ := cutScope(o.Name); kind == name {
			return &o
		}
	}
	return nil
}
