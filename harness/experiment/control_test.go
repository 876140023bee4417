package experiment

import (
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"gauntlet/harness/diagnostic"
	"gauntlet/harness/load/shape"
)

const controlled = `
name: x
target:
  env: {mapper: {A: "1", B: "2"}}
  args: {mapper: [--one]}
load: {rate: 100/s}
faults:
  - {at: 5s, chaos: {kind: PodChaos, spec: {mode: one, duration: 60s, value: "1"}}}
slo: {recovery: 15s}
controls:
  - name: bad
    env: {mapper: {B: "3"}, redis: {C: "#4: x"}}
    args: {mapper: [--two, --three=a b], redis: ["--save", ""]}
    set:
      load.rate: 200/s
      load.keys: {distribution: uniform, count: 7}
      faults.0.at: 0s
      faults.0.chaos.spec.duration: 30s
      slo.recovery: {within: 5s, from: heal}
    expect: {verdict: FAIL, objective: recovery, reason: limit-broken}
  - {name: inert, faults: inert, expect: {verdict: INCONCLUSIVE, objective: recovery}}
`

func TestAControlIsTheExperimentWithItsChanges(t *testing.T) {
	e := must(t, controlled)
	before := essence(e)
	c, err := e.Control("bad")
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "x" || c.Applied != "bad" || !reflect.DeepEqual(c.Expect, &Expectation{"FAIL", "recovery", "limit-broken"}) || c.Inert {
		t.Errorf("%s %s %+v", c.Name, c.Applied, c.Expect)
	}
	if want := map[string]map[string]string{"mapper": {"A": "1", "B": "3"}, "redis": {"C": "#4: x"}}; !reflect.DeepEqual(c.Target.Env, want) {
		t.Errorf("env %v", c.Target.Env)
	}
	if want := map[string][]string{"mapper": {"--one", "--two", "--three=a b"}, "redis": {"--save", ""}}; !reflect.DeepEqual(c.Target.Args, want) {
		t.Errorf("args %v", c.Target.Args)
	}
	if c.Load.Rate != shape.Shape(shape.Constant{Rate: 200}) || !reflect.DeepEqual(c.Load.Keys, Keys{Distribution: "uniform", Count: 7, Shard: -1}) || c.Faults[0].At != 0 || c.SLO.Recovery.Within != 5*time.Second || c.SLO.Recovery.From != "heal" {
		t.Errorf("load %+v, faults %+v, recovery %+v", c.Load, c.Faults, c.SLO.Recovery)
	}
	if got := string(render(c.Faults[0].Chaos.Node)); !strings.Contains(got, "duration: 30s") || !strings.Contains(got, `value: "1"`) {
		t.Errorf("the object is\n%s", got)
	}
	if essence(e) != before || e.Expect != nil {
		t.Error("the experiment itself was changed")
	}
}

func TestAnInertControl(t *testing.T) {
	c, err := must(t, controlled).Control("inert")
	if err != nil {
		t.Fatal(err)
	}
	if !c.Inert || len(c.Faults) != 1 || c.Applied != "inert" {
		t.Errorf("%+v", c)
	}
}

func TestTheSourceOfAControlIsThatControl(t *testing.T) {
	for _, e := range []*Experiment{must(t, controlled), documented(t)} {
		for _, name := range e.Controls {
			c, err := e.Control(name.Name)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Parse(e.File, c.Source)
			if err != nil {
				t.Fatalf("%v\nin\n%s", err, c.Source)
			}
			if got, want := essence(again), essence(c); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		}
	}
}

func TestAnExperimentNeverChanges(t *testing.T) {
	e := must(t, controlled)
	before := len(e.tree.origins)
	var all sync.WaitGroup
	for range 8 { // under the race detector this would show
		all.Go(func() {
			if _, err := e.Control("bad"); err != nil {
				t.Error(err)
			}
			if _, err := e.With(map[string]string{"load.rte": "1/s"}); err == nil {
				t.Error("a field that does not exist was set")
			}
		})
	}
	all.Wait()
	if len(e.tree.origins) != before {
		t.Error("the experiment holds tokens of its controls")
	}
}

func TestUnknownControl(t *testing.T) {
	_, err := must(t, controlled).Control("bat")
	if err == nil || !strings.Contains(err.Error(), `did you mean "bad"?`) {
		t.Errorf("%v", err)
	}
	if _, err := must(t, "name: x\n").Control("bad"); err == nil {
		t.Error("a control of an experiment without controls")
	}
}

func TestWith(t *testing.T) {
	e := must(t, controlled)
	short, err := e.With(map[string]string{"phases.observe": "20s", "load": "{rate: 50/s}", "load.keys.count": "9", "slo.availability": "none"})
	if err != nil {
		t.Fatal(err)
	}
	if short.Phases.Observe != 20*time.Second || short.Load.Rate != shape.Shape(shape.Constant{Rate: 50}) || short.Load.Keys.Count != 9 || short.SLO.Availability != nil {
		t.Errorf("%+v %+v", short.Phases, short.Load)
	}
	again := must(t, string(short.Source))
	if got, want := essence(again), essence(short); got != want {
		t.Errorf("its source says\n%s\nwant\n%s", got, want)
	}
	c, err := short.Control("bad")
	if err != nil || c.Phases.Observe != 20*time.Second || c.Load.Rate != shape.Shape(shape.Constant{Rate: 200}) {
		t.Errorf("a control of it: %v %+v", err, c)
	}
}

func TestWhatWithSetsHasItsPlaceThere(t *testing.T) {
	e, err := must(t, controlled).With(map[string]string{"faults.0.chaos": "{kind: Z, spec: {duration: 1s}}", "slo.lostWrites": "3"})
	if err != nil {
		t.Fatal(err)
	}
	if m := e.Faults[0].Chaos; m.File != "--set faults.0.chaos" || !strings.HasPrefix(string(m.Source), "{kind: Z") {
		t.Errorf("the object is said to be in %s", m.File)
	}
	if line, ok := e.SLO.Lines["lostWrites"]; ok && line != 9 {
		t.Errorf("lostWrites is said to be on line %d of the file", line)
	}
}

func TestMistakesInWithAreShownInTheCommandLine(t *testing.T) {
	for set, want := range map[string]string{
		"load.rte=5/s":     `--set:1:6: unknown field "rte" in load`,
		"load.rate=5":      `--set load.rate:1:1: load.rate: 5 has no unit`,
		"load.rate={":      `--set load.rate:1:`,
		"load.rate=":       `--set load.rate:1:1: nothing is written here`,
		"name=y":           `--set:1:1: name cannot be set`,
		"faults.3.at=5s":   `--set:1:8: "3" is no item of a list of 1`,
		"faults=[]":        `experiments/x.yaml:17:14: "0" is no item of a list of 0`,
		"load..rate=5/s":   `--set:1:6: unknown field "" in load`,
		"slo.recovery.x=1": `--set:1:14: there is no "x" within the text "15s"`,
	} {
		path, value, _ := strings.Cut(set, "=")
		_, err := must(t, controlled).With(map[string]string{path: value})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", set, err, want)
		}
		if len(diagnostic.All(err)) == 0 {
			t.Errorf("%s: no diagnostic", set)
		}
	}
}
