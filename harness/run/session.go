package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"gauntlet/harness/chaos"
	"gauntlet/harness/experiment"
	"gauntlet/harness/history"
	"gauntlet/harness/load"
	"gauntlet/harness/observe"
	"gauntlet/harness/platform"
	"gauntlet/harness/register"
	"gauntlet/reports"
)

// session is a run under way: what it holds is given back by close, whatever
// happened in between.
type session struct {
	o     Options
	exp   *experiment.Experiment
	id    string
	dir   string
	facts Facts
	tell  *teller

	entry    *register.Entry
	system   platform.System
	services []*load.Service // what asks the replicas whether they are ready: service and others
	service  *load.Service   // of the target; nil for an external one
	others   *load.Service   // of everything else
	known    sync.Map        // name → platform.Replica, of all that are asked
	router   load.Router
	echo     *observe.Echo // nil without a control stream
	lower    func() error  // takes the generator's better nice level back; nil: it has none
	faults   []*chaos.Prepared

	clock  history.Clock
	ops    *history.Writer
	events *journal

	keyName func(key uint32) string
	shards  []int32 // of the keys, as populating told

	mu      sync.Mutex
	targets []load.Endpoint // the replicas that receive the traffic; while it flows under mu
	unclean []error
}

// Run carries out the experiment. The error says why there is no result: a
// *Mistake, an ErrInterrupted before anything was measured, or what kept the
// system from coming up or the run from being written down. A run that was interrupted later has both a
// result and the interruption as its error. Whatever it returns, faults are
// healed and the system is down, or Outcome.Unclean says what is not.
func Run(ctx context.Context, o Options) (out Outcome, err error) {
	if err := preflight(o); err != nil {
		return out, err
	}
	s, err := begin(ctx, o)
	if s == nil {
		return out, err
	}
	out.Dir = s.dir
	measured := false
	if err == nil {
		measured, err = s.carryOut(ctx)
	}
	if logged := s.close(); err == nil {
		err = logged // after another error it says the same again, or less
	}
	out.Unclean = errors.Join(s.unclean...)
	if !measured {
		return out, err
	}
	result, judgeErr := s.judge()
	out.Result = result
	return out, errors.Join(err, judgeErr)
}

// begin enters the run in the register and makes its folder. A session beside an
// error is to be closed.
func begin(ctx context.Context, o Options) (*session, error) {
	id := NewID(time.Now())
	names, err := keyName(o.Experiment.Load.Keys)
	if err != nil {
		return nil, mistake("%w", err)
	}
	dir, err := newFolder(o.Out, o.Experiment.Name, id)
	if err != nil {
		return nil, err
	}
	hide := Hiding(o.Experiment)
	o.Command = hide(o.Command)
	o.Set = slices.Clone(o.Set)
	for i, set := range o.Set {
		o.Set[i] = hide(set)
	}
	s := &session{o: o, exp: o.Experiment, id: id, dir: dir, tell: newTeller(o.Progress), keyName: names}
	s.reap(ctx)
	s.entry, err = register.Open(ctx, register.Options{ID: id, Folder: dir, Command: o.Command, Wait: o.Wait})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if o.Wait {
		s.reap(ctx) // the run that was waited for may have been killed
	}
	s.events = newJournal(o.Events)
	source, err := o.Experiment.Standalone()
	if err == nil {
		err = os.WriteFile(s.path(experimentFile), []byte(hide(string(source))), 0o644)
	}
	if trace := o.Experiment.Load.Trace; err == nil && trace.File != "" {
		err = os.WriteFile(s.path(experiment.StandaloneTrace), []byte(trace.Source), 0o644)
	}
	return s, err
}

// reap removes what killed runs left. What cannot be removed does not keep
// this run from starting.
func (s *session) reap(ctx context.Context) {
	lines, err := Reap(ctx)
	for _, line := range lines {
		s.tell.line("cleaned up after a killed run: %s", line)
	}
	if err != nil {
		s.addUnclean(fmt.Errorf("left by an earlier run: %w", err))
	}
}

// carryOut takes the run from nothing to its last final read. measured says
// that load was sent, so that there is something to judge.
func (s *session) carryOut(ctx context.Context) (measured bool, err error) {
	if err := s.up(ctx); err != nil {
		return false, err
	}
	if err := s.route(ctx); err != nil {
		return false, err
	}
	// Whatever a fault lacks is found out before populating, which takes time.
	// The faults are prepared again once the run has its clock: with the same
	// seed the same targets are chosen.
	if err := s.prepare(ctx, history.NewClock(time.Now())); err != nil {
		return false, err
	}
	s.raise()
	if err := s.sustainable(ctx); err != nil {
		return false, err
	}
	if err := s.populate(ctx); err != nil {
		return false, err
	}
	if err := s.startEcho(ctx); err != nil {
		return false, err
	}
	if err := s.startRecord(ctx); err != nil {
		return false, err
	}
	return true, s.drive(ctx)
}

// prepare chooses the targets of every fault.
func (s *session) prepare(ctx context.Context, clock history.Clock) error {
	s.faults = s.faults[:0]
	for _, f := range s.o.Faults {
		p, err := chaos.Prepare(ctx, s.system, f.Fault, chaos.Settings{
			Clock: clock, Probe: platform.Probe, ReadyWithin: s.exp.Returns(), Seed: uint64(s.o.Seed), Inert: s.exp.Inert, Kernel: s.o.Kernel,
		})
		if err != nil {
			return err
		}
		s.faults = append(s.faults, p)
	}
	return nil
}

// startRecord fixes the origin, a moment ahead so that the workers stand
// ready at the first due time, and opens the log.
func (s *session) startRecord(ctx context.Context) error {
	s.clock = history.NewClock(time.Now().Add(lead))
	if err := s.prepare(ctx, s.clock); err != nil {
		return err
	}
	if err := s.writeFacts(ctx); err != nil {
		return err
	}
	ops, err := history.Create(filepath.Join(s.dir, opsFile), history.Header{
		Run: s.id, StartedAt: s.clock.Time(0).Format(time.RFC3339Nano), Operations: operationNames(s.exp), Clients: s.exp.Load.Clients,
	})
	if err != nil {
		return err
	}
	s.ops = ops
	for i, t := range s.targets {
		if got := ops.Replica(t.Name); int(got) != i {
			return fmt.Errorf("replica %s got index %d in the log, want %d", t.Name, got, i)
		}
	}
	events, err := history.CreateEvents(filepath.Join(s.dir, eventsFile))
	if err != nil {
		return err
	}
	s.events.open(events, s.clock)
	return nil
}

// lead is the time from the end of the preparations to the origin: starting
// some thousand workers takes a part of it.
const lead = 250 * time.Millisecond

func operationNames(e *experiment.Experiment) []string {
	names := make([]string, len(e.Load.Operations))
	for i, o := range e.Load.Operations {
		names[i] = o.Name
	}
	return names
}

// close gives back everything that the run holds, in the reverse order. It
// takes no context: it must also work after an interruption. Its error is of
// what could not be written down, which leaves nothing behind.
func (s *session) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), downLimit)
	defer cancel()
	var undone []error
	for _, f := range s.faults { // a fault that was healed, or never injected, has nothing to undo
		undone = append(undone, f.Undo(ctx))
	}
	for _, service := range s.services {
		service.Close()
	}
	if s.echo != nil {
		s.addUnclean(s.echo.Close())
	}
	if s.lower != nil {
		s.addUnclean(s.lower())
	}
	if s.system != nil {
		// What an undo did not reach is gone with the system that it was done to; what
		// is outside of that is in the register, whose entry tells of it.
		if err := s.system.Down(ctx); err != nil {
			s.addUnclean(errors.Join(append(undone, err)...))
		}
	}
	var logged []error
	if s.ops != nil {
		logged = append(logged, s.ops.Close())
	}
	if s.events != nil {
		logged = append(logged, s.events.close())
	}
	s.addUnclean(s.entry.Close())
	return errors.Join(logged...)
}

// downLimit bounds undoing everything.
const downLimit = 2 * time.Minute

func (s *session) addUnclean(err error) {
	if err == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unclean = append(s.unclean, err)
}

// path is the place of a file in the run's folder.
func (s *session) path(file string) string { return filepath.Join(s.dir, file) }

// faultFacts describes the faults as prepared.
func (s *session) faultFacts() []FaultFacts {
	facts := make([]FaultFacts, len(s.faults))
	for i, p := range s.faults {
		f := p.Fault()
		facts[i] = FaultFacts{
			Name: f.Name, Kind: f.Title(), Capability: chaos.CapabilityOf(s.o.Platform, s.o.Kernel, f).String(),
			Targets: slices.Clone(p.Targets()), OneShot: f.OneShot(), At: s.o.Faults[i].At, Lasts: f.Duration,
		}
		if f.OneShot() {
			facts[i].Lasts = p.Takes()
		}
	}
	return facts
}

func (s *session) writeFacts(ctx context.Context) error {
	substitutes := []string{}
	if sub, ok := s.system.(platform.Substituter); ok {
		substitutes = append(substitutes, sub.Substitutes()...)
	}
	pool, err := s.exp.Load.Pool()
	if err != nil {
		return err
	}
	env, faults := s.facts.Environment, s.faultFacts()
	s.facts = Facts{
		SchemaVersion: reports.SchemaVersion, Run: s.id, StartedAt: s.clock.Time(0).UTC(), Seed: s.o.Seed, Shift: s.o.Shift, Platform: s.o.Platform,
		Substitutes: substitutes, Commit: Commit(ctx, filepath.Dir(s.exp.File)),
		ConfigDigest: digestOf(env.Config), Control: s.exp.Applied, Workers: pool,
		HotKeys: s.facts.HotKeys, Registers: s.registers(faults), Faults: faults, Environment: env, Command: s.o.Command, Set: s.o.Set,
	}
	s.facts.Fingerprint = s.fingerprint()
	return writeJSON(filepath.Join(s.dir, factsFile), s.facts)
}

// fingerprint is the same for runs that may be compared: of one experiment, on
// one kind of machine, with the same in the place of what is missing there. A
// loss by the kernel is another fault than a proxy's.
func (s *session) fingerprint() string {
	env := s.facts.Environment
	parts := append([]string{s.o.Platform, fmt.Sprint(env.CPUs), env.OS, env.Priority, string(s.exp.Comparable())}, s.facts.Substitutes...)
	if name := s.o.Build.Name; name != "" {
		parts = append(parts, "build "+name)
	}
	for _, f := range s.o.Faults {
		if by := chaos.CapabilityOf(s.o.Platform, s.o.Kernel, f.Fault).By; by != "" {
			parts = append(parts, f.Name+" by "+by)
		}
	}
	return digest(parts...)
}
