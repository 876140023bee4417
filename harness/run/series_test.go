package run

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

// The summary folds each second as soon as it is complete; whatever the order
// in which requests end, nothing may be lost by it.
func TestSummaryCountsEveryRequestOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const good = 50 * int64(1e6)
		n := rapid.IntRange(1, 400).Draw(t, "n")
		ops := make([]history.Op, n)
		for i := range ops {
			due := rapid.Int64Range(0, 9*second).Draw(t, "due")
			took := rapid.Int64Range(1e5, 5*second).Draw(t, "took")
			ops[i] = history.Op{Due: due, Sent: due, Done: due + took, Class: history.Class(rapid.IntRange(0, 10).Draw(t, "class"))}
		}
		slices.SortFunc(ops, func(a, b history.Op) int { return int(min(max(a.Done-b.Done, -1), 1)) })
		latest, horizon := int64(0), int64(0)
		for _, op := range ops {
			latest = max(latest, op.Due)
			horizon = max(horizon, latest-op.Due)
		}
		s := newSummary(good, horizon, []span{{"observe", 0, 20 * second}})
		for _, op := range ops {
			s.add(op, "overall")
		}
		series, load := s.finish()
		if load.Planned != n || load.Sent+load.Unsent != n || load.Good+load.Bad != n {
			t.Fatalf("counts do not add up to %d: %+v", n, load)
		}
		planned, points, heat, outcomes := 0, 0, 0, 0
		for i := range series.Planned {
			planned += series.Planned[i]
			points += series.Latency[i].N
			for _, c := range series.Heat.Cells[i] {
				heat += c
			}
		}
		for _, o := range series.Outcomes {
			for _, c := range o.Count {
				outcomes += c
			}
		}
		if planned != n || outcomes != n || points != load.Sent || heat != load.Sent {
			t.Fatalf("%d planned, %d outcomes, %d in percentiles, %d in the heat map; want %d, %d, %d, %d", planned, outcomes, points, heat, n, n, load.Sent, load.Sent)
		}
	})
}

func TestPercentilesAreThoseOfTheSecond(t *testing.T) {
	s := newSummary(1e9, 0, []span{{"observe", 0, 10 * second}})
	for i := range int64(1000) { // 1 … 1000 ms, all due in second 3
		s.add(history.Op{Due: 3 * second, Sent: 3 * second, Done: 3*second + (i+1)*1e6})
	}
	series, _ := s.finish()
	p := series.Latency[3]
	for _, c := range []struct{ got, want float64 }{{p.P50, 500}, {p.P90, 900}, {p.P99, 990}, {p.Max, 1000}} {
		if math.Abs(c.got-c.want)/c.want > 0.002 { // three digits
			t.Errorf("percentile %.1f ms, want %.0f ± 0.2 %%", c.got, c.want)
		}
	}
	if p.N != 1000 || series.Latency[2].N != 0 {
		t.Errorf("%d and %d requests, want 1000 in second 3 and none in second 2", p.N, series.Latency[2].N)
	}
}

// A share counts what was due in its phase and is sure.
func TestSharesLeaveOutWhatIsInDoubt(t *testing.T) {
	s := newSummary(50e6, 0, []span{{"baseline", 0, 10 * second}, {"fault", 10 * second, 20 * second}})
	s.doubt = func(op history.Op) bool { return op.Class == history.Timeout }
	for i := range int64(200) { // one each 100 ms
		op := history.Op{Due: i * second / 10, Kind: uint8(i % 2), Class: history.OK}
		op.Sent, op.Done = op.Due, op.Due+1e6
		switch {
		case i >= 100 && i < 110:
			op.Class = history.Refused
		case i >= 110 && i < 120:
			op.Class = history.Timeout
		}
		s.add(op, "mapper-1")
	}
	want := []reports.Share{{Phase: "baseline", Operation: "get", Judged: 50}, {Phase: "baseline", Operation: "put", Judged: 50},
		{Phase: "fault", Operation: "get", Judged: 45, Bad: 5}, {Phase: "fault", Operation: "put", Judged: 45, Bad: 5}}
	if got := s.sharesOf([]string{"get", "put"}); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	series, _ := s.finish()
	strip := series.Strips[0]
	if *strip.Bad[10] != 1 || strip.Bad[11] != nil || strip.N[11] != 0 || *strip.Bad[12] != 0 {
		t.Errorf("the strip counts what is in doubt: %+v", strip)
	}
}
