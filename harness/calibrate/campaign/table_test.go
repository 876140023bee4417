package campaign

import (
	"strings"
	"testing"

	"gauntlet/harness/calibrate"
	"gauntlet/reports"
)

const second = int64(1e9)

// exact is a run of which everything was told as it was: ten outages, and data
// that was lost.
func exact(row, id string) Entry {
	e := Entry{Row: row, Run: id, StartedAt: "2026-11-29T05:00:00Z", Commit: "4f2c9e1", Outcomes: calibrate.Share{So: 99, Of: 100}, Within: 40_000}
	e.Host.Processors = 2
	if told, ok := strings.CutPrefix(row, "registers, "); ok {
		ofRegisters(&e, told)
		return e
	}
	if row == "writes and reads" {
		e.Truth = calibrate.Truth{LostWrites: 60, Foreign: 20, Broken: []string{"lostWrites", "foreign"}}
		e.Told.Consistency = reports.Consistency{Lost: 60, Foreign: 20}
		e.Told.Objectives = []reports.Objective{{Name: "recovery", Verdict: reports.Pass}, {Name: "lostWrites", Verdict: reports.Fail}, {Name: "foreign", Verdict: reports.Fail}}
		return e
	}
	e.Told.Objectives = []reports.Objective{{Name: "recovery", Verdict: reports.Pass}}
	for i := range int64(10) {
		from, to := (5+5*i)*second, (6+5*i)*second
		e.Truth.Outages = append(e.Truth.Outages, calibrate.Outage{From: from, To: to, Bad: 1000})
		begin, end := float64(from)/1e9+0.002, float64(to)/1e9+0.002
		e.Told.Episodes = append(e.Told.Episodes, reports.Episode{Scope: "overall", DegradedAt: begin, DegradedLow: begin - 0.003, DegradedHigh: begin + 0.003,
			RecoveredAt: &end, RecoveredLow: end - 0.003, RecoveredHigh: end + 0.003, ImpactSeconds: 1, LostRequests: 1001})
	}
	return e
}

// ofRegisters makes of e a run of registers with the trouble.
func ofRegisters(e *Entry, trouble string) {
	breaches := map[string]float64{"clients put back": 17}[trouble]
	e.Truth.Registers = &calibrate.Registers{Stale: 40, Disordered: int(breaches)}
	e.Told.Consistency.Stale = 40
	e.Told.Objectives = []reports.Objective{{Name: "staleness", Verdict: reports.Pass}, {Name: "order", Verdict: reports.Pass, Low: &breaches}}
	for i, of := range []string{"answers too old", "clients put back"} {
		if o := &e.Told.Objectives[i]; of == trouble {
			o.Verdict, e.Truth.Broken = reports.Fail, []string{o.Name}
		}
	}
}

// Told exactly every row holds, and each harness that is wrong on purpose is
// caught by the row that it names, and by no accident: the row says why.
func TestTheSocketLayerCatchesWhoIsWrong(t *testing.T) {
	var entries []Entry
	for _, s := range calibrate.Sockets() {
		entries = append(entries, exact(s.Name, s.Experiment+"-1"), exact(s.Name, s.Experiment+"-2"))
	}
	caught := 0
	for _, r := range Sockets(entries) {
		if !r.Holds() || r.Runs != 2 || *r.Outcomes != 0.99 || *r.ClockMs != 0.04 {
			t.Errorf("%s does not hold: %q, %+v", r.Name, r.Broken, r)
		}
		for _, w := range r.Wrongs {
			if !w.Caught || w.Says == "" {
				t.Errorf("%s: %q is not caught: it says %q", r.Name, w.Name, w.Says)
			}
			caught++
		}
	}
	if all := len(calibrate.SocketWrongs()); caught != all || all < 8 {
		t.Errorf("%d wrong ones, %d belong to a row", all, caught)
	}
}

// What others disturbed is told apart: its errors are shown, and only a wrong
// verdict is held against it.
func TestABusyHostHasRowsOfItsOwn(t *testing.T) {
	busy := exact("full outage", "edges-2")
	busy.Host.Others = 0.8
	late := *busy.Told.Episodes[0].RecoveredAt + 0.2
	busy.Told.Episodes[0].RecoveredAt = &late
	rows := Sockets([]Entry{exact("full outage", "edges-1"), busy})
	last := rows[len(rows)-1]
	if !rows[0].Holds() || rows[0].Runs != 1 || last.Name != "full outage, busy host" || !last.Holds() || last.Recovery.Max < 200 {
		t.Errorf("%+v\n%+v", rows[0], last)
	}
	busy.Told.Objectives[0].Verdict = reports.Fail
	if rows := Sockets([]Entry{busy}); rows[len(rows)-1].Holds() {
		t.Error("a false FAIL on a busy host is excused")
	}
}

// A busy host is no excuse where instants of one clock are compared.
func TestRegistersAreHeldToTheirGoalOnAnyHost(t *testing.T) {
	busy := exact("registers, answers too old", "registers-1")
	busy.Host.Others = 0.8
	busy.Told.Consistency.Stale = 38
	for _, r := range Sockets([]Entry{busy}) {
		if strings.HasPrefix(r.Name, busy.Row) && (r.Name != busy.Row || r.Holds() || len(r.Broken) != 1) {
			t.Errorf("%+v", r)
		}
	}
}

// A row that was not measured does not hold, nor one with an error.
func TestARowThatDoesNotHold(t *testing.T) {
	wrong := exact("full outage", "edges-1")
	wrong.Told.Episodes = wrong.Told.Episodes[1:]
	for _, r := range Sockets([]Entry{wrong, {Row: "full outage", Failed: "no port"}}) {
		switch {
		case r.Holds():
			t.Errorf("%s holds: %+v", r.Name, r)
		case r.Name == "full outage" && (len(r.Broken) != 1 || !strings.Contains(r.Broken[0], "9 of 10 outages") || r.Failed != 1 || len(r.Kept) != 1):
			t.Errorf("%+v", r)
		}
	}
}

func TestHealthyRuns(t *testing.T) {
	quiet, busy := 0.1, 0.9
	run := func(row, id string, others *float64, v reports.Verdict) Entry {
		e := Entry{Row: row, Run: id, Verdict: v, StartedAt: "2026-11-29T05:00:00Z"}
		e.Host.Others = *others
		e.Told.Objectives = []reports.Objective{{Name: "availability:get", Verdict: v, Reason: "r"}}
		return e
	}
	control := run("control: wrong-url", "c1", &quiet, reports.Fail)
	control.Control = "wrong-url"
	well := []Entry{control, run(Alone, "a1", &quiet, reports.Pass), run(Alone, "a2", &busy, reports.Inconclusive), run(Stressed, "s1", &busy, reports.Inconclusive)}
	for _, r := range Healthy(well) {
		if !r.Holds() {
			t.Errorf("%s does not hold: %+v", r.Name, r)
		}
	}
	if r := Healthy(well)[0]; r.Runs != 2 || r.Undecided != 1 || r.Host.Quiet != 1 || r.Host.QuietOpen != 0 || *r.Bound != 1 {
		t.Errorf("%+v", r)
	}
	for _, c := range []struct {
		more Entry
		row  int
		says string
	}{
		{run(Alone, "a3", &quiet, reports.Fail), 0, "1 of 3 runs FAIL"},
		{run(Stressed, "s2", &busy, reports.Fail), 1, "1 of 2 runs FAIL"},
		{run(Alone, "a3", &quiet, reports.Inconclusive), 0, "on a quiet host"},
		{Entry{Row: control.Row, Run: "c2", Control: "wrong-url", Miss: "PASS, want FAIL"}, 2, "PASS, want FAIL"},
	} {
		r := Healthy(append(well, c.more))[c.row]
		if r.Holds() || len(r.Broken) != 1 || !strings.Contains(r.Broken[0], c.says) {
			t.Errorf("want %q: %q", c.says, r.Broken)
		}
	}
	if r := Healthy(append(well, run(Alone, "a3", &quiet, reports.Fail)))[0]; r.Bound != nil || len(r.Kept) != 1 {
		t.Errorf("a bound for what was seen: %+v", r)
	}
}

func TestALayerSaysWhenAndOnWhat(t *testing.T) {
	a, b := exact("full outage", "1"), exact("full outage", "2")
	b.StartedAt, b.Commit = "2026-11-29T06:00:00Z", "5a3c9e1"
	l := Layer("Sockets", "x", nil, []Entry{b, a, {Failed: "x"}})
	if l.From != a.StartedAt || l.To != b.StartedAt || len(l.Commits) != 2 {
		t.Errorf("%+v", l)
	}
}
