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
// write-once keys and the registers beside it.
func (s *session) plans() ([]load.Plan, error) {
	l := s.exp.Load
	pool, beside, err := workers(s.exp)
	if err != nil {
		return nil, err
	}
	keys, err := distribution(l, s.o.Seed, s.facts.HotKeys)
	if err != nil {
		return nil, err
	}
	plan := load.Plan{
		Stream: history.Load, Run: s.id, Schedule: l.Rate.Schedule(load.Arrivals(s.o.Seed)), Workers: pool, Timeout: l.Timeout,
		Retries: l.Retries, Backoff: l.Backoff, RetryOn: triggers(l), Clients: l.Clients, Operations: s.operations(), Mix: weights(l), Sampler: keys, KeyName: s.keyName,
		Seed: s.o.Seed, Shards: s.shards, Good: s.exp.SLO.GoodLatency, Other: s.noteOther,
	}
	plans := []load.Plan{plan}
	if s.exp.Consistency == nil {
		return plans, nil
	}
	write, _ := s.exp.Writer() // the experiment is not valid without one, nor without a reader
	schedule := shape.Thinned{Of: plan.Schedule, Share: besideShare(s.exp)}
	if asksDurability(s.exp) {
		durable, err := load.Durability(plan, schedule, beside, write.Name)
		if err != nil {
			return nil, err
		}
		plans = append(plans, durable)
	}
	if s.facts.Registers > 0 {
		read, _ := s.exp.Reader()
		remove, _ := s.exp.Remover()
		registers, err := load.RegisterStream(plan, load.RegisterPlan{
			Schedule: schedule, Workers: beside, Write: write.Name, Read: read.Name, Delete: remove.Name,
			Count: s.facts.Registers, Rest: s.exp.Consistency.Rest(),
		})
		if err != nil {
			return nil, err
		}
		plans = append(plans, registers)
	}
	return plans, nil
}

// registers is over how many the stream of registers is spread: it follows from
// how long the run takes as planned; 0 when nothing is asked about the data.
func (s *session) registers(faults []FaultFacts) int {
	if s.exp.Consistency == nil {
		return 0
	}
	return load.Registers(besideShare(s.exp) * s.exp.Load.Rate.Count(time.Duration(planned(s.exp, s.o.Shift, faults))))
}

// triggers are what the client tries again; nil for the usual outcomes.
func triggers(l experiment.Load) []load.Trigger {
	if l.RetryOn == nil {
		return nil
	}
	on := make([]load.Trigger, len(l.RetryOn))
	for i, name := range l.RetryOn {
		on[i] = load.Trigger(name)
	}
	return on
}

func (s *session) operations() []load.Operation {
	all := make([]load.Operation, len(s.exp.Load.Operations))
	for i, o := range s.exp.Load.Operations {
		all[i] = sent(o)
	}
	return all
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
	s.tell.line("populating %d keys, each read back through %s", count, counted(len(through), "replica"))
	found, err := load.Populate(ctx, load.Population{
		Run: s.id, Count: count, KeyName: s.keyName, Timeout: s.exp.Load.Timeout,
		Write: sent(write), Read: sent(read),
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
	s.shards = found.Shards
	if keys := s.exp.Load.Keys; keys.Distribution == "single-shard" {
		s.facts.HotKeys, err = keysOfShard(keys, s.keyName, found.Shards)
	}
	return err
}
