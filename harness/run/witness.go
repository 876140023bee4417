package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"gauntlet/harness/chaos"
	"gauntlet/harness/history"
	"gauntlet/harness/load"
	"gauntlet/harness/observe"
	"gauntlet/harness/platform"
	"gauntlet/harness/register"
	"gauntlet/harness/slo"
)

// startEcho starts the process that the control stream asks.
func (s *session) startEcho(ctx context.Context) (err error) {
	if len(s.o.Echo) == 0 {
		return nil
	}
	if s.echo, err = observe.StartEcho(ctx, s.o.Echo, platform.RunLabel+"="+s.id); err != nil {
		return err
	}
	start, err := register.StartTime(s.echo.PID)
	if err != nil {
		return err
	}
	return s.entry.Process(s.echo.PID, start)
}

// controlTimeout is more than any wait for a processor that leaves a run
// worth judging; the workers follow from it as for the load.
const (
	controlTimeout = time.Second
	controlWorkers = 55 // ⌈1.1 · ControlRate · controlTimeout⌉
)

// witness watches the host: its processors, and how promptly the echo answers,
// until the returned function is called.
func (s *session) witness(ctx context.Context) (stop func() error, err error) {
	file, err := os.Create(s.path(hostFile))
	if err != nil {
		return nil, err
	}
	sampler := observe.StartSampler(s.accounts(), file)
	end := func() error { return errors.Join(sampler.Stop(), file.Close()) }
	if s.echo == nil {
		return end, nil
	}
	control, err := load.Start(ctx, s.clock, load.Plan{
		Stream: history.Control, Run: s.id, Schedule: load.Constant{Rate: observe.ControlRate}, Workers: controlWorkers, Timeout: controlTimeout, Clients: 1,
		Operations: []load.Operation{{Name: "echo", Method: "GET", Path: "/"}}, Mix: []float64{1}, Sampler: load.Once{}, KeyName: load.KeyName,
		Seed: s.o.Seed, Good: observe.ControlGood,
	}, load.Direct{To: load.Endpoint{Name: "echo", BaseURL: "http://" + s.echo.Address}}, unplaced{s.ops})
	if err != nil {
		return nil, errors.Join(err, end())
	}
	return func() error {
		control.Stop()
		return errors.Join(control.Wait(), end())
	}, nil
}

// unplaced writes down requests that go to no replica of the system.
type unplaced struct{ to load.Recorder }

func (u unplaced) Append(op history.Op) error {
	op.Replica = history.NoReplica
	return u.to.Append(op)
}

// accounter is a system whose replicas are no processes of this machine that
// carry the run's label, and that knows their processor time. The sum must
// keep that of replicas that have ended.
type accounter interface {
	ProcessorTime() (time.Duration, error)
}

// accounts say whose processor time is the run's own.
func (s *session) accounts() observe.Options {
	o := observe.Options{Clock: s.clock, Label: platform.RunLabel + "=" + s.id}
	switch a, ok := s.system.(accounter); {
	case ok:
		o.More = append(o.More, a.ProcessorTime)
	case s.o.Platform != chaos.Local:
		o.Blind = fmt.Sprintf("on the platform %s the target's processor time is not known", s.o.Platform)
	}
	return o
}

// readHost reads what the run wrote down of its host; a run of an earlier
// version has nothing.
func readHost(path string) ([]observe.Sample, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	samples, err := observe.ReadSamples(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return samples, nil
}

// masks are when other work on the host of a generator disturbed the run.
// Whose requests those were is not asked: at such a time what a replica did
// under the rest of the load is in doubt as well.
func (t *trial) masks() []slo.Mask {
	var all []slo.Mask
	for _, g := range t.from {
		for _, m := range observe.Masks(g.late, g.host) {
			all = append(all, slo.Mask{Span: slo.Span(m), Share: 1})
		}
	}
	return all
}

// warnings are what a reader must know of the host while the run was judged.
func (t *trial) warnings() []string {
	in := observe.Span{Begin: t.phases.Baseline.Begin, End: t.phases.Baseline.End}
	for _, p := range t.spans {
		in.End = max(in.End, p.end)
	}
	var all []string
	for _, g := range t.from {
		for _, w := range observe.Warnings(g.host, in) {
			if !slices.Contains(all, w) { // generators of one host say the same
				all = append(all, w)
			}
		}
	}
	return all
}
