package run

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"gauntlet/harness/consistency"
	"gauntlet/harness/experiment"
	"gauntlet/harness/history"
	"gauntlet/harness/load"
	"gauntlet/harness/observe"
	"gauntlet/harness/slo"
	"gauntlet/reports"
)

// Judge computes result and series of the run in dir from its experiment,
// facts and logs alone: the same files give the same bytes, whenever and
// wherever it is called. The log of a killed run is judged as far as it goes.
func Judge(dir string) (*reports.Result, *reports.Series, error) {
	t, err := readTrial(dir)
	if err != nil {
		return nil, nil, err
	}
	defer t.log.Close()
	if err := t.gather(); err != nil {
		return nil, nil, err
	}
	result := t.result()
	series := t.series(result)
	return result, series, nil
}

// trial is a run before the judge.
type trial struct {
	dir    string
	exp    *experiment.Experiment
	facts  Facts
	events []history.Event
	log    *history.Log

	phases   slo.Phases
	spans    []span
	aborted  *reports.Aborted
	samples  *slo.Samples
	checker  *consistency.Checker
	picture  *reports.Picture // of what the checker found; result makes it
	summary  *summary
	keys     load.Distribution
	from     []generator // in the order of the logs
	horizon  int64       // how far behind the latest due time a request may be in the log
	lastDone int64
	torn     bool // the log ends in the middle of a block
	ended    bool // the run came to its end
}

func readTrial(dir string) (*trial, error) {
	facts, err := readFacts(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, experimentFile)
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	log, err := openLog(dir)
	if err != nil {
		return nil, err
	}
	t := &trial{dir: dir, facts: facts, log: log}
	if err := t.read(path, source); err != nil {
		log.Close()
		return nil, err
	}
	return t, nil
}

// read takes in what the log belongs to; source is the experiment in path.
func (t *trial) read(path string, source []byte) (err error) {
	if t.exp, err = experiment.ParseRun(path, source, t.log.Header.Operations); err != nil {
		return fmt.Errorf("the experiment of the run cannot be read any more: %w", err)
	}
	if t.events, err = history.ReadEvents(filepath.Join(t.dir, eventsFile)); err != nil {
		return err
	}
	if t.from, err = generatorsOf(t.dir); err != nil {
		return err
	}
	if err := t.belongTogether(); err != nil {
		return fmt.Errorf("%s: %w", t.dir, err)
	}
	return nil
}

// belongTogether refuses a folder whose files are of different runs.
func (t *trial) belongTogether() error {
	switch {
	case t.log.Header.Run != t.facts.Run:
		return fmt.Errorf("%s is of run %q and %s of run %q", opsFile, t.log.Header.Run, factsFile, t.facts.Run)
	case (len(t.exp.Faults) == 0) != (len(t.facts.Faults) == 0):
		return fmt.Errorf("%s has %d faults and %s %d: they are not of one run", experimentFile, len(t.exp.Faults), factsFile, len(t.facts.Faults))
	case !slices.Equal(t.log.Header.Operations, operationNames(t.exp)):
		return fmt.Errorf("%s has the operations %q and %s %q: they are not of one run", experimentFile, operationNames(t.exp), opsFile, t.log.Header.Operations)
	}
	return nil
}

// gather reads the log twice: first for what the judges need and for how far
// out of order it is, then for the charts, which can then fold each second as
// soon as it is complete.
func (t *trial) gather() error {
	rules := rulesOf(t.exp)
	collector := slo.NewCollector(rules)
	collector.Expect(t.expected())
	t.checker = consistency.NewChecker()
	latest := int64(math.MinInt64)
	err := t.each(func(op history.Op) {
		t.checker.Add(op)
		if observe.Late(op) {
			g := &t.from[t.log.Generator]
			g.late = append(g.late, op)
		}
		if op.Stream != history.Load {
			return
		}
		collector.Add(op)
		t.lastDone = max(t.lastDone, op.Done)
		latest = max(latest, op.Due)
		t.horizon = max(t.horizon, latest-op.Due)
	})
	if err != nil {
		return err
	}
	t.samples = collector.Samples()
	t.readPhases()
	t.summary = newSummary(int64(t.exp.SLO.GoodLatency), t.horizon, t.spans)
	if t.keys, err = distribution(t.exp.Load, t.facts.Seed, t.facts.HotKeys); err != nil {
		return err
	}
	t.summary.rank = t.keys.Rank
	t.summary.shards.until = firstInjection(t.faults())
	up := slo.HoldUps(t.masks())
	t.summary.doubt = func(op history.Op) bool { return rules.InDoubt(op, up) }
	return t.each(func(op history.Op) {
		if op.Stream == history.Load {
			t.summary.add(op, t.scopes(op)...)
		}
	})
}

// expected is how many requests of the load the log holds at the most: those of
// the phases that were written down and, of a run that was killed in one, of
// what it was to last. Beyond some millions it is left to grow: a file may claim
// what it likes.
func (t *trial) expected() int {
	end := t.plannedEnd()
	for _, e := range t.events {
		if e.Type == history.EventEnd || e.Type == history.EventAbort {
			end = min(end, max(e.At, e.Until))
		}
	}
	n := t.exp.Load.Rate.Count(time.Duration(end))
	return int(min(n, float64(4<<20)))
}

// rulesOf say which requests of a run of e are bad.
func rulesOf(e *experiment.Experiment) slo.Rules {
	return slo.Rules{GoodLatency: e.SLO.GoodLatency, Timeout: e.Load.Timeout}
}

func (t *trial) each(do func(history.Op)) error {
	for op, err := range t.log.Ops() {
		if errors.Is(err, history.ErrTorn) {
			t.torn = true
			return nil
		}
		if err != nil {
			return fmt.Errorf("the log of %s: %w", t.dir, err)
		}
		do(op)
	}
	return nil
}

// scopes are what the strips of the page are drawn for.
func (t *trial) scopes(op history.Op) []string {
	var names []string
	if int(op.Kind) < len(t.log.Header.Operations) {
		names = append(names, "op:"+t.log.Header.Operations[op.Kind])
	}
	if int(op.Replica) < len(t.log.Replicas) {
		names = append(names, "replica:"+t.log.Replicas[op.Replica])
	}
	if op.Shard > 0 {
		names = append(names, "shard:"+strconv.Itoa(int(op.Shard)-1))
	}
	return names
}

// readPhases takes the phases from the events. A killed run did not write its
// last one: it ended with the last outcome in the log.
func (t *trial) readPhases() {
	for _, e := range t.events {
		switch e.Type {
		case history.EventPhase:
			t.addPhase(e.Name, e.At, e.Until)
		case history.EventAbort:
			t.aborted = &reports.Aborted{By: e.Name, At: seconds(e.At), Why: e.Detail}
		case history.EventEnd:
			t.ended = true
		}
	}
	// A run that was cut short wrote down how far its phase went. The outcomes that
	// came after that are of requests from before, and no phase of their own.
	if !t.ended && t.aborted == nil && len(t.spans) > 0 {
		t.closeLastPhase()
	}
	if (t.torn || !t.ended) && t.aborted == nil {
		t.aborted = &reports.Aborted{By: "signal", At: seconds(t.lastDone)}
	}
}

// closeLastPhase adds the phase in which a run was killed: it wrote down only
// those that it had finished, and what was measured after them counts.
func (t *trial) closeLastPhase() {
	last := t.spans[len(t.spans)-1]
	order := []string{history.PhaseWarmup, history.PhaseBaseline, history.PhaseFault, history.PhaseObserve}
	if len(t.facts.Faults) == 0 {
		order = slices.Delete(order, 2, 3)
	}
	next := slices.Index(order, last.name) + 1
	if next < len(order) && t.lastDone > last.end {
		t.addPhase(order[next], last.end, t.lastDone)
	}
}

func (t *trial) addPhase(name string, begin, end int64) {
	t.spans = append(t.spans, span{name, begin, end})
	whole := slo.Span{Begin: begin, End: end}
	switch name {
	case history.PhaseWarmup:
		t.phases.Warmup = whole
	case history.PhaseBaseline:
		t.phases.Baseline = whole
	case history.PhaseFault:
		t.phases.Fault = &whole
	case history.PhaseObserve:
		t.phases.Observe = whole
	}
}

// input is what the slo judge decides from.
func (t *trial) input() slo.Input {
	rate, changing := t.offer()
	in := slo.Input{
		Samples: t.samples, Operations: t.log.Header.Operations, Replicas: t.log.Replicas, Rate: rate, Offered: changing,
		Phases: t.phases, Faults: t.faults(), Aborted: t.aborted != nil, PlannedEnd: t.plannedEnd(),
		Masks: t.masks(),
	}
	if r := t.exp.SLO.Recovery; r != nil {
		in.Spec.Recovery = &slo.Limit{Within: r.Within, From: r.From,
			Replicas: slices.Contains(r.Scopes, experiment.ScopeReplicas), Shards: slices.Contains(r.Scopes, experiment.ScopeShards)}
	}
	for _, a := range t.exp.SLO.Availability {
		in.Spec.Availability = append(in.Spec.Availability, slo.Availability{Operation: a.Operation, Ratio: a.Ratio})
	}
	in.Spec.Budget = slo.Budget{Period: t.exp.SLO.Budget.Period, Most: t.exp.SLO.Budget.Most}
	return in
}

// waivers are the experiment's.
func (t *trial) waivers() []slo.Waiver {
	var all []slo.Waiver
	for _, w := range t.exp.SLO.Waivers {
		all = append(all, slo.Waiver{Objective: w.Objective, Owner: w.Owner, Until: w.Until, Reason: w.Reason, Reference: w.Reference})
	}
	return all
}

// plannedEnd is when the run would have ended at the latest, had it not been
// cut short.
func (t *trial) plannedEnd() int64 {
	faults := slices.Clone(t.facts.Faults)
	timed := slices.ContainsFunc(faults, func(f FaultFacts) bool { return f.At > 0 })
	for i := range faults {
		if !timed && len(t.exp.Faults) == len(faults) {
			faults[i].At = t.exp.Faults[i].At // a run of an earlier version did not write it down
		}
	}
	return planned(t.exp, t.facts.Shift, faults)
}

// planned is when a run ends at the latest.
func planned(e *experiment.Experiment, shift time.Duration, faults []FaultFacts) int64 {
	var last time.Duration
	for _, f := range faults {
		last = max(last, f.At+f.Lasts)
	}
	return int64(e.Phases.Warmup + e.Phases.Baseline + shift + last + e.Phases.Observe)
}

// faults are the experiment's, each with what the events tell of it.
func (t *trial) faults() []slo.Fault {
	faults := make([]slo.Fault, len(t.facts.Faults))
	for i, f := range t.facts.Faults {
		faults[i] = slo.Fault{Name: f.Name, Kind: f.Kind, OneShot: f.OneShot}
		for _, e := range t.events {
			if e.Name != f.Name {
				continue
			}
			switch e.Type {
			case history.EventInject:
				faults[i].InjectBegin, faults[i].InjectEnd = &e.At, &e.Until
			case history.EventHeal:
				faults[i].HealBegin, faults[i].HealEnd = &e.At, &e.Until
			case history.EventProof:
				faults[i].Proven = e.Proven
			}
		}
	}
	return faults
}

// question is what the checker must know of the run beside its requests.
func (t *trial) question(in slo.Input, withheld slo.Withheld) consistency.Question {
	q := consistency.Question{
		LostLimit: t.exp.SLO.LostWrites, Replicas: t.log.Replicas, Aborted: t.aborted != nil,
		Planned: len(in.Faults), Withheld: consistency.Withheld(withheld),
		Values: slices.ContainsFunc(t.exp.Load.Operations, func(o experiment.Operation) bool { return o.Value != "" }),
	}
	for _, f := range in.Faults {
		if f.InjectBegin == nil {
			continue
		}
		q.Faults = append(q.Faults, consistency.Fault{Name: f.Name, InjectBegin: *f.InjectBegin, HealEnd: f.HealEnd, Unproven: !f.Proven})
	}
	for _, e := range t.events {
		if e.Type == history.EventFinal {
			q.Finished, q.Incomplete = true, e.Detail
		}
	}
	if t.facts.Registers > 0 && t.exp.Consistency != nil {
		q.Registers = t.registers()
	}
	return q
}

// searchLimit bounds the one question about the data whose answer may take any
// time: in which order a register was written that was also deleted.
const searchLimit = 10 * time.Second

// Promise is what an experiment promises about its registers; of one without
// consistency, nothing.
func Promise(e *experiment.Experiment) consistency.Promise {
	if e.Consistency == nil {
		return consistency.Promise{}
	}
	p := e.Consistency.Promise
	return consistency.Promise{Healthy: p.Staleness.Healthy, Fault: p.Staleness.Fault, Convergence: p.Convergence, Session: p.Session, Linearizable: p.Linearizable}
}

// registers is what the checker must know to judge the register stream.
func (t *trial) registers() *consistency.Registers {
	kinds := t.exp.Load.Operations
	remove, _ := t.exp.Remover()
	up := slo.HoldUps(t.masks())
	r := &consistency.Registers{
		Promise: Promise(t.exp),
		Begin:   t.phases.Baseline.Begin,
		Name:    load.RegisterKey,
		Client:  func(seq uint64) int { return load.RegisterClient(t.log.Header.Clients, seq) },
		Writes:  func(kind uint8) bool { return int(kind) < len(kinds) && kinds[kind].Writes },
		Deletes: func(kind uint8) bool {
			return int(kind) < len(kinds) && remove.Name != "" && kinds[kind].Name == remove.Name
		},
		HeldUp: func(from, to int64) int64 { return up.In(slo.Span{Begin: from, End: to}) },
		Search: searchLimit,
	}
	for _, s := range t.spans {
		r.End = max(r.End, s.end)
	}
	return r
}
