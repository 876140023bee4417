package manifest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"

	"gauntlet/harness/chaos"
	"gauntlet/harness/diagnostic"
)

var (
	podActions = []string{chaos.PodKill, chaos.PodFailure, chaos.ContainerKill}
	operators  = []string{"In", "NotIn", "Exists", "DoesNotExist"}
	phases     = []string{"Pending", "Running", "Succeeded", "Failed", "Unknown"}
)

// podChaos checks and reads what is PodChaos's own.
func (r *reader) podChaos(root *node, pod *v1alpha1.PodChaos, f *chaos.Fault) {
	r.oneOf(root, "action", f.Action, podActions)
	r.mode(root, pod.Spec.PodSelector, f)
	r.selector(root, pod.Spec.Selector, f)
	if f.Action == chaos.PodFailure && f.Duration == 0 && !r.noted(r.near(root, "spec", "duration")) {
		r.wrong(r.near(root, "spec", "duration"), "pod-failure has no duration: it would be over at once", "write duration: 30s")
	}
	r.grace(root, pod.Spec.GracePeriod, f)
	r.containers(root, pod.Spec.ContainerNames, f)
	if pod.Spec.RemoteCluster != "" {
		f.ClusterOnly = append(f.ClusterOnly, "spec.remoteCluster")
	}
}

// oneOf checks that the field of spec is one of the words known.
func (r *reader) oneOf(root *node, name, have string, known []string) {
	switch {
	case have == "":
		r.wrong(r.near(root, "spec", name), "spec has no "+name, "it is one of "+strings.Join(known, ", "))
	case !slices.Contains(known, have):
		r.wrong(r.near(root, "spec", name), fmt.Sprintf("unknown %s %q", name, have), diagnostic.DidYouMean(have, known))
	}
}

// mode reads mode and value.
func (r *reader) mode(root *node, s v1alpha1.PodSelector, f *chaos.Fault) {
	f.Mode = chaos.Mode(s.Mode)
	known := make([]string, len(chaos.Modes))
	for i, m := range chaos.Modes {
		known[i] = string(m)
	}
	r.oneOf(root, "mode", string(s.Mode), known)
	most, what := 0, ""
	switch f.Mode {
	case chaos.ModeOne, chaos.ModeAll:
		if s.Value != "" {
			r.wrong(r.near(root, "spec", "value"), fmt.Sprintf("mode %s takes no value", s.Mode), "leave value out, or write mode: fixed")
		}
		return
	case chaos.ModeFixed:
		most, what = 1<<31-1, "a number of replicas, 1 or more"
	case chaos.ModeFixedPercent, chaos.ModeRandomMaxPercent:
		most, what = 100, "a whole number of percent from 1 to 100"
	default:
		return
	}
	if s.Value == "" {
		r.wrong(r.near(root, "spec", "mode"), fmt.Sprintf("mode %s needs a value", s.Mode), `write value: "1", `+what)
		return
	}
	n, err := strconv.Atoi(s.Value)
	if err != nil || n < 1 || n > most {
		hint := ""
		if strings.HasSuffix(s.Value, "%") {
			hint = fmt.Sprintf("write value: %q", strings.TrimSuffix(s.Value, "%"))
		}
		r.wrong(r.near(root, "spec", "value"), fmt.Sprintf("value %q of mode %s is not %s", s.Value, s.Mode, what), hint)
	}
	f.Value = n
}

// selector reads which replicas match.
func (r *reader) selector(root *node, s v1alpha1.PodSelectorSpec, f *chaos.Fault) {
	namespaces := slices.DeleteFunc(slices.Clone(s.Namespaces), func(ns string) bool { return ns == "" })
	f.Selector = chaos.Selector{Namespaces: namespaces, Labels: s.LabelSelectors, Pods: s.Pods, Phases: s.PodPhaseSelectors}
	for i, q := range s.ExpressionSelectors {
		r.requirement(root, i, string(q.Operator), q.Key, q.Values)
		f.Selector.Expressions = append(f.Selector.Expressions, chaos.Requirement{Key: q.Key, Operator: string(q.Operator), Values: q.Values})
	}
	for i, phase := range s.PodPhaseSelectors {
		if !slices.Contains(phases, phase) {
			r.wrong(r.near(root, "spec", "selector", "podPhaseSelectors", strconv.Itoa(i)), fmt.Sprintf("unknown phase %q", phase), diagnostic.DidYouMean(phase, phases))
		}
	}
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
			f.ClusterOnly = append(f.ClusterOnly, "spec.selector."+only.name)
		}
	}
	r.emptySelector(root, s, f)
}

// emptySelector refuses a selector that says nothing with a mode that takes
// all: upstream would hit whatever there is.
func (r *reader) emptySelector(root *node, s v1alpha1.PodSelectorSpec, f *chaos.Fault) {
	at := r.near(root, "spec", "selector")
	names := 0
	for _, pods := range s.Pods {
		names += len(pods)
	}
	if len(s.Pods) > 0 && names == 0 {
		r.wrong(r.near(root, "spec", "selector", "pods"), "selector.pods names no pod", "")
	}
	says := len(f.Selector.Namespaces) + len(s.LabelSelectors) + len(s.ExpressionSelectors) + len(s.Pods) + len(s.PodPhaseSelectors) + len(f.ClusterOnly)
	if says == 0 && f.Mode == chaos.ModeAll {
		r.wrong(at, "an empty selector with mode all takes every replica of every service", "name some: selector: {labelSelectors: {app: mapper}}")
	}
}

// requirement checks the i-th of expressionSelectors.
func (r *reader) requirement(root *node, i int, operator, key string, values []string) {
	at := func(name string) place {
		return r.near(root, "spec", "selector", "expressionSelectors", strconv.Itoa(i), name)
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

// grace reads gracePeriod, in seconds.
func (r *reader) grace(root *node, s int64, f *chaos.Fault) {
	const most = 24 * 60 * 60
	at := r.near(root, "spec", "gracePeriod")
	switch {
	case s < 0:
		r.wrong(at, fmt.Sprintf("gracePeriod %d is negative", s), "0 is SIGKILL at once")
	case s > most:
		r.wrong(at, fmt.Sprintf("gracePeriod %d is more than a day", s), "it is in seconds")
	case s > 0 && f.Action != chaos.PodKill:
		r.wrong(at, "gracePeriod is of pod-kill alone: "+f.Action+" would not heed it", "leave it out")
	}
	f.GracePeriod = time.Duration(min(s, most)) * time.Second
}

// containers reads containerNames.
func (r *reader) containers(root *node, names []string, f *chaos.Fault) {
	at := r.near(root, "spec", "containerNames")
	switch {
	case f.Action == chaos.ContainerKill && len(names) == 0:
		r.wrong(at, "container-kill has no containerNames", "name the containers: containerNames: [mapper]")
	case f.Action != chaos.ContainerKill && len(names) > 0:
		r.wrong(at, "containerNames is of container-kill alone: "+f.Action+" takes the whole pod", "leave it out, or write action: container-kill")
	}
	for i, name := range names {
		if name == "" {
			r.wrong(r.near(root, "spec", "containerNames", strconv.Itoa(i)), "a container without a name", "")
		}
	}
	f.ContainerNames = names
}
