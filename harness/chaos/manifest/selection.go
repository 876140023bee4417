package manifest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"

	"gauntlet/harness/chaos"
	"gauntlet/harness/diagnostic"
)

var (
	operators = []string{"In", "NotIn", "Exists", "DoesNotExist"}
	phases    = []string{"Pending", "Running", "Succeeded", "Failed", "Unknown"}
)

// specOf is the path of what an object asks for.
var specOf = []string{"spec"}

// below is the place of what stands under the path.
func (r *reader) below(root *node, path []string, names ...string) place {
	return r.near(root, slices.Concat(path, names)...)
}

// selected reads which replicas a fault is for.
func (r *reader) selected(root *node, s v1alpha1.PodSelector, f *chaos.Fault) {
	f.Mode, f.Value = r.mode(root, specOf, s)
	f.Selector = r.selector(root, specOf, s.Selector, f.Mode, f)
}

// mode reads mode and value, which stand at the path.
func (r *reader) mode(root *node, at []string, s v1alpha1.PodSelector) (mode chaos.Mode, n int) {
	mode = chaos.Mode(s.Mode)
	known := make([]string, len(chaos.Modes))
	for i, m := range chaos.Modes {
		known[i] = string(m)
	}
	r.oneOf(root, at, "mode", string(s.Mode), known)
	most, what := 0, ""
	switch mode {
	case chaos.ModeOne, chaos.ModeAll:
		if s.Value != "" {
			r.wrong(r.below(root, at, "value"), fmt.Sprintf("mode %s takes no value", s.Mode), "leave value out, or write mode: fixed")
		}
		return mode, 0
	case chaos.ModeFixed:
		most, what = 1<<31-1, "a number of replicas, 1 or more"
	case chaos.ModeFixedPercent, chaos.ModeRandomMaxPercent:
		most, what = 100, "a whole number of percent from 1 to 100"
	default:
		return mode, 0
	}
	if s.Value == "" {
		r.wrong(r.below(root, at, "mode"), fmt.Sprintf("mode %s needs a value", s.Mode), `write value: "1", `+what)
		return mode, 0
	}
	n, err := strconv.Atoi(s.Value)
	if err != nil || n < 1 || n > most {
		hint := ""
		if strings.HasSuffix(s.Value, "%") {
			hint = fmt.Sprintf("write value: %q", strings.TrimSuffix(s.Value, "%"))
		}
		r.wrong(r.below(root, at, "value"), fmt.Sprintf("value %q of mode %s is not %s", s.Value, s.Mode, what), hint)
	}
	return mode, n
}

// selector reads which replicas match; the selector's parent stands at the
// path.
func (r *reader) selector(root *node, at []string, s v1alpha1.PodSelectorSpec, mode chaos.Mode, f *chaos.Fault) chaos.Selector {
	namespaces := slices.DeleteFunc(slices.Clone(s.Namespaces), func(ns string) bool { return ns == "" })
	out := chaos.Selector{Namespaces: namespaces, Labels: s.LabelSelectors, Pods: s.Pods, Phases: s.PodPhaseSelectors}
	for i, q := range s.ExpressionSelectors {
		r.requirement(root, at, i, string(q.Operator), q.Key, q.Values)
		out.Expressions = append(out.Expressions, chaos.Requirement{Key: q.Key, Operator: string(q.Operator), Values: q.Values})
	}
	for i, phase := range s.PodPhaseSelectors {
		if !slices.Contains(phases, phase) {
			r.wrong(r.below(root, at, "selector", "podPhaseSelectors", strconv.Itoa(i)), fmt.Sprintf("unknown phase %q", phase), diagnostic.DidYouMean(phase, phases))
		}
	}
	names := 0
	for _, pods := range s.Pods {
		names += len(pods)
	}
	if len(s.Pods) > 0 && names == 0 {
		r.wrong(r.below(root, at, "selector", "pods"), "selector.pods names no pod", "")
	}
	clusterOnly := 0
	for _, only := range []struct {
		name string
		set  bool
	}{
		{"nodes", len(s.Nodes) > 0},
		{"nodeSelectors", len(s.NodeSelectors) > 0},
		{"fieldSelectors", len(s.FieldSelectors) > 0},
		{"annotationSelectors", len(s.AnnotationSelectors) > 0},
	} {
		if only.set {
			f.ClusterOnly = append(f.ClusterOnly, strings.Join(at, ".")+".selector."+only.name)
			clusterOnly++
		}
	}
	if mode == chaos.ModeAll && clusterOnly == 0 {
		r.emptySelector(root, at, s, out)
	}
	return out
}

// emptySelector refuses a selector that says nothing with a mode that takes
// all: upstream would hit whatever there is.
func (r *reader) emptySelector(root *node, at []string, s v1alpha1.PodSelectorSpec, out chaos.Selector) {
	says := len(out.Namespaces) + len(s.LabelSelectors) + len(s.ExpressionSelectors) + len(s.Pods) + len(s.PodPhaseSelectors)
	if says == 0 {
		r.wrong(r.below(root, at, "selector"), "an empty selector with mode all takes every replica of every service", "name some: selector: {labelSelectors: {app: mapper}}")
	}
}

// requirement checks the i-th of expressionSelectors.
func (r *reader) requirement(root *node, path []string, i int, operator, key string, values []string) {
	at := func(name string) place {
		return r.below(root, path, "selector", "expressionSelectors", strconv.Itoa(i), name)
	}
	if key == "" {
		r.wrong(at("key"), "the expression has no key", "")
	}
	needs := operator == "In" || operator == "NotIn"
	switch {
	case !slices.Contains(operators, operator):
		r.wrong(at("operator"), fmt.Sprintf("unknown operator %q", operator), diagnostic.DidYouMean(operator, operators))
	case needs && len(values) == 0:
		r.wrong(at("values"), "operator "+operator+" needs values", "")
	case !needs && len(values) > 0:
		r.wrong(at("values"), "operator "+operator+" takes no values", "")
	}
}

// oneOf checks that the field at the path is one of the words known.
func (r *reader) oneOf(root *node, at []string, name, have string, known []string) {
	switch {
	case have == "":
		r.wrong(r.below(root, at, name), at[len(at)-1]+" has no "+name, "it is one of "+strings.Join(known, ", "))
	case !slices.Contains(known, have):
		r.wrong(r.below(root, at, name), fmt.Sprintf("unknown %s %q", name, have), diagnostic.DidYouMean(have, known))
	}
}
