package experiment

import (
	"time"

	"github.com/goccy/go-yaml/ast"
)

var loadFields = object[draft]{
	{name: "rate", doc: "Requests per second: a constant rate, or a shape that begins with the warm-up.", schema: rateSchema(), read: readRate},
	{name: "workers", doc: "Requests that can be under way at once; auto follows Little's law.",
		schema: schema{"anyOf": []schema{{"const": "auto"}, workers.schema}}, read: readWorkers},
	scalar("undersized", "Accept fewer workers than Little's law asks for; the report says so.", boolean,
		func(d *draft) *bool { return &d.Load.Undersized }),
	scalar("timeout", "Of a request, from its sending, all attempts included.", duration(time.Millisecond, 10*time.Minute),
		func(d *draft) *time.Duration { return &d.Load.Timeout }),
	{name: "retries", doc: "Further attempts after a failed one, each on another ready replica.",
		schema: schema{"anyOf": []schema{attempts.schema, retryFields.schema()}}, read: readRetries},
	scalar("clients", "Virtual clients; request n is sent by client n mod clients.", integer("a number of clients", 1, 1_000_000),
		func(d *draft) *int { return &d.Load.Clients }),
	nested("keys", "Which keys are asked for.", keyFields, func(d *draft) *Keys { return &d.Load.Keys }),
	orNone(nested("populate", "Keys written before the warm-up, and read once through every replica.", populateFields,
		func(d *draft) *Load { return &d.Load }), func(d *draft) { d.Load.Populate = 0 }),
	{name: "mix", doc: "The operations' shares of the traffic, 100% together.",
		schema: schema{"type": "object", "additionalProperties": share("90%", false).schema, "minProperties": 1}, read: readMix},
	{name: "operations", doc: "Operations to add or change, by name.",
		schema: schema{"type": "object", "additionalProperties": operationFields.schema()}, read: readOperations},
}

var populateFields = object[Load]{
	needed(scalar("count", "How many, from the most popular on.", integer("a number of keys", 0, 10_000_000), func(l *Load) *int { return &l.Populate })),
}

var attempts = integer("a number of attempts", 0, 10)

var retryFields = object[Load]{
	needed(scalar("max", "How many further attempts.", attempts, func(l *Load) *int { return &l.Retries })),
	scalar("backoff", "The wait before the first of them, twice as long before each next one; within the timeout.", duration(0, time.Minute),
		func(l *Load) *time.Duration { return &l.Backoff }),
	{name: "on", doc: "After what outcomes; without it all but 5xx. What may have had an effect is never repeated for POST and PATCH.",
		schema: schema{"type": "array", "items": trigger.schema, "minItems": 1}, read: readTriggers},
}

var trigger = oneOf([]string{"refused", "reset", "eof", "dns", "timeout", "unavailable", "5xx"})

func readRetries(r *reader, path string, n ast.Node, d *draft) {
	d.Load.Backoff, d.Load.RetryOn = 0, nil
	if _, long := n.(*ast.MappingNode); long {
		retryFields.read(r, path, n, &d.Load)
		return
	}
	if v, ok := attempts.read(r, path, n); ok {
		d.Load.Retries = v
	}
}

func readTriggers(r *reader, path string, n ast.Node, l *Load) {
	l.RetryOn = []string{}
	r.items(path, n, func(at string, item ast.Node) {
		if v, ok := trigger.read(r, at, item); ok {
			l.RetryOn = append(l.RetryOn, v)
		}
	})
	if s, ok := n.(*ast.SequenceNode); ok && len(s.Values) == 0 {
		r.refuse(n, "leave it out for the usual ones, or retries: 0", "%s is empty", path)
	}
}

var workers = integer("auto or a number of workers", 1, MaxWorkers)

func readWorkers(r *reader, path string, n ast.Node, d *draft) {
	if s, ok := n.(*ast.StringNode); ok && s.Value == "auto" {
		d.Load.Workers = 0
		return
	}
	if v, ok := workers.read(r, path, n); ok {
		d.Load.Workers = v
	}
}

func readMix(r *reader, path string, n ast.Node, d *draft) {
	d.Load.Mix = nil
	r.entries(path, n, func(at, name string, value ast.Node) {
		if v, ok := share("90%", false).read(r, at, value); ok {
			d.Load.Mix = append(d.Load.Mix, Share{Operation: name, Share: v})
		}
	})
}
