package load

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/history"
	"gauntlet/harness/load/shape"
)

func TestHowManyRegistersThereAre(t *testing.T) {
	for requests, want := range map[float64]int{0: 96, 5_000: 96, 160_000: 96, 200_000: 114, 1e6: 564} {
		if got := Registers(requests); got != want {
			t.Errorf("%g requests: %d registers, want %d", requests, got, want)
		}
	}
}

func registerPlan(t *testing.T, r RegisterPlan) Plan {
	t.Helper()
	load := valuePlan(t)
	load.Clients = 64
	load.Operations = []Operation{
		{Name: "health", Method: "GET", Path: "/"}, storePut, load.Operations[0],
		{Name: "delete", Method: "DELETE", Path: "/{key}", Writes: true, Status: []int{204}},
	}
	load.Mix = []float64{1, 0, 0, 0}
	r.Write, r.Read, r.Workers = "put", "get", 8
	plan, err := RegisterStream(load, r)
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.check(); err != nil {
		t.Fatal(err)
	}
	return plan
}

// Half reads, half writes; reads of every register, no more than 2,000 of each;
// writes only to those that do not rest, which all do for half of the time.
func TestRegistersAreWrittenAndRest(t *testing.T) {
	const requests = 200_000
	schedule := shape.Thinned{Of: Constant{Rate: 1000}, Share: 0.5}
	rest := 20 * time.Second
	plan := registerPlan(t, RegisterPlan{Schedule: schedule, Count: Registers(requests), Rest: rest})
	count := Registers(requests)
	all, writes, longest := make([]int, count), make([]int, count), make([]int64, count)
	last := make([]int64, count)
	kinds := map[uint8]int{}
	for n := range uint64(requests) {
		key, due := plan.Sampler.Key(n), schedule.Due(n)
		if int(key) >= count {
			t.Fatalf("request %d is for register %d of %d", n, key, count)
		}
		kinds[plan.kind(n)]++
		all[key]++
		if !plan.Operations[plan.kind(n)].Writes {
			continue
		}
		writes[key]++
		longest[key], last[key] = max(longest[key], due-last[key]), due
		// A register is awake in one half of each turn of 2·rest, and its own one.
		step := int64(2*rest) / int64(count)
		if phase := (due + int64(key)*step) % int64(2*rest); phase > int64(rest)+step || phase < 0 {
			t.Fatalf("register %d is written at %v, %v into its turn", key, time.Duration(due), time.Duration(phase))
		}
	}
	if kinds[0] != 0 || kinds[3] != 0 || kinds[1] < 99_000 || kinds[1] > 101_000 {
		t.Errorf("operations %v, want half puts and half gets", kinds)
	}
	for i := range all {
		if all[i] > mostOperations || all[i] < 1000 {
			t.Errorf("register %d has %d operations", i, all[i])
		}
		if longest[i] < int64(rest)*9/10 || longest[i] > int64(rest)*12/10 {
			t.Errorf("register %d rested for %v at the longest, want %v", i, time.Duration(longest[i]), rest)
		}
	}
}

func TestTheRegisterStreamFollowsTheSeed(t *testing.T) {
	schedule := Constant{Rate: 100}
	plans := [3]Plan{}
	for i, seed := range []int64{1, 1, 2} {
		load := valuePlan(t)
		load.Seed, load.Operations[1] = seed, storePut
		p, err := RegisterStream(load, RegisterPlan{Schedule: schedule, Write: "put", Read: "get", Count: 48, Rest: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		plans[i] = p
	}
	differ := 0
	for n := range uint64(1000) {
		if plans[0].Sampler.Key(n) != plans[1].Sampler.Key(n) {
			t.Fatalf("request %d: one seed, two keys", n)
		}
		if plans[0].Sampler.Key(n) != plans[2].Sampler.Key(n) {
			differ++
		}
	}
	if differ < 900 {
		t.Errorf("another seed changes %d of 1,000 keys", differ)
	}
}

func TestOneWriteInFiveDeletes(t *testing.T) {
	plan := registerPlan(t, RegisterPlan{Schedule: Constant{Rate: 100}, Count: 48, Rest: time.Second, Delete: "delete"})
	kinds := map[uint8]int{}
	for n := range uint64(10_000) {
		kinds[plan.kind(n)]++
	}
	if kinds[3] < 900 || kinds[3] > 1100 || kinds[1] < 3800 || kinds[1] > 4200 {
		t.Errorf("operations %v, want a tenth deletes and four tenths puts", kinds)
	}
}

// On the wire: what a register is given is read back from it and known for whose
// write it is, and so is that a register which nobody has written has nothing.
func TestRegistersAreReadBack(t *testing.T) {
	plan := registerPlan(t, RegisterPlan{Schedule: Constant{Rate: 2000}, Workers: 8, Count: 48, Rest: time.Second})
	system := &store{values: map[string]string{}}
	rec := &memory{}
	a, err := start(t.Context(), history.NewClock(time.Now()), plan, one, rec, transportFunc(func(r *http.Request) (*http.Response, error) {
		if !strings.HasPrefix(r.URL.Path, "/r-") {
			t.Errorf("a request for %s", r.URL.Path)
		}
		return system.RoundTrip(r)
	}))
	if err != nil {
		t.Fatal(err)
	}
	a.EndAt(int64(200 * time.Millisecond))
	if err := a.Wait(); err != nil {
		t.Fatal(err)
	}
	expectOnceEach(t, rec.ops, 400)
	written := map[history.Value]history.Op{}
	for _, op := range rec.ops {
		if op.Effect == history.Acknowledged {
			written[history.WriteOf(op.Seq)] = op
		}
	}
	found, none := 0, 0
	for _, op := range rec.ops {
		switch w, ok := written[op.Value]; {
		case op.Stream != history.Register:
			t.Fatalf("%+v", op)
		case op.Effect == history.Acknowledged:
		case ok && w.Key == op.Key && op.Class == history.OK:
			found++
		case op.Value == history.NoValue && op.Status == http.StatusNotFound:
			none++
		default:
			t.Errorf("%+v read what nobody wrote to its register", op)
		}
	}
	if found < 50 || none == 0 || len(written) < 150 {
		t.Errorf("%d reads of a write, %d of nothing, %d writes of 400 requests", found, none, len(written))
	}
}

func TestRegistersNeedAReadAndAWrite(t *testing.T) {
	load := valuePlan(t)
	load.Operations[1] = storePut
	for _, r := range []RegisterPlan{
		{Write: "get", Read: "get", Count: 48, Rest: 1},
		{Write: "put", Read: "put", Count: 48, Rest: 1},
		{Write: "put", Read: "nothing", Count: 48, Rest: 1},
		{Write: "put", Read: "get", Delete: "get", Count: 48, Rest: 1},
		{Write: "put", Read: "get", Count: 47, Rest: 1},
		{Write: "put", Read: "get", Count: 48},
	} {
		r.Schedule = Constant{Rate: 1}
		if _, err := RegisterStream(load, r); err == nil {
			t.Errorf("%+v was accepted", r)
		}
	}
}
