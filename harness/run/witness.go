package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"time"

	"gauntlet/harness/chaos"
	"gauntlet/harness/history"
	"gauntlet/harness/load"
	"gauntlet/harness/observe"
	"gauntlet/harness/platform"
	"gauntlet/harness/platform/cgroup"
	"gauntlet/harness/register"
	"gauntlet/harness/slo"
	"gauntlet/reports"
)

// startEcho starts the process that the control stream asks.
func (s *session) startEcho(ctx context.Context) (err error) {
	if len(s.o.Echo) == 0 {
		return nil
	}
	if s.echo, err = observe.StartEcho(ctx, s.o.Echo, platform.RunLabel+"="+s.id, platform.BesideLabel); err != nil {
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

// peopled is a system whose replicas are processes of this machine that do not
// carry the run's label, and that knows them.
type peopled interface {
	Processes() ([]int, error)
}

// accounts say whose processor time is the run's own, and whose waiting for it
// tells of the requests.
func (s *session) accounts() observe.Options {
	o := observe.Options{Clock: s.clock, Label: platform.RunLabel + "=" + s.id, Aside: platform.BesideLabel}
	if p, ok := s.system.(peopled); ok {
		o.Members = p.Processes
	}
	if tree, err := cgroup.Here(); err == nil {
		o.Bound = tree.Bounds
	}
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
			all = append(all, slo.Mask{Span: slo.Span(m.Span), Share: m.Share})
		}
	}
	return all
}

// instrument completes what the judge says of the generators with what they
// wrote down of themselves and of their hosts, from the baseline on.
func (t *trial) instrument(v *reports.Validity) {
	in := observe.Span{Begin: t.phases.Baseline.Begin, End: t.phases.Baseline.End}
	for _, p := range t.spans {
		in.End = max(in.End, p.end)
	}
	for _, g := range t.from {
		s := observe.Summarize(g.host, in)
		v.ReadyMaxMs, v.PauseMaxMs = max(v.ReadyMaxMs, float64(s.Ready)/1e6), max(v.PauseMaxMs, float64(s.Pause)/1e6)
		for _, w := range s.Warnings() {
			if !slices.Contains(v.Reasons, w) { // generators of one host say the same
				v.Reasons = append(v.Reasons, w)
			}
		}
	}
}

// processor is the processor time, in ms, that the run took for each request
// that was due from the baseline on; nil where its hosts did not tell.
func (t *trial) processor() *float64 {
	in := observe.Span{Begin: t.phases.Baseline.Begin}
	for _, p := range t.spans {
		in.End = max(in.End, p.end)
	}
	requests := int64(0)
	for i, p := range t.spans {
		if p.begin >= in.Begin {
			requests += t.summary.byPhase[i].TotalCount()
		}
	}
	total, seen := time.Duration(0), map[string]bool{}
	for _, g := range t.from {
		if seen[g.from] {
			continue
		}
		seen[g.from] = true
		took, known := observe.Taken(g.host, in)
		if !known {
			return nil
		}
		total += took
	}
	if requests == 0 {
		return nil
	}
	ms := math.Round(float64(total)/1e3/float64(requests)) / 1e3
	return &ms
}

// hostSeries is what the witnesses saw, second by second; nil when there were
// none.
func (t *trial) hostSeries(n int) *reports.Host {
	h := &reports.Host{
		Others: make([]*float64, n), Pressure: make([]*float64, n), HeldUp: make([]float64, n), ReadyMs: make([]float64, n), PauseMs: make([]float64, n),
	}
	known := false
	for _, g := range t.from {
		for i, m := range observe.Means(g.host, n) {
			known = known || m.Covered
			if m.Covered {
				h.Others[i] = highest(h.Others[i], m.Others)
			}
			if m.Pressure != nil {
				h.Pressure[i] = highest(h.Pressure[i], *m.Pressure)
			}
			h.ReadyMs[i], h.PauseMs[i] = max(h.ReadyMs[i], float64(m.Ready)/1e6), max(h.PauseMs[i], float64(m.Pause)/1e6)
		}
	}
	if !known {
		return nil
	}
	up := slo.HoldUps(t.masks())
	for i := range n {
		h.HeldUp[i] = float64(up.In(slo.Span{Begin: int64(i) * second, End: int64(i+1) * second})) / float64(second)
	}
	return h
}

// highest is the higher of two shares, one of which may be unknown, to a
// thousandth.
func highest(a *float64, b float64) *float64 {
	b = math.Round(b*1000) / 1000
	if a == nil || b > *a {
		return &b
	}
	return a
}
