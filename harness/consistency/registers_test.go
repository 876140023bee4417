package consistency

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gauntlet/harness/consistency/register"
	"gauntlet/harness/history"
	"gauntlet/reports"
)

const (
	get, put, del = 0, 1, 2
	ms            = int64(time.Millisecond)
)

// system is what a seeded history is made of: registers that three replicas keep
// a copy of each, to which every write comes after up to lag.
type system struct {
	rnd  *rand.Rand
	lag  int64
	ends int64 // ns
}

// asking is the question about a run of 60 s with a fault from 20 to 30 s.
func asking(change ...func(*Question)) Question {
	healed := 30 * second
	q := Question{
		Replicas: []string{"m-1", "m-2", "m-3"}, Finished: true, Planned: 1,
		Faults: []Fault{{Name: "down", InjectBegin: 20 * second, HealEnd: &healed}},
		Registers: &Registers{
			Promise: Promise{Healthy: 100 * time.Millisecond, Fault: Unbounded, Convergence: 5 * time.Second, Session: []string{register.ReadYourWrites, register.MonotonicReads}},
			Begin:   2 * second, End: 60 * second, Search: time.Minute,
			Name:    func(key uint32) string { return fmt.Sprintf("r-%d", key) },
			Client:  func(seq uint64) int { return int(seq % 8) },
			Writes:  func(kind uint8) bool { return kind != get },
			Deletes: func(kind uint8) bool { return kind == del },
		},
	}
	for _, c := range change {
		c(&q)
	}
	return q
}

// healthy is the requests of a system that is well: 60 s, 40 a second, 12
// registers, some of which are not written between 25 and 45 s.
func (s system) healthy() []history.Op {
	type version struct {
		at    [3]int64 // when each replica has it
		value history.Value
	}
	copies := map[uint32][]version{}
	var ops []history.Op
	for seq := uint64(0); ; seq++ {
		due := int64(seq) * second / 40
		if due >= s.ends {
			return ops
		}
		op := history.Op{Stream: history.Register, Seq: seq, Key: uint32(s.rnd.IntN(12)), Replica: uint16(s.rnd.IntN(3)), Attempts: 1, Due: due, Sent: due + s.rnd.Int64N(ms)}
		effect := op.Sent + s.rnd.Int64N(3*ms)
		op.Done = effect + s.rnd.Int64N(3*ms)
		rests := op.Key%2 == 0 && due > 25*second && due < 45*second
		if s.rnd.IntN(2) == 0 && !rests {
			op.Kind, op.Effect, op.Status = put, history.Acknowledged, 201
			v := version{value: history.WriteOf(seq)}
			for r := range v.at {
				v.at[r] = effect
				if r != int(op.Replica) && s.lag > 0 {
					v.at[r] += s.rnd.Int64N(s.lag)
				}
			}
			switch s.rnd.IntN(20) {
			case 0: // a time-out, which had its effect
				op.Effect, op.Class, op.Done = history.UnknownEffect, history.Timeout, op.Sent+2*second
			case 1: // refused before any
				op.Effect, op.Class = history.NoEffect, history.Refused
			}
			if op.Effect != history.NoEffect {
				copies[op.Key] = append(copies[op.Key], v)
			}
			ops = append(ops, op)
			continue
		}
		op.Status = 404
		op.Class = history.Status4xx
		for _, v := range copies[op.Key] {
			if v.at[op.Replica] <= effect {
				op.Value, op.Class, op.Status = v.value, history.OK, 302
			}
		}
		ops = append(ops, op)
	}
}

func verdicts(objectives map[string]reports.Objective) string {
	var all []string
	for _, name := range []string{"staleness", "convergence", "order", "foreign"} {
		if o, ok := objectives[name]; ok {
			all = append(all, name+" "+string(o.Verdict)+" "+o.Reason)
		}
	}
	return strings.Join(all, ", ")
}

const allPass = "staleness PASS , convergence PASS , order PASS , foreign PASS "

// A system that keeps its promise never fails, and is told to be what it is.
func TestAHealthySystemKeepsItsPromise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lag := rapid.SampledFrom([]int64{0, 40 * ms, 90 * ms}).Draw(t, "lag")
		ops := system{rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)), lag, 60 * second}.healthy()
		counts, objectives := ask(ops, asking())
		if got := verdicts(objectives); got != allPass {
			t.Fatalf("%s: %+v", got, objectives)
		}
		if lag == 0 && (counts.Level != levelLinearizable || counts.Stale != 0 || *counts.DeltaMs != 0) {
			t.Fatalf("%+v, want linearizable", counts)
		}
		if *counts.MaxStalenessMs > float64(lag)/1e6 || *counts.MaxStalenessMs > *counts.DeltaMs {
			t.Fatalf("%v ms stale, smallest %v, with a lag of %v", *counts.MaxStalenessMs, *counts.DeltaMs, time.Duration(lag))
		}
	})
}

// planted is a register of its own: w written from 10 to 11 s of which v is
// overwritten, and whatever else.
func planted(more ...history.Op) []history.Op {
	ops := system{rand.New(rand.NewPCG(7, 7)), 0, 60 * second}.healthy()
	return append(ops, more...)
}

func wrote99(seq uint64, at float64) history.Op {
	from := int64(at * 1e9)
	return history.Op{Stream: history.Register, Seq: seq, Key: 99, Kind: put, Effect: history.Acknowledged, Status: 201, Attempts: 1, Sent: from, Done: from + ms}
}

// slow99 is a write that took longer.
func slow99(seq uint64, at float64, took int64) history.Op {
	op := wrote99(seq, at)
	op.Done = op.Sent + took
	return op
}

// slowPut is a write of the load that took longer.
func slowPut(at float64, took int64) history.Op {
	from := int64(at * 1e9)
	return history.Op{Stream: history.Load, Kind: put, Effect: history.Acknowledged, Status: 201, Attempts: 1, Sent: from, Done: from + took}
}

// heldUp is a run that others held up for a while, from at (s) on.
func heldUp(at float64, by int64) func(*Question) {
	begin := int64(at * 1e9)
	return func(q *Question) {
		q.Registers.HeldUp = func(from, to int64) int64 { return max(0, min(to, begin+by)-max(from, begin)) }
	}
}

func read99(seq uint64, at float64, of history.Value, replica uint16) history.Op {
	from := int64(at * 1e9)
	return history.Op{Stream: history.Register, Seq: seq, Key: 99, Kind: get, Status: 302, Attempts: 1, Value: of, Replica: replica, Sent: from, Done: from + ms}
}

func TestWhatIsPlantedIsFound(t *testing.T) {
	a, b := uint64(100_000), uint64(100_009) // clients 0 and 1
	of := history.WriteOf
	for _, c := range []struct {
		name   string
		ops    []history.Op
		change func(*Question)
		want   string
		why    map[string]string
	}{
		{name: "nothing", want: allPass},
		{name: "a stale read of 400 ms", ops: []history.Op{wrote99(a, 10), wrote99(b, 11), read99(100_002, 11.401, of(a), 1)},
			want: "staleness FAIL limit-broken, convergence PASS , order PASS , foreign PASS ",
			why:  map[string]string{"staleness": "1 of 982 reads of registers were staler than promised: r-99, read through m-2 at 11.401 s, still had the value of write 100000, 400 ms after write 100009 was acknowledged, where 100 ms is promised."}},
		{name: "one of 90 ms", ops: []history.Op{wrote99(a, 10), wrote99(b, 11), read99(100_002, 11.091, of(a), 1)}, want: allPass,
			why: map[string]string{"staleness": "90 ms after"}},
		{name: "one of 400 ms in the fault", ops: []history.Op{wrote99(a, 20), wrote99(b, 21), read99(100_002, 21.401, of(a), 1)}, want: allPass},
		{name: "one of 400 ms in a fault with a limit", ops: []history.Op{wrote99(a, 20), wrote99(b, 21), read99(100_002, 21.401, of(a), 1)},
			change: func(q *Question) { q.Registers.Promise.Fault = 300 * time.Millisecond },
			want:   "staleness FAIL limit-broken, convergence PASS , order PASS , foreign PASS "},
		{name: "one while others held the run up", ops: []history.Op{wrote99(a, 10), wrote99(b, 11), read99(100_002, 11.401, of(a), 1)},
			change: func(q *Question) { q.Registers.HeldUp = func(from, to int64) int64 { return min(to-from, 350*ms) } },
			want:   "staleness INCONCLUSIVE instrument-disturbed, convergence PASS , order PASS , foreign PASS "},
		{name: "one of which the hold-up is not enough", ops: []history.Op{wrote99(a, 10), wrote99(b, 11), read99(100_002, 11.401, of(a), 1)},
			change: func(q *Question) { q.Registers.HeldUp = func(from, to int64) int64 { return min(to-from, 250*ms) } },
			want:   "staleness FAIL limit-broken, convergence PASS , order PASS , foreign PASS "},
		{name: "one of a write that others held up", ops: []history.Op{wrote99(a, 10), slow99(b, 11, 400*ms), read99(100_002, 12, of(a), 1)},
			change: heldUp(11, 250*ms),
			want:   "staleness INCONCLUSIVE instrument-disturbed, convergence PASS , order PASS , foreign PASS "},
		{name: "one of a write that they held up for a part", ops: []history.Op{wrote99(a, 10), slow99(b, 11, 400*ms), read99(100_002, 12, of(a), 1)},
			change: heldUp(11, 30*ms),
			want:   "staleness FAIL limit-broken, convergence PASS , order PASS , foreign PASS "},
		{name: "one of a write that was in time all the same", ops: []history.Op{wrote99(a, 10), slow99(b, 11, 80*ms), read99(100_002, 12, of(a), 1)},
			change: heldUp(11, 80*ms),
			want:   "staleness FAIL limit-broken, convergence PASS , order PASS , foreign PASS "},
		{name: "one of a quick write soon after", ops: []history.Op{slowPut(7.5, 400*ms), wrote99(a, 10), wrote99(b, 11), read99(100_002, 12, of(a), 1)},
			change: heldUp(7.5, 250*ms),
			want:   "staleness INCONCLUSIVE instrument-disturbed, convergence PASS , order PASS , foreign PASS "},
		{name: "one of a quick write soon after, of a target that does not promise to converge", ops: []history.Op{slowPut(1.5, 400*ms), wrote99(a, 10), wrote99(b, 11), read99(100_002, 12, of(a), 1)},
			change: func(q *Question) { heldUp(1.5, 250*ms)(q); q.Registers.Promise.Convergence = Unbounded },
			want:   "staleness INCONCLUSIVE instrument-disturbed, order PASS , foreign PASS "},
		{name: "one of a quick write when the data must have converged since", ops: []history.Op{slowPut(5.5, 400*ms), wrote99(a, 10), wrote99(b, 11), read99(100_002, 12, of(a), 1)},
			change: heldUp(5.5, 250*ms),
			want:   "staleness FAIL limit-broken, convergence PASS , order PASS , foreign PASS "},
		{name: "one of a quick write before others held one up", ops: []history.Op{wrote99(a, 10), wrote99(b, 11), slowPut(11.2, 400*ms), read99(100_002, 12, of(a), 1)},
			change: heldUp(11.2, 250*ms),
			want:   "staleness FAIL limit-broken, convergence PASS , order PASS , foreign PASS "},
		{name: "one of such a write that never comes", ops: []history.Op{wrote99(a, 10), slow99(b, 11, 400*ms), read99(100_002, 18, of(a), 1)},
			change: heldUp(11, 400*ms),
			want:   "staleness FAIL limit-broken, convergence PASS , order PASS , foreign PASS "},
		{name: "an update that the fault lost", ops: []history.Op{wrote99(a, 22), wrote99(b, 24), read99(100_002, 33, of(a), 1), read99(100_010, 50, of(a), 1)},
			want: "staleness PASS , convergence FAIL limit-broken, order PASS , foreign PASS ",
			why:  map[string]string{"convergence": "1 reads of registers were older than 100 ms by what had been written up to 5 s after the heal: r-99, read through m-2 at 50.000 s, still had the value of write 100000, 25999 ms after write 100009 was acknowledged."}},
		{name: "one that comes back in time", ops: []history.Op{wrote99(a, 22), wrote99(b, 24), read99(100_002, 33, of(a), 1), read99(100_010, 34, of(b), 1), read99(100_018, 50, of(b), 1)}, want: allPass,
			why: map[string]string{"convergence": "began 3 s after the heal"}},
		{name: "a write that is ignored after the data converged", ops: []history.Op{wrote99(a, 22), wrote99(b, 40), read99(100_002, 41, of(a), 1)},
			want: "staleness FAIL limit-broken, convergence PASS , order PASS , foreign PASS "},
		{name: "a client that goes back", ops: []history.Op{wrote99(a, 10), wrote99(b, 11), read99(100_002, 11.01, of(b), 1), read99(100_010, 11.05, of(a), 1)},
			want: "staleness PASS , convergence PASS , order FAIL limit-broken, foreign PASS ",
			why:  map[string]string{"order": "client 2 had read the value of write 100009 of r-99 by 11.011 s, and at 11.050 s got the value of write 100000 through the same replica, m-2 (monotonic-reads)."}},
		{name: "through another replica it may", ops: []history.Op{wrote99(a, 10), wrote99(b, 11), read99(100_002, 11.01, of(b), 1), read99(100_010, 11.05, of(a), 2)}, want: allPass},
		{name: "a client that does not see what it wrote", ops: []history.Op{wrote99(a, 10), wrote99(b, 11), read99(100_001, 11.05, of(a), 0)},
			want: "staleness PASS , convergence PASS , order FAIL limit-broken, foreign PASS "},
		{name: "which is not what was promised", ops: []history.Op{wrote99(a, 10), wrote99(b, 11), read99(100_001, 11.05, of(a), 0)},
			change: func(q *Question) { q.Registers.Promise.Session = []string{register.MonotonicReads} }, want: allPass},
		{name: "no order", ops: []history.Op{wrote99(a, 10), wrote99(b, 11), read99(100_002, 11.091, of(a), 1)},
			change: func(q *Question) { q.Registers.Promise.Session, q.Registers.Promise.Linearizable = nil, true },
			want:   "staleness PASS , convergence PASS , order FAIL limit-broken, foreign PASS ",
			why:    map[string]string{"order": "No order explains 1 of 13 registers, first r-99; with reads that may be 90 ms stale one does."}},
		{name: "one order", change: func(q *Question) { q.Registers.Promise.Session, q.Registers.Promise.Linearizable = nil, true }, want: allPass},
		{name: "what was deleted comes back", ops: []history.Op{wrote99(a, 10), {Stream: history.Register, Seq: b, Key: 99, Kind: del, Effect: history.Acknowledged, Status: 204, Attempts: 1, Sent: 11 * second, Done: 11*second + ms}, read99(100_002, 12, of(a), 1)},
			want: "staleness FAIL limit-broken, convergence PASS , order PASS , foreign PASS ",
			why:  map[string]string{"staleness": "999 ms after a delete was acknowledged"}},
		{name: "a write that was sent twice may come back", ops: []history.Op{{Stream: history.Register, Seq: a, Key: 99, Kind: put, Effect: history.Acknowledged, Attempts: 2, Sent: 10 * second, Done: 10*second + ms}, wrote99(b, 11), read99(100_002, 12, of(a), 1)}, want: allPass},
		{name: "a refused write that is read all the same", ops: []history.Op{{Stream: history.Register, Seq: a, Key: 99, Kind: put, Effect: history.NoEffect, Class: history.Status5xx, Attempts: 1, Sent: 10 * second, Done: 10*second + ms}, read99(100_002, 12, of(a), 1)}, want: allPass},
		{name: "unproven", change: func(q *Question) { q.Faults[0].Unproven = true },
			want: "staleness PASS , convergence INCONCLUSIVE fault-unproven, order INCONCLUSIVE fault-unproven, foreign PASS "},
		{name: "never healed", change: func(q *Question) { q.Faults[0].HealEnd = nil },
			want: "staleness PASS , convergence INCONCLUSIVE observe-too-short, order PASS , foreign PASS "},
		{name: "ended too soon", change: func(q *Question) { q.Registers.End = 34 * second },
			want: "staleness PASS , convergence INCONCLUSIVE observe-too-short, order PASS , foreign PASS "},
		{name: "aborted", change: func(q *Question) { q.Aborted = true },
			want: "staleness INCONCLUSIVE aborted, convergence INCONCLUSIVE aborted, order INCONCLUSIVE aborted, foreign INCONCLUSIVE aborted"},
		{name: "read before it was written", ops: []history.Op{wrote99(a, 10), read99(100_002, 9, of(a), 1)},
			want: "staleness INCONCLUSIVE instrument-disturbed, convergence INCONCLUSIVE instrument-disturbed, order INCONCLUSIVE instrument-disturbed, foreign PASS "},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := asking()
			if c.change != nil {
				c.change(&q)
			}
			counts, objectives := ask(planted(c.ops...), q)
			if got := verdicts(objectives); got != c.want {
				t.Errorf("got  %s\nwant %s\n%+v", got, c.want, objectives)
			}
			for name, why := range c.why {
				if !strings.Contains(objectives[name].Why, why) {
					t.Errorf("%s: %q, want %q in it", name, objectives[name].Why, why)
				}
			}
			if c.why != nil && (len(counts.WorstKeys) == 0 || counts.WorstKeys[0].Key != "r-99") {
				t.Errorf("worst keys %+v, want r-99", counts.WorstKeys)
			}
		})
	}
}

// A stale read of any age, at any time while nothing is broken, on any key, is
// found with its age, and only above the limit is it a FAIL.
func TestAStaleReadIsFoundWithItsAge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		age := rapid.Int64Range(1, 2000).Draw(t, "age, ms")
		at := rapid.SampledFrom([]float64{3, 8.5, 15, 36, 41, 55}).Draw(t, "at")
		ops := planted(wrote99(100_000, at-0.5), wrote99(100_009, at), read99(100_002, at+0.001+float64(age)/1000, history.WriteOf(100_000), 2))
		counts, objectives := ask(ops, asking())
		o := objectives["staleness"]
		want := map[bool]string{true: "FAIL limit-broken", false: "PASS "}[age > 100]
		if got := string(o.Verdict) + " " + o.Reason; got != want || *o.High < float64(age)-0.01 || *o.High > float64(age)+0.01 || *counts.MaxStalenessMs != *o.High || counts.Stale != 1 {
			t.Fatalf("%s of %v ms, %d stale, want %s of %d: %s", got, *o.High, counts.Stale, want, age, o.Why)
		}
	})
}

// What several generators wrote down, in whatever order it comes, is judged
// alike.
func TestTheOrderOfTheLogDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		ops := system{rnd, 200 * ms, 60 * second}.healthy()
		again := slices.Clone(ops)
		rnd.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		counts, objectives := ask(ops, asking())
		other, same := ask(again, asking())
		if !reflect.DeepEqual(counts, other) || !reflect.DeepEqual(objectives, same) {
			t.Fatalf("%+v\n%+v", counts, other)
		}
	})
}

// The picture shows the read, what it saw and what it should have seen.
func TestThePictureTellsTheStory(t *testing.T) {
	c := NewChecker()
	for _, op := range planted(wrote99(100_000, 10), wrote99(100_009, 11), read99(100_002, 19.5, history.WriteOf(100_000), 1), wrote99(100_017, 19.6)) {
		c.Add(op)
	}
	if c.Picture(asking()) != nil {
		t.Error("there is a picture before anything was judged")
	}
	c.Check(asking())
	p := c.Picture(asking())
	if p == nil || p.Key != "r-99" || len(p.Ops) != 4 {
		t.Fatalf("%+v", p)
	}
	for i, want := range []reports.PictureOp{
		{Client: 0, Kind: "write", Value: "write 100000", Role: reports.RoleSource},
		{Client: 1, Kind: "write", Value: "write 100009", Role: reports.RoleMissed},
		{Client: 2, Kind: "read", Value: "write 100000", Role: reports.RoleStale},
		{Client: 1, Kind: "write", Value: "write 100017"},
	} {
		if got := p.Ops[i]; got.Client != want.Client || got.Kind != want.Kind || got.Value != want.Value || got.Role != want.Role || got.End == nil {
			t.Errorf("%d: %+v, want %+v", i, got, want)
		}
	}
}

func TestALogWithoutRegistersIsJudgedAsBefore(t *testing.T) {
	q := question()
	counts, objectives := ask(sound(), q)
	if len(objectives) != 2 || counts.Level != "" || counts.MaxStalenessMs != nil || counts.Registers != 0 {
		t.Errorf("%+v %+v", counts, objectives)
	}
}

// Faults that lie over each other, or whose convergence does, are one.
func TestStretches(t *testing.T) {
	heal := func(s int64) *int64 { s *= second; return &s }
	p := Promise{Healthy: time.Second, Fault: Unbounded, Convergence: 5 * time.Second}
	got := stretches([]Fault{{Name: "c", InjectBegin: 40 * second, HealEnd: heal(41)}, {Name: "a", InjectBegin: 10 * second, HealEnd: heal(20)}, {Name: "b", InjectBegin: 24 * second, HealEnd: heal(26)}}, p, 5*second, 60*second)
	want := []stretch{
		{begin: 5 * second, end: 10 * second, after: -1},
		{begin: 10 * second, end: 31 * second, broken: true, names: "a and b", heal: 26 * second, after: -1},
		{begin: 31 * second, end: 40 * second, names: "a and b", after: 1},
		{begin: 40 * second, end: 46 * second, broken: true, names: "c", heal: 41 * second, after: -1},
		{begin: 46 * second, end: 60 * second, names: "c", after: 3},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
