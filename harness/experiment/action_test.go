package experiment

import (
	"reflect"
	"testing"
	"time"
)

func TestActions(t *testing.T) {
	e := must(t, `name: x
faults:
  - {at: 0s, action: {scale: {service: mapper, to: 4}}}
  - {at: 1s, action: {scale: {service: mapper, to: 2, duration: 10s}}}
  - {at: 2s, action: {limit: {service: mapper, cpu: 500m, duration: 1m}}}
  - {at: 3s, action: {name: half, limit: {service: mapper, mode: fixed, value: 2, cpu: 0.5, duration: 1m}}}
  - {at: 4s, action: {limit: {service: mapper, mode: all, cpu: "2", duration: 1m}}}
  - {at: 4s, action: {name: first, limit: {service: mapper, replica: mapper-1, cpu: 500m, duration: 1m}}}
  - {at: 5s, action: {restart: {service: redis}}}
  - {at: 6s, chaos: {kind: PodChaos, metadata: {name: limit-mapper}}}
`)
	want := []Action{
		{Name: "scale-mapper", Kind: ActionScale, Service: "mapper", To: 4},
		{Name: "scale-mapper-2", Kind: ActionScale, Service: "mapper", To: 2, Duration: 10 * time.Second},
		{Name: "limit-mapper-2", Kind: ActionLimit, Service: "mapper", Mode: "one", Cores: 0.5, Duration: time.Minute},
		{Name: "half", Kind: ActionLimit, Service: "mapper", Mode: "fixed", Value: 2, Cores: 0.5, Duration: time.Minute},
		{Name: "limit-mapper-3", Kind: ActionLimit, Service: "mapper", Mode: "all", Cores: 2, Duration: time.Minute},
		{Name: "first", Kind: ActionLimit, Service: "mapper", Replica: "mapper-1", Mode: "all", Cores: 0.5, Duration: time.Minute},
		{Name: "restart-redis", Kind: ActionRestart, Service: "redis", Strategy: "rolling"},
	}
	for i, w := range want {
		got := *e.Faults[i].Action
		if p := got.Places["service"]; p.File != "experiments/x.yaml" || p.Line != i+3 || p.Column == 0 || p.Text == "" {
			t.Errorf("%s: its service is at %+v", w.Name, p)
		}
		if got.Places = nil; !reflect.DeepEqual(got, w) {
			t.Errorf("got %+v, want %+v", got, w)
		}
	}
	if last := e.Faults[7]; last.Action != nil || last.title() != "PodChaos limit-mapper" {
		t.Errorf("%+v", last)
	}
}
