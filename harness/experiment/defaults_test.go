package experiment

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/load/shape"
)

// documented is the example of the documentation, word for word.
func documented(t *testing.T) *Experiment {
	t.Helper()
	source, err := os.ReadFile("testdata/documented.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return must(t, string(source))
}

func TestTheDocumentedExample(t *testing.T) {
	e := documented(t)
	zero := 0
	want := Experiment{
		Name:       "redis-outage",
		Hypothesis: "With Redis dead for a minute, the mapper keeps answering from memory and loses no acknowledged write.",
		Target: Target{Compose: "docker-compose.yml", Service: "mapper", Routing: RouteService,
			Env:  map[string]map[string]string{"mapper": {"MAPPER_JOURNAL_MAX": "64MiB"}},
			Args: map[string][]string{"mapper": {"--map=sharded"}}},
		Load: Load{Rate: shape.Constant{Rate: 1000}, Timeout: 2 * time.Second, Clients: 64,
			Keys: Keys{Distribution: "zipf", Theta: 0.99, Count: 100_000, Shard: -1}, Populate: 100_000, Mix: []Share{{"get", 0.9}, {"put", 0.1}},
			Operations: []Operation{
				{Name: "get", Method: "GET", Path: "/{key}", Status: []int{302}, Value: "header:Location"},
				{Name: "put", Method: "PUT", Path: "/{key}", Body: `{"url":"{value}"}`, Status: []int{201, 202}, Writes: true,
					Header: map[string]string{"Content-Type": "application/json"}},
			}},
		Phases: Phases{5 * time.Second, 20 * time.Second, 30 * time.Second},
		Consistency: &Consistency{0.1, Promise{Durable: true,
			Staleness: Staleness{100 * time.Millisecond, Unbounded}, Convergence: 10 * time.Second}},
		Stop:   &Stop{AvailabilityBelow: 0.2, For: 30 * time.Second},
		Repeat: 1, SLO: SLO{GoodLatency: 250 * time.Millisecond, Recovery: &Recovery{Within: 15 * time.Second, From: "inject"}, Budget: Budget{Period: 30 * day},
			Availability: []Availability{{"get", 0.999}, {"put", 0.99}}, LostWrites: &zero},
		Controls: []Control{
			{"no-fallback", Expectation{Verdict: "FAIL", Objective: "availability:get"}},
			{"inert-fault", Expectation{"INCONCLUSIVE", "recovery", "fault-unproven"}},
		},
	}
	if len(e.Faults) != 1 || e.Faults[0].At != 0 || e.Faults[0].Chaos.title() != "PodChaos redis-down" {
		t.Errorf("faults %+v", e.Faults)
	}
	if place := first(e.Faults[0].Chaos.Node).Position; place.Line != 22 || place.Column != 7 {
		t.Errorf("the fault's object is at %v", place)
	}
	got := *e
	got.File, got.Source, got.Faults, got.SLO.Lines, got.tree, got.places = "", nil, nil, nil, nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// What a file leaves out is as in the documented example, but for the
// exceptions that the documentation lists.
func TestWhatIsLeftOutIsAsDocumented(t *testing.T) {
	full, bare := documented(t), must(t, "name: redis-outage\n")
	full.Hypothesis, full.Faults, full.Controls, full.Stop, full.Target.Env, full.Target.Args = "", nil, nil, nil, nil, nil
	if got, want := essence(bare), essence(full); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDefaultsThatFollow(t *testing.T) {
	e := must(t, "name: x\nload: {keys: {count: 500}, mix: {get: 100%}}\n")
	if e.Load.Populate != 500 {
		t.Errorf("%d keys are populated, want all 500", e.Load.Populate)
	}
	if !reflect.DeepEqual(e.SLO.Availability, []Availability{{"get", 0.999}}) {
		t.Errorf("availability %v: a default for an operation that is not in the mix", e.SLO.Availability)
	}
	if len(e.Load.Operations) != 2 || e.Load.Operations[1].Name != "put" {
		t.Errorf("operations %v: populating needs put", e.Load.Operations)
	}

	e = must(t, "name: x\nload: {keys: {distribution: uniform}}\nconsistency: none\nslo: {recovery: none}\n")
	if e.Load.Keys.Theta != 0 || e.Consistency != nil || e.SLO.LostWrites != nil || e.SLO.Recovery != nil {
		t.Errorf("%+v %+v", e.Load.Keys, e.SLO)
	}
	if want := []string{"availability:get", "availability:put", "foreign", "steadyState", "residual"}; !reflect.DeepEqual(e.Objectives(), want) {
		t.Errorf("objectives %v", e.Objectives())
	}
}

func TestAnExternalSystem(t *testing.T) {
	e := must(t, `{name: x, target: {url: "http://127.0.0.1:8080/"}}`)
	if e.Target.URL != "http://127.0.0.1:8080" || e.Target.Compose != "" || e.Target.Service != "" {
		t.Errorf("target %+v", e.Target)
	}
	if e.Load.Populate != 0 || e.Consistency != nil || e.SLO.LostWrites != nil {
		t.Errorf("something would be sent before the warm-up, or asked about the data: %+v %+v", e.Load, e.Consistency)
	}
	if !reflect.DeepEqual(e.Load.Mix, []Share{{"get", 1}}) || !reflect.DeepEqual(e.SLO.Availability, []Availability{{"get", 0.999}}) {
		t.Errorf("mix %v, availability %v", e.Load.Mix, e.SLO.Availability)
	}
	if want := []Operation{{Name: "get", Method: "GET", Path: "/{key}"}}; !reflect.DeepEqual(e.Load.Operations, want) {
		t.Errorf("operations %+v", e.Load.Operations)
	}

	e = must(t, `
name: x
target: {url: "http://127.0.0.1:8080", request: {method: HEAD, path: "/items/{key}?full=1", headers: {Accept: text/plain}}}
load:
  mix: {get: 50%, buy: 50%}
  operations: {buy: {method: POST, path: "/buy/{key}", body: "{value}", status: 201, writes: true}}
`)
	want := []Operation{
		{Name: "get", Method: "HEAD", Path: "/items/{key}?full=1", Header: map[string]string{"Accept": "text/plain"}},
		{Name: "buy", Method: "POST", Path: "/buy/{key}", Body: "{value}", Status: []int{201}, Writes: true},
	}
	if !reflect.DeepEqual(e.Load.Operations, want) {
		t.Errorf("operations %+v", e.Load.Operations)
	}
}

func TestAnOperationCanBeChanged(t *testing.T) {
	e := must(t, "name: x\nload: {operations: {put: {status: [200], headers: {A: b}}}}\n")
	put := e.Load.Operations[1]
	if !reflect.DeepEqual(put.Status, []int{200}) || put.Method != "PUT" || !put.Writes || put.Header["A"] != "b" {
		t.Errorf("%+v", put)
	}
	if other := mapping()[1]; other.Header["A"] != "" {
		t.Error("the protocol itself was changed")
	}
}

// Who gives an operation a path speaks another protocol: neither status nor
// header of the mapper's may stick to it.
func TestAnOperationWithAPathIsAnother(t *testing.T) {
	e := must(t, `
name: x
load:
  operations:
    get: {path: "/GET/{key}.txt", value: body, failed: "-"}
    put: {method: PUT, path: "/SET/{key}.txt", body: "{value}", writes: true}
`)
	want := []Operation{
		{Name: "get", Method: "GET", Path: "/GET/{key}.txt", Failed: "-", Value: "body"},
		{Name: "put", Method: "PUT", Path: "/SET/{key}.txt", Body: "{value}", Writes: true},
	}
	if !reflect.DeepEqual(e.Load.Operations, want) {
		t.Errorf("operations %+v", e.Load.Operations)
	}
}

// A system that has nothing of the mapper's protocol is not written to in it;
// one that has some of it populates as ever, whatever else is asked.
func TestOperationsBesideTheMix(t *testing.T) {
	names := func(source string) (names string) {
		for _, o := range must(t, source).Load.Operations {
			names += o.Name + " "
		}
		return names
	}
	const other = "operations: {home: {path: /}}"
	if got := names("name: a\nload: {populate: none, mix: {home: 100%}, " + other + "}\nconsistency: none\n"); got != "home " {
		t.Errorf("of another system: %s", got)
	}
	if got := names("name: a\nload: {mix: {home: 50%, get: 50%}, " + other + "}\n"); got != "home get put " {
		t.Errorf("of the mapper: %s", got)
	}
}

func TestLinesOfObjectives(t *testing.T) {
	e := must(t, strings.TrimPrefix(`
name: x
slo:
  recovery: 5s
  availability:
    get: 99%
    all: 98%
`, "\n"))
	want := map[string]int{"recovery": 3, "availability": 6, "availability:get": 5, "residual": 4, "lostWrites": 2, "steadyState": 2}
	if !reflect.DeepEqual(e.SLO.Lines, want) {
		t.Errorf("lines %v, want %v", e.SLO.Lines, want)
	}
	if !reflect.DeepEqual(e.SLO.Availability, []Availability{{"", 0.98}, {"get", 0.99}}) {
		t.Errorf("overall comes first: %v", e.SLO.Availability)
	}
}

func TestFaultsAreInOrderOfTime(t *testing.T) {
	e := must(t, "name: x\nfaults: [{at: 20s, chaos: {kind: b}}, {chaos: {kind: a}}, {at: 20s, chaos: {kind: c}}]\n")
	var order string
	for _, f := range e.Faults {
		order += f.Chaos.title()[:1]
	}
	if order != "abc" {
		t.Errorf("order %s", order)
	}
}

func TestAFaultInAFileOfItsOwn(t *testing.T) {
	e, err := Parse("testdata/x.yaml", []byte("name: x\nfaults: [{at: 0s, chaos: faults/kill.yaml}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	m := e.Faults[0].Chaos
	if m.File != "testdata/faults/kill.yaml" || m.title() != "PodChaos killed" || len(m.Source) == 0 {
		t.Errorf("%s: %s", m.File, m.title())
	}
	if place := first(m.Node).Position; place.Line != 2 || place.Column != 1 {
		t.Errorf("its tokens are at %v", place)
	}
}

const waived = `name: x
slo:
  recovery: {within: 15s, from: both, scopes: [replicas, shards]}
  budget: {period: 28d, most: 2%}
  waivers:
    - {objective: "availability:put", owner: store team, until: 2026-12-31, reason: the journal is lost, reference: STORE-17}
`

func TestBudgetScopesAndWaivers(t *testing.T) {
	e := must(t, waived)
	if want := (Budget{Period: 28 * day, Most: 0.02}); e.SLO.Budget != want {
		t.Errorf("budget %+v", e.SLO.Budget)
	}
	if want := (Recovery{Within: 15 * time.Second, From: "both", Scopes: []string{"replicas", "shards"}}); !reflect.DeepEqual(*e.SLO.Recovery, want) {
		t.Errorf("recovery %+v", e.SLO.Recovery)
	}
	last := time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)
	want := Waiver{Objective: "availability:put", Owner: "store team", Until: last, Reason: "the journal is lost", Reference: "STORE-17", path: "slo.waivers.0"}
	if len(e.SLO.Waivers) != 1 || e.SLO.Waivers[0] != want {
		t.Errorf("waivers %+v", e.SLO.Waivers)
	}
	if !slices.Contains(e.Objectives(), "budget") || e.SLO.Lines["budget"] != 4 {
		t.Errorf("objectives %v at %v", e.Objectives(), e.SLO.Lines)
	}
}

// A waiver holds through its last day, wherever the clock that asks stands.
func TestWhenAWaiverEnds(t *testing.T) {
	e := must(t, waived)
	last := time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)
	if found := e.Lapsed(last); len(found) > 0 {
		t.Errorf("on its last day: %v", found)
	}
	for _, at := range []time.Time{last.Add(time.Second), last.Add(time.Second).In(time.FixedZone("west", -8*3600))} {
		found := e.Lapsed(at)
		if len(found) != 1 || found[0].Line != 6 || found[0].Column != 65 || !strings.Contains(found[0].Message, "the waiver of store team for availability:put ended on 2026-12-31") {
			t.Errorf("after it, at %v: %v", at, found)
		}
	}
}

// What is accepted, and how a budget is counted, changes nothing about a run:
// runs from before and after it are compared.
func TestWaiversLeaveRunsComparable(t *testing.T) {
	plain := must(t, "name: x\nslo:\n  recovery: {within: 15s, from: both, scopes: [replicas, shards]}\n")
	if got, want := string(must(t, waived).Comparable()), string(plain.Comparable()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	bare, only := must(t, "name: x\n"), must(t, "name: x\nslo: {budget: {period: 7d}}\n")
	if got, want := string(only.Comparable()), string(bare.Comparable()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
