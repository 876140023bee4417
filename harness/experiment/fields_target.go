package experiment

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

var targetFields = object[draft]{
	scalar("compose", "The Compose file of the system, relative to this file.", words("a path"),
		func(d *draft) *string { return &d.Target.Compose }),
	scalar("service", "The service that receives the traffic.", words("the name of a service"),
		func(d *draft) *string { return &d.Target.Service }),
	scalar("routing", "How a request finds a replica: service is round robin over those that are ready; pinned: a client keeps its replica while it is ready, and then moves for good; direct is always the first.",
		routing, func(d *draft) *Routing { return &d.Target.Routing }),
	{name: "env", doc: "Environment by service, merged over the Compose file's.",
		schema: schema{"type": "object", "additionalProperties": schema{"type": "object", "additionalProperties": schema{"type": "string"}}},
		read:   func(r *reader, path string, n ast.Node, d *draft) { d.Target.Env = readEnv(r, path, n) }},
	{name: "args", doc: "Arguments by service, appended to its command.",
		schema: schema{"type": "object", "additionalProperties": schema{"type": "array", "items": schema{"type": "string"}}},
		read:   func(r *reader, path string, n ast.Node, d *draft) { d.Target.Args = readArgs(r, path, n) }},
	scalar("url", "An external system that already answers, instead of a Compose file.", address,
		func(d *draft) *string { return &d.Target.URL }),
	{name: "request", doc: "The operation get of an external system.", schema: operationFields.schema(),
		read: func(r *reader, path string, n ast.Node, d *draft) {
			o := Operation{Name: "get", Method: "GET", Path: "/{key}"}
			operationFields.read(r, path, n, &o)
			o.check(r, path)
			d.operations = append(d.operations, o)
		}},
}

// routing is a Routing; oneOf with another type of result.
var routing = func() unit[Routing] {
	u := oneOf([]string{string(RouteService), string(RoutePinned), string(RouteDirect)})
	return unit[Routing]{u.what, u.schema, func(w word) (Routing, error) {
		s, err := u.parse(w)
		return Routing(s), err
	}}
}()

func readEnv(r *reader, path string, n ast.Node) map[string]map[string]string {
	env := map[string]map[string]string{}
	r.entries(path, n, func(at, service string, of ast.Node) {
		env[service] = map[string]string{}
		r.entries(at, of, func(at, name string, value ast.Node) {
			if name == "" || strings.ContainsAny(name, "=\x00") {
				r.found = append(r.found, r.origins.mistake(r.written[at].key, "", "%q is no name of a variable", name))
			} else if v, ok := processText.read(r, at, value); ok {
				env[service][name] = v
			}
		})
	})
	return env
}

func readArgs(r *reader, path string, n ast.Node) map[string][]string {
	args := map[string][]string{}
	r.entries(path, n, func(at, service string, of ast.Node) {
		r.items(at, of, func(at string, item ast.Node) {
			if v, ok := processText.read(r, at, item); ok {
				args[service] = append(args[service], v)
			}
		})
	})
	return args
}
