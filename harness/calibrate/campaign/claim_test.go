package campaign

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gauntlet/harness/experiment"
	"gauntlet/reports"
)

// claims are two: of an experiment, and of it with a defect that must be caught
// by an objective.
func claims(t *testing.T) (sound, defective Claim) {
	t.Helper()
	e, err := experiment.Parse("experiments/x.yaml", []byte(`
name: x
load: {rate: 400/s}
slo: {lostWrites: 0}
controls:
  - name: forgetful
    args: {mapper: [--defect=forgetful]}
    expect: {verdict: FAIL, objective: lostWrites, reason: limit-broken}
`))
	if err != nil {
		t.Fatal(err)
	}
	with, err := e.Control("forgetful")
	if err != nil {
		t.Fatal(err)
	}
	return Claim{e}, Claim{with}
}

// came is a result of objectives that ended so: "lostWrites FAIL limit-broken".
func came(v reports.Verdict, objectives ...string) *reports.Result {
	r := &reports.Result{Verdict: v, Why: "why", Objectives: []reports.Objective{{Name: "foreign", Verdict: reports.Pass}}}
	for _, text := range objectives {
		part := strings.Fields(text)
		r.Objectives = append(r.Objectives, reports.Objective{Name: part[0], Verdict: reports.Verdict(part[1]), Reason: part[2], Measured: "3 of 560", Target: "≤ 0"})
	}
	return r
}

// entry is the run of a claim as it is entered.
func entry(t *testing.T, c Claim, id string, r *reports.Result) Entry {
	t.Helper()
	row := c.Row(1)
	e := Entry{Row: row.Name, Run: id, Verdict: r.Verdict, Why: r.Why, Control: c.Defect()}
	if err := row.Read("", r, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// Each way for a run to end, against what it is claimed to be. A run of a sound
// target that is presented as one with a defect is a defect that was missed.
func TestWhatComesOfAClaim(t *testing.T) {
	sound, defective := claims(t)
	passed := came(reports.Pass, "lostWrites PASS -")
	caught := came(reports.Fail, "lostWrites FAIL limit-broken", "residual FAIL limit-broken")
	disturbed := came(reports.Inconclusive, "lostWrites PASS -", "recovery INCONCLUSIVE instrument-disturbed")
	for _, c := range []struct {
		name  string
		of    Claim
		run   *reports.Result
		holds bool
		says  string
	}{
		{"sound, PASS", sound, passed, true, ""},
		{"sound, a false alarm", sound, caught, false, "FAIL, want PASS"},
		{"sound, undecided for a reason of its own", sound, came(reports.Inconclusive, "residual INCONCLUSIVE too-few-samples"), false, "INCONCLUSIVE, want PASS"},
		{"sound, disturbed", sound, disturbed, false, "not measured yet"},
		{"defect, caught", defective, caught, true, "residual"},
		{"defect, missed", defective, passed, false, "PASS, want FAIL"},
		{"defect, by another objective", defective, came(reports.Fail, "lostWrites PASS -", "foreign FAIL limit-broken"), false, "FAIL by foreign (limit-broken), want lostWrites"},
		{"defect, for another reason", defective, came(reports.Fail, "lostWrites FAIL unreachable"), false, "lostWrites (unreachable), want lostWrites (limit-broken)"},
		{"defect, undecided for a reason of its own", defective, came(reports.Inconclusive, "lostWrites INCONCLUSIVE too-few-samples"), false, "INCONCLUSIVE, want FAIL"},
		{"defect, disturbed", defective, disturbed, false, "not measured yet"},
		{"defect, disturbed where it matters", defective, came(reports.Fail, "lostWrites INCONCLUSIVE instrument-disturbed", "residual FAIL limit-broken"), false, "not measured yet"},
		{"defect, not tried", defective, came(reports.Fail, "lostWrites INCONCLUSIVE fault-unproven", "residual FAIL limit-broken"), false, "FAIL by residual (limit-broken), want lostWrites"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Defects([]Claim{c.of}, []Entry{entry(t, c.of, "r1", c.run)})[0]
			if r.Holds() != c.holds {
				t.Errorf("it holds: %v; %+v", r.Holds(), r)
			}
			open := c.says == "not measured yet"
			if said := fmt.Sprint(r.Broken, r.Defect.Failed); !open && !strings.Contains(said, c.says) {
				t.Errorf("it says %s, want %q", said, c.says)
			}
			if open != (r.Runs == 0 && r.Undecided == 1 && len(r.Broken) == 0) || open == (r.Runs == 1) {
				t.Errorf("%d runs, %d undecided", r.Runs, r.Undecided)
			}
		})
	}
}

// A row is of its own claim alone, and adds its runs up.
func TestTheRowOfAClaim(t *testing.T) {
	sound, defective := claims(t)
	if sound.String() != "x without a defect: PASS" || defective.String() != "x with forgetful: FAIL by lostWrites (limit-broken)" {
		t.Errorf("%s; %s", sound, defective)
	}
	var entries []Entry
	for i, r := range []*reports.Result{came(reports.Fail, "lostWrites FAIL limit-broken", "residual FAIL limit-broken"), came(reports.Fail, "lostWrites FAIL limit-broken"), came(reports.Pass, "lostWrites PASS -")} {
		entries = append(entries, entry(t, defective, fmt.Sprint(i), r))
	}
	if why := entries[0].Why; !strings.HasPrefix(why, "lostWrites: ") {
		t.Errorf("what caught it is told as %q", why)
	}
	other := entry(t, defective, "3", came(reports.Pass))
	other.Row = "x with forgetful: FAIL by foreign (limit-broken)" // as the file said before
	r := Defects([]Claim{defective}, append(entries, other, Entry{Row: defective.String(), Failed: "no port"}))[0]
	if r.Runs != 3 || r.Failed != 1 || r.FalsePasses != 1 || !slices.Equal(r.Kept, []string{"2"}) || r.Defect.Failed["lostWrites"] != 2 || r.Defect.Failed["residual"] != 1 || r.Defect.Measured != "3 of 560" {
		t.Errorf("%+v, %+v", r, r.Defect)
	}
	if r := Defects([]Claim{sound}, entries)[0]; r.Runs != 0 || r.Holds() {
		t.Errorf("a claim that nobody tried: %+v", r)
	}
}

func TestClaimsAreAskedForByName(t *testing.T) {
	sound, defective := claims(t)
	all := []Claim{sound, defective}
	for name, want := range map[string]int{"": 2, "x": 2, "forgetful": 1} {
		if got, err := Concerning(all, strings.Fields(name)); err != nil || len(got) != want {
			t.Errorf("%q: %d claims, %v", name, len(got), err)
		}
	}
	if _, err := Concerning(all, []string{"forgotten"}); err == nil || !strings.Contains(err.Error(), "forgetful, x") {
		t.Errorf("%v", err)
	}
}

// A run that decided nothing for the host's reason is made again, twice, and
// its folder is not kept; then the row stays as it is.
func TestAnOpenRunIsMadeAgain(t *testing.T) {
	for _, c := range []struct {
		open, made int // runs
	}{{0, 1}, {1, 2}, {2, 3}, {9, 3}} {
		l := newLab(t, 1)
		l.rows[0].Read = func(_ string, _ *reports.Result, e *Entry) error {
			e.Open = len(l.made) <= c.open
			if e.Open {
				e.Miss = "INCONCLUSIVE, want PASS"
			}
			return nil
		}
		if err := l.carry(nil); err != nil || len(l.made) != c.made || l.missing != 0 {
			t.Errorf("%d that are open: %d made, %d missing, %v", c.open, len(l.made), l.missing, err)
		}
		if kept := l.folders(); len(kept) > 0 {
			t.Errorf("kept: %q", kept)
		}
	}
}
