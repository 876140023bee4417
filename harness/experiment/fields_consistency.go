package experiment

import (
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"
)

var consistencyFields = object[Consistency]{
	scalar("share", "Of the load's rate, sent in addition to it.", share("10%", false), func(c *Consistency) *float64 { return &c.Share }),
	nested("promise", "What the target declares about its data.", promiseFields, func(c *Consistency) *Promise { return &c.Promise }),
}

var promiseFields = append(object[Promise]{
	scalar("durable", "An acknowledged write survives the death of any part.", boolean, func(p *Promise) *bool { return &p.Durable }),
	nested("staleness", "How old an answer may be.", object[Staleness]{
		scalar("healthy", "While nothing is broken.", age, func(s *Staleness) *time.Duration { return &s.Healthy }),
		scalar("fault", "While something is.", age, func(s *Staleness) *time.Duration { return &s.Fault }),
	}, func(p *Promise) *Staleness { return &p.Staleness }),
	scalar("convergence", "How long after a heal no answer is older than while nothing is broken.", age, func(p *Promise) *time.Duration { return &p.Convergence }),
	{name: "session", doc: "What a client can rely on that keeps its replica.",
		schema: schema{"type": "array", "items": guarantee.schema, "minItems": 1, "uniqueItems": true}, read: readSession},
	scalar("linearizable", "One order explains every answer, whatever is broken.", boolean, func(p *Promise) *bool { return &p.Linearizable }),
}, unsupported[Promise]("order")...)

// sessionGuarantees are those that a client can see on one key.
var sessionGuarantees = []string{"read-your-writes", "monotonic-reads"}

var guarantee = oneOf(sessionGuarantees, "monotonic-writes", "writes-follow-reads")

func readSession(r *reader, path string, n ast.Node, p *Promise) {
	p.Session = nil
	r.items(path, n, func(at string, item ast.Node) {
		name, ok := guarantee.read(r, at, item)
		if !ok {
			return
		}
		if slices.Contains(p.Session, name) {
			r.refuse(item, "", "%s is promised twice", name)
		}
		p.Session = append(p.Session, name)
	})
	if s, ok := n.(*ast.SequenceNode); ok && len(s.Values) == 0 {
		r.refuse(n, "leave it out, or name some of "+list(sessionGuarantees), "%s is empty", path)
	}
}

// age is a duration or "unbounded".
var age = func() unit[time.Duration] {
	d := duration(0, day)
	return unit[time.Duration]{d.what + ", or unbounded", schema{"anyOf": []schema{d.schema, {"const": "unbounded"}}},
		func(w word) (time.Duration, error) {
			if w.text == "unbounded" {
				return Unbounded, nil
			}
			return d.parse(w)
		}}
}()
