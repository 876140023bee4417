package manifest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"

	"gauntlet/harness/chaos"
)

// mostFaults bounds what a Schedule or Workflow is made into.
const mostFaults = 1000

// body is what an object embeds of another: the field named like the kind
// ("podChaos" for PodChaos), as an object of its own with the places that it
// has in the file. nil after a mistake.
func (r *reader) body(in *node, kind, name string) *node {
	for _, f := range in.fields {
		if strings.EqualFold(f.name, kind) {
			if f.value.kind != mapping {
				break // a mistake that is noted already
			}
			word := func(text string) *node { return &node{place: f.place, kind: scalar, value: text} }
			named := &node{place: f.place, kind: mapping, fields: []entry{{f.place, "name", word(name)}}}
			return &node{place: f.place, kind: mapping, fields: []entry{
				{f.place, "apiVersion", word(apiVersion)}, {f.place, "kind", word(kind)}, {f.place, "metadata", named}, {f.place, "spec", f.value},
			}}
		}
	}
	r.wrong(in.place, fmt.Sprintf("it says %s, and there is no %s", kind, lowered(kind)), "")
	return nil
}

func lowered(kind string) string { return strings.ToLower(kind[:1]) + kind[1:] }

// embedded reads a fault that another object embeds.
func (r *reader) embedded(in *node, kind, name string) (chaos.Fault, bool) {
	if len(r.mistakes) > 0 { // what is wrong with the whole is said in its own terms
		return chaos.Fault{}, false
	}
	root := r.body(in, kind, name)
	if root == nil {
		return chaos.Fault{}, false
	}
	object := r.object(root)
	if object == nil || len(r.mistakes) > 0 {
		return chaos.Fault{}, false
	}
	f := r.fault(root, object, name)
	return f, len(r.mistakes) == 0
}

// schedule is the faults of a Schedule.
func (r *reader) schedule(root *node, object *v1alpha1.Schedule) []chaos.Timed {
	if r.span <= 0 {
		r.wrong(root.place, "a Schedule goes on until somebody removes it, and an experiment must end", "write for: 2m beside chaos")
		return nil
	}
	spec := root.field("spec")
	if spec == nil || spec.value.kind != mapping {
		r.wrong(root.place, "the Schedule has no spec", "")
		return nil
	}
	return r.repeated(spec.value, object.GetName(), r.span)
}

// repeated is what a schedule, whose fields are those of spec, does within a
// span, in the order of time.
func (r *reader) repeated(spec *node, name string, span time.Duration) []chaos.Timed {
	occasions := r.occasions(spec, span)
	kind := text(spec, "type")
	var all []chaos.Timed
	free := time.Duration(0) // when the one before is over
	for i, at := range occasions {
		if text(spec, "concurrencyPolicy") != string(v1alpha1.AllowConcurrent) && at < free {
			continue
		}
		var one []chaos.Timed
		end := at
		called := fmt.Sprintf("%s-%d", name, i+1)
		if kind == v1alpha1.KindWorkflow {
			flow := spec.field("workflow")
			if flow == nil || flow.value.kind != mapping {
				r.wrong(spec.place, "it says Workflow, and there is no workflow", "")
				return nil
			}
			one, end = r.flow(flow.value, called, at)
		} else {
			f, ok := r.embedded(spec, kind, called)
			if !ok {
				return nil
			}
			f.Notes = append(f.Notes, scheduleNotes(spec)...)
			one = []chaos.Timed{{At: at, Fault: f}}
			if !f.OneShot() {
				end = at + f.Duration
			}
		}
		if len(r.mistakes) > 0 || !r.room(spec.place, len(one)) {
			return nil
		}
		all, free = append(all, within(one, span)...), end
	}
	return all
}

// within is what of the faults lies within the span: with the schedule all that
// it made is removed, as upstream removes it.
func within(faults []chaos.Timed, span time.Duration) (all []chaos.Timed) {
	for _, f := range faults {
		if f.At >= span {
			continue
		}
		if left := span - f.At; !f.OneShot() && f.Duration > left {
			f.Notes = append(f.Notes, fmt.Sprintf("it lasts for %v of %v: its Schedule is over then", left, f.Duration))
			f.Duration = left
		}
		all = append(all, f)
	}
	return all
}

// scheduleNotes tells of the fields of a Schedule that change nothing here.
func scheduleNotes(spec *node) []string {
	var all []string
	if !strings.HasPrefix(text(spec, "schedule"), "@every") {
		all = append(all, fmt.Sprintf("the schedule %q is taken as if the fault had begun at 00:00:00 on a Monday, the first of January", text(spec, "schedule")))
	}
	for _, name := range []string{"historyLimit", "startingDeadlineSeconds"} {
		if spec.field(name) != nil {
			all = append(all, name+" has no effect: no object is kept, and none is late")
		}
	}
	return all
}

// occasions is when a schedule has its times within a span that begins at
// midnight.
func (r *reader) occasions(spec *node, within time.Duration) []time.Duration {
	at := r.near(spec, "schedule")
	table, err := v1alpha1.StandardCronParser.Parse(text(spec, "schedule"))
	if err != nil {
		r.wrong(at, fmt.Sprintf("schedule: %v", err), `write "@every 30s", or a cron expression`)
		return nil
	}
	midnight := time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)
	var all []time.Duration
	for t := table.Next(midnight); !t.IsZero() && t.Sub(midnight) < within; t = table.Next(t) {
		if len(all) == mostFaults {
			r.wrong(at, fmt.Sprintf("within %v the schedule has more than %d occasions", within, mostFaults), "")
			return nil
		}
		all = append(all, t.Sub(midnight))
	}
	if len(all) == 0 {
		r.wrong(at, fmt.Sprintf("within %v the schedule has no occasion", within), "let it go on for longer")
	}
	return all
}

// room counts faults, and notes a mistake when they are too many.
func (r *reader) room(at place, n int) bool {
	if r.faults += n; r.faults > mostFaults {
		r.wrong(at, fmt.Sprintf("it is made into more than %d faults", mostFaults), "")
		return false
	}
	return true
}

// workflow is the faults of a Workflow.
func (r *reader) workflow(root *node, object *v1alpha1.Workflow) []chaos.Timed {
	if r.within > 0 {
		r.wrong(root.place, "a Workflow ends by itself: for says how long a Schedule goes on", "leave for out")
	}
	spec := root.field("spec")
	if spec == nil || spec.value.kind != mapping {
		r.wrong(root.place, "the Workflow has no spec", "")
		return nil
	}
	all, _ := r.flow(spec.value, "", 0)
	if len(all) == 0 && len(r.mistakes) == 0 {
		r.wrong(spec.place, "the Workflow breaks nothing", "")
	}
	return all
}

// flow is the faults of a workflow whose fields are those of spec, begun at
// the instant at, and when it is over.
func (r *reader) flow(spec *node, prefix string, at time.Duration) ([]chaos.Timed, time.Duration) {
	w := &walk{r: r, prefix: prefix, templates: map[string]*node{}, used: map[string]int{}}
	if list := spec.field("templates"); list != nil {
		for _, t := range list.value.items {
			name := text(t, "name")
			if _, twice := w.templates[name]; twice {
				r.wrong(r.near(t, "name"), fmt.Sprintf("two templates are called %q", name), "")
			}
			w.templates[name] = t
		}
	}
	end := w.enter(r.near(spec, "entry"), text(spec, "entry"), at, nil)
	if len(r.mistakes) > 0 {
		return nil, at
	}
	slices.SortStableFunc(w.all, func(a, b chaos.Timed) int { return int(a.At - b.At) })
	return w.all, end
}

// walk goes through the templates of a Workflow.
type walk struct {
	r         *reader
	prefix    string // of names; "" for none
	templates map[string]*node
	used      map[string]int // names given
	all       []chaos.Timed
}

// name is one that no other fault of the workflow has.
func (w *walk) name(template string) string {
	if w.prefix != "" {
		template = w.prefix + "-" + template
	}
	if w.used[template]++; w.used[template] > 1 {
		return fmt.Sprintf("%s-%d", template, w.used[template])
	}
	return template
}

// enter is when the template that begins at the instant at is over. from is
// the place that calls for it, above the templates that it is within.
func (w *walk) enter(from place, name string, at time.Duration, above []string) time.Duration {
	t, ok := w.templates[name]
	switch {
	case len(w.r.mistakes) > 0:
		return at
	case !ok:
		w.r.wrong(from, fmt.Sprintf("there is no template %q", name), "")
		return at
	case slices.Contains(above, name):
		w.r.wrong(from, fmt.Sprintf("template %q is within itself", name), "")
		return at
	}
	above = append(slices.Clone(above), name)
	deadline := w.r.length(t, []string{"deadline"}, text(t, "deadline"))
	switch kind := text(t, "templateType"); v1alpha1.TemplateType(kind) {
	case v1alpha1.TypeSerial:
		end := at
		for i, child := range children(t) {
			end = w.enter(w.r.near(t, "children", fmt.Sprint(i)), child, end, above)
		}
		return w.within(t, at, end, deadline)
	case v1alpha1.TypeParallel:
		end := at
		for i, child := range children(t) {
			end = max(end, w.enter(w.r.near(t, "children", fmt.Sprint(i)), child, at, above))
		}
		return w.within(t, at, end, deadline)
	case v1alpha1.TypeSuspend:
		if deadline == 0 {
			w.r.wrong(t.place, fmt.Sprintf("template %q suspends for ever", name), "write deadline: 10s")
		}
		return at + deadline
	case v1alpha1.TypeSchedule:
		return w.scheduled(t, name, at, deadline)
	case v1alpha1.TypeTask, v1alpha1.TypeStatusCheck:
		w.add(t, chaos.Timed{At: at, Fault: chaos.Fault{Name: w.name(name), Kind: v1alpha1.KindWorkflow, Action: kind, Places: w.r.places(t)}})
		return at + deadline
	default:
		return w.fault(t, kind, name, at, deadline)
	}
}

// within checks that children end by themselves: upstream would break them off
// at the deadline, and what is broken off has no length of its own to be
// judged by.
func (w *walk) within(t *node, at, end, deadline time.Duration) time.Duration {
	if deadline > 0 && end-at > deadline {
		w.r.wrong(w.r.near(t, "deadline"), fmt.Sprintf("the children of %q take %v, longer than its deadline of %v", text(t, "name"), end-at, deadline), "shorten them, or raise the deadline")
	}
	return end
}

func (w *walk) add(t *node, one ...chaos.Timed) {
	if w.r.room(t.place, len(one)) {
		w.all = append(w.all, one...)
	}
}

// scheduled is a Schedule within a Workflow: it goes on until its deadline.
func (w *walk) scheduled(t *node, name string, at, deadline time.Duration) time.Duration {
	spec := t.field("schedule")
	switch {
	case deadline == 0:
		w.r.wrong(t.place, fmt.Sprintf("the schedule of template %q never ends", name), "write deadline: 2m")
		return at
	case spec == nil || spec.value.kind != mapping:
		w.r.wrong(t.place, fmt.Sprintf("template %q has no schedule", name), "")
		return at
	}
	for _, one := range w.r.repeated(spec.value, w.name(name), deadline) {
		one.At += at
		w.all = append(w.all, one)
	}
	return at + deadline
}

// fault is a template that breaks something: until its deadline, or for its
// own duration when that is shorter.
func (w *walk) fault(t *node, kind, name string, at, deadline time.Duration) time.Duration {
	f, ok := w.r.embedded(t, kind, w.name(name))
	if !ok {
		return at
	}
	if !f.OneShot() && deadline > 0 && (f.Duration == 0 || deadline < f.Duration) {
		f.Duration = deadline
	}
	w.add(t, chaos.Timed{At: at, Fault: f})
	switch {
	case deadline > 0:
		return at + deadline
	case f.OneShot():
		return at
	}
	return at + f.Duration
}

// children are the templates that a template names.
func children(t *node) []string {
	list := t.field("children")
	if list == nil {
		return nil
	}
	var all []string
	for _, item := range list.value.items {
		name, _ := item.value.(string)
		all = append(all, name)
	}
	return all
}
