package run

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gauntlet/harness/experiment"
	"gauntlet/harness/history"
	"gauntlet/harness/load"
)

// plans are the load and, when the experiment asks about the data, the
// write-once keys beside it.
func (s *session) plans() ([]load.Plan, error) {
	l := s.exp.Load
	workers, err := l.Pool()
	if err != nil {
		return nil, err
	}
	sampler, err := s.sampler()
	if err != nil {
		return nil, err
	}
	plan := load.Plan{
		Stream: history.Load, Run: s.id, Schedule: load.Constant{Rate: l.Rate}, Workers: workers, Timeout: l.Timeout,
		Retries: l.Retries, Clients: l.Clients, Operations: s.operations(), Mix: s.mix(), Sampler: sampler, KeyName: load.KeyName,
		Seed: s.o.Seed, Good: s.exp.SLO.GoodLatency, Other: s.noteOther,
	}
	plans := []load.Plan{plan}
	if write := s.writing(); s.asksDurability() {
		rate := l.Rate * s.exp.Consistency.Share / 2 // the other half is for registers
		need, err := experiment.WorkersFor(rate, l.Timeout)
		if err != nil {
			return nil, err
		}
		plan, err := load.Durability(plan, load.Constant{Rate: rate}, need, write)
		if err != nil {
			return nil, err
		}
		plans = append(plans, plan)
	}
	return plans, nil
}

func (s *session) operations() []load.Operation {
	all := make([]load.Operation, len(s.exp.Load.Operations))
	for i, o := range s.exp.Load.Operations {
		all[i] = load.Operation(o)
	}
	return all
}

// mix is the weight of each operation, in their order.
func (s *session) mix() []float64 {
	weights := make([]float64, len(s.exp.Load.Operations))
	for i, o := range s.exp.Load.Operations {
		for _, share := range s.exp.Load.Mix {
			if share.Operation == o.Name {
				weights[i] = share.Share
			}
		}
	}
	return weights
}

func (s *session) sampler() (load.Sampler, error) {
	k := s.exp.Load.Keys
	switch k.Distribution {
	case "uniform":
		return load.NewUniform(s.o.Seed, k.Count)
	case "zipf":
		return load.NewZipf(s.o.Seed, k.Theta, k.Count)
	}
	return nil, fmt.Errorf("keys: no distribution %q", k.Distribution)
}

// asksDurability says whether write-once keys are written beside the load.
func (s *session) asksDurability() bool {
	return s.exp.Consistency != nil && s.exp.Consistency.Promise.Durable && s.writing() != ""
}

// writing names the operation that writes keys; "" when there is none.
func (s *session) writing() string { return s.operationThat(true) }

// reading names the operation that reads them back.
func (s *session) reading() string { return s.operationThat(false) }

func (s *session) operationThat(writes bool) string {
	for _, o := range s.exp.Load.Operations {
		if o.Writes == writes {
			return o.Name
		}
	}
	return ""
}

// kind is the operation as the history names it.
func (s *session) kind(name string) uint8 {
	return uint8(slices.IndexFunc(s.exp.Load.Operations, func(o experiment.Operation) bool { return o.Name == name }))
}

func (s *session) operation(name string) load.Operation {
	for _, o := range s.operations() {
		if o.Name == name {
			return o
		}
	}
	return load.Operation{}
}

// populate writes the keys that the load reads.
func (s *session) populate(ctx context.Context) error {
	count := s.exp.Load.Populate
	if count == 0 {
		return nil
	}
	begin, told := time.Now(), time.Now()
	s.tell.line("populating %d keys, each read back through every replica", count)
	found, err := load.Populate(ctx, load.Population{
		Run: s.id, Count: count, KeyName: load.KeyName, Timeout: s.exp.Load.Timeout,
		Write: s.operation(s.writing()), Read: s.operation(s.reading()),
		Progress: func(done, total int) {
			if time.Since(told) > progressEvery {
				told = time.Now()
				s.tell.line("populating: %.0f %%", share(uint64(done), uint64(total)))
			}
		},
	}, s.router, s.targets)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		return infrastructure("populate", err)
	}
	if found.Foreign > 0 {
		s.tell.line("note: %d reads returned a value of another key, first %s", found.Foreign, found.FirstForeign)
	}
	s.tell.line("populated in %s", round(time.Since(begin)))
	return nil
}

// finalReads asks every replica for every acknowledged write-once key. It
// begins when the data has had the promised time to converge since the last
// heal, and gives up at a deadline that grows with the number of keys.
func (s *session) finalReads(ctx context.Context) error {
	convergence := s.exp.Consistency.Promise.Convergence
	keys, err := s.acknowledged()
	if err != nil {
		return err
	}
	s.tell.line("reading %d acknowledged write-once keys through %d replicas", len(keys), len(s.targets))
	begin := s.clock.Now()
	limit := convergence + time.Minute + time.Duration(len(keys))*time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	detail := ""
	complete, err := load.FinalReads(ctx, s.clock, load.FinalPlan{
		Run: s.id, Clients: s.exp.Load.Clients, Seqs: slices.Values(keys), Kind: s.kind(s.reading()), Read: s.operation(s.reading()),
		Timeout: s.exp.Load.Timeout, Until: s.clock.Now() + int64(convergence),
	}, s.targets, s.ops)
	switch {
	case err != nil && !interrupted(context.Cause(ctx)) && ctx.Err() == nil:
		return err
	case ctx.Err() != nil:
		detail = fmt.Sprintf("not every key was read within %s", round(limit))
	case !complete:
		detail = "not every replica answered for every key"
	}
	s.events.record(history.Event{Type: history.EventFinal, At: begin, Until: s.clock.Now(), Detail: detail})
	if cause := context.Cause(ctx); interrupted(cause) {
		s.abort(cause)
		return cause
	}
	return nil
}

// acknowledged lists the write-once keys whose write was acknowledged, from
// the log: they are too many to be kept in memory during the run.
func (s *session) acknowledged() ([]uint64, error) {
	if err := s.ops.Flush(); err != nil {
		return nil, err
	}
	log, err := history.Open(s.path(opsFile))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	var keys []uint64
	for op, err := range log.Ops() {
		if err != nil {
			return nil, err
		}
		if op.Stream == history.Durability && op.Effect == history.Acknowledged {
			keys = append(keys, op.Seq)
		}
	}
	return keys, nil
}
