package consistency

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

const (
	pass = reports.Pass
	fail = reports.Fail
	inc  = reports.Inconclusive
)

func wrote(seq uint64, effect history.Effect, at float64) history.Op {
	return history.Op{Stream: history.Durability, Seq: seq, Key: uint32(seq), Effect: effect, Done: int64(at * 1e9)}
}

func found(seq uint64, replica uint16) history.Op {
	return history.Op{Stream: history.Final, Seq: seq, Key: uint32(seq), Replica: replica, Status: 302, Value: history.WriteOf(seq)}
}

func missing(seq uint64, replica uint16) history.Op {
	return history.Op{Stream: history.Final, Seq: seq, Key: uint32(seq), Replica: replica, Class: history.Status4xx, Status: 404}
}

func refused(seq uint64, replica uint16) history.Op {
	return history.Op{Stream: history.Final, Seq: seq, Key: uint32(seq), Replica: replica, Class: history.Refused}
}

// sound is 200 writes acknowledged from 4 to 6 s, all found on three replicas.
func sound() []history.Op {
	var ops []history.Op
	for seq := range uint64(200) {
		ops = append(ops, wrote(seq, history.Acknowledged, 4+float64(seq)/100))
	}
	for seq := range uint64(200) {
		for replica := range uint16(3) {
			ops = append(ops, found(seq, replica))
		}
	}
	return ops
}

func question() Question {
	limit := 0
	return Question{LostLimit: &limit, Replicas: []string{"m-1", "m-2", "m-3"}, Finished: true,
		Faults: []Fault{{Name: "down", InjectBegin: 5e9}}}
}

func ask(ops []history.Op, q Question) (reports.Consistency, map[string]reports.Objective) {
	c := NewChecker()
	for _, op := range ops {
		c.Add(op)
	}
	counts, objectives := c.Check(q)
	byName := map[string]reports.Objective{}
	for _, o := range objectives {
		byName[o.Name] = o
	}
	return counts, byName
}

func TestLostWrites(t *testing.T) {
	healed := int64(7e9)
	for _, c := range []struct {
		name    string
		more    []history.Op
		change  func(*Question)
		verdict reports.Verdict
		reason  string
		why     string
		lost    int
	}{
		{name: "all stable", verdict: pass, why: "0 of 200"},
		{name: "gone everywhere", more: []history.Op{missing(7, 0), missing(7, 1), missing(7, 2)}, verdict: fail, reason: reports.LimitBroken, lost: 1,
			why: "write 7, acknowledged at 4.070 s, is gone: m-1, m-2, m-3 did not have it"},
		{name: "gone on one replica", more: []history.Op{missing(7, 1)}, verdict: fail, reason: reports.LimitBroken, lost: 1, why: "m-2 did not have it, m-1, m-3 did"},
		{name: "the value of another write", more: []history.Op{{Stream: history.Final, Seq: 7, Replica: 0, Status: 302, Value: history.WriteOf(8)}}, verdict: fail, reason: reports.LimitBroken, lost: 1},
		{name: "an answer without a value", more: []history.Op{{Stream: history.Final, Seq: 7, Replica: 0, Status: 200}}, verdict: fail, reason: reports.LimitBroken, lost: 1},
		{name: "lost within the limit", more: []history.Op{missing(7, 0)}, change: func(q *Question) { *q.LostLimit = 1 }, verdict: pass, lost: 1},
		{name: "denied, then found", more: []history.Op{missing(7, 0), found(7, 0)}, verdict: pass},
		{name: "an answer is not taken back by a time-out", more: []history.Op{missing(7, 0), refused(7, 0)}, verdict: fail, reason: reports.LimitBroken, lost: 1},
		{name: "a write that may have happened promises nothing", more: []history.Op{wrote(300, history.UnknownEffect, 5), missing(300, 0)}, verdict: pass},
		{name: "lost, whatever else", more: []history.Op{missing(7, 0), wrote(300, history.Acknowledged, 5)},
			change: func(q *Question) {
				q.Aborted, q.Incomplete, q.Finished, q.Faults[0].Unproven = true, "no time", false, true
			}, verdict: fail, reason: reports.LimitBroken, lost: 1},
		{name: "unreachable", more: []history.Op{wrote(300, history.Acknowledged, 5), found(300, 0), found(300, 1), refused(300, 2)}, verdict: inc, reason: reports.Unreachable, why: "1 of 201"},
		{name: "a status that refuses an answer", more: []history.Op{wrote(300, history.Acknowledged, 5), found(300, 0), found(300, 1), {Stream: history.Final, Seq: 300, Replica: 2, Class: history.Status4xx, Status: 429}},
			verdict: inc, reason: reports.Unreachable},
		{name: "never asked of one replica", more: []history.Op{wrote(300, history.Acknowledged, 5), found(300, 0), found(300, 1)}, verdict: inc, reason: reports.CheckerTimeout},
		{name: "final reads cut short", change: func(q *Question) { q.Incomplete = "m-2 did not answer for 10 s" }, verdict: inc, reason: reports.CheckerTimeout, why: "m-2 did not answer"},
		{name: "no final reads", change: func(q *Question) { q.Finished = false }, verdict: inc, reason: reports.CheckerTimeout},
		{name: "more replicas than can be told apart", more: []history.Op{found(0, 70)}, verdict: inc, reason: reports.CheckerTimeout},
		{name: "too few around the fault", change: func(q *Question) { q.Faults[0].InjectBegin = 7100e6 }, verdict: inc, reason: reports.TooFewSamples, why: "90 writes were acknowledged around down"},
		{name: "too few around the second fault", change: func(q *Question) { q.Faults = append(q.Faults, Fault{Name: "late", InjectBegin: 50e9}) }, verdict: inc, reason: reports.TooFewSamples, why: "around late"},
		{name: "a long fault has enough", change: func(q *Question) { q.Faults[0].InjectBegin, q.Faults[0].HealEnd = 2e9, &healed }, verdict: pass},
		{name: "without faults", change: func(q *Question) { q.Faults = nil }, verdict: pass},
		{name: "unproven", change: func(q *Question) { q.Faults[0].Unproven = true }, verdict: inc, reason: reports.FaultUnproven},
		{name: "not every fault was injected", change: func(q *Question) { q.Planned = 2 }, verdict: inc, reason: reports.FaultUnproven},
		{name: "the baseline forbade it", change: func(q *Question) {
			q.Faults, q.Planned, q.Withheld = nil, 1, Withheld{reports.InstrumentDisturbed, "It cannot be told."}
		}, verdict: inc, reason: reports.InstrumentDisturbed, why: "It cannot be told."},
		{name: "aborted", change: func(q *Question) { q.Aborted = true }, verdict: inc, reason: reports.RunAborted},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := question()
			if c.change != nil {
				c.change(&q)
			}
			counts, objectives := ask(append(sound(), c.more...), q)
			o := objectives["lostWrites"]
			if o.Verdict != c.verdict || o.Reason != c.reason || !strings.Contains(o.Why, c.why) || counts.Lost != c.lost {
				t.Errorf("%s %s, %d lost; want %s %s, %d; why %q, want %q in it", o.Verdict, o.Reason, counts.Lost, c.verdict, c.reason, c.lost, o.Why, c.why)
			}
		})
	}
}

// Every objective tells of its margin in one way, rounded down.
func TestWhatIsOverdrawn(t *testing.T) {
	q := question()
	*q.LostLimit = 3
	_, objectives := ask(append(sound(), missing(4, 0), missing(5, 0), missing(6, 0), missing(7, 0)), q)
	if o := objectives["lostWrites"]; o.Verdict != fail || o.Margin != "−34 %" {
		t.Errorf("4 lost of 3 that may be: %s with a margin of %q", o.Verdict, o.Margin)
	}
	late := []history.Op{wrote99(100_000, 22), wrote99(100_009, 24), read99(100_002, 36, history.WriteOf(100_000), 1),
		wrote99(100_017, 38), read99(100_010, 39.251, history.WriteOf(100_009), 1)}
	_, objectives = ask(planted(late...), asking())
	for name, margin := range map[string]string{"staleness": "−1150 %", "convergence": "−20 %"} {
		if o := objectives[name]; o.Verdict != fail || o.Margin != margin {
			t.Errorf("%s: %s with a margin of %q, want %q: %s", name, o.Verdict, o.Margin, margin, o.Why)
		}
	}
}

func TestForeign(t *testing.T) {
	strange := history.Op{Stream: history.Load, Seq: 9, Key: 42, Replica: 1, Class: history.WrongAnswer, Value: history.ForeignValue, Done: 31e9}
	read := history.Op{Stream: history.Load, Value: history.PopulatedValue}
	for _, c := range []struct {
		name    string
		ops     []history.Op
		change  func(*Question)
		verdict reports.Verdict
		reason  string
		why     string
	}{
		{name: "none", ops: []history.Op{read}, verdict: pass, why: "All 1 values"},
		{name: "one on a load key", ops: []history.Op{read, strange}, verdict: fail, reason: reports.LimitBroken, why: "load request 9 read a foreign value from key 42 through m-2 at 31.000 s"},
		{name: "one, aborted", ops: []history.Op{strange}, change: func(q *Question) { q.Aborted = true }, verdict: fail, reason: reports.LimitBroken},
		{name: "nothing carries values", verdict: pass},
		{name: "none read of those that carry values", change: func(q *Question) { q.Values = true }, verdict: inc, reason: reports.TooFewSamples},
		{name: "aborted before one was read", change: func(q *Question) { q.Values, q.Aborted = true, true }, verdict: inc, reason: reports.RunAborted},
	} {
		q := question()
		q.LostLimit = nil
		if c.change != nil {
			c.change(&q)
		}
		counts, objectives := ask(c.ops, q)
		o := objectives["foreign"]
		if o.Verdict != c.verdict || o.Reason != c.reason || !strings.Contains(o.Why, c.why) || len(objectives) != 1 {
			t.Errorf("%s: %s %s %q, want %s %s %q", c.name, o.Verdict, o.Reason, o.Why, c.verdict, c.reason, c.why)
		}
		if want := map[bool]reports.Verdict{true: c.verdict, false: ""}[len(c.ops) > 0]; counts.Verdict != want {
			t.Errorf("%s: consistency is %q, want %q", c.name, counts.Verdict, want)
		}
	}
}

func TestCounts(t *testing.T) {
	ops := append(sound(), wrote(300, history.UnknownEffect, 5), wrote(301, history.NoEffect, 5), found(301, 1),
		missing(3, 2), wrote(1<<60, history.Acknowledged, 5), refused(1<<60, 0))
	got, _ := ask(ops, question())
	want := reports.Consistency{Verdict: fail, Acked: 201, Lost: 1, Unknown: 1, Unreachable: 1, Resurrected: 1, Examples: []string{
		"write 3, acknowledged at 4.030 s, is gone: m-3 did not have it, m-1, m-2 did",
		"write 301 surely had no effect, and m-2 returned it",
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Every acknowledged write is exactly one of stable, lost, unreachable and
// unread, and the order of the writes and reads of different keys is nothing.
func TestEveryWriteIsOneThing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ops []history.Op
		lost := 0
		for seq := range uint64(rapid.IntRange(0, 50).Draw(t, "writes")) {
			effect := history.Effect(rapid.IntRange(0, 2).Draw(t, "effect"))
			ops = append(ops, wrote(seq*100, effect, 5))
			gone := false
			for replica := range uint16(3) {
				read := rapid.SampledFrom([]func(uint64, uint16) history.Op{found, found, missing, refused}).Draw(t, "read")(seq*100, replica)
				gone = gone || read.Status == 404
				ops = append(ops, read)
			}
			if gone && effect == history.Acknowledged {
				lost++
			}
		}
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		r.Shuffle(len(ops), func(i, k int) { ops[i], ops[k] = ops[k], ops[i] })
		c := NewChecker()
		for _, op := range ops {
			c.Add(op)
		}
		n := c.count(nil)
		if n.lost != lost || n.stable+n.lost+n.unreachable+n.unread != n.acked {
			t.Fatalf("%+v, want %d lost", n, lost)
		}
	})
}

// FuzzCheck: whatever a log says, there is an answer, and a FAIL has a cause.
func FuzzCheck(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8}, uint64(3), int64(5e9), true)
	f.Fuzz(func(t *testing.T, data []byte, stride uint64, at int64, finished bool) {
		c := NewChecker()
		for ; len(data) >= 4; data = data[4:] {
			c.Add(history.Op{
				Stream: history.Stream(data[0] % 5), Seq: uint64(data[1]) * stride, Class: history.Class(data[2] % 11), Effect: history.Effect(data[2] / 11 % 3),
				Value: history.Value(data[3] % 8), Replica: uint16(data[3]) * 3, Status: uint16(data[2]) * 4, Done: at,
			})
		}
		q := question()
		q.Faults[0].InjectBegin, q.Finished, q.Replicas = at, finished, nil
		counts, objectives := c.Check(q)
		for _, o := range objectives {
			if (o.Verdict == fail) != (o.Reason == reports.LimitBroken) || (o.Verdict == pass) != (o.Reason == "") || o.Verdict == fail && counts.Lost+counts.Foreign == 0 {
				t.Fatalf("%+v of %+v", o, counts)
			}
		}
	})
}

// A million writes stay far below 100 MB.
func BenchmarkMillionWrites(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		c := NewChecker()
		for seq := range uint64(1e6) {
			c.Add(wrote(seq, history.Acknowledged, 5))
			c.Add(found(seq, 0))
		}
		c.Check(question())
	}
}
