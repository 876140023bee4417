package run

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/history"
	"gauntlet/harness/observe"
	"gauntlet/reports"
)

// host is what the two witnesses tell of the stretch [from, until) ms of a
// hand-made run; before and after it the host was quiet.
type host struct {
	from, until int64
	others      float64       // share of the processors
	echo        time.Duration // response time of the control stream
	waited      time.Duration // of a thread of the system, told at the end of the stretch
}

// witnessed adds the witnesses' records to the folder of a run of 14 s.
func witnessed(t *testing.T, dir string, h host) string {
	t.Helper()
	file, err := os.Create(filepath.Join(dir, hostFile))
	if err != nil {
		t.Fatal(err)
	}
	encode := json.NewEncoder(file)
	in := func(ns int64) bool { return ns >= h.from*1e6 && ns < h.until*1e6 }
	for at := int64(0); at < 14*second; at += 1e8 {
		s := observe.Sample{From: at, At: at + 1e8, Others: 0.02, Free: 0.5, Processors: 2}
		if in(at) {
			s.Others, s.Free = h.others, 0
		}
		if in(at) && !in(at+1e8) {
			s.Waited = int64(h.waited)
		}
		if err := encode.Encode(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	var control []history.Op
	for due := int64(0); due < 14*second; due += second / observe.ControlRate {
		op := history.Op{Stream: history.Control, Replica: history.NoReplica, Due: due, Sent: due, Done: due + 1e6}
		if in(due) {
			op.Done = due + int64(h.echo)
		}
		control = append(control, op)
	}
	addOps(t, dir, control)
	return dir
}

// addOps writes the log again with more requests in it.
func addOps(t *testing.T, dir string, more []history.Op) {
	t.Helper()
	header, replicas, ops := logIn(t, dir)
	writeLog(t, dir, header, replicas, append(ops, more...))
}

func reasonOf(r *reports.Result, objective string) string {
	for _, o := range r.Objectives {
		if o.Name == objective {
			return o.Reason
		}
	}
	return "no such objective"
}

// The same outage of 5.5 s, which breaks the limit of 5 s: it is the host's
// doing only when both witnesses say so.
func TestOnlyAnOutageThatBothWitnessesSawIsNotTheTargets(t *testing.T) {
	const outage = 5500 * time.Millisecond
	late, prompt := 60*time.Millisecond, time.Millisecond
	for _, c := range []struct {
		name string
		host *host
		want reports.Verdict
	}{
		{"no witness: a run of before there were any", nil, reports.Fail},
		{"the echo was late while others ran", &host{6000, 11500, 0.8, late, 0}, reports.Inconclusive},
		{"the echo was late while the run itself took the processors", &host{6000, 11500, 0.1, late, 0}, reports.Fail},
		{"others ran, and the echo was prompt", &host{6000, 11500, 0.8, prompt, 0}, reports.Fail},
		{"others ran, and a thread of the system waited for them", &host{6000, 11500, 0.8, prompt, 5500 * time.Millisecond}, reports.Inconclusive},
		{"a thread of the system waited, and not for others", &host{6000, 11500, 0.1, prompt, 5500 * time.Millisecond}, reports.Fail},
		{"a thread of the system waited for a while", &host{6000, 11500, 0.8, prompt, time.Second}, reports.Fail},
		{"the host was disturbed at another time", &host{1500, 2500, 0.8, late, 0}, reports.Fail},
	} {
		dir := handMade(t, outage)
		if c.host != nil {
			witnessed(t, dir, *c.host)
		}
		r, first := judgement(t, dir)
		if r.Verdict != c.want {
			t.Errorf("%s: %s, want %s: %s", c.name, r.Verdict, c.want, r.Why)
		}
		if c.want == reports.Inconclusive && reasonOf(r, "recovery") != reports.InstrumentDisturbed {
			t.Errorf("%s: recovery ended %q", c.name, reasonOf(r, "recovery"))
		}
		if r.Load.Planned != 7000 || r.Load.Good+r.Load.Bad != 7000 {
			t.Errorf("%s: the control stream is counted as load: %+v", c.name, r.Load)
		}
		if _, again := judgement(t, dir); again != first {
			t.Errorf("%s: judged twice, two results", c.name)
		}
	}
}

// A baseline that others disturbed says nothing of the target; one that it
// spoilt itself does.
func TestADisturbedBaselineIsNotAMissingSteadyState(t *testing.T) {
	spoil := func(t *testing.T) string {
		dir := handMade(t, 0)
		var bad []history.Op
		for due := 2 * second; due < 2*second+3e8; due += second / 500 { // beside the good ones: half are bad
			bad = append(bad, history.Op{Due: due, Sent: due, Done: due + 15e7}) // the limit is 100 ms
		}
		addOps(t, dir, bad)
		return dir
	}
	const late, prompt, wait = 60 * time.Millisecond, time.Millisecond, 450 * time.Millisecond
	for _, h := range []host{{1950, 2400, 0.7, late, 0}, {1900, 2500, 0.7, prompt, wait}} {
		disturbed, _ := judgement(t, witnessed(t, spoil(t), h))
		if disturbed.Verdict != reports.Inconclusive || reasonOf(disturbed, "steadyState") != reports.InstrumentDisturbed {
			t.Errorf("%+v: %s, steadyState %q: %s", h, disturbed.Verdict, reasonOf(disturbed, "steadyState"), disturbed.Why)
		}
		if disturbed.Validity.MaskedRatio == 0 || disturbed.Validity.HeldUpSeconds == 0 {
			t.Errorf("%+v: nothing is shown as held up: %+v", h, disturbed.Validity)
		}
	}
	for _, h := range []host{{1950, 2400, 0.2, late, 0}, {1900, 2500, 0.2, prompt, wait}, {1900, 2500, 0.7, prompt, 0}, {1900, 2500, 0.7, prompt, 40 * time.Millisecond}} {
		own, _ := judgement(t, witnessed(t, spoil(t), h))
		if own.Verdict != reports.Fail || reasonOf(own, "steadyState") != reports.LimitBroken {
			t.Errorf("%+v: %s, steadyState %q: %s", h, own.Verdict, reasonOf(own, "steadyState"), own.Why)
		}
	}
}

func TestJudgeSaysWhatTheHostDidNotTell(t *testing.T) {
	dir := handMade(t, 0)
	lines := `{"from":0,"at":0,"others":0,"steal":0,"gap":"darwin does not tell"}
{"from":2000000000,"at":2100000000,"others":0.1,"steal":0,"pressure":0.57}
`
	if err := os.WriteFile(filepath.Join(dir, hostFile), []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	r, _ := judgement(t, dir)
	if got := strings.Join(r.Validity.Reasons, "; "); r.Verdict != reports.Pass || !strings.Contains(got, "darwin does not tell") || !strings.Contains(got, "57 %") {
		t.Errorf("%s, reasons %q", r.Verdict, got)
	}
	if err := os.WriteFile(filepath.Join(dir, hostFile), []byte("nonsense\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Judge(dir); err == nil || !strings.Contains(err.Error(), hostFile) {
		t.Errorf("a damaged %s: %v", hostFile, err)
	}
}
