package load

import (
	"errors"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"gauntlet/harness/history"
)

// valuePlan reads and writes one key: with 4 clients, even requests write.
func valuePlan(t *testing.T) Plan {
	p := smallPlan(10, 1, time.Second)
	p.Operations = []Operation{
		{Name: "get", Method: "GET", Path: "/{key}", Status: []int{302}, Value: "header:Location"},
		{Name: "put", Method: "PUT", Path: "/{key}", Body: "{value}", Writes: true},
	}
	p.Mix = []float64{1, 1}
	if err := p.check(); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOnlyWhatThisRunWroteToTheKeyIsRight(t *testing.T) {
	p := valuePlan(t)
	write, read := uint64(1), uint64(0)
	for p.kind(write) != 1 {
		write++
	}
	for p.kind(read) != 0 {
		read++
	}
	rank := p.Sampler.Key(write)
	key, client := KeyName(rank), strconv.Itoa(p.client(write))
	readClient := strconv.Itoa(p.client(read))
	other := write
	for p.kind(other) != 1 || p.Sampler.Key(other) == rank {
		other++
	}
	for _, c := range []struct {
		name    string
		value   string
		started uint64
		want    history.Value
	}{
		{"a write", Written{"r", key, client, write}.String(), write, history.WriteOf(write)},
		{"an earlier write", Written{"r", key, client, write}.String(), write + 1000, history.WriteOf(write)},
		{"populated", Written{"r", key, Populator, uint64(rank)}.String(), 0, history.PopulatedValue},
		{"not sent yet", Written{"r", key, client, write}.String(), write - 1, history.ForeignValue},
		{"another run", Written{"q", key, client, write}.String(), write, history.ForeignValue},
		{"another key", Written{"r", KeyName(rank + 1), client, write}.String(), write, history.ForeignValue},
		{"another client", Written{"r", key, "99", write}.String(), write, history.ForeignValue},
		{"the number of a read", Written{"r", key, readClient, read}.String(), read + 1000, history.ForeignValue},
		{"the number of a write to another key", Written{"r", key, strconv.Itoa(p.client(other)), other}.String(), other, history.ForeignValue},
		{"populated with another rank", Written{"r", key, Populator, uint64(rank) + 1}.String(), 1000, history.ForeignValue},
		{"nothing", "", 1000, history.ForeignValue},
		{"something", "https://example.org/", 1000, history.ForeignValue},
	} {
		op := history.Op{Key: rank}
		class, value := p.judge(&op, &p.Operations[0], attempt{status: 302, value: c.value}, key, c.started)
		wantClass := history.OK
		if c.want == history.ForeignValue {
			wantClass = history.WrongAnswer
		}
		if value != c.want || class != wantClass {
			t.Errorf("%s: %v (%v), want %v (%v)", c.name, value, class, c.want, wantClass)
		}
	}
}

func TestClassesOfAnswers(t *testing.T) {
	p := valuePlan(t)
	anything := Operation{Name: "x"}
	for _, c := range []struct {
		name string
		o    *Operation
		got  attempt
		want history.Class
	}{
		{"expected status", &p.Operations[1], attempt{status: 201}, history.OK},
		{"any below 400", &anything, attempt{status: 302}, history.OK},
		{"absent", &p.Operations[0], attempt{status: 404}, history.Status4xx},
		{"unexpected success", &p.Operations[0], attempt{status: 200}, history.WrongAnswer},
		{"server's fault", &p.Operations[0], attempt{status: 503}, history.Status5xx},
		{"an error in its body alone", &p.Operations[1], attempt{status: 200, failed: true}, history.Status5xx},
		{"an error in its body too", &p.Operations[1], attempt{status: 404, failed: true}, history.Status4xx},
		{"broken off", &p.Operations[0], attempt{status: 302, err: errors.New("odd")}, history.Other},
	} {
		if got, _ := p.judge(&history.Op{}, c.o, c.got, "k-0", 0); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// The whole way: a store that is right, then one that gives the value of a
// neighbour.
func TestAWrongValueIsAWrongAnswer(t *testing.T) {
	for _, wrong := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			plan := valuePlan(t)
			store := newStore()
			for key := range uint32(10) {
				store.put(KeyName(key), Written{plan.Run, KeyName(key), Populator, uint64(key)}.String())
			}
			a, rec, _ := begin(t, plan, one, transportFunc(func(r *http.Request) (*http.Response, error) {
				if wrong && r.Method == http.MethodGet {
					r.URL.Path = "/k-3"
				}
				return store.RoundTrip(r)
			}))
			a.EndAt(int64(20 * time.Second))
			if err := a.Wait(); err != nil {
				t.Fatal(err)
			}
			writes, populated := 0, 0
			for _, op := range rec.ops {
				_, isWrite := op.Value.Write()
				if isWrite {
					writes++
				}
				if op.Value == history.PopulatedValue {
					populated++
				}
				foreign := wrong && op.Kind == 0 && op.Key != 3
				if foreign != (op.Class == history.WrongAnswer) || foreign != (op.Value == history.ForeignValue) || !foreign && op.Class != history.OK {
					t.Fatalf("%+v", op)
				}
			}
			if !wrong && (writes == 0 || populated == 0) {
				t.Errorf("%d reads of written values, %d of populated ones", writes, populated)
			}
		})
	}
}
