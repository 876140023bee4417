package link

import "slices"

// active is a rule that is in force, with what it has done by itself: two
// faults on one link are told apart by it.
type active struct {
	Rule
	done streamCounts
}

// cause is what makes bytes late: a rule, and by how many ns.
type cause struct {
	rule *active
	ns   int64
}

// also is why with another cause. It leaves why as it is: pieces of what was
// read together share theirs.
func also(why []cause, rule *active, ns int64) []cause {
	if ns <= 0 {
		return why
	}
	why = slices.Clone(why)
	if i := slices.IndexFunc(why, func(c cause) bool { return c.rule == rule }); i >= 0 {
		why[i].ns = after(why[i].ns, ns)
		return why
	}
	return append(why, cause{rule, ns})
}

// both is a and b.
func both(a, b []cause) []cause {
	if len(a) == 0 {
		return b
	}
	for _, c := range b {
		a = also(a, c.rule, c.ns)
	}
	return a
}

// since is why now, with the causes of before whose rules have no say now.
func since(before, now []cause) []cause {
	for _, b := range before {
		if !slices.ContainsFunc(now, func(c cause) bool { return c.rule == b.rule }) {
			now = also(now, b.rule, b.ns)
		}
	}
	return now
}

// total is how many ns all of them are.
func total(why []cause) (ns int64) {
	for _, c := range why {
		ns = after(ns, c.ns)
	}
	return ns
}
