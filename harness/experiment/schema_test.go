package experiment

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemaFile = "../../experiments/schema.json"

func TestTheSchemaInExperimentsIsUpToDate(t *testing.T) {
	if *update {
		if err := os.WriteFile(schemaFile, Schema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, Schema()) {
		t.Errorf("%s is not what Schema gives: go test ./harness/experiment -update", schemaFile)
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fataler is what testing.T and rapid.T have in common here.
type fataler interface {
	Helper()
	Fatal(...any)
}

// asJSON is a YAML text as the schema's validator wants it.
func asJSON(t fataler, source []byte) any {
	t.Helper()
	text, err := yaml.YAMLToJSON(source)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTheSchemaKnowsTheForm(t *testing.T) {
	s := compiled(t)
	for source, valid := range map[string]bool{
		"name: x": true,
		"name: x\nload: {rate: 5/s, workers: 3, populate: none}":                      true,
		"name: x\nslo: {recovery: {within: 5s}, availability: {get: 99%}}":            true,
		"name: x\ncontrols: [{name: a, expect: {verdict: FAIL, objective: foreign}}]": true,
		"load: {rate: 5/s}":                              false,
		"name: x\nload: {rat: 5/s}":                      false,
		"name: x\nload: {rate: 5}":                       false,
		"name: x\nphases: {warmup: 5}":                   false,
		"name: x\nrepeat: 2":                             true,
		"name: x\nrepeat: 0":                             false,
		"kind: Experiment\nname: x":                      true,
		"kind: Suite\nname: x\nexperiments: [{name: a}]": true,
		"kind: Suite\nname: x\nbudget: 85m\nexperiments: [{name: a, repeat: 6, set: {load.rate: 5/s}}]": true,
		"kind: Suite\nname: x":                                              false,
		"kind: Suite\nname: x\nexperiments: []":                             false,
		"kind: Suite\nname: x\nexperiments: [{name: a}]\nload: {rate: 5/s}": false,
		"kind: Suit\nname: x":                                               false,
		"name: x\nexperiments: [{name: a}]":                                 false,
		"name: x\nfaults: [{at: 5s}]":                                       false,
		"name: x\ncontrols: [{name: a}]":                                    false,
		"name: x\nslo: {recovery: {from: 15s}}":                             false,
	} {
		if err := s.Validate(asJSON(t, []byte(source))); (err == nil) != valid {
			t.Errorf("%q: %v", source, err)
		}
	}
}

func experimentFiles(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../../experiments/*.yaml")
	if err != nil || len(paths) < 4 {
		t.Fatalf("%v: %v", err, paths)
	}
	return paths
}

func TestTheExperimentsAreValid(t *testing.T) {
	s := compiled(t)
	for _, path := range experimentFiles(t) {
		e, err := Read(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if e.Name+".yaml" != filepath.Base(path) {
			t.Errorf("%s is called %s", path, e.Name)
		}
		if e.Hypothesis == "" || len(e.Controls) == 0 {
			t.Errorf("%s has no hypothesis or no controls", path)
		}
		if err := s.Validate(asJSON(t, e.Source)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		for _, c := range e.Controls {
			control, err := e.Control(c.Name)
			if err != nil {
				t.Error(err)
				continue
			}
			if err := s.Validate(asJSON(t, control.Source)); err != nil {
				t.Errorf("%s, control %s: %v", path, c.Name, err)
			}
		}
	}
}

// Every suite is valid, and has a name of its own: a suite that is called like
// an experiment could not be run by name.
func TestTheSuitesAreValid(t *testing.T) {
	s := compiled(t)
	suites := Suites("../../experiments")
	if len(suites) < 2 {
		t.Fatalf("%+v", suites)
	}
	for _, entry := range suites {
		if entry.Err != nil {
			t.Error(entry.Err)
			continue
		}
		if entry.Name+".yaml" != filepath.Base(entry.Path) || entry.Description == "" {
			t.Errorf("%s is called %s, and is for %q", entry.Path, entry.Name, entry.Description)
		}
		if regular(filepath.Join("../../experiments", filepath.Base(entry.Path))) {
			t.Errorf("%s is called like an experiment", entry.Path)
		}
		source, err := os.ReadFile(entry.Path)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(asJSON(t, source)); err != nil {
			t.Errorf("%s: %v", entry.Path, err)
		}
	}
}

// Every experiment can be decided, whichever way its faults last.
func TestTheExperimentsCanBeDecided(t *testing.T) {
	for _, path := range experimentFiles(t) {
		e, err := Read(path)
		if err != nil {
			t.Error(err)
			continue
		}
		d, err := Decide(e, chaosEnds(t, e))
		if err != nil {
			t.Errorf("%s: %v\n%s", path, err, d)
		}
		// 1.1 · rate · timeout, as the comment beside each rate says.
		if want := int(math.Round(1.1 * e.Load.Rate.Peak(e.Load.Timeout) * e.Load.Timeout.Seconds())); d.Workers != want {
			t.Errorf("%s: %d workers, want %d", path, d.Workers, want)
		}
		if e.Load.Populate > 20_000 {
			t.Errorf("%s: populating %d keys is the bulk of the time", path, e.Load.Populate)
		}
	}
}

// Each experiment with faults shows that a fault that does nothing is not
// taken for a recovery; each defect is caught by what should catch it.
func TestTheControlsOfTheExperiments(t *testing.T) {
	want := map[string]map[string]Expectation{
		"baseline":             {"wrong-url": {Verdict: "FAIL", Objective: "foreign"}},
		"pod-kill":             {"ack-before-store": {"FAIL", "lostWrites", "limit-broken"}, "inert-fault": {"INCONCLUSIVE", "recovery", "fault-unproven"}},
		"redis-outage":         {"no-fallback": {"FAIL", "availability:get", "limit-broken"}, "inert-fault": {"INCONCLUSIVE", "recovery", "fault-unproven"}},
		"node-join":            {"cold-join": {"FAIL", "availability:get", "limit-broken"}, "inert-fault": {"INCONCLUSIVE", "recovery", "fault-unproven"}},
		"cpu-stress":           {"wrong-url": {"FAIL", "foreign", ""}, "inert-fault": {"INCONCLUSIVE", "recovery", "fault-unproven"}},
		"cpu-limit":            {"inert-fault": {"INCONCLUSIVE", "recovery", "fault-unproven"}},
		"rolling-restart":      {"ack-before-store": {"FAIL", "lostWrites", "limit-broken"}, "inert-fault": {"INCONCLUSIVE", "recovery", "fault-unproven"}},
		"hot-shard":            {"ack-before-store": {"FAIL", "lostWrites", "limit-broken"}, "inert-fault": {"INCONCLUSIVE", "recovery", "fault-unproven"}},
		"slot-skew":            {"no-fallback": {"FAIL", "availability:get", "limit-broken"}, "inert-fault": {"INCONCLUSIVE", "recovery", "fault-unproven"}},
		"drill":                {"ack-before-store": {"FAIL", "lostWrites", "limit-broken"}, "inert-fault": {"INCONCLUSIVE", "recovery", "fault-unproven"}},
		"outage-plus-pod-kill": {"memory-only-writeback": {"FAIL", "lostWrites", "limit-broken"}, "inert-fault": {"INCONCLUSIVE", "recovery", "fault-unproven"}},
	}
	for name, controls := range want {
		e, err := Read("../../experiments/" + name + ".yaml")
		if err != nil {
			t.Error(err)
			continue
		}
		for control, expect := range controls {
			c, err := e.Control(control)
			if err != nil {
				t.Error(err)
				continue
			}
			if *c.Expect != expect {
				t.Errorf("%s, %s: %+v", name, control, *c.Expect)
			}
			if defect := "--defect=" + control; !c.Inert && (len(c.Target.Args["mapper"]) != 1 || c.Target.Args["mapper"][0] != defect || c.Target.Env["mapper"]["MAPPER_ALLOW_DEFECTS"] != "1") {
				t.Errorf("%s, %s: its defect is not switched on: %+v", name, control, c.Target)
			}
		}
	}
}
