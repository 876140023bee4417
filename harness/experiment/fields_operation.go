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
	scalar("path", "Path and query. {key}, {value}, {client} and {seq} stand for the key, the value, the virtual client and the request's number.", pattern("a path that begins with /", `^/[!-~]*$`),
		func(o *Operation) *string { return &o.Path }),
	scalar("body", "The body; {key}, {value}, {client} and {seq} are replaced in it, and ${NAME} by the environment's NAME.", anyText, func(o *Operation) *string { return &o.Body }),
	{name: "headers", doc: "Headers; {key}, {value}, {client} and {seq} are replaced in them, and ${NAME} by the environment's NAME, which is never written down.",
		schema: schema{"type": "object", "additionalProperties": schema{"type": "string"}}, read: readHeaders},
	{name: "status", doc: "The statuses that are right; without it every one below 400.",
		schema: schema{"anyOf": []schema{status.schema, {"type": "array", "items": status.schema, "minItems": 1}}}, read: readStatus},
	scalar("failed", "An answer whose body begins with this text is an error, whatever its status.", words("the beginning of a body"),
		func(o *Operation) *string { return &o.Failed }),
	scalar("value", "Where a right answer carries the value: header:NAME, or body when it is all of the body.", pattern("header:NAME or body", `^(header:[A-Za-z0-9-]+|body)$`),
		func(o *Operation) *string { return &o.Value }),
	nested("expect", "What a right answer is; {key}, {value}, {client} and {seq} are replaced in its texts.", expectedFields, func(o *Operation) *Operation { return o }),
	scalar("writes", "It changes the system.", boolean, func(o *Operation) *bool { return &o.Writes }),
}

// expectedFields is what a right answer is, beyond being one below 400.
var expectedFields = object[Operation]{
	{name: "status", doc: "The statuses that are right; without it every one below 400.",
		schema: schema{"anyOf": []schema{status.schema, {"type": "array", "items": status.schema, "minItems": 1}}}, read: readStatus},
	scalar("body", "All of the body, to the letter.", words("a text"), func(o *Operation) *string { return &o.Equals }),
	scalar("contains", "What stands in the body, within its first 16 KiB.", words("a text"), func(o *Operation) *string { return &o.Contains }),
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
			d.ours[name] = true
		}
		operationFields.read(r, at, value, &o)
		o.check(r, at)
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

// check finds what contradicts itself in the operation that stands at path.
func (o Operation) check(r *reader, path string) {
	_, status := r.written[join(path, "status")]
	if at := join(path, "expect.status"); status && r.written[at].key != nil {
		r.refuseAt(at, "leave one of them out", "%s is said twice: there is %s.status as well", at, path)
	}
	if o.Equals != "" && o.Contains != "" {
		r.refuseAt(join(path, "expect.contains"), "leave one of them out", "an answer whose body is said to the letter needs no %s", join(path, "expect.contains"))
	}
	if (o.Equals != "" || o.Contains != "" || o.Value == "body") && o.Method == "HEAD" {
		r.refuseAt(path, "use GET", "the answer to HEAD has no body, and %s asks for one", path)
	}
}
