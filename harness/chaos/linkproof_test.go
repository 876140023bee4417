package chaos

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/chaos/link"
)

const ms = time.Millisecond

func times(n int, d time.Duration) []time.Duration { return slices.Repeat([]time.Duration{d}, n) }

func TestEvidence(t *testing.T) {
	delay := link.Rule{Delay: 100 * ms, Jitter: 30 * ms}
	late := link.Stream{Delayed: 5000, Chunks: 1204, Held: 1204 * 100 * ms}
	seen := func(during ...time.Duration) linkSeen { return linkSeen{before: times(5, ms/5), during: during} }
	silent := func(n int) linkSeen { s := seen(); s.silent = n; return s }
	broken := func(n int) linkSeen { s := seen(); s.broken = n; return s }
	statuses := func(all ...int) linkSeen {
		s := seen(times(len(all), ms)...)
		s.statuses = all
		return s
	}
	http := func(h link.HTTP) link.Rule { return link.Rule{HTTP: &h} }
	for _, c := range []struct {
		name    string
		e       evidence
		text    string
		missing string // "" when it is shown
	}{
		{"a delay", evidence{asked: delay, late: 100 * ms, asks: true, seen: seen(90*ms, 104*ms, 110*ms), passed: late, held: 100 * ms},
			"round trip 0.20 ms before, 104 ms in the fault (1,204 chunks late by 100 ms in the mean)", ""},
		{"a delay of nothing", evidence{asked: delay, late: 100 * ms, asks: true, seen: seen(ms / 5)}, "round trip 0.20 ms before, 0.20 ms in the fault", "nothing was late"},
		{"a delay of others only", evidence{asked: delay, late: 100 * ms, asks: true, seen: seen(ms, ms), passed: late}, "1.0 ms in the fault", "not longer by the 100 ms"},
		{"a delay without an answer", evidence{asked: delay, late: 100 * ms, asks: true, seen: silent(3), passed: late}, "no answer to 3 questions", "no question was answered"},
		{"a delay without questions", evidence{asked: delay, late: 100 * ms, passed: late, held: 100 * ms}, "(1,204 chunks late by 100 ms", ""},
		{"too small a delay without questions", evidence{asked: delay, late: 100 * ms, passed: late, held: 10 * ms}, "late by 10 ms", "which is not the 100 ms"},
		{"a loss", evidence{asked: link.Rule{Loss: 0.1}, asks: true, seen: seen(ms), passed: late, held: 200 * ms}, "late by 200 ms", ""},
		{"a loss of nothing", evidence{asked: link.Rule{Loss: 0.1}, asks: true, seen: seen(ms)}, "1.0 ms", "nothing was late"},
		{"a bandwidth", evidence{asked: link.Rule{Rate: 1000}, asks: true, seen: seen(ms), passed: link.Stream{Bytes: 60000, Delayed: 59000, Chunks: 60, Held: 60 * ms}, held: ms}, "60,000 bytes passed", ""},
		{"a bandwidth never reached", evidence{asked: link.Rule{Rate: 1000}, asks: true, seen: seen(ms), passed: link.Stream{Bytes: 600}}, "600 bytes passed", "nothing was late"},
		{"silence", evidence{asked: link.Rule{Drop: true}, asks: true, seen: silent(12), passed: link.Stream{Withheld: 3412, Refused: 3}},
			"round trip 0.20 ms before, no answer to 12 questions in the fault (3,412 bytes withheld, 3 connections left unanswered)", ""},
		{"silence that answers", evidence{asked: link.Rule{Drop: true}, asks: true, seen: seen(ms), passed: link.Stream{Withheld: 1}}, "", "which still answered"},
		{"silence that nobody met", evidence{asked: link.Rule{Drop: true}, asks: true, seen: seen(), passed: link.Stream{Withheld: 1}}, "not measured", "no question waited"},
		{"silence without a byte", evidence{asked: link.Rule{Drop: true}, asks: true, seen: silent(1)}, "", "nothing was withheld"},
		{"refusal", evidence{asked: link.Rule{Reject: true}, asks: true, seen: broken(50), passed: link.Stream{Reset: 7}}, "50 connections refused or broken off in the fault (7 connections broken off)", ""},
		{"refusal that answers", evidence{asked: link.Rule{Reject: true}, asks: true, seen: seen(ms)}, "", "which still answered"},
		{"refusal of nobody", evidence{asked: link.Rule{Reject: true}, asks: true, seen: seen()}, "", "no connection was refused"},
		{"an abort", evidence{asked: http(link.HTTP{Abort: true}), meets: true, asks: true, seen: broken(9), passed: link.Stream{Changed: 99}}, "99 messages changed", ""},
		{"an abort that answers", evidence{asked: http(link.HTTP{Abort: true}), meets: true, asks: true, seen: statuses(200), passed: link.Stream{Changed: 9}}, "", "which still answered"},
		{"an abort of others", evidence{asked: http(link.HTTP{Abort: true}), asks: true, seen: statuses(200), passed: link.Stream{Changed: 9}}, "", ""},
		{"a change of nothing", evidence{asked: http(link.HTTP{Abort: true}), asks: true, seen: statuses(200)}, "", "no message was changed"},
		{"a status", evidence{asked: http(link.HTTP{ReplaceCode: 500}), meets: true, asks: true, seen: statuses(500, 500), passed: link.Stream{Changed: 2}}, "", ""},
		{"not the status", evidence{asked: http(link.HTTP{ReplaceCode: 500}), meets: true, asks: true, seen: statuses(500, 200), passed: link.Stream{Changed: 2}}, "", "not always with the status"},
		{"late messages", evidence{asked: http(link.HTTP{Delay: 100 * ms}), late: 100 * ms, meets: true, asks: true, seen: seen(ms), passed: link.Stream{Changed: 2}}, "", "not longer by the 100 ms"},
		{"dead before", evidence{asked: delay, asks: true, seen: linkSeen{beforeErr: errors.New("refused")}, passed: late}, "", "did not answer before the fault either (refused)"},
	} {
		if got := c.e.String(); !strings.Contains(got, c.text) {
			t.Errorf("%s: %q, want %q", c.name, got, c.text)
		}
		if got := c.e.missing(); (got == "") != (c.missing == "") || !strings.Contains(got, c.missing) {
			t.Errorf("%s: missing %q, want %q", c.name, got, c.missing)
		}
	}
}

// What the witness put on a link itself is no sign that the fault met anybody.
func TestTheWitnessDoesNotProveByItself(t *testing.T) {
	view := func(r link.Rule) *linkView {
		v := &linkView{fault: "f", pair: link.Pair{Source: "mapper-1", Destination: "redis-1", Port: 6379}, exchange: &exchange{request: []byte("PING\r\n")}}
		for _, d := range []link.Direction{link.Forward, link.Backward} {
			r.Direction = d
			v.rules = append(v.rules, r)
		}
		v.start = asked{connections: 1, questions: 6, sent: 36, received: 42}
		v.stop = asked{connections: 3, questions: 16, sent: 96, received: 112}
		return v
	}
	counters := func(forward, backward link.Stream) link.Counters {
		by := func(s link.Stream) link.Stream {
			return link.Stream{Delayed: 1e6, Withheld: 1e6, Refused: 9, By: map[string]link.Stream{"f": s}}
		}
		return link.Counters{Forward: by(forward), Backward: by(backward)}
	}
	for _, c := range []struct {
		name   string
		rule   link.Rule
		last   link.Counters
		others bool
	}{
		{"its questions and their answers", link.Rule{Delay: ms}, counters(link.Stream{Delayed: 60}, link.Stream{Delayed: 70}), false},
		{"a command of another", link.Rule{Delay: ms}, counters(link.Stream{Delayed: 160}, link.Stream{Delayed: 70}), true},
		{"an answer to another", link.Rule{Delay: ms}, counters(link.Stream{Delayed: 60}, link.Stream{Delayed: 170}), true},
		{"its questions withheld, its connections unanswered", link.Rule{Drop: true}, counters(link.Stream{Withheld: 60, Refused: 2}, link.Stream{}), false},
		{"a connection of another unanswered", link.Rule{Drop: true}, counters(link.Stream{Withheld: 60, Refused: 3}, link.Stream{}), true},
		{"a command of another withheld", link.Rule{Drop: true}, counters(link.Stream{Withheld: 61}, link.Stream{}), true},
	} {
		if e := view(c.rule).evidence(link.Counters{}, c.last); (e.others > 0) != c.others {
			t.Errorf("%s: %d are of others", c.name, e.others)
		}
	}
}

func TestMeets(t *testing.T) {
	for _, c := range []struct {
		h    link.HTTP
		want bool
	}{
		{link.HTTP{}, true},
		{link.HTTP{Path: "/readyz", Method: "GET", Code: 200}, true},
		{link.HTTP{Path: "/*"}, true},
		{link.HTTP{Path: "/r*"}, false}, // perhaps: then it is not counted on
		{link.HTTP{Method: "PUT"}, false},
		{link.HTTP{Code: 302}, false},
		{link.HTTP{RequestHeaders: map[string]string{"X": "y"}}, false},
	} {
		if got := meets(c.h, "/readyz"); got != c.want {
			t.Errorf("%+v: %v", c.h, got)
		}
	}
}

func TestNumbersForPeople(t *testing.T) {
	for d, want := range map[time.Duration]string{ms / 5: "0.20 ms", 2 * ms: "2.0 ms", 104 * ms: "104 ms", 9999 * ms: "9999 ms", 12 * time.Second: "12.0 s"} {
		if got := short(d); got != want {
			t.Errorf("%v is shown as %q", d, got)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1204: "1,204", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is shown as %q", n, got)
		}
	}
}
