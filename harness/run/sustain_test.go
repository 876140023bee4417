package run

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"gauntlet/harness/capacity"
	"gauntlet/harness/chaos"
	"gauntlet/harness/experiment"
	"gauntlet/harness/load/shape"
)

func TestWhatAnExperimentAsksOfItsGenerator(t *testing.T) {
	burning := []chaos.Timed{{Fault: chaos.Fault{Kind: chaos.StressChaos, Duration: time.Second, Stress: &chaos.Stress{CPUWorkers: 2, CPULoad: 50}}}}
	of := func(change func(*experiment.Experiment)) *experiment.Experiment {
		e := &experiment.Experiment{Load: experiment.Load{Rate: shape.Constant{Rate: 500}, Timeout: time.Second}}
		change(e)
		return e
	}
	for name, c := range map[string]struct {
		exp      *experiment.Experiment
		platform string
		want     Ask
	}{
		"processes":  {of(func(*experiment.Experiment) {}), chaos.Local, Ask{500, 1, capacity.Stress{Workers: 4, Cores: 2}}},
		"containers": {of(func(*experiment.Experiment) {}), chaos.Docker, Ask{500, 1, capacity.Stress{Workers: 4, Cores: 2, Grouped: true}}},
		"a shape": {of(func(e *experiment.Experiment) {
			e.Load.Rate = shape.Sine{Mean: 500, Amplitude: 200, Period: time.Second}
		}), chaos.Local,
			Ask{700, 1, capacity.Stress{Workers: 4, Cores: 2}}},
		"nothing is done": {of(func(e *experiment.Experiment) { e.Inert = true }), chaos.Local, Ask{500, 1, capacity.Stress{}}},
	} {
		if got := Asks(c.exp, c.platform, burning, []int{2}); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestNoMoreIsHeldThanIsLeft(t *testing.T) {
	for _, c := range []struct {
		bytes  float64
		left   int
		refuse bool
	}{
		{0, 100, false}, {100 << 20, 100, false}, {100<<20 + 1, 100, true}, {1e19, 100, true}, {1e19, 0, false},
	} {
		if err := holdable(c.bytes, c.left); (err != nil) != c.refuse {
			t.Errorf("%v bytes of %d MiB: %v", c.bytes, c.left, err)
		}
	}
	if memoryMB("MemAvailable") > memoryMB("MemTotal") || runtime.GOOS == "linux" && memoryMB("MemAvailable") == 0 {
		t.Error("what is left is not read")
	}
}

func TestThePriorityInWords(t *testing.T) {
	const raised = "generator and control stream are at a nice level better by 11: a thread of theirs weighs 11.6 times one of the system"
	denied := errors.New("a better nice level: permission denied")
	for _, c := range []struct {
		platform string
		err      error
		grouped  bool
		want     string
	}{
		{chaos.Local, nil, true, raised},
		{chaos.Docker, nil, false, raised},
		{chaos.Docker, nil, true, raised + "; but the containers are in another control group, to which it means nothing"},
		{chaos.Local, denied, false, "generator and control stream weigh no more than the system: a better nice level: permission denied"},
	} {
		if got := privilege(c.platform, c.err, c.grouped); got != c.want {
			t.Errorf("%s, %v: %q", c.platform, c.err, got)
		}
	}
}
