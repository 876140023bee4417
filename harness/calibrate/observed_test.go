package calibrate

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gauntlet/harness/calibrate/verdicts"
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
