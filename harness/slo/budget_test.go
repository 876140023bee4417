package slo

import (
	"math"
	"testing"
	"time"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

const month = 30 * 24 * time.Hour

func budgeted(most float64) func(*Input) {
	return func(in *Input) { in.Spec.Budget = Budget{Period: month, Most: most} }
}

// With 99.9 % promised and a tenth of the gets bad for the five seconds of the
// fault, the budget burns a hundred times as fast as it may.
func TestBurnRates(t *testing.T) {
	in := trial(1000, only(0, fails(5, 10, 10, history.EOF)))
	all(available("get", 0.999), available("", 0.99), budgeted(0))(&in)
	j := Judge(in)
	if len(j.Budgets) != 2 {
		t.Fatalf("%+v", j.Budgets)
	}
	get := j.Budgets[0]
	if get.Operation != "get" || get.Target != 0.999 || get.PeriodDays != 30 || get.Burn.Bad != 500 || get.Burn.Judged != 22500 || get.Burn.Seconds != 25 {
		t.Errorf("%+v", get)
	}
	for i, want := range []struct {
		phase   string
		seconds float64
		rate    float64
	}{{"baseline", 5, 0}, {"fault", 5, 1000. / 9}, {"observe", 20, 0}} {
		got := get.Phases[i]
		if got.Phase != want.phase || got.Seconds != want.seconds || math.Abs(got.Value-want.rate) > 1e-9 || got.Low > got.Value || got.High <= got.Value {
			t.Errorf("%d: %+v, want %+v", i, got, want)
		}
	}
	// 500 bad of 22,500 in 25 s: 22.2 times as fast, 25 s of 30 days.
	rate := 500. / 22500 / 0.001
	if math.Abs(get.Burn.Value-rate) > 1e-9 || math.Abs(get.OfPeriod.Value-rate*25/month.Seconds()) > 1e-12 {
		t.Errorf("burn %+v, of the period %+v", get.Burn, get.OfPeriod)
	}
	low, high := Wilson(500, 22500)
	if math.Abs(get.Burn.Low-low/0.001) > 1e-9 || math.Abs(get.OfPeriod.High-high/0.001*25/month.Seconds()) > 1e-12 {
		t.Errorf("intervals %+v, %+v", get.Burn, get.OfPeriod)
	}
	if whole := j.Budgets[1]; whole.Operation != "" || math.Abs(whole.Burn.Value-500./25000/0.01) > 1e-9 {
		t.Errorf("all: %+v", whole)
	}
	for _, o := range j.Objectives {
		if o.Name == "budget" {
			t.Error("what is only shown is judged")
		}
	}
}

func TestBudgetsOfWhatWasNotJudged(t *testing.T) {
	for name, change := range map[string]func(*Input){
		"nothing was injected":     all(available("get", 0.999), budgeted(0), func(in *Input) { in.Faults[0].InjectBegin, in.Faults[0].InjectEnd = nil, nil }),
		"no such operation":        all(available("delete", 0.999), budgeted(0)),
		"no period is declared":    available("get", 0.999),
		"no availability is asked": budgeted(0),
	} {
		in := trial(1000)
		change(&in)
		if got := Judge(in).Budgets; len(got) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	in := trial(1000, down(5, 6))
	all(available("get", 0.999), budgeted(0), aborted, endsAt(8))(&in)
	if p := Judge(in).Budgets[0].Phases; len(p) != 2 || p[1].Phase != "fault" || p[1].Seconds != 3 {
		t.Errorf("cut off in the fault: %+v", p)
	}
}

// A second of outage uses 1,000 s of the budget of 99.9 %: of 30 days 0.0386 %.
func TestTheBudgetObjective(t *testing.T) {
	second := 1000 / month.Seconds()
	outage := marks(down(5, 6))
	spent := func(most float64, more ...func(*Input)) func(*Input) {
		return all(append([]func(*Input){available("", 0.999), budgeted(most * second), limited(20*time.Second, "inject")}, more...)...)
	}
	for _, c := range []verdictCase{
		{name: "within", marks: outage, change: spent(1.2), verdict: pass},
		{name: "beyond", marks: outage, change: spent(0.9), verdict: fail, reason: reports.LimitBroken, why: []string{"1000 of 25000", "40 times", "0.039 %", "30 days"}},
		{name: "at the limit", marks: outage, change: spent(1), verdict: inc, reason: reports.IntervalSpansLimit},
		{name: "beyond, and cut off", marks: outage, change: spent(0.8, aborted, endsAt(8)), verdict: fail, reason: reports.LimitBroken},
		{name: "within, and cut off", marks: outage, change: spent(2, aborted, endsAt(8)), verdict: inc, reason: reports.RunAborted},
		{name: "within, unproven", marks: outage, change: spent(2, unproven), verdict: inc, reason: reports.FaultUnproven},
		{name: "the worst of two", marks: marks(only(1, down(5, 6))), change: spent(0.5, available("put", 0.999)), verdict: fail, reason: reports.LimitBroken, why: []string{"operation put"}},
		{name: "the one that used most", marks: marks(only(1, down(5, 6))), change: spent(2, available("put", 0.999)), verdict: pass, why: []string{"operation put"}},
		{name: "nobody to ask", marks: outage, change: all(available("delete", 0.999), budgeted(1)), verdict: inc, reason: reports.TooFewSamples},
	} {
		c.objective = "budget"
		t.Run(c.name, func(t *testing.T) { c.check(t, c.name) })
	}
}

func TestTimesAreNeverAPowerOfTen(t *testing.T) {
	for v, want := range map[float64]string{0.0709: "0.0709", 40: "40", 99.96: "100", 1000: "1000", 123456: "123456"} {
		if got := times(v); got != want {
			t.Errorf("%g: %q, want %q", v, got, want)
		}
	}
}
