package experiment

import (
	"slices"
	"time"

	"gauntlet/harness/load/shape"
)

// defaults is the experiment of the documentation: what a file leaves out is
// as it says there.
func defaults() *draft {
	none := 0
	return &draft{ours: map[string]bool{}, Experiment: Experiment{
		Repeat: 1,
		Target: Target{Compose: "../docker-compose.yml", Service: "mapper", Routing: RouteService},
		Load: Load{
			Rate: shape.Constant{Rate: 1000}, Timeout: 2 * time.Second, Clients: 64,
			Keys: Keys{Distribution: "zipf", Theta: 0.99, Count: 100_000, Shard: -1},
			Mix:  []Share{{"get", 0.9}, {"put", 0.1}},
		},
		Phases: Phases{Warmup: 5 * time.Second, Baseline: 20 * time.Second, Observe: 30 * time.Second},
		Consistency: &Consistency{Share: 0.1, Promise: Promise{
			Durable: true, Staleness: Staleness{Healthy: 100 * time.Millisecond, Fault: Unbounded}, Convergence: 10 * time.Second,
		}},
		SLO: SLO{
			GoodLatency:  250 * time.Millisecond,
			Recovery:     &Recovery{Within: 15 * time.Second, From: "inject"},
			Availability: []Availability{{"get", 0.999}, {"put", 0.99}},
			LostWrites:   &none,
			Budget:       Budget{Period: 30 * day},
			Lines:        map[string]int{},
		},
	}}
}

// settle gives what the file left out the value that follows from what it
// says.
func (d *draft) settle(r *reader) {
	wrote := func(path string) bool { _, ok := r.written[path]; return ok }
	external := wrote("target.url")
	if external {
		d.Target = Target{URL: d.Target.URL, Routing: RouteDirect}
		if !wrote("consistency") {
			d.Consistency = nil
		}
	} else if d.Target.Compose != "" {
		d.Target.Compose = beside(r.file, d.Target.Compose)
	}
	d.Load.Keys.settle(wrote)
	if !wrote("load.populate") && !external {
		d.Load.Populate = d.Load.Keys.Count
	}
	if !wrote("load.mix") && external {
		d.Load.Mix = d.externalMix()
	}
	if !wrote("slo.availability") {
		d.SLO.Availability = slices.DeleteFunc(d.SLO.Availability, func(a Availability) bool { return !d.mixes(a.Operation) })
	}
	if c := d.Consistency; c != nil && !wrote("consistency.promise.convergence") && d.Phases.Observe < c.Promise.Convergence*3/2 {
		c.Promise.Convergence = Unbounded // nobody asked for it, and there is not the time to see it
	}
	if !wrote("slo.lostWrites") && (d.Consistency == nil || !d.Consistency.Promise.Durable) {
		d.SLO.LostWrites = nil
	}
}

// externalMix is the whole traffic for the one operation that an external
// system has; several must be weighed by the file.
func (d *draft) externalMix() []Share {
	var names []string
	for _, o := range d.operations {
		if !slices.Contains(names, o.Name) {
			names = append(names, o.Name)
		}
	}
	if len(names) == 0 {
		d.operations = []Operation{{Name: "get", Method: "GET", Path: "/{key}"}}
		names = []string{"get"}
	}
	if len(names) > 1 {
		return nil
	}
	return []Share{{names[0], 1}}
}

func (d *draft) mixes(operation string) bool {
	return operation == "" || slices.ContainsFunc(d.Load.Mix, func(s Share) bool { return s.Operation == operation })
}

// lines is where each objective was written, for annotations.
func (d *draft) lines(r *reader) {
	at := map[string]string{"recovery": "slo.recovery", "lostWrites": "slo.lostWrites", "residual": "slo.availability", "budget": "slo.budget.most",
		"staleness": "consistency.promise.staleness", "convergence": "consistency.promise.convergence", "order": "consistency.promise",
		"foreign": "consistency", "steadyState": "slo.good"}
	for _, a := range d.SLO.Availability {
		at[a.objective()] = "slo.availability"
		if key := join("slo.availability", a.Operation); a.Operation != "" && r.written[key].key != nil {
			at[a.objective()] = key
		} else if all := "slo.availability." + overall; a.Operation == "" && r.written[all].key != nil {
			at[a.objective()] = all
		}
	}
	for _, name := range d.Objectives() {
		for path := at[name]; path != ""; path = parent(path) {
			if p, ok := r.written[path]; ok && r.origins[p.key] != nil && r.origins[p.key].file == r.file {
				d.SLO.Lines[name] = p.key.Position.Line
				break
			}
		}
	}
}
