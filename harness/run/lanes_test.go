package run

import (
	"reflect"
	"testing"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

func TestReplicaLanes(t *testing.T) {
	const s = int64(1e9)
	event := func(at int64, name, state string) history.Event {
		return history.Event{At: at, Type: history.EventReplica, Name: name, State: state}
	}
	trial := &trial{events: []history.Event{
		event(-3*s, "redis-1", history.ReplicaStarting),
		event(-2*s, "mapper-10", history.ReplicaReady),
		event(-2*s, "mapper-9", history.ReplicaReady),
		event(-1*s, "redis-1", history.ReplicaReady),
		event(5*s, "redis-1", history.ReplicaDown),
		event(6*s, "redis-1", history.ReplicaUnready), // found by the next probe: no news
		event(8*s, "redis-1", history.ReplicaReady),   // seen before it was written down that it started
		event(7*s, "redis-1", history.ReplicaStarting),
		event(12*s, "mapper-9", history.ReplicaDown), // after the end: the system goes down
	}}
	want := []reports.Lane{
		{Name: "mapper-9", Kind: "replica", Spans: []reports.Span{{Begin: 0, End: 10, State: "ready"}}},
		{Name: "mapper-10", Kind: "replica", Spans: []reports.Span{{Begin: 0, End: 10, State: "ready"}}},
		{Name: "redis-1", Kind: "replica", Spans: []reports.Span{
			{Begin: 0, End: 5, State: "ready"}, {Begin: 5, End: 7, State: "down"}, {Begin: 7, End: 8, State: "starting"}, {Begin: 8, End: 10, State: "ready"},
		}},
	}
	if got := trial.replicaLanes(10); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
