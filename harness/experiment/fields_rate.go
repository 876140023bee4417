package experiment

import (
	"time"

	"github.com/goccy/go-yaml/ast"

	"gauntlet/harness/diagnostic"
	"gauntlet/harness/load/shape"
)

// form is a shape of the load as the file writes it.
type form struct {
	name   string
	schema schema
	read   func(r *reader, path string, n ast.Node, l *Load) (shape.Shape, error)
}

// formOf makes a form of a table of fields, whose values begin as start, and
// of what they mean.
func formOf[T any](name, doc string, fields object[T], start T, mean func(T) (shape.Shape, error)) form {
	fields = append(object[T]{{name: "shape", doc: doc, needed: true, schema: schema{"const": name},
		read: func(*reader, string, ast.Node, *T) {}}}, fields...)
	return form{name: name, schema: fields.schema(), read: func(r *reader, path string, n ast.Node, _ *Load) (shape.Shape, error) {
		v, before := start, len(r.found)
		if fields.read(r, path, n, &v); len(r.found) > before {
			return nil, nil
		}
		return mean(v)
	}}
}

// forms are the shapes beside a constant rate.
var forms = []form{
	formOf("step", "A staircase, whose last rate holds on.", object[shape.Step]{
		needed(scalar("from", "The first rate.", rateOrNone, func(s *shape.Step) *float64 { return &s.From })),
		needed(scalar("to", "The last rate.", rateOrNone, func(s *shape.Step) *float64 { return &s.To })),
		needed(scalar("by", "The height of a step, up or down.", rate, func(s *shape.Step) *float64 { return &s.By })),
		needed(scalar("every", "The length of a step.", stretch, func(s *shape.Step) *time.Duration { return &s.Every })),
		scalar("after", "How long the first rate lasts before its step.", instant, func(s *shape.Step) *time.Duration { return &s.After }),
	}, shape.Step{}, func(s shape.Step) (shape.Shape, error) { return s.Curve() }),

	formOf("ramp", "A straight line between two rates, of which the last holds on.", object[shape.Ramp]{
		needed(scalar("from", "The first rate.", rateOrNone, func(s *shape.Ramp) *float64 { return &s.From })),
		needed(scalar("to", "The last rate.", rateOrNone, func(s *shape.Ramp) *float64 { return &s.To })),
		needed(scalar("over", "How long the change takes.", stretch, func(s *shape.Ramp) *time.Duration { return &s.Over })),
		scalar("after", "How long the first rate lasts before it changes.", instant, func(s *shape.Ramp) *time.Duration { return &s.After }),
	}, shape.Ramp{}, func(s shape.Ramp) (shape.Shape, error) { return s.Curve() }),

	formOf("sine", "A wave around a mean, for as long as the run lasts.", object[shape.Sine]{
		needed(scalar("mean", "The mean rate.", rate, func(s *shape.Sine) *float64 { return &s.Mean })),
		needed(scalar("amplitude", "How far the rate goes above and below the mean.", rate, func(s *shape.Sine) *float64 { return &s.Amplitude })),
		needed(scalar("period", "The length of a wave.", stretch, func(s *shape.Sine) *time.Duration { return &s.Period })),
		scalar("startAt", "Where in the wave the load begins.", phase, func(s *shape.Sine) *shape.Phase { return &s.StartAt }),
	}, shape.Sine{StartAt: shape.MeanUp}, func(s shape.Sine) (shape.Shape, error) { return s, s.Check() }),

	formOf("spike", "A constant rate, and a higher one for a while.", object[shape.Spike]{
		needed(scalar("base", "The rate before and after.", rateOrNone, func(s *shape.Spike) *float64 { return &s.Base })),
		needed(scalar("peak", "The rate of the spike.", rate, func(s *shape.Spike) *float64 { return &s.Peak })),
		needed(scalar("at", "When it begins.", instant, func(s *shape.Spike) *time.Duration { return &s.At })),
		needed(scalar("for", "How long it lasts.", stretch, func(s *shape.Spike) *time.Duration { return &s.For })),
		scalar("every", "After what time all of it begins anew; without it there is one spike.", stretch, func(s *shape.Spike) *time.Duration { return &s.Every }),
	}, shape.Spike{}, func(s shape.Spike) (shape.Shape, error) { return s.Curve() }),

	formOf("poisson", "Random arrivals, as many independent clients make them; the experiment's seed decides.", object[shape.Poisson]{
		needed(scalar("mean", "The mean rate.", rate, func(s *shape.Poisson) *float64 { return &s.Mean })),
	}, shape.Poisson{}, func(s shape.Poisson) (shape.Shape, error) { return s, nil }),

	{name: "trace", schema: traceFields.schema(), read: readTrace},
}

var (
	stretch = duration(time.Millisecond, day)
	instant = duration(0, day)
)

// phase is where a sine begins; oneOf with another type of result.
var phase = func() unit[shape.Phase] {
	u := oneOf([]string{string(shape.MeanUp), string(shape.Peak), string(shape.MeanDown), string(shape.Trough)})
	return unit[shape.Phase]{u.what, u.schema, func(w word) (shape.Phase, error) {
		s, err := u.parse(w)
		return shape.Phase(s), err
	}}
}()

func rateSchema() schema {
	any := []schema{rate.schema}
	for _, f := range forms {
		any = append(any, f.schema)
	}
	return schema{"anyOf": any}
}

func readRate(r *reader, path string, n ast.Node, d *draft) {
	m, shaped := n.(*ast.MappingNode)
	if !shaped {
		if v, ok := rate.read(r, path, n); ok {
			d.Load.Rate = shape.Constant{Rate: v}
		}
		return
	}
	var names []string
	for _, f := range forms {
		names = append(names, f.name)
	}
	asked := get(m, "shape")
	if asked == nil {
		r.refuse(m, "write {shape: "+names[0]+", …}; there are "+list(names), "%s has no shape", path)
		return
	}
	name, ok := oneOf(names).read(r, join(path, "shape"), asked)
	if !ok {
		return
	}
	for _, f := range forms {
		if f.name != name {
			continue
		}
		d.Load.Trace = Trace{}
		s, err := f.read(r, path, m, &d.Load)
		switch {
		case err == nil && s != nil:
			d.Load.Rate = s
		case diagnostic.All(err) != nil:
			r.found = append(r.found, diagnostic.All(err)...)
		case err != nil:
			r.refuse(m, "", "%s: %v", path, err)
		}
	}
}
