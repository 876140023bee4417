package experiment

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml/ast"
)

// control is an entry of controls as it is written.
type control struct {
	Control
	inert bool
	path  string // of the entry
	node  *ast.MappingNode
}

var controlFields = object[control]{
	needed(scalar("name", "What the control is called.", pattern("a name of letters, digits, '.', '_' and '-'", `^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`),
		func(c *control) *string { return &c.Name })),
	{name: "env", doc: "Merged into target.env.", schema: targetFields.schemaOf("env"),
		read: func(r *reader, path string, n ast.Node, _ *control) { readEnv(r, path, n) }},
	{name: "args", doc: "Appended to target.args.", schema: targetFields.schemaOf("args"),
		read: func(r *reader, path string, n ast.Node, _ *control) { readArgs(r, path, n) }},
	{name: "set", doc: "Any field, by its dotted path, and its value instead.", schema: schema{"type": "object"},
		read: func(r *reader, path string, n ast.Node, _ *control) {
			r.entries(path, n, func(string, string, ast.Node) {})
		}},
	inertField(func(c *control) *bool { return &c.inert }),
	needed(nested("expect", "How it must end.", expectFields, func(c *control) *Expectation { return &c.Expect })),
}

// appliedFields is a control that was applied: what is left of its entry.
var appliedFields = object[draft]{
	needed(scalar("name", "The control's name.", words("a name"), func(d *draft) *string { return &d.Applied })),
	inertField(func(d *draft) *bool { return &d.Inert }),
	needed(nested("expect", "How it must end.", expectFields, func(d *draft) *Expectation {
		d.Expect = &Expectation{}
		return d.Expect
	})),
}

func inertField[T any](at func(*T) *bool) field[T] {
	u := oneOf([]string{"inert"})
	return field[T]{name: "faults", doc: "inert: targets are chosen, and nothing is done to them.", schema: u.schema,
		read: func(r *reader, path string, n ast.Node, into *T) {
			_, *at(into) = u.read(r, path, n)
		}}
}

var expectFields = object[Expectation]{
	needed(scalar("verdict", "The run's verdict.", oneOf([]string{"FAIL", "INCONCLUSIVE"}), func(e *Expectation) *string { return &e.Verdict })),
	needed(scalar("objective", "One of the objectives that end so.", words("the name of an objective"), func(e *Expectation) *string { return &e.Objective })),
	scalar("reason", "Why that objective ends so.", oneOf(Reasons()), func(e *Expectation) *string { return &e.Reason }),
}

// Reasons lists why an objective can end other than PASS, by the names that
// result.json uses.
func Reasons() []string {
	return []string{"limit-broken", "interval-spans-limit", "fault-unproven", "too-few-samples", "observe-too-short",
		"instrument-disturbed", "checker-timeout", "unreachable", "aborted"}
}

var controlList = field[draft]{name: "controls", doc: "The same experiment, made to end badly.",
	schema: schema{"type": "array", "items": controlFields.schema()},
	read: func(r *reader, path string, n ast.Node, d *draft) {
		r.items(path, n, func(at string, item ast.Node) {
			c := control{path: at}
			controlFields.read(r, at, item, &c)
			c.node, _ = item.(*ast.MappingNode)
			if c.Name != "" && slices.ContainsFunc(d.controls, func(o control) bool { return o.Name == c.Name }) {
				r.refuseAt(join(at, "name"), "", "a second control is called %q", c.Name)
			}
			d.controls = append(d.controls, c)
			d.Controls = append(d.Controls, c.Control)
		})
	}}

// Objectives lists what the experiment is held to, by the names that
// result.json uses. foreign and steadyState always belong to it.
func (e *Experiment) Objectives() []string {
	var names []string
	if e.SLO.Recovery != nil {
		names = append(names, "recovery")
	}
	for _, a := range e.SLO.Availability {
		names = append(names, a.objective())
	}
	if e.SLO.Budget.Most > 0 {
		names = append(names, "budget")
	}
	if e.SLO.LostWrites != nil {
		names = append(names, "lostWrites")
	}
	names = append(names, e.promised()...)
	names = append(names, "foreign", "steadyState")
	if len(e.SLO.Availability) > 0 {
		names = append(names, "residual")
	}
	return names
}

// promised are the objectives that the target's promise makes.
func (e *Experiment) promised() []string {
	if e.Consistency == nil {
		return nil
	}
	var names []string
	p := e.Consistency.Promise
	if p.Staleness.Bounded() {
		names = append(names, "staleness")
	}
	if p.Converges() && len(e.Faults) > 0 {
		names = append(names, "convergence")
	}
	if p.Ordered() {
		names = append(names, "order")
	}
	return names
}

func (a Availability) objective() string {
	if a.Operation == "" {
		return "availability"
	}
	return fmt.Sprintf("availability:%s", a.Operation)
}
