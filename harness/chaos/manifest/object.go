package manifest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/chaos-mesh/chaos-mesh/api/genericwebhook"
	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"
	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	upstream "sigs.k8s.io/json"

	"gauntlet/harness/chaos"
	"gauntlet/harness/diagnostic"
)

const apiVersion = "chaos-mesh.org/v1alpha1"

// longest bounds a duration, so that adding some of them cannot overflow.
const longest = 7 * 24 * time.Hour

// silence keeps the webhook code from logging every object that it looks at.
var silence = sync.OnceFunc(func() { log.SetLogger(logr.Discard()) })

// timeline reads the object, whatever its kind.
func (r *reader) timeline(root *node) []chaos.Timed {
	silence()
	if root.kind != mapping {
		r.wrong(root.place, "a Chaos Mesh object is a mapping", "it begins with apiVersion: "+apiVersion)
		return nil
	}
	object := r.object(root)
	if object == nil {
		return nil
	}
	r.named(root, object)
	var all []chaos.Timed
	switch object := object.(type) {
	case *v1alpha1.Schedule:
		all = r.schedule(root, object)
	case *v1alpha1.Workflow:
		all = r.workflow(root, object)
	default:
		if r.within > 0 {
			r.wrong(root.place, text(root, "kind")+" happens once: for says how long a Schedule goes on", "leave for out, or write a Schedule")
		}
		all = []chaos.Timed{{Fault: r.fault(root, object, object.GetName())}}
	}
	if len(r.mistakes) == 0 { // ours say the same in the terms of the file
		r.upstreamChecks(root, object)
	}
	return all
}

// fault reads an object that is one fault.
func (r *reader) fault(root *node, object client.Object, name string) chaos.Fault {
	f := chaos.Fault{Name: name, Kind: text(root, "kind"), Action: text(root, "spec", "action"), Places: r.places(root)}
	f.Duration = r.length(root, []string{"spec", "duration"}, text(root, "spec", "duration"))
	r.kind(root, object, &f)
	return f
}

// object decodes strictly into the type that apiVersion and kind name, with
// the defaults filled in; nil after a mistake that leaves nothing to check.
func (r *reader) object(root *node) client.Object {
	if v := text(root, "apiVersion"); v != apiVersion {
		r.wrong(r.near(root, "apiVersion"), fmt.Sprintf("apiVersion is %q, not %s", v, apiVersion), "write apiVersion: "+apiVersion)
	}
	kinds := v1alpha1.AllKindsIncludeScheduleAndWorkflow()
	known, ok := kinds[text(root, "kind")]
	if !ok {
		r.wrong(r.near(root, "kind"), fmt.Sprintf("%q is no kind of fault", text(root, "kind")),
			diagnostic.DidYouMean(text(root, "kind"), slices.Sorted(maps.Keys(kinds))))
		return nil
	}
	object := known.SpawnObject()
	r.shape("", root, reflect.TypeOf(object).Elem())
	source, err := json.Marshal(root)
	if err != nil {
		r.wrong(root.place, err.Error(), "")
		return nil
	}
	unknown, err := upstream.UnmarshalStrict(source, object)
	if err != nil {
		if len(r.mistakes) == 0 { // else shape has said it, in the terms of the file
			r.wrong(root.place, err.Error(), "")
		}
		return nil
	}
	if len(r.mistakes) == 0 {
		for _, err := range unknown {
			r.wrong(root.place, err.Error(), "")
		}
	}
	genericwebhook.Default(object)
	return object
}

// kind reads what is the kind's own. Kinds that no platform can do have been
// read as far as they need to be.
func (r *reader) kind(root *node, object client.Object, f *chaos.Fault) {
	switch object := object.(type) {
	case *v1alpha1.PodChaos:
		r.podChaos(root, object, f)
	case *v1alpha1.NetworkChaos:
		r.networkChaos(root, object, f)
	case *v1alpha1.HTTPChaos:
		r.httpChaos(root, object, f)
	case *v1alpha1.StressChaos:
		r.stressChaos(root, object, f)
	}
}

// remote notes a cluster beyond this one.
func remote(name string, f *chaos.Fault) {
	if name != "" {
		f.ClusterOnly = append(f.ClusterOnly, "spec.remoteCluster")
	}
}

// named checks what names the object, and that it is not paused.
func (r *reader) named(root *node, object client.Object) {
	if name := object.GetName(); name == "" {
		r.wrong(r.near(root, "metadata", "name"), "the object has no metadata.name", "events and the report call the fault by it")
	} else if wrong := validation.IsDNS1123Subdomain(name); len(wrong) > 0 {
		r.wrong(r.near(root, "metadata", "name"), fmt.Sprintf("metadata.name %q is a name that no cluster takes", name), "write lower-case letters, digits, dots and dashes, a letter or digit first and last")
	}
	if object.GetAnnotations()[v1alpha1.PauseAnnotationKey] == "true" {
		r.wrong(r.near(root, "metadata", "annotations", v1alpha1.PauseAnnotationKey), "the object is paused: it would do nothing", "remove the annotation")
	}
}

// upstreamChecks applies those of Chaos Mesh's webhook. They take for granted
// that some parts are there (a Schedule's podChaos), and panic without.
func (r *reader) upstreamChecks(root *node, object client.Object) {
	defer func() {
		if p := recover(); p != nil {
			r.wrong(r.near(root, "spec"), fmt.Sprintf("the %s is incomplete: Chaos Mesh's own check of it breaks off", text(root, "kind")), "a part that another field calls for is missing")
		}
	}()
	switch object := object.(type) {
	case *v1alpha1.Schedule, *v1alpha1.Workflow:
		validator := object.(interface {
			ValidateCreate(context.Context, runtime.Object) (admission.Warnings, error)
		})
		if _, err := validator.ValidateCreate(context.Background(), object); err != nil {
			r.wrong(r.near(root, "spec"), err.Error(), "")
		}
	default: // field by field: ValidateCreate is the same, with the fields run together
		for _, e := range genericwebhook.Validate(object) {
			message := e.Detail
			if message == "" {
				message = e.ErrorBody()
			}
			r.wrong(r.near(root, elements(e, object)...), message, "")
		}
	}
}

// elements is the path of e as it is written in YAML: upstream builds it from
// Go's names, those of embedded structs included.
func elements(e *field.Error, object any) []string {
	var all []string
	t := reflect.TypeOf(object).Elem()
	for _, name := range strings.FieldsFunc(e.Field, func(c rune) bool { return c == '.' || c == '[' || c == ']' }) {
		for t != nil && t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		switch {
		case t != nil && t.Kind() == reflect.Struct:
			f, ok := t.FieldByName(name)
			if !ok {
				all, t = append(all, name), nil
				continue
			}
			if written := jsonName(f); written != "" {
				all = append(all, written)
			}
			t = f.Type
		case t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Map):
			all, t = append(all, name), t.Elem()
		default:
			all = append(all, name)
		}
	}
	return all
}

// places says where every field stands, by its path.
func (r *reader) places(root *node) map[string]chaos.Place {
	all := map[string]chaos.Place{}
	put := func(path string, p place) {
		all[path] = chaos.Place{File: r.file, Line: p.line, Column: p.column, Text: diagnostic.Line(r.source, p.line)}
	}
	var walk func(string, *node)
	walk = func(path string, n *node) {
		for _, f := range n.fields {
			put(join(path, f.name), f.place)
			walk(join(path, f.name), f.value)
		}
		for i, item := range n.items {
			put(fmt.Sprintf("%s[%d]", path, i), item.place)
			walk(fmt.Sprintf("%s[%d]", path, i), item)
		}
	}
	put("", root.place)
	walk("", root)
	return all
}

// near is the place of the value at the path, or of what comes closest to it:
// a mistake about something missing is one of what it is missing from.
func (r *reader) near(n *node, path ...string) place {
	at := n.place
	for _, name := range path {
		if i, err := strconv.Atoi(name); err == nil && n.kind == sequence && i >= 0 && i < len(n.items) {
			n = n.items[i]
			at = n.place
			continue
		}
		f := n.field(name)
		if f == nil {
			return at
		}
		n, at = f.value, f.place
		if n.kind == scalar && n.value != nil {
			at = n.place
		}
	}
	return at
}

// text is the string at the path, "" when there is none.
func text(n *node, path ...string) string {
	for _, name := range path {
		f := n.field(name)
		if f == nil {
			return ""
		}
		n = f.value
	}
	s, _ := n.value.(string)
	return s
}
