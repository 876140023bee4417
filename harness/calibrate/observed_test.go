package calibrate

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gauntlet/harness/calibrate/verdicts"
	"gauntlet/harness/consistency"
	"gauntlet/harness/history"
)

// Requests that take some time on the way there and back tell the offset of
// the clocks within what they say.
func TestAlign(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ahead := rapid.Int64Range(-1e12, 1e12).Draw(t, "ahead") / 1000 * 1000
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		ops, arrivals := map[name]history.Op{}, []verdicts.Arrival{}
		base := int64(2e12)
		for seq := range uint64(rapid.IntRange(1, 200).Draw(t, "requests")) {
			sent := base + int64(seq)*milli
			came := sent + 20_000 + r.Int64N(2e6)
			took := r.Int64N(5e6)
			ops[name{history.Load, seq}] = history.Op{Sent: sent, Done: came + took + 20_000 + r.Int64N(2e6)}
			did := []verdicts.Deed{verdicts.OK, verdicts.Missing}[r.IntN(2)]
			arrivals = append(arrivals, verdicts.Arrival{At: (came + ahead) / 1000 * 1000, Took: took / 1000 * 1000, Did: did, Event: -1, ID: fmt.Sprintf("1/k-1/%d", seq)})
		}
		got, err := align(ops, arrivals)
		if err != nil || max(got.by-ahead, ahead-got.by) > got.within {
			t.Fatalf("%+v, %v; the clock is %d ahead", got, err, ahead)
		}
	})
}

func TestClocksThatCannotBeAligned(t *testing.T) {
	arrival := func(seq int, at int64) verdicts.Arrival {
		return verdicts.Arrival{At: at, Did: verdicts.OK, ID: fmt.Sprintf("1/k-1/%d", seq)}
	}
	ops := map[name]history.Op{{history.Load, 0}: {Sent: 0, Done: 1e6}, {history.Load, 1}: {Sent: 1e9, Done: 1001e6}}
	for _, c := range []struct {
		arrivals []verdicts.Arrival
		want     string
	}{
		{nil, "no request of the run"},
		{[]verdicts.Arrival{{At: 5, Did: verdicts.OK, ID: "p/k-1/0"}, {At: 5, Did: verdicts.OK, ID: "-"}, {At: 5, Did: verdicts.OK, ID: "1/k-1/99"}}, "no request of the run"},
		{[]verdicts.Arrival{arrival(0, 5e8), arrival(1, 2e9)}, "contradict each other"},
	} {
		if _, err := align(ops, c.arrivals); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// bench is a run of 20 s at 1,000/s against servers that are 5 s ahead, as
// each side writes it down.
type bench struct {
	ops  map[name]history.Op
	logs []*verdicts.Log
}

const ahead = 5 * second

func newBench(servers int, stretches ...verdicts.Stretch) *bench {
	b := &bench{ops: map[name]history.Op{}}
	for range servers {
		b.logs = append(b.logs, &verdicts.Log{Replica: "truth", Ended: true})
	}
	for i := range stretches {
		stretches[i].From, stretches[i].To, stretches[i].Event = stretches[i].From+ahead, stretches[i].To+ahead, i
	}
	b.logs[0].Stretches = stretches
	for seq := range uint64(20_000) {
		b.request(seq, b.logs[seq%uint64(servers)])
	}
	return b
}

// request is one that takes 100 µs on each way, and what the server does to it.
func (b *bench) request(seq uint64, l *verdicts.Log) {
	due := int64(seq) * milli
	op := history.Op{Seq: seq, Due: due, Sent: due, Done: due + 200_000}
	a := verdicts.Arrival{At: due + 100_000 + ahead, Did: verdicts.OK, Event: -1, ID: fmt.Sprintf("7/k-3/%d", seq)}
	for _, s := range l.Stretches {
		if a.At < s.From || a.At >= s.To {
			continue
		}
		a.Did, a.Event = s.Deed, s.Event
		switch s.Deed {
		case verdicts.Fail:
			op.Class = history.Status5xx
		case verdicts.Hang:
			a.Took = s.To - a.At
			if s.Share < 1 { // the queue of before, 5,000 a second
				a.Took += (a.At - s.From) / 5
			}
			op.Done += a.Took
		case verdicts.Wrong:
			op.Class = history.WrongAnswer
		}
	}
	l.Arrivals = append(l.Arrivals, a)
	b.ops[name{history.Load, seq}] = op
}

func TestOutagesThatAServerWroteDown(t *testing.T) {
	const s = second
	fail := func(from, to int64) verdicts.Stretch {
		return verdicts.Stretch{Deed: verdicts.Fail, From: from, To: to, Share: 1}
	}
	for _, c := range []struct {
		name      string
		servers   int
		stretches []verdicts.Stretch
		want      []Outage
	}{
		{"none", 1, nil, nil},
		{"one", 1, []verdicts.Stretch{fail(5*s, 8*s)}, []Outage{{From: 5 * s, To: 8 * s, Bad: 3000}}},
		{"two", 1, []verdicts.Stretch{fail(5*s, 6*s), fail(9*s, 10*s)}, []Outage{{From: 5 * s, To: 6 * s, Bad: 1000}, {From: 9 * s, To: 10 * s, Bad: 1000}}},
		{"two that are near", 1, []verdicts.Stretch{fail(5*s, 6*s), fail(7*s, 8*s)}, []Outage{{From: 5 * s, To: 8 * s, Bad: 2000}}},
		{"one of three servers", 3, []verdicts.Stretch{fail(6*s, 9*s)}, []Outage{{From: 6 * s, To: 9 * s, Bad: 1000}}},
		{"a hang: the last that come hardly wait", 1, []verdicts.Stretch{{Deed: verdicts.Hang, From: 5 * s, To: 8 * s, Share: 1}}, []Outage{{From: 5 * s, To: 7750 * milli, Bad: 2750}}},
		{"a hang with a queue: 5,000 a second are let go", 1, []verdicts.Stretch{{Deed: verdicts.Hang, From: 5 * s, To: 5600 * milli, Share: 0.2}}, []Outage{{From: 5 * s, To: 5438 * milli, Bad: 438}}},
		{"what harms no request is none", 1, []verdicts.Stretch{{Deed: verdicts.Stale, From: 5 * s, To: 8 * s, Share: 1}}, nil},
		{"one request of a hundred is none", 1, []verdicts.Stretch{{Deed: verdicts.Wrong, From: 5 * s, To: 8 * s, Share: 0.01}}, nil},
		{"a ramp", 1, []verdicts.Stretch{{Deed: verdicts.Fail, From: 5 * s, To: 8 * s, Share: 1, Blunt: true}}, []Outage{{From: 5 * s, To: 8 * s, Bad: 3000, Blunt: true}}},
	} {
		b := newBench(c.servers, c.stretches...)
		o, err := observation(b.ops, b.logs, 250*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		near := o.Truth.Outages
		for i := range near { // the clocks are known to 100 µs
			if i < len(c.want) && max(abs(near[i].From-c.want[i].From), abs(near[i].To-c.want[i].To)) <= int64(o.Within) {
				near[i].From, near[i].To = c.want[i].From, c.want[i].To
			}
		}
		if !reflect.DeepEqual(near, c.want) || o.Within > 101*time.Microsecond {
			t.Errorf("%s: %+v within %v, want %+v", c.name, near, o.Within, c.want)
		}
		if o.Outcomes.Of != 20_000 || o.Outcomes.So != 20_000 {
			t.Errorf("%s: the outcomes of %+v agree", c.name, o.Outcomes)
		}
	}
}

func abs(v int64) int64 { return max(v, -v) }

// A write counts as lost when the harness had the acknowledgement; foreign are
// the answers that were, whoever asked.
func TestDataThatAServerWroteDown(t *testing.T) {
	b := newBench(1, verdicts.Stretch{Deed: verdicts.Wrong, From: 5 * second, To: 5*second + 10*milli, Share: 1})
	for seq := range uint64(10) {
		op := history.Op{Stream: history.Durability, Seq: seq, Effect: history.Acknowledged, Sent: 9 * second, Done: 9*second + milli}
		if seq == 0 {
			op.Effect, op.Class = history.UnknownEffect, history.Timeout
		}
		b.ops[name{history.Durability, seq}] = op
		b.logs[0].Arrivals = append(b.logs[0].Arrivals,
			verdicts.Arrival{At: 9*second + ahead + 100_000, Put: true, Did: verdicts.Lose, ID: fmt.Sprintf("1/d-1-%d/%d", seq, seq)},
			verdicts.Arrival{At: 19*second + ahead, Did: verdicts.Missing, ID: fmt.Sprintf("1/d-1-%d/%d", seq, seq)})
	}
	o, err := observation(b.ops, b.logs, 250*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if o.Truth.LostWrites != 9 || o.Truth.Foreign != 10 || !reflect.DeepEqual(o.Truth.Broken, []string{"lostWrites", "foreign"}) {
		t.Errorf("%+v", o.Truth)
	}
}

// asked is a request of register r-5 as both sides wrote it down, at a second of
// the run, of a client; did and value are the server's words.
func (b *bench) asked(seq uint64, put bool, client int, at float64, did verdicts.Deed, value int, read history.Value) *history.Op {
	sent := int64(at * 1e9)
	op := history.Op{Stream: history.Register, Seq: seq, Sent: sent, Done: sent + milli, Value: read}
	if put {
		op.Kind, op.Effect = 1, history.Acknowledged
	}
	if did == verdicts.Missing {
		op.Class, op.Status = history.Status4xx, 404
	}
	b.ops[name{history.Register, seq}] = op
	b.logs[0].Arrivals = append(b.logs[0].Arrivals, verdicts.Arrival{At: sent + 300_000 + ahead, Put: put, Did: did, Event: -1, Value: value, ID: fmt.Sprintf("%d/r-5/%d", client, seq)})
	return &op
}

// What the servers say that they gave, and the run's times, prove which answers
// were over, and which put a client back.
func TestRegistersThatAServerWroteDown(t *testing.T) {
	of := history.WriteOf
	two := func(b *bench) { // value 1 of request 10 at 5 s, value 2 of request 11 at 6 s
		b.asked(10, true, 1, 5, verdicts.OK, 1, 0)
		b.asked(11, true, 2, 6, verdicts.OK, 2, 0)
	}
	for _, c := range []struct {
		what   string
		do     func(b *bench)
		want   Registers
		broken []string
		read   Share
	}{
		{"nothing is wrong", func(b *bench) { b.asked(20, false, 3, 7, verdicts.OK, 2, of(11)) }, Registers{}, nil, Share{1, 1}},
		{"a stale answer", func(b *bench) { b.asked(20, false, 3, 7, verdicts.Stale, 1, of(10)) }, Registers{Stale: 1}, []string{"staleness"}, Share{1, 1}},
		{"one that is young enough", func(b *bench) { b.asked(20, false, 3, 6.4, verdicts.Stale, 1, of(10)) }, Registers{Stale: 1}, nil, Share{1, 1}},
		{"one before the baseline", func(b *bench) {
			b.asked(12, true, 1, 0.1, verdicts.OK, 3, 0)
			b.asked(13, true, 1, 0.2, verdicts.OK, 4, 0)
			b.asked(20, false, 3, 0.9, verdicts.Stale, 3, of(12))
		}, Registers{Stale: 1}, nil, Share{1, 1}},
		{"one in a race", func(b *bench) { b.asked(20, false, 3, 6.0005, verdicts.OK, 1, of(10)) }, Registers{}, nil, Share{1, 1}},
		{"nothing, of what was written", func(b *bench) { b.asked(20, false, 3, 7, verdicts.Missing, 0, 0) }, Registers{Stale: 1}, []string{"staleness"}, Share{1, 1}},
		{"a write that is forgotten", func(b *bench) {
			b.asked(12, true, 1, 7, verdicts.Lose, 0, 0)
			b.asked(20, false, 3, 9, verdicts.OK, 2, of(11))
		}, Registers{Stale: 1}, []string{"staleness"}, Share{1, 1}},
		{"one that nobody acknowledged", func(b *bench) {
			op := b.asked(12, true, 1, 7, verdicts.Blackhole, 0, 0)
			op.Effect, op.Class = history.UnknownEffect, history.Timeout
			b.ops[name{history.Register, 12}] = *op
			b.asked(20, false, 3, 9, verdicts.OK, 2, of(11))
		}, Registers{}, nil, Share{1, 1}},
		{"a client that does not read its own write", func(b *bench) { b.asked(20, false, 2, 6.2, verdicts.Stale, 1, of(10)) }, Registers{Stale: 1, Disordered: 1}, []string{"order"}, Share{1, 1}},
		{"a client that is put back", func(b *bench) {
			b.asked(20, false, 3, 6.1, verdicts.OK, 2, of(11))
			b.asked(21, false, 3, 6.2, verdicts.Stale, 1, of(10))
		}, Registers{Stale: 1, Disordered: 1}, []string{"order"}, Share{2, 2}},
		{"a value that the harness misread", func(b *bench) { b.asked(20, false, 3, 7, verdicts.OK, 2, of(10)) }, Registers{}, nil, Share{0, 1}},
		{"an answer that it did not take for one", func(b *bench) {
			op := b.asked(20, false, 3, 7, verdicts.Wrong, 0, history.ForeignValue)
			op.Class = history.WrongAnswer
			b.ops[name{history.Register, 20}] = *op
		}, Registers{}, []string{"foreign"}, Share{}},
	} {
		b := newBench(1)
		two(b)
		c.do(b)
		o, err := observation(b.ops, b.logs, 250*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		before := o.Outcomes
		p := consistency.Promise{Healthy: 500 * time.Millisecond, Fault: consistency.Unbounded, Session: []string{"read-your-writes", "monotonic-reads"}}
		if err := o.registers(b.ops, b.logs, p, second); err != nil {
			t.Fatal(err)
		}
		read := Share{o.Outcomes.So - before.So, o.Outcomes.Of - before.Of}
		if *o.Truth.Registers != c.want || !slices.Equal(o.Truth.Broken, c.broken) || read != c.read {
			t.Errorf("%s: %+v, %v are broken, %+v read alike; want %+v, %v, %+v", c.what, *o.Truth.Registers, o.Truth.Broken, read, c.want, c.broken, c.read)
		}
	}
}

func TestOneOrderCannotBeToldFromALog(t *testing.T) {
	b := newBench(1)
	b.asked(10, true, 1, 5, verdicts.OK, 1, 0)
	if err := (&Observation{}).registers(b.ops, b.logs, consistency.Promise{Linearizable: true}, 0); err == nil {
		t.Error("it is told")
	}
	if o := (&Observation{}); o.registers(newBench(1).ops, newBench(1).logs, consistency.Promise{}, 0) != nil || o.Truth.Registers != nil {
		t.Error("a run without registers has some")
	}
}

// A generator that tells other outcomes than there were is found out.
func TestOutcomesThatDisagree(t *testing.T) {
	b := newBench(1)
	for seq := range uint64(30) {
		op := b.ops[name{history.Load, seq * 100}]
		op.Class = history.Timeout
		b.ops[name{history.Load, seq * 100}] = op
	}
	o, err := observation(b.ops, b.logs, 250*time.Millisecond)
	if err != nil || o.Outcomes != (Share{19_970, 20_000}) {
		t.Errorf("%+v, %v", o.Outcomes, err)
	}
}
