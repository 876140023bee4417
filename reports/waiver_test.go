package reports

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
)

// waivedSample is a run whose every FAIL is waived, but for the objectives named.
func waivedSample(but ...string) *Result {
	r := failSample().result
	r.Gate = Inconclusive // its residual is not decided
	for i := range r.Objectives {
		o := &r.Objectives[i]
		if o.Verdict == Fail && !slices.Contains(but, o.Name) {
			o.Waiver = &Waiver{Owner: "store team", Until: "2026-12-31", DaysLeft: 39, Holds: true, Reason: "the journal is lost with its replica.", Reference: "STORE-17"}
		}
	}
	return r
}

// everywhere is what every way to show a result makes of r.
func everywhere(t *testing.T, r *Result) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name, draw := range map[string]func(io.Writer) error{
		"terminal":    func(w io.Writer) error { return Terminal(w, r, true) },
		"junit":       func(w io.Writer) error { return JUnit(w, r) },
		"markdown":    func(w io.Writer) error { return Markdown(w, r) },
		"annotations": func(w io.Writer) error { return Annotations(w, "x.yaml", r) },
		"page":        func(w io.Writer) error { return HTML(w, r, nil, Extra{}) },
	} {
		var b bytes.Buffer
		if err := draw(&b); err != nil {
			t.Fatal(err)
		}
		all[name] = strings.NewReplacer(space, " ", narrow, " ").Replace(b.String())
	}
	return all
}

// A waived FAIL stays one, in red, with its owner and what is left, wherever a
// result is shown; only a pipeline that reads JUnit finds no failure.
func TestAWaivedFailIsShownInRed(t *testing.T) {
	const words = "Waived by store team until 2026-12-31 (39 days left): the journal is lost with its replica, see STORE-17."
	all := everywhere(t, waivedSample())
	for name, text := range all {
		if !strings.Contains(text, words) {
			t.Errorf("%s does not say who waived it:\n%s", name, text)
		}
		if name != "annotations" && name != "junit" && !strings.Contains(text, "What failed is waived; what is left is INCONCLUSIVE.") {
			t.Errorf("%s does not say what a pipeline is told", name)
		}
	}
	for name, red := range map[string]string{
		"terminal":    "\x1b[1;31mrecovery FAIL, waived: ",
		"markdown":    "✗ FAIL, waived | recovery",
		"annotations": "::error file=x.yaml,line=31,title=redis-outage%3A recovery FAIL%2C waived::",
		"page":        `<b class="t-fail">✗ FAIL, waived</b>`,
		"junit":       `type="waived"`,
	} {
		if !strings.Contains(all[name], red) {
			t.Errorf("%s lacks %q:\n%s", name, red, all[name])
		}
	}
	if strings.Contains(all["junit"], "<failure") || !strings.Contains(all["junit"], `failures="0"`) {
		t.Errorf("junit fails a pipeline that the waiver lets through:\n%s", all["junit"])
	}
}

// What is not waived fails beside what is; a waiver that has ended waives
// nothing, and one of an objective that passes is not needed.
func TestWaiversThatWaiveNothing(t *testing.T) {
	all := everywhere(t, waivedSample("recovery"))
	if strings.Count(all["junit"], "<failure") != 1 {
		t.Errorf("junit:\n%s", all["junit"])
	}
	r := waivedSample()
	for i := range r.Objectives {
		o := &r.Objectives[i]
		if o.Waiver != nil {
			o.Waiver.Holds, o.Waiver.DaysLeft, o.Waiver.Until = false, -3, "2026-11-18"
		}
		if o.Name == "foreign" {
			o.Waiver = &Waiver{Owner: "store team", Holds: true}
		}
	}
	r.Gate = ""
	for name, text := range everywhere(t, r) {
		if !strings.Contains(text, "The waiver of store team ended on 2026-11-18 and counts no more.") || strings.Contains(text, ", waived") {
			t.Errorf("%s of an ended waiver:\n%s", name, text)
		}
		if pass := name != "annotations" && name != "junit"; pass && !strings.Contains(text, "The waiver of store team is not needed: take it out.") {
			t.Errorf("%s does not say that a waiver is not needed:\n%s", name, text)
		}
	}
	for left, want := range map[int]string{0: "(its last day)", 1: "(1" + space + "day left)"} {
		if got := (&Waiver{Owner: "x", Holds: true, DaysLeft: left}).Words(Fail); !strings.Contains(got, want) {
			t.Errorf("%d days left: %s", left, got)
		}
	}
}

func TestBudgetsOnThePage(t *testing.T) {
	r := failSample().result
	r.Budgets = []ErrorBudget{{Operation: "get", Target: 0.999, PeriodDays: 30,
		Burn:     Burn{Seconds: 90, Judged: 90000, Bad: 900, Estimate: Estimate{10, 9.36, 10.68}},
		Phases:   []Burn{{Phase: "fault", Seconds: 60, Judged: 60000, Bad: 900, Estimate: Estimate{15, 14.04, 16.02}}},
		OfPeriod: Estimate{0.000347, 0.000325, 0.000371}}}
	page := strings.ReplaceAll(everywhere(t, r)["page"], "&#43;", "+")
	for _, want := range []string{`id="budget"`, "15 <small>[14, 16]</small>", "10 <small>[9.36, 10.7]</small>", "900 of 90 000", "0.035 % of 30 days", "[0.032, 0.038] %"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	r.Budgets = nil
	if strings.Contains(everywhere(t, r)["page"], `id="budget"`) {
		t.Error("a budget is shown where there is none")
	}
}
