package run

import (
	"context"
	"errors"
	"sync"
	"time"

	"gauntlet/harness/chaos"
	"gauntlet/harness/history"
	"gauntlet/harness/load"
	"gauntlet/harness/slo"
)

// drive sends the load through all phases, with the faults at their times,
// and asks at the end what became of the writes. When ctx ends, the faults
// are healed, the load stops, and what was measured until then stands.
func (s *session) drive(ctx context.Context) error {
	loadCtx := context.WithoutCancel(ctx) // ends by EndAt and Stop, so that every request has its outcome
	unwitness, err := s.witness(loadCtx)
	if err != nil {
		s.abort(err)
		return err
	}
	phases, halt := context.WithCancelCause(ctx)
	defer halt(nil)
	attacks, err := s.attack(loadCtx, s.guard(halt))
	if err != nil {
		err = errors.Join(err, unwitness())
		s.abort(err)
		return err
	}
	watch := s.watch(attacks[0])
	heed(phases, halt, attacks)
	end, err := s.phases(phases, attacks)
	halt(nil)
	for _, a := range attacks {
		if err != nil {
			a.Stop()
		} else {
			a.EndAt(end)
		}
	}
	for _, a := range attacks {
		if waitErr := a.Wait(); waitErr != nil && err == nil {
			err = waitErr
		}
	}
	watch()
	if hostErr := unwitness(); hostErr != nil && err == nil {
		err = hostErr
	}
	if err == nil && asksDurability(s.exp) {
		err = s.finalReads(ctx)
	}
	if err == nil {
		err = s.ops.Flush() // an end that is written down promises a whole log
	}
	if err != nil {
		s.abort(err)
		return unlessStopped(err)
	}
	s.events.now(history.Event{Type: history.EventEnd})
	return nil
}

// heed cancels ctx when an attack ends that nobody has ended: its record
// failed, and faults without load show nothing.
func heed(ctx context.Context, cancel context.CancelCauseFunc, attacks []*load.Attack) {
	for _, a := range attacks {
		go func() {
			select {
			case <-a.Done():
				if err := a.Wait(); err != nil {
					cancel(err)
				}
			case <-ctx.Done():
			}
		}()
	}
}

// abort writes down that the run ends early; of a stop, when its condition was
// met, since undoing the faults takes its time after that.
func (s *session) abort(err error) {
	var met stopped
	if errors.As(err, &met) {
		s.events.record(history.Event{At: met.At, Type: history.EventAbort, Name: "stop", Detail: met.Error()})
		return
	}
	by := "error"
	if interrupted(err) {
		by = "signal"
	}
	s.events.now(history.Event{Type: history.EventAbort, Name: by, Detail: err.Error()})
}

// attack starts the load, whose outcomes the guard sees, and, beside it, the
// questions about the data.
func (s *session) attack(ctx context.Context, guard func(load.Recorder) load.Recorder) ([]*load.Attack, error) {
	plans, err := s.plans()
	if err != nil {
		return nil, err
	}
	var attacks []*load.Attack
	for _, plan := range plans {
		var rec load.Recorder = s.ops
		if plan.Stream == history.Load {
			rec = guard(rec)
		}
		a, err := load.Start(ctx, s.clock, plan, s.router, rec)
		if err != nil {
			for _, started := range attacks {
				started.Stop()
			}
			return nil, err
		}
		attacks = append(attacks, a)
	}
	return attacks, nil
}

// phases takes the run from the warm-up to the end of observe, whose instant
// it returns.
func (s *session) phases(ctx context.Context, attacks []*load.Attack) (end int64, err error) {
	warm := int64(s.exp.Phases.Warmup)
	baseline := s.exp.Phases.Baseline + s.o.Shift
	base := warm + int64(baseline)
	s.tell.line("warm-up %s, then baseline %s at %v", s.exp.Phases.Warmup, baseline, s.exp.Load.Rate)
	attacks[0].Mark(warm)
	if err := s.until(ctx, history.PhaseWarmup, 0, warm); err != nil {
		return 0, err
	}
	if err := s.until(ctx, history.PhaseBaseline, warm, base); err != nil {
		return 0, err
	}
	if !s.steady(attacks[0]) {
		return base, nil
	}
	observe := base
	if len(s.faults) > 0 {
		observe, err = s.timeline(ctx, base)
		if err != nil {
			observe = max(observe, s.clock.Now()) // it may be that nothing was injected yet
		}
		s.phase(history.PhaseFault, base, max(observe, base))
		if err != nil {
			return 0, err
		}
	}
	end = observe + int64(s.exp.Phases.Observe)
	s.tell.line("observe %s", s.exp.Phases.Observe)
	for _, a := range attacks {
		a.EndAt(end)
	}
	return end, s.until(ctx, history.PhaseObserve, observe, end)
}

// until waits for the end of a phase and writes the phase down, as far as it
// went.
func (s *session) until(ctx context.Context, name string, begin, end int64) error {
	err := waitUntil(ctx, s.clock, end)
	if err != nil {
		end = max(begin, min(end, s.clock.Now()))
	}
	s.phase(name, begin, end)
	return err
}

func (s *session) phase(name string, begin, end int64) {
	s.events.record(history.Event{Type: history.EventPhase, Name: name, At: begin, Until: end})
}

// steady tells whether the system was well enough during the baseline for a
// fault to mean anything. The judge decides the same from the log; this is
// only to spare a system that is ill already.
func (s *session) steady(a *load.Attack) bool {
	live := a.Live()
	for i, count := range live.Since {
		if n := count.Good + count.Bad; n > 0 && !slo.Steady(int(count.Bad), int(n)) {
			s.tell.line("no steady state: %d of %d %s requests of the baseline were bad; nothing is injected", count.Bad, n, s.exp.Load.Operations[i].Name)
			s.events.now(history.Event{Type: history.EventNote, Detail: "no steady state in the baseline: no fault was injected"})
			return false
		}
	}
	return true
}

// waitUntil returns at the instant at of the clock, or with the context's
// cause when that ends first.
func waitUntil(ctx context.Context, clock history.Clock, at int64) error {
	timer := time.NewTimer(time.Duration(at - clock.Now()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// timeline injects every fault at its time and heals it after its duration,
// each by its own clock, since faults may overlap. It returns the instant of
// the last heal, from which observe counts. A one-shot fault whose victim does
// not return in time counts as healed at that limit. When ctx ends, or a
// fault cannot be injected, everything that is active is healed at once.
func (s *session) timeline(ctx context.Context, base int64) (lastHeal int64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		all sync.WaitGroup
		mu  sync.Mutex
	)
	for i, p := range s.faults {
		all.Go(func() {
			healed, faultErr := s.fault(ctx, p, base+int64(s.o.Faults[i].At))
			mu.Lock()
			defer mu.Unlock()
			lastHeal = max(lastHeal, healed)
			if faultErr != nil && err == nil {
				err = faultErr
				cancel(faultErr)
			}
		})
	}
	all.Wait()
	return lastHeal, err
}

// healLimit bounds undoing a fault, beyond the time that its victims may take
// to return.
const healLimit = time.Minute

// fault does one fault from injection to heal, and writes down each step.
func (s *session) fault(ctx context.Context, p *chaos.Prepared, at int64) (healed int64, err error) {
	if err := waitUntil(ctx, s.clock, at); err != nil {
		return 0, err
	}
	f := p.Fault()
	s.tell.line("inject %s %s into %v", f.Title(), f.Name, p.Targets())
	injected, err := p.Inject(ctx)
	s.events.record(injected)
	if f.Kind == chaos.Scale {
		if adoptErr := s.adopt(context.WithoutCancel(ctx)); adoptErr != nil && err == nil {
			err = adoptErr
		}
	}
	if err == nil && !f.OneShot() {
		err = waitUntil(ctx, s.clock, injected.Until+int64(f.Duration))
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause // an injection that was cut off failed for this reason and no other
	}
	limit := healLimit + s.exp.Returns() + p.Takes()
	if err != nil {
		limit = healLimit // the run is over: what was taken away is given back, and not waited for to the end
	}
	undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	heal, healErr := p.Heal(undo)
	if healErr != nil { // close undoes it again, and takes down what it was done to
		s.events.now(history.Event{Type: history.EventNote, Detail: healErr.Error()})
	}
	proof := p.Proof()
	s.events.record(proof)
	if heal.Event != nil {
		s.events.record(*heal.Event)
	}
	healed = over(f, injected, heal.Event, s.clock.Now(), max(p.Takes(), s.exp.Returns()))
	s.tell.line("%s: %s", f.Name, proof.Detail)
	if healErr == nil && heal.Back {
		if checkErr := p.Check(undo); checkErr != nil {
			s.events.now(history.Event{Type: history.EventNote, Detail: checkErr.Error()})
		}
	}
	return healed, err
}

// over is when a fault counts as healed: at its heal, for a one-shot fault whose
// victim was not back at the limit then, and for one that could not be undone
// now, since what it did goes on.
func over(f chaos.Fault, injected history.Event, heal *history.Event, now int64, limit time.Duration) int64 {
	switch {
	case heal != nil:
		return heal.Until
	case f.OneShot():
		return injected.Until + int64(limit)
	}
	return now
}

// noteOther writes down the first error that no class names.
func (s *session) noteOther(err error) {
	s.events.now(history.Event{Type: history.EventNote, Detail: "first error of class other: " + err.Error()})
}
