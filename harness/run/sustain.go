package run

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"gauntlet/harness/capacity"
	"gauntlet/harness/chaos"
	"gauntlet/harness/experiment"
	"gauntlet/harness/history"
	"gauntlet/harness/load"
	"gauntlet/harness/observe"
	"gauntlet/harness/platform/priority"
)

// Ask is what an experiment asks of a generator.
type Ask struct {
	Rate   float64 // the highest, in requests a second
	Times  float64 // requests that are sent for each of them; ≥ 1
	Stress capacity.Stress
}

// Asks is what e asks when fault i touches victims[i] replicas.
func Asks(e *experiment.Experiment, platform string, faults []chaos.Timed, victims []int) Ask {
	a := Ask{Rate: e.Load.Rate.Peak(e.Load.Timeout), Times: 1, Stress: capacity.Stress{Grouped: platform == chaos.Docker}}
	if e.Consistency != nil {
		a.Times += e.Consistency.Share // write-once keys and registers
	}
	if !e.Inert {
		a.Stress.Workers, a.Stress.Cores = chaos.Burning(faults, victims)
	}
	return a
}

// sustainable refuses what cannot be beside the stress that the faults make: the
// rest of the machine when they hold more memory than is left, and a rate that
// cannot be sent. Without stress, saturation is found by the run itself; without
// an echo there is nothing to measure with.
func (s *session) sustainable(ctx context.Context) error {
	victims := make([]int, len(s.faults))
	for i, p := range s.faults {
		victims[i] = len(p.Targets())
	}
	if !s.exp.Inert {
		if err := holdable(chaos.Holding(s.o.Faults, victims), memoryMB("MemAvailable")); err != nil {
			return err
		}
	}
	a := Asks(s.exp, s.o.Platform, s.o.Faults, victims)
	if a.Stress.Workers == 0 || len(s.o.Echo) == 0 {
		return nil
	}
	g, err := Measure(ctx, s.o.Echo, s.lower != nil)
	if err != nil {
		return err
	}
	if why, instead := g.For(a.Times).TooMuch(a.Rate, a.Stress); why != "" {
		return mistake("load.rate: %s\n  hint: %s", why, instead)
	}
	return nil
}

// holdable refuses more bytes than the machine has left, in MiB; 0 when it does
// not tell. The kernel would make room by ending processes of its own choice.
func holdable(bytes float64, left int) error {
	if mib := bytes / (1 << 20); left > 0 && mib > float64(left) {
		return mistake("the faults hold up to %.0f MiB of memory at once, and %d MiB are left on this machine\n  hint: a smaller size in stressors.memory, or fewer replicas", mib, left)
	}
	return nil
}

const (
	// trialRate is that of the self-test: beyond some hundred a second a request
	// costs no less when there are more.
	trialRate    = 2000
	trialLength  = 250 * time.Millisecond
	trialWorkers = 64
	trials       = 3
)

// Measure finds out what a request costs a generator in this process, which is
// raised or not (package priority), by sending some to an echo of its own on
// loopback: in processor time, in the cheapest of three trials, since whatever
// else the machine does can only make one dearer. It takes about a second.
func Measure(ctx context.Context, echo []string, raised bool) (g capacity.Generator, err error) {
	e, err := observe.StartEcho(ctx, echo)
	if err != nil {
		return g, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	g = capacity.Generator{Processors: runtime.NumCPU(), Weight: 1, Grouped: grouped()}
	if raised {
		g.Weight = priority.Weight(priority.Levels)
	}
	for range trials {
		cost, err := trialCost(ctx, "http://"+e.Address)
		if err != nil {
			return g, fmt.Errorf("measure what a request costs the generator: %w", err)
		}
		if g.PerRequest == 0 || cost < g.PerRequest {
			g.PerRequest = cost
		}
	}
	return g, nil
}

// trialCost is the processor time of this process for each request of a trial.
func trialCost(ctx context.Context, url string) (time.Duration, error) {
	var answered answers
	before, err := processorTime()
	if err != nil {
		return 0, err
	}
	a, err := load.Start(ctx, history.NewClock(time.Now()), load.Plan{
		Run: "trial", Schedule: load.Constant{Rate: trialRate}, Workers: trialWorkers, Timeout: controlTimeout, Clients: 1,
		Operations: []load.Operation{{Name: "echo", Method: "GET", Path: "/"}}, Mix: []float64{1}, Sampler: load.Once{}, KeyName: load.KeyName,
	}, load.Direct{To: load.Endpoint{Name: "echo", BaseURL: url}}, &answered)
	if err != nil {
		return 0, err
	}
	a.EndAt(int64(trialLength))
	if err := a.Wait(); err != nil {
		return 0, err
	}
	after, err := processorTime()
	if err != nil {
		return 0, err
	}
	if after <= before || answered < trialRate*answers(trialLength/time.Millisecond)/1000/2 {
		return 0, fmt.Errorf("%d of %.0f requests to an echo on loopback were answered", answered, trialRate*trialLength.Seconds())
	}
	return (after - before) / time.Duration(answered), nil
}

// answers counts right answers.
type answers int

// Append implements load.Recorder.
func (n *answers) Append(op history.Op) error {
	if op.Class == history.OK {
		*n++
	}
	return nil
}

// processorTime is what this process has used.
func processorTime() (time.Duration, error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("processor time of this process: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}
