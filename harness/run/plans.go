package run

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gauntlet/harness/experiment"
	"gauntlet/harness/history"
	"gauntlet/harness/load"
	"gauntlet/harness/load/shape"
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
		Stream: history.Load, Run: s.id, Schedule: l.Rate.Schedule(load.Arrivals(s.o.Seed)), Workers: workers, Timeout: l.Timeout,
		Retries: l.Retries, Clients: l.Clients, Operations: s.operations(), Mix: s.mix(), Sampler: sampler, KeyName: load.KeyName,
		Seed: s.o.Seed, Good: s.exp.SLO.GoodLatency, Other: s.noteOther,
	}
	plans := []load.Plan{plan}
	if write, ok := s.exp.Writer(); ok && s.asksDurability() {
		share := s.exp.Consistency.Share / 2 // the other half is for registers
		need, err := experiment.WorkersFor(share*l.Rate.Peak(l.Timeout), l.Timeout)
		if err != nil {
			return nil, err
		}
		plan, err := load.Durability(plan, shape.Thinned{Of: plan.Schedule, Share: share}, need, write.Name)
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
	return s.exp.Consistency != nil && s.exp.Consistency.Promise.Durable
}

// kind is the operation as the history names it.
func (s *session) kind(o experiment.Operation) uint8 {
	return uint8(slices.IndexFunc(s.exp.Load.Operations, func(other experiment.Operation) bool { return other.Name == o.Name }))
}

// populate writes the keys that the load reads.
func (s *session) populate(ctx context.Context) error {
	count := s.exp.Load.Populate
	if count == 0 {
		return nil
	}
	write, _ := s.exp.Writer() // the experiment is not valid without one
	read, readable := s.exp.Reader()
	through := s.targets
	if !readable {
		through = nil // written only: no operation would show the value
	}
	begin, told := time.Now(), time.Now()
	s.tell.line("populating %d keys, each read back through %d replicas", count, len(through))
	found, err := load.Populate(ctx, load.Population{
		Run: s.id, Count: count, KeyName: load.KeyName, Timeout: s.exp.Load.Timeout,
		Write: load.Operation(write), Read: load.Operation(read),
		Progress: func(done, total int) {
			if time.Since(told) > progressEvery {
				told = time.Now()
				s.tell.line("populating: %.0f %%", share(uint64(done), uint64(total)))
			}
		},
	}, s.router, through)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		return err
	}
	if found.Foreign > 0 {
		note := fmt.Sprintf("while populating %d reads returned a value of another key, first %s", found.Foreign, found.FirstForeign)
		s.tell.line("note: %s", note)
		s.events.now(history.Event{Type: history.EventNote, Detail: note})
	}
	s.tell.line("populated in %s", round(time.Since(begin)))
	return nil
}
