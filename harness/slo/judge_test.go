package slo

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-6 }

func overall(j Judgement) []reports.Episode {
	var out []reports.Episode
	for _, e := range j.Episodes {
		if e.Scope == "overall" {
			out = append(out, e)
		}
	}
	return out
}

func TestAnEpisodeIsMeasured(t *testing.T) {
	j := Judge(trial(1000, down(5.002, 6.502)))
	e := overall(j)
	if len(e) != 1 {
		t.Fatalf("%d episodes, want 1: %+v", len(e), e)
	}
	got := e[0]
	if !near(got.DegradedAt, 5.002) || got.RecoveredAt == nil || !near(*got.RecoveredAt, 6.502) || !near(got.RecoveredLow, 6.501) || !near(got.RecoveredHigh, 6.502) {
		t.Errorf("edges %+v", got)
	}
	if math.Abs(got.ImpactSeconds-1.5) > 0.001 || got.Depth != 1 || math.Abs(got.LostRequests-1500) > 1 {
		t.Errorf("size %+v", got)
	}
	if got.Breadth != 6 { // overall, two operations, three replicas
		t.Errorf("breadth %d, want 6", got.Breadth)
	}
	r := j.Recovery
	if !r.Degraded || !r.Recovered || r.Censored || r.Relapses != 0 || r.Fault != "down" || r.Scope != "overall" ||
		!near(*r.FromInject.Seconds, 1.502) || !near(r.FromInject.Low, 1.5) || !near(*r.FromInject.High, 1.502) || *r.FromHeal.Seconds != 0 {
		t.Errorf("recovery %+v", r)
	}
	if !reflect.DeepEqual(j.FaultRecoveries, []*reports.Recovery{r}) || !slices.Equal(j.Groups, []int{1}) {
		t.Errorf("by fault %+v, groups %v", j.FaultRecoveries[0], j.Groups)
	}
}

// What is left out of an episode is taken to be as bad as the rest of it.
func TestWhatIsLeftOutCountsForTheImpact(t *testing.T) {
	answered := fails(12.25, 12.75, 2, history.OK)
	e := overall(Judge(trial(1000, down(12, 13), answered, late(12.25, 12.75, 2))))
	if len(e) != 1 || e[0].Doubt < 0.2 || math.Abs(e[0].ImpactSeconds-1) > 0.01 {
		t.Errorf("a second of full outage, a quarter of it left out, is %+v", e)
	}
}

func TestNeverDegradedIsZeroUpToTheFloor(t *testing.T) {
	j := Judge(trial(1000))
	r := j.Recovery
	if r.Degraded || !r.Recovered || *r.FromInject.Seconds != 0 || r.FromInject.Low != 0 || *r.FromInject.High != 0.05 {
		t.Errorf("recovery %+v", r)
	}
	// A small episode is the better upper bound.
	j = Judge(trial(1000, down(5.002, 5.082)))
	if r := j.Recovery; r.Degraded || !near(*r.FromInject.High, 0.082) {
		t.Errorf("recovery %+v", r)
	}
	if n := len(overall(j)); n != 1 {
		t.Errorf("%d small episodes are shown, want 1", n)
	}
}

func TestMerging(t *testing.T) {
	for _, c := range []struct {
		name   string
		marks  []mark
		starts []float64
	}{
		{"less than H apart", marks(down(12, 13), down(14.5, 15.5)), []float64{12}},
		{"H apart and more", marks(down(12, 13), down(15.1, 16)), []float64{12, 15.1}},
		{"a small one neither merges nor bridges", marks(down(12, 13), down(14.9, 14.91), down(16, 17)), []float64{12, 14.9, 16}},
		{"a limp after an outage is part of it", marks(down(12, 14), fails(14, 19, 20, history.EOF)), []float64{12}},
		{"a limp before an outage is part of it", marks(fails(8, 12, 20, history.EOF), down(12, 14)), []float64{8}},
	} {
		got := overall(Judge(trial(1000, c.marks...)))
		var starts []float64
		for _, e := range got {
			starts = append(starts, math.Round(e.DegradedAt*100)/100)
		}
		if !slices.Equal(starts, c.starts) {
			t.Errorf("%s: episodes at %v, want %v", c.name, starts, c.starts)
		}
	}
	// The end of a limp is the end of the episode, not that of its outage.
	e := overall(Judge(trial(1000, down(12, 14), fails(14, 19, 20, history.EOF))))[0]
	if math.Abs(*e.RecoveredAt-19) > 0.1 {
		t.Errorf("recovered at %v, want 19", *e.RecoveredAt)
	}
}

func TestAThirdIsAFullOutageOfAReplica(t *testing.T) {
	j := Judge(trial(1000, fails(6, 9, 3, history.Reset)))
	var replica *reports.Episode
	for i, e := range j.Episodes {
		if e.Scope == "replica:m-1" {
			replica = &j.Episodes[i]
		}
		if e.Scope == "replica:m-2" {
			t.Errorf("an episode of the wrong replica: %+v", e)
		}
	}
	if replica == nil || replica.Depth != 1 || math.Abs(replica.ImpactSeconds-3) > 0.02 {
		t.Fatalf("episode of m-1: %+v", replica)
	}
	if e := overall(j); len(e) != 1 || math.Abs(e[0].Depth-1.0/3) > 0.01 || math.Abs(e[0].ImpactSeconds-1) > 0.01 {
		t.Errorf("overall %+v", e)
	}
}

func TestSilenceOfAReplicaIsNoRecovery(t *testing.T) {
	ops := slices.DeleteFunc(operations(1000, 30, fails(6, 6.5, 3, history.Refused)), func(op history.Op) bool {
		return op.Replica == 0 && op.Due >= 6500*ms
	})
	in := trial(1000)
	in.Samples, in.Rate = collect(ops), 0
	for _, e := range Judge(in).Episodes {
		if e.Scope == "replica:m-1" {
			if e.RecoveredAt != nil {
				t.Errorf("recovered in silence: %+v", e)
			}
			return
		}
	}
	t.Error("no episode of m-1")
}

func TestShardsAndThinScopes(t *testing.T) {
	shards := func(n uint64) mark { return func(op *history.Op) { op.Shard = uint16(op.Seq%n) + 1 } }
	has := func(n uint64) bool {
		for _, e := range Judge(trial(1000, shards(n), fails(6, 9, n, history.Status5xx))).Episodes {
			if e.Scope == "shard:0" {
				return true
			}
		}
		return false
	}
	if !has(4) {
		t.Error("a shard of 250/s is not judged")
	}
	if has(64) {
		t.Error("a shard of 16/s is judged")
	}
	thin := &scope{by: byShard}
	thin.settle(counted{due: 250}, Span{0, 5 * second}, 0, 1) // 50/s
	if thin.horizon != 8*second {
		t.Errorf("H at 50/s is %v, want the time of 400 requests", time.Duration(thin.horizon))
	}
}

func TestGroupsAndRelapses(t *testing.T) {
	in := trial(1000, down(5.002, 6), down(12.003, 14), down(20, 20.5))
	in.Faults = []Fault{
		{Name: "c", Proven: true, InjectBegin: at(12), InjectEnd: at(12.001), HealBegin: at(16), HealEnd: at(16)},
		{Name: "a", Proven: true, InjectBegin: at(5), InjectEnd: at(5.001), HealBegin: at(10), HealEnd: at(10)},
		{Name: "b", Proven: true, InjectBegin: at(6.5), InjectEnd: at(6.501), HealBegin: at(10), HealEnd: at(10)},
		{Name: "never"},
	}
	j := Judge(in)
	if !slices.Equal(j.Groups, []int{2, 1, 1, 0}) {
		t.Errorf("groups %v", j.Groups)
	}
	c, a := j.FaultRecoveries[0], j.FaultRecoveries[1]
	if !near(*c.FromInject.Seconds, 2) || c.Relapses != 1 || j.FaultRecoveries[3] != nil {
		t.Errorf("c %+v", c)
	}
	if !near(*a.FromInject.Seconds, 1) || a.Relapses != 0 || j.FaultRecoveries[2].FromInject.Low != a.FromInject.Low {
		t.Errorf("a %+v", a)
	}
	if j.Recovery.Fault != "c" {
		t.Errorf("the worst is %s", j.Recovery.Fault)
	}
}

func TestAttribution(t *testing.T) {
	sc := &scope{horizon: 2 * second}
	faults := []Fault{
		{InjectBegin: at(10), InjectEnd: at(10.1), HealBegin: at(20), HealEnd: at(20.1)},
		{InjectBegin: at(30), InjectEnd: at(30.1)},
	}
	for _, c := range []struct {
		from, to, slack float64
		kind            originKind
		owner           int
		origin          float64
	}{
		{9, 9.5, 0, fromOnset, -1, 9},
		{9, 15, 0, fromInjection, 0, 10}, // open at the injection
		{9.9, 9.95, 0.2, fromInjection, 0, 10},
		{10.01, 15, 0, fromInjection, 0, 10},
		{12, 15, 0, fromInjection, 0, 10},
		{12.01, 15, 0, fromOnset, 0, 12.01},
		{20.5, 22, 0, fromHeal, 0, 20},
		{25, 26, 0, fromOnset, 0, 25},
		{31, 32, 0, fromInjection, 1, 30},
		{40, 41, 0, fromOnset, 1, 40},
	} {
		e := &episode{scope: sc, degraded: *at(c.from), degradedLow: *at(c.from - c.slack), degradedHigh: *at(c.from + c.slack), recovered: *at(c.to), stopped: true}
		o := attribute(e, faults)
		begin := o.origin.begin
		if o.origin.kind == fromOnset {
			begin = e.degraded
		}
		if o.origin.kind != c.kind || o.owner != c.owner || begin != *at(c.origin) {
			t.Errorf("%v…%v: origin %v at %v, owner %d; want %v at %v, %d", c.from, c.to, o.origin.kind, begin, o.owner, c.kind, c.origin, c.owner)
		}
	}
}

func TestCensoredIsNeverANumber(t *testing.T) {
	for _, c := range []struct {
		name string
		mark mark
		low  float64
	}{
		{"inside an episode", down(5.002, 30), 30 - 5.001},
		{"within H of one", down(5.002, 28.5), 28.499 - 5.001},
	} {
		r := Judge(trial(1000, c.mark)).Recovery
		if !r.Censored || r.Recovered || r.FromInject.Seconds != nil || r.FromInject.High != nil || math.Abs(r.FromInject.Low-c.low) > 1e-6 {
			t.Errorf("%s: %+v, want at least %v", c.name, r, c.low)
		}
	}
}

func TestLatenessWidensTheInterval(t *testing.T) {
	sharp := overall(Judge(trial(1000, down(5.002, 7))))[0]
	slipped := overall(Judge(trial(1000, down(5.002, 7), func(op *history.Op) {
		if op.Due == 7500*ms {
			op.Sent += 40 * ms
			op.Done += 40 * ms
		}
	})))[0]
	if !near(slipped.RecoveredLow, sharp.RecoveredLow-0.04) || !near(slipped.RecoveredHigh, sharp.RecoveredHigh+0.04) || *slipped.RecoveredAt != *sharp.RecoveredAt {
		t.Errorf("slip of 40 ms: %+v, without %+v", slipped, sharp)
	}
	gap := overall(Judge(trial(1000, down(5.002, 7), late(7.5, 7.6, 1))))[0]
	if !near(gap.RecoveredHigh, sharp.RecoveredHigh+0.1) {
		t.Errorf("100 ms excluded: %+v, without %+v", gap, sharp)
	}
}

func TestAvailabilityAndBaseline(t *testing.T) {
	j := Judge(trial(1000, fails(0, 5, 1000, history.EOF), down(5, 5.25)))
	a := j.Availability["overall"]
	if !near(a.Ratio, 0.99) || a.Low >= 0.99 || a.High <= 0.99 || len(j.Availability) != 3 {
		t.Errorf("availability %+v", j.Availability)
	}
	if !near(j.BaselineBad, 0.001) {
		t.Errorf("baseline %v", j.BaselineBad)
	}
}

func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{0, 0, 0, 1}, {0, 10, 0, 0.2775}, {10, 10, 0.7225, 1}, {5, 10, 0.2366, 0.7634}, {999, 1000, 0.9944, 0.9998}} {
		low, high := Wilson(c.k, c.n)
		if math.Abs(low-c.low) > 5e-5 || math.Abs(high-c.high) > 5e-5 {
			t.Errorf("Wilson(%d, %d) = %.4f, %.4f, want %.4f, %.4f", c.k, c.n, low, high, c.low, c.high)
		}
	}
	if needed(0.999) != 3838 {
		t.Errorf("99.9 %% needs %d", needed(0.999))
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 1e6).Draw(t, "n")
		k := rapid.IntRange(0, n).Draw(t, "k")
		low, high := Wilson(k, n)
		if p := float64(k) / float64(n); low < 0 || high > 1 || low > p || high < p {
			t.Fatalf("[%v, %v] around %v", low, high, p)
		}
	})
}

func TestSteady(t *testing.T) {
	for _, c := range []struct {
		bad, n int
		want   bool
	}{{0, 1000, true}, {10, 1000, true}, {11, 1000, false}, {1, 50, true}, {5, 50, false}, {2, 99, true}, {2, 100, false}, {0, 1, true}, {0, 0, false}} {
		if Steady(c.bad, c.n) != c.want {
			t.Errorf("Steady(%d, %d) = %v", c.bad, c.n, !c.want)
		}
	}
}

// One request of a hundred is beyond the 99th percentile, two are not.
func TestTheSlipThatIsTold(t *testing.T) {
	for n, want := range map[uint64]float64{100: 0, 50: 20} {
		in := trial(1000, func(op *history.Op) {
			if op.Seq%n == 0 {
				op.Sent, op.Done = op.Sent+20*ms, op.Done+20*ms
			}
		})
		if got := Judge(in).Validity.SlipP99Ms; got != want {
			t.Errorf("one of %d is 20 ms late: the 99th percentile is %g ms, want %g", n, got, want)
		}
	}
}

func TestMergeAndArrange(t *testing.T) {
	for _, c := range []struct {
		in   []reports.Verdict
		want reports.Verdict
	}{{nil, inc}, {[]reports.Verdict{pass, pass}, pass}, {[]reports.Verdict{pass, inc}, inc}, {[]reports.Verdict{inc, fail, pass}, fail}, {[]reports.Verdict{pass, ""}, inc}} {
		if got := Merge(c.in...); got != c.want {
			t.Errorf("Merge(%v) = %s, want %s", c.in, got, c.want)
		}
	}
	var names []string
	for _, o := range Arrange([]reports.Objective{{Name: "steadyState"}, {Name: "foreign"}, {Name: "availability:b"}, {Name: "lostWrites"}, {Name: "availability:a"}, {Name: "residual"}, {Name: "availability"}, {Name: "recovery"}}) {
		names = append(names, o.Name)
	}
	if got := fmt.Sprint(names); got != "[recovery availability availability:b availability:a lostWrites foreign residual steadyState]" {
		t.Error(got)
	}
}

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		percent(0.999):        "99.9 %",
		percent(0.99999994):   "99.99999 %",
		percent(1):            "100 %",
		percent(0.0000001):    "0.00001 %",
		duration(312 * ms):    "0.312 s",
		duration(15 * second): "15 s",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What is not known to be the generator's fault stays bad.
func TestWhoseFaultIsIt(t *testing.T) {
	g := int64(goodLatency)
	for _, c := range []struct {
		name string
		op   history.Op
		want uint8
	}{
		{"good", history.Op{Sent: ms, Done: g}, 0},
		{"slow", history.Op{Sent: ms, Done: 2 * g}, flagBad},
		{"good but for the generator", history.Op{Sent: 5 * ms, Done: g + 2*ms}, flagBad | flagAmbiguous},
		{"good but for blocked workers", history.Op{Sent: 5 * ms, Done: g + 2*ms, Blocked: 5 * ms}, flagBad},
		{"good but for both, and without either alone", history.Op{Sent: 5 * ms, Done: g + 2*ms, Blocked: 4 * ms}, flagBad},
		{"an error, late", history.Op{Class: history.Reset, Sent: 5 * ms, Done: 6 * ms}, flagBad},
		{"unsent, blocked", history.Op{Class: history.Unsent, Done: int64(timeout) + ms, Blocked: int64(timeout)}, flagBad},
		{"unsent, not blocked", history.Op{Class: history.Unsent, Done: int64(timeout) + ms}, flagBad | flagAmbiguous | flagUnsent},
	} {
		if got := rules.flags(c.op); got != c.want {
			t.Errorf("%s: flags %03b, want %03b", c.name, got, c.want)
		}
	}
}
