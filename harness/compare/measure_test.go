package compare

import (
	"strings"
	"testing"

	"gauntlet/reports"
)

func ptr[T any](v T) *T { return &v }

// faulty is the result of a run with a fault, as far as it is compared.
func faulty(lost int, badGets int, recovery *reports.Recovery) *reports.Result {
	return &reports.Result{
		Faults: []reports.Fault{{Name: "f", Proven: true}}, Recovery: recovery, Consistency: reports.Consistency{Acked: 1000, Lost: lost},
		Latency: map[string]reports.Latency{"baseline": {P50: 1, P99: 10, Max: 50, Count: 1000}, "fault": {P50: 2, P99: 20, Max: 80, Count: 1000}},
		Shares: []reports.Share{
			{Phase: "warmup", Operation: "get", Judged: 500, Bad: 500}, {Phase: "baseline", Operation: "get", Judged: 1000},
			{Phase: "fault", Operation: "get", Judged: 1000, Bad: badGets}, {Phase: "fault", Operation: "put", Judged: 250},
			{Phase: "observe", Operation: "get", Judged: 1000, Bad: 10},
		},
		ProcessorMs: ptr(0.4),
	}
}

func TestWhatIsCompared(t *testing.T) {
	took := 0.3
	v := Of(faulty(2, 50, &reports.Recovery{Degraded: true, Recovered: true, FromInject: reports.Duration{Seconds: &took}}))
	for m, want := range map[Measure]float64{
		{Kind: KindLost}: 2, {KindBad, "get", inFault}: 0.05, {KindBad, "put", inFault}: 0, {Kind: KindBad, When: inFault}: 0.04,
		{KindBad, "get", outside}: 0.005, {Kind: KindRecovery}: 0.3, {Kind: KindP99, When: inFault}: 20, {Kind: KindP50, When: inBaseline}: 1,
		{Kind: KindMax, When: inFault}: 80, {Kind: KindProcessor}: 0.4,
	} {
		if got, ok := v.get(m); !ok || got.Amount != want {
			t.Errorf("%s is %v (%v), want %v", m.Name(), got, ok, want)
		}
	}
	if got := (Measure{KindBad, "get", inFault}).Name(); got != "bad:get in the fault" {
		t.Errorf("it is called %q", got)
	}
}

// Without faults all of the run counts, and nothing of a fault is missing.
func TestWhatIsComparedWithoutFaults(t *testing.T) {
	r := faulty(0, 0, nil)
	r.Faults = nil
	r.Latency["observe"] = r.Latency["baseline"]
	v := Of(r)
	if got, ok := v.get(Measure{KindBad, "get", ""}); !ok || got.Amount != 10./3000 {
		t.Errorf("the bad gets are %+v", got)
	}
	for m, of := range v {
		if of.Missing || m.When == inFault || m.When == outside || m.Kind == KindRecovery {
			t.Errorf("%s is %+v", m.Name(), of)
		}
	}
}

// What was not measured is missing, and never 0.
func TestWhatIsMissingIsNotNothing(t *testing.T) {
	unproven := faulty(0, 0, &reports.Recovery{Recovered: true, FromInject: reports.Duration{Seconds: new(float64)}})
	unproven.Faults[0].Proven = false
	for _, m := range []Measure{{KindBad, "get", inFault}, {Kind: KindP99, When: inFault}, {Kind: KindRecovery}} {
		if got, known := Of(unproven)[m]; !known || !got.Missing {
			t.Errorf("with a fault that is not proven %s is %+v", m.Name(), got)
		}
	}
	never := faulty(0, 0, nil) // its baseline was broken: no fault was injected
	never.Shares = never.Shares[:2]
	delete(never.Latency, "fault")
	for _, m := range []Measure{{KindBad, "get", inFault}, {Kind: KindP50, When: inFault}, {Kind: KindRecovery}} {
		if got, known := Of(never)[m]; !known || !got.Missing {
			t.Errorf("without a fault %s is %+v", m.Name(), got)
		}
	}
	silent := faulty(0, 0, nil)
	silent.Latency["fault"] = reports.Latency{} // of no answer at all
	if got := Of(silent)[Measure{Kind: KindP99, When: inFault}]; !got.Missing {
		t.Errorf("the p99 of no answer is %+v", got)
	}
	cut := Of(faulty(0, 0, &reports.Recovery{Degraded: true, Censored: true, FromInject: reports.Duration{Low: 12}}))
	if got := cut[Measure{Kind: KindRecovery}]; got.Amount != 12 || !got.AtLeast {
		t.Errorf("a recovery that the run ended before is %+v", got)
	}
	// Pairs of them are no pass.
	var pairs []Pair
	for range 10 {
		pairs = append(pairs, Pair{Of(unproven), Of(unproven)})
	}
	for _, m := range Judge(pairs, DefaultFloors(), Look{10, Alpha, Beta}, 1) {
		if strings.HasSuffix(m.Name, inFault) && m.Gates && (m.Verdict != reports.Inconclusive || m.Reason != reports.TooFewPairs) {
			t.Errorf("%s: %s (%s), though it was never measured", m.Name, m.Verdict, m.Reason)
		}
	}
	// Nor is what one pair of them did not measure.
	pairs = nil
	for range 10 {
		pairs = append(pairs, Pair{Values{{Kind: KindRecovery}: {}}, Values{{Kind: KindRecovery}: {}}})
	}
	pairs[3].B = Values{{Kind: KindRecovery}: {Missing: true}}
	if m := Judge(pairs, DefaultFloors(), Look{10, Alpha, Beta}, 1)[0]; m.Verdict != reports.Inconclusive || m.Reason != reports.TooFewPairs || m.Pairs != 9 {
		t.Errorf("measured in 9 pairs of 10 it is %s (%s): %s", m.Verdict, m.Reason, m.Why)
	}
	if v, _ := Verdict(nil); v != reports.Inconclusive {
		t.Errorf("nothing at all is %s", v)
	}
}

// Writes that nobody looked for are not kept: a build whose runs end before that
// is not one that loses nothing.
func TestWritesThatWereNotLookedFor(t *testing.T) {
	for _, c := range []struct {
		name    string
		lost    int
		unread  int
		reason  string
		want    Value
		verdict reports.Verdict // of B against a build that lost none
	}{
		{"all looked for", 0, 0, "", Value{}, reports.Pass},
		{"too few to pass", 0, 0, reports.TooFewSamples, Value{}, reports.Pass},
		{"stopped", 0, 0, reports.RunAborted, Value{Missing: true}, reports.Inconclusive},
		{"the reads did not end", 0, 0, reports.CheckerTimeout, Value{Missing: true}, reports.Inconclusive},
		{"some cannot be read", 0, 7, reports.Unreachable, Value{Missing: true}, reports.Inconclusive},
		{"some cannot be read, others are lost", 3, 7, reports.LimitBroken, Value{Amount: 3, AtLeast: true}, reports.Fail},
	} {
		r := faulty(c.lost, 0, nil)
		r.Consistency.Unreachable = c.unread
		r.Objectives = []reports.Objective{{Name: "lostWrites", Reason: c.reason}}
		m := Measure{Kind: KindLost}
		got := Of(r)[m]
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		var pairs []Pair
		for range 10 {
			pairs = append(pairs, Pair{Values{m: {}}, Values{m: got}})
		}
		if row := Judge(pairs, DefaultFloors(), Look{10, Alpha, Beta}, 1)[0]; row.Verdict != c.verdict {
			t.Errorf("%s: %s (%s)", c.name, row.Verdict, row.Why)
		}
	}
}

// A build that loses writes fails by that, and a recovery that never ended is
// no pass.
func TestTheVerdictNamesWhatIsWorse(t *testing.T) {
	whole := func(lost, bad int, censored bool) Values {
		took := 0.3
		rec := &reports.Recovery{Degraded: true, Recovered: true, FromInject: reports.Duration{Seconds: &took}}
		if censored {
			rec = &reports.Recovery{Degraded: true, Censored: true, FromInject: reports.Duration{Low: 0.3}}
		}
		return Of(faulty(lost, bad, rec))
	}
	for _, c := range []struct {
		name    string
		b       func(i int) Values
		verdict reports.Verdict
		by      string
	}{
		{"the same", func(int) Values { return whole(0, 0, false) }, reports.Pass, ""},
		{"lost writes", func(i int) Values { return whole(3+i, 0, false) }, reports.Fail, "lost"},
		{"a third of the gets", func(i int) Values { return whole(0, 330+i, false) }, reports.Fail, "bad:get in the fault"},
		{"lost writes, and a third of the gets", func(i int) Values { return whole(3+i, 330+i, false) }, reports.Fail, "lost"},
		{"less than the floor", func(i int) Values { return whole(0, 4, false) }, reports.Pass, ""},
		{"cut off before it recovered", func(int) Values { return whole(0, 0, true) }, reports.Inconclusive, "recovery"},
		{"worse in six of ten", func(i int) Values { return whole(0, map[bool]int{true: 0, false: 330}[i%3 == 0], false) }, reports.Inconclusive, "bad in the fault"},
	} {
		var pairs []Pair
		for i := range 10 {
			pairs = append(pairs, Pair{whole(0, 0, false), c.b(i)})
		}
		verdict, first := Verdict(Judge(pairs, DefaultFloors(), Look{10, 0.6 * Alpha, 0.6 * Beta}, 1))
		if verdict != c.verdict || c.by != "" && first.Name != c.by {
			t.Errorf("%s: %s by %s, want %s by %s", c.name, verdict, first.Why, c.verdict, c.by)
		}
	}
}

// A recovery of A that the run ended before may have taken as long as that of
// B: no figure of B makes it worse than that. One of B is at least as long.
func TestWhatEndedFirstIsNotShort(t *testing.T) {
	open, took := Value{Amount: 3, AtLeast: true}, Value{Amount: 5}
	for _, c := range []struct {
		name    string
		a, b    Value
		verdict reports.Verdict
	}{
		{"A was cut off, B took longer", open, took, reports.Inconclusive},
		{"B was cut off when A had recovered", Value{Amount: 1}, open, reports.Fail},
		{"both were cut off, B later", open, Value{Amount: 5, AtLeast: true}, reports.Inconclusive},
	} {
		var pairs []Pair
		for range 10 {
			pairs = append(pairs, Pair{Values{{Kind: KindRecovery}: c.a}, Values{{Kind: KindRecovery}: c.b}})
		}
		if got := Judge(pairs, DefaultFloors(), Look{10, Alpha, Beta}, 1)[0]; got.Verdict != c.verdict {
			t.Errorf("%s: %s (%s)", c.name, got.Verdict, got.Why)
		}
	}
}

// A share of a recovery that took no time keeps nothing from being found, in
// the recovery or beside it.
func TestAShareOfNothing(t *testing.T) {
	floors, err := DefaultFloors().With(map[string]string{KindRecovery: "10%"})
	if err != nil {
		t.Fatal(err)
	}
	lost, recovery := Measure{Kind: KindLost}, Measure{Kind: KindRecovery}
	for _, c := range []struct {
		b                float64
		recovery, writes reports.Verdict
	}{{0, reports.Pass, reports.Fail}, {0.3, reports.Fail, reports.Fail}} {
		var pairs []Pair
		for i := range 10 {
			pairs = append(pairs, Pair{Values{lost: {}, recovery: {}}, Values{lost: {Amount: float64(3 + i)}, recovery: {Amount: c.b}}})
		}
		got := Judge(pairs, floors, Look{10, Alpha, Beta}, 1)
		if got[0].Verdict != c.writes || got[1].Verdict != c.recovery || got[1].Difference == nil {
			t.Errorf("recovery %g s in B: %s; %s", c.b, got[0].Why, got[1].Why)
		}
	}
}

// What is only shown is no rival to what is decided on.
func TestWhatIsShownDecidesNothing(t *testing.T) {
	p99, most := Measure{Kind: KindP99, When: inFault}, Measure{Kind: KindMax, When: inFault}
	var alone, beside []Pair
	for i := range 8 {
		a, b := Values{p99: {Amount: 10}}, Values{p99: {Amount: 30 + float64(i%3)}}
		alone = append(alone, Pair{a, b})
		beside = append(beside, Pair{Values{p99: a[p99], most: {Amount: 99}}, Values{p99: b[p99], most: {Amount: 9 - float64(i)}}})
	}
	look := Look{8, Alpha, Beta}
	one, two := Judge(alone, DefaultFloors(), look, 1), Judge(beside, DefaultFloors(), look, 1)
	if len(two) != 2 || one[0].Low == nil || two[0].Low == nil || *one[0].Low != *two[0].Low || two[1].Verdict != "" {
		t.Errorf("%s; beside what is only shown %s", one[0].Why, two[0].Why)
	}
}

func TestFloors(t *testing.T) {
	f, err := DefaultFloors().With(map[string]string{"bad": "1%", "p99": "20%+5ms", "recovery": "2s", "lost": "3", "p50": "10%"})
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]Floor{"bad": {Amount: 0.01}, "p99": {0.2, 5}, "recovery": {Amount: 2}, "lost": {Amount: 3}, "p50": {Share: 0.1}} {
		if got := f[kind]; got != want {
			t.Errorf("%s: %+v, want %+v", kind, got, want)
		}
	}
	for kind, text := range map[string]string{"bad": "1ms", "p99": "5%+5%", "lost": "-1", "recovery": "-2s", "p50": "", "max": "1ms", "p9": "5%"} {
		if _, err := DefaultFloors().With(map[string]string{kind: text}); err == nil || !strings.Contains(err.Error(), "--floor "+kind+"="+text) {
			t.Errorf("%s=%s: %v", kind, text, err)
		}
	}
	// B is at the floor exactly when it has A's share and amount more.
	g := Floor{0.1, 5}
	if at := g.apart(40, 49); at < g.shift()-1e-9 || at > g.shift()+1e-9 || g.amount(at, 40) < 8.999 || g.amount(at, 40) > 9.001 {
		t.Errorf("49 ms against 40 is %g, the floor %g", at, g.shift())
	}
}

func FuzzFloor(f *testing.F) {
	for kind, form := range forms {
		f.Add(kind, form)
	}
	f.Fuzz(func(t *testing.T, kind, text string) {
		all, err := DefaultFloors().With(map[string]string{kind: text})
		if err != nil {
			return
		}
		if got := all[kind]; got.Share < 0 || got.Amount < 0 || got.Share != got.Share || got.shift() < 0 {
			t.Errorf("%s=%q gives %+v", kind, text, got)
		}
	})
}

func TestLooksSpendWhatThereIs(t *testing.T) {
	for pairs := LeastPairs; pairs <= MostPairs; pairs++ {
		looks, err := Looks(pairs)
		if err != nil {
			t.Fatal(err)
		}
		alpha, beta := 0.0, 0.0
		for i, l := range looks {
			alpha, beta = alpha+l.Alpha, beta+l.Beta
			if may := l.Alpha * float64(len(choices(min(l.After, exactUpTo), 0))); may < 1 {
				t.Errorf("%d pairs: look %d can never be sure", pairs, i+1)
			}
		}
		if alpha > Alpha+1e-12 || beta > Beta+1e-12 || looks[len(looks)-1].After != pairs {
			t.Errorf("%d pairs: %+v", pairs, looks)
		}
	}
	for _, pairs := range []int{0, 6, 51} {
		if _, err := Looks(pairs); err == nil {
			t.Errorf("%d pairs are not refused", pairs)
		}
	}
	looks, _ := Looks(10)
	if l := Last(looks, 9); l.After != 9 || l.Alpha != looks[1].Alpha {
		t.Errorf("cut off after 9: %+v", l)
	}
	if l := Last(looks, 7); l.Alpha < Alpha-1e-12 {
		t.Errorf("cut off before any look: %+v", l)
	}
	first := 0
	for n := range 1000 {
		if BFirst(42, n) {
			first++
		}
	}
	if first < 430 || first > 570 {
		t.Errorf("B comes first in %d of 1000 pairs", first)
	}
}
