package experiment

import (
	"slices"

	"github.com/goccy/go-yaml/ast"
)

// The protocol of the URL-mapping service, which a Compose target speaks
// unless load.operations says otherwise. An operation that is given a path
// takes nothing over from here. GET /{key} answers 302 with the
// value as its Location, PUT /{key} stores one.
func mapping() []Operation {
	return []Operation{
		{Name: "get", Method: "GET", Path: "/{key}", Status: []int{302}, Value: "header:Location"},
		{Name: "put", Method: "PUT", Path: "/{key}", Body: `{"url":"{value}"}`,
			Header: map[string]string{"Content-Type": "application/json"}, Status: []int{201, 202}, Writes: true},
	}
}

var operationFields = object[Operation]{
	scalar("method", "The HTTP method.", oneOf([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}),
		func(o *Operation) *string { return &o.Method }),
	scalar("path", "Path and query; {key} and {value} stand for the key and the value.", pattern("a path that begins with /", `^/[!-~]*$`),
		func(o *Operation) *string { return &o.Path }),
	scalar("body", "The body; {key} and {value} are replaced in it.", anyText, func(o *Operation) *string { return &o.Body }),
	{name: "headers", doc: "Headers; {key} and {value} are replaced in them.",
		schema: schema{"type": "object", "additionalProperties": schema{"type": "string"}}, read: readHeaders},
	{name: "status", doc: "The statuses that are right; without it every one below 400.",
		schema: schema{"anyOf": []schema{status.schema, {"type": "array", "items": status.schema, "minItems": 1}}}, read: readStatus},
	scalar("failed", "An answer whose body begins with this text is an error, whatever its status.", words("the beginning of a body"),
		func(o *Operation) *string { return &o.Failed }),
	scalar("value", "Where a right answer carries the value: header:NAME, or body.", pattern("header:NAME or body", `^(header:[A-Za-z0-9-]+|body)$`),
		func(o *Operation) *string { return &o.Value }),
	scalar("writes", "It changes the system.", boolean, func(o *Operation) *bool { return &o.Writes }),
}

var status = integer("an HTTP status", 100, 599)

func readHeaders(r *reader, path string, n ast.Node, o *Operation) {
	o.Header = map[string]string{}
	r.entries(path, n, func(at, name string, value ast.Node) {
		if v, ok := anyText.read(r, at, value); ok {
			o.Header[name] = v
		}
	})
}

func readStatus(r *reader, path string, n ast.Node, o *Operation) {
	o.Status = nil
	add := func(at string, item ast.Node) {
		if v, ok := status.read(r, at, item); ok {
			o.Status = append(o.Status, v)
		}
	}
	if _, many := n.(*ast.SequenceNode); many {
		r.items(path, n, add)
		if len(n.(*ast.SequenceNode).Values) == 0 {
			r.refuse(n, "leave it out to accept every status below 400", "%s is empty", path)
		}
		return
	}
	add(path, n)
}

// readOperations changes an operation of the protocol, or one that the target
// defines, or adds one.
func readOperations(r *reader, path string, n ast.Node, d *draft) {
	r.entries(path, n, func(at, name string, value ast.Node) {
		o, known := d.operation(name)
		if !known || has(value, "path") {
			o = Operation{Name: name, Method: "GET"}
		}
		operationFields.read(r, at, value, &o)
		if o.Path == "" {
			r.refuseAt(at, `write the path of its request: path: "/{key}"`, "%s has no path", at)
		}
		d.operations = append(d.operations, o)
	})
}

// has says whether the mapping n has the field name.
func has(n ast.Node, name string) bool {
	m, ok := n.(*ast.MappingNode)
	return ok && slices.ContainsFunc(m.Values, func(v *ast.MappingValueNode) bool { return keyOf(v) == name })
}

// operation is the operation name as it is defined so far.
func (d *draft) operation(name string) (Operation, bool) {
	known := d.operations
	if d.Target.URL == "" {
		known = slices.Concat(mapping(), known)
	}
	for _, o := range slices.Backward(known) {
		if o.Name == name {
			return o, true
		}
	}
	return Operation{}, false
}
