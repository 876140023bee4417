package reports

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// Every reason that this package knows leaves something open, and says what to
// do; but for the one of a FAIL.
func TestEveryReasonHasAdvice(t *testing.T) {
	for _, file := range []string{"result.go", "suite.go"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				lit, ok := v.Values[0].(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING || v.Type != nil { // a verdict has a type
					continue
				}
				reason, _ := strconv.Unquote(lit.Value)
				if c := counsels[reason]; reason != LimitBroken && (c.means == "" || c.do == "") {
					t.Errorf("%s (%q) has no advice", v.Names[0], reason)
				}
			}
		}
	}
	for reason, c := range counsels {
		if strings.Count(c.do, ". ") > 0 || !strings.HasSuffix(c.do, ".") || strings.HasSuffix(c.means, ".") {
			t.Errorf("%s: %q is not one sentence, or %q is one", reason, c.do, c.means)
		}
	}
	if Advice(LimitBroken) != "" || Advice("") != "" {
		t.Error("advice where something was decided")
	}
}

func TestAdviceIsGivenOnce(t *testing.T) {
	got := advices([]Objective{
		{Name: "recovery", Verdict: Inconclusive, Reason: FaultUnproven}, {Name: "foreign", Verdict: Pass},
		{Name: "lostWrites", Verdict: Fail, Reason: LimitBroken}, {Name: "availability:get", Verdict: Inconclusive, Reason: FaultUnproven},
		{Name: "order", Verdict: Inconclusive, Reason: "of a later version"}, {Name: "residual", Verdict: Inconclusive, Reason: TooFewSamples},
	})
	if len(got) != 2 || !reflect.DeepEqual(got[0].Names, []string{"recovery", "availability:get"}) || got[1].Reason != TooFewSamples {
		t.Errorf("%+v", got)
	}
}

// What broke before any fault was tried is not mended by more requests.
func TestABrokenBaselineNeedsNoMoreRequests(t *testing.T) {
	open := Objective{Name: "recovery", Verdict: Inconclusive, Reason: TooFewSamples}
	for verdict, want := range map[Verdict]int{Fail: 0, Pass: 1, Inconclusive: 1} {
		if got := advices([]Objective{open, {Name: "steadyState", Verdict: verdict}}); len(got) != want {
			t.Errorf("steadyState is %s: %+v", verdict, got)
		}
	}
}

func TestTheFirstAdviceIsForWhatDecided(t *testing.T) {
	objectives := []Objective{{Name: "recovery", Verdict: Inconclusive, Reason: FaultUnproven}, {Name: "steadyState", Verdict: Inconclusive, Reason: InstrumentDisturbed}}
	for _, c := range []struct {
		verdict Verdict
		why     string
		want    string
	}{
		{Inconclusive, "steadyState: it depends", InstrumentDisturbed},
		{Inconclusive, "recovery: not proven", FaultUnproven},
		{Inconclusive, "The run was cut short.", FaultUnproven},
		{Fail, "steadyState: it depends", ""},
	} {
		r := &Result{Verdict: c.verdict, Why: c.why, Objectives: objectives}
		if got := first(advices(objectives), r); got != Advice(c.want) {
			t.Errorf("%s, %q: %q", c.verdict, c.why, got)
		}
	}
}
