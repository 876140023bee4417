package manifest

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"gauntlet/harness/diagnostic"
)

var (
	jsonReader = reflect.TypeFor[json.Unmarshaler]()
	textReader = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// shape compares what is written with the Go type that is to hold it: every
// field that does not exist and every value of the wrong type is a mistake at
// its own place. A decoder would stop at the first, and name a Go type.
func (r *reader) shape(path string, n *node, t reflect.Type) {
	if reflect.PointerTo(t).Implements(jsonReader) || reflect.PointerTo(t).Implements(textReader) {
		return // it reads itself, in ways that only it knows
	}
	if n.kind == scalar && n.value == nil {
		return // null is "not there", whatever the type
	}
	switch t.Kind() {
	case reflect.Pointer:
		r.shape(path, n, t.Elem())
	case reflect.Struct:
		r.structure(path, n, t)
	case reflect.Map:
		if r.is(path, n, mapping) {
			for _, f := range n.fields {
				r.shape(join(path, f.name), f.value, t.Elem())
			}
		}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 { // bytes are written in base64
			if r.is(path, n, scalar) {
				r.plain(path, n, reflect.TypeFor[string]())
			}
			return
		}
		if r.is(path, n, sequence) {
			for i, item := range n.items {
				r.shape(fmt.Sprintf("%s[%d]", path, i), item, t.Elem())
			}
		}
	default:
		if r.is(path, n, scalar) {
			r.plain(path, n, t)
		}
	}
}

// structure compares a mapping with a struct.
func (r *reader) structure(path string, n *node, t reflect.Type) {
	if !r.is(path, n, mapping) {
		return
	}
	known := fieldsOf(t)
	names := slices.Sorted(maps.Keys(known))
	for _, f := range n.fields {
		ft, ok := known[f.name]
		if !ok {
			r.wrong(f.place, fmt.Sprintf("unknown field %q", join(path, f.name)), diagnostic.DidYouMean(f.name, names))
			continue
		}
		r.shape(join(path, f.name), f.value, ft)
	}
}

// fieldsOf is the fields of a struct by their JSON names, those of embedded
// structs among them.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		name := jsonName(f)
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
		case name == "":
			e := f.Type
			if e.Kind() == reflect.Pointer {
				e = e.Elem()
			}
			for k, v := range fieldsOf(e) {
				if _, ok := all[k]; !ok {
					all[k] = v
				}
			}
		default:
			all[name] = f.Type
		}
	}
	return all
}

// jsonName is the name of a struct's field in JSON; "" for a struct whose
// fields count as those around it.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" && !f.Anonymous {
		return f.Name
	}
	return name
}

// is notes a mistake when n is not of the kind wanted.
func (r *reader) is(path string, n *node, want kind) bool {
	if n.kind == want {
		return true
	}
	hint := ""
	if want == sequence && n.kind == scalar {
		hint = fmt.Sprintf("write [%v]", n.value)
	}
	r.wrong(n.place, fmt.Sprintf("%s must be %s, not %s", path, want, n.kind), hint)
	return false
}

// plain compares a scalar with a type that holds one.
func (r *reader) plain(path string, n *node, t reflect.Type) {
	want, ok := "", true
	switch t.Kind() {
	case reflect.String:
		_, ok = n.value.(string)
		want = "a string"
	case reflect.Bool:
		_, ok = n.value.(bool)
		want = "true or false"
	case reflect.Float32, reflect.Float64:
		want = "a number"
		switch n.value.(type) {
		case int64, uint64, float64:
		default:
			ok = false
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		want = "a whole number"
		ok = fits(n.value, t)
	}
	if ok {
		return
	}
	hint := ""
	switch {
	case strings.HasSuffix(path, "uration"):
		hint = fmt.Sprintf("write it with its unit: %vs", n.value)
	case want == "a string":
		hint = fmt.Sprintf("write it in quotes: %q", fmt.Sprint(n.value))
	}
	shown := fmt.Sprint(n.value)
	if s, ok := n.value.(string); ok {
		shown = fmt.Sprintf("%q", s)
	}
	r.wrong(n.place, fmt.Sprintf("%s must be %s, not %s", path, want, shown), hint)
}

// fits tells whether v is a whole number that an integer type can hold.
func fits(v any, t reflect.Type) bool {
	switch v := v.(type) {
	case int64:
		if t.Kind() >= reflect.Uint {
			return v >= 0 && !reflect.Zero(t).OverflowUint(uint64(v))
		}
		return !reflect.Zero(t).OverflowInt(v)
	case uint64:
		if t.Kind() >= reflect.Uint {
			return !reflect.Zero(t).OverflowUint(v)
		}
		return v <= 1<<63-1 && !reflect.Zero(t).OverflowInt(int64(v))
	}
	return false
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
