package experiment

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/diagnostic"
)

func TestShapesAreReadAsWritten(t *testing.T) {
	s := compiled(t)
	for source, want := range map[string]string{
		"90/m": "1.5/s",
		"{shape: step, from: 200/s, to: 1000/s, by: 200/s, every: 10s}":         "steps of 200/s every 10s, from 200/s to 1000/s",
		"{shape: step, from: 9/s, to: 0/s, by: 3/s, every: 1m, after: 5s}":      "steps of 3/s every 1m0s, from 9/s to 0/s, beginning after 5s",
		"{shape: ramp, from: 0/s, to: 500/s, over: 90s}":                        "a ramp from 0/s to 500/s over 1m30s",
		"{shape: ramp, from: 500/s, to: 100/s, over: 1s, after: 2s}":            "a ramp from 500/s to 100/s over 1s, beginning after 2s",
		"{shape: sine, mean: 500/s, amplitude: 300/s, period: 20s}":             "a sine of 500/s ± 300/s every 20s",
		"{shape: sine, mean: 5/s, amplitude: 3/s, period: 1h, startAt: trough}": "a sine of 5/s ± 3/s every 1h0m0s, beginning at trough",
		"{shape: spike, base: 0/s, peak: 100/s, at: 0s, for: 1s}":               "0/s, a spike of 100/s at 0s for 1s",
		"{shape: spike, base: 1/s, peak: 9/s, at: 9s, for: 1s, every: 10s}":     "1/s, a spike of 9/s at 9s for 1s of every 10s",
		"{shape: poisson, mean: 700/s}":                                         "Poisson arrivals, 700/s on average",
		"{shape: trace, file: testdata/traces/day.csv}":                         "the trace day.csv of 4 lines",
		"{shape: trace, file: testdata/traces/requests.txt, repeat: 3s}":        "the trace requests.txt of 4 lines, repeated every 3s",
	} {
		text := []byte("name: x\nload: {rate: " + source + "}\n")
		e, err := Parse("x.yaml", text)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := e.Load.Rate.String(); got != want {
			t.Errorf("%s is %q, want %q", source, got, want)
		}
		if err := s.Validate(asJSON(t, text)); err != nil {
			t.Errorf("the schema refuses %s: %v", source, err)
		}
		again, err := Parse("x.yaml", render(e.tree.root))
		if err != nil || essence(again) != essence(e) {
			t.Errorf("%s does not survive rendering: %v", source, err)
		}
	}
	for _, source := range []string{"{shape: step}", "{shape: ramp, from: 1/s, to: 2/s, over: 1s, by: 1/s}", "{shape: wave}", "{from: 1/s}", "0/s"} {
		if source != "0/s" && s.Validate(asJSON(t, []byte("name: x\nload: {rate: "+source+"}\n"))) == nil {
			t.Errorf("the schema takes %s", source)
		}
		if _, err := Parse("x.yaml", []byte("name: x\nload: {rate: "+source+"}\n")); err == nil {
			t.Errorf("%s was accepted", source)
		}
	}
}

func TestATraceTravelsWithItsRun(t *testing.T) {
	e, err := Parse("testdata/x.yaml", []byte("name: x\nload: {rate: {shape: trace, file: traces/day.csv}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := e.Standalone()
	if err != nil {
		t.Fatal(err)
	}
	there := t.TempDir()
	if err := os.WriteFile(filepath.Join(there, StandaloneTrace), []byte(e.Load.Trace.Source), 0o644); err != nil {
		t.Fatal(err)
	}
	again, err := Parse(filepath.Join(there, "experiment.yaml"), text)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := e.Load.Rate.Count(time.Hour), again.Load.Rate.Count(time.Hour); a != b || a != 200*60+1000*60+600*3480 {
		t.Errorf("%v requests here, %v there", a, b)
	}
	if other, err := Parse("testdata/x.yaml", []byte("name: x\nload: {rate: {shape: trace, file: traces/late.csv}}\n")); err != nil || string(other.Comparable()) == string(e.Comparable()) {
		t.Errorf("runs of two traces would be compared: %v", err)
	}
}

// What a rate that changes can decide is worked out from when it is what.
func TestDecidingUnderAShape(t *testing.T) {
	const rest = "\nphases: {warmup: 5s, baseline: 20s, observe: 30s}\nfaults: [{at: 10s, chaos: {kind: a, metadata: {name: b}}}]\n"
	of := func(rate string) (Decision, error) {
		e := must(t, "name: x\nload: {timeout: 1s, rate: "+rate+"}"+rest)
		return Decide(e, lasting(10*time.Second))
	}
	d, err := of("{shape: step, from: 400/s, to: 1100/s, by: 700/s, every: 25s}")
	if err != nil {
		t.Fatal(err)
	}
	// 25 s of 400/s, then 1,100/s for the 10 s before the fault, its 10 s and 30 s.
	if d.Requests != 10_000+50*1100 || d.Workers != 1210 {
		t.Errorf("%d requests, %d workers", d.Requests, d.Workers)
	}
	for objective, have := range map[string]string{"steadyState": "8000", "availability:get": "39600", "availability:put": "4400", "lostWrites": "at least 638 of 660 around a b"} {
		found := false
		for _, x := range d.Demands {
			if x.Objective == objective {
				found = true
				if x.Have != have {
					t.Errorf("%s has %s, want %s", objective, x.Have, have)
				}
			}
		}
		if !found {
			t.Errorf("%s is not asked about", objective)
		}
	}
	if want := FloorOf(1, 400, 8000); d.Floors[0] != want {
		t.Errorf("the floor is %+v, want that of the lowest rate, %+v", d.Floors[0], want)
	}
	for rate, want := range map[string]string{
		"{shape: ramp, from: 0/s, to: 1000/s, over: 60s, after: 24s}":               "steadyState cannot be decided",
		"{shape: spike, base: 10/s, peak: 1000/s, at: 0s, for: 40s}":                "recovery cannot be decided",
		"{shape: step, from: 1000/s, to: 30/s, by: 970/s, every: 1s, after: 34.5s}": "availability:get cannot be decided",
	} {
		_, err := of(rate)
		told := func(d *diagnostic.Diagnostic) bool { return strings.HasPrefix(d.Message, want) && d.Line > 0 }
		if !slices.ContainsFunc(diagnostic.All(err), told) {
			t.Errorf("%s: %v, want %s", rate, err, want)
		}
	}
	poisson, err := of("{shape: poisson, mean: 1000/s}")
	if want := int(math.Ceil(1.1 * (1000 + 4*math.Sqrt(1000)))); err != nil || poisson.Workers != want {
		t.Errorf("%d workers for random arrivals, want %d: %v", poisson.Workers, want, err)
	}
}

func FuzzTrace(f *testing.F) {
	f.Add("second,rate\n0,100\n5,200\n", int64(0))
	f.Add("0.5\n0.5\n# late\n7e1\n", int64(9))
	f.Fuzz(func(t *testing.T, source string, repeat int64) {
		s, err := parseTrace("x.csv", source, time.Duration(repeat&0xffffffffff))
		if err != nil {
			if found := diagnostic.All(err); len(found) == 0 || found[0].Line < 1 || found[0].Column < 1 {
				t.Fatalf("%v has no place", err)
			}
			return
		}
		last := int64(0)
		for n := range uint64(1000) {
			due := s.Schedule(nil).Due(n)
			if due < last {
				t.Fatalf("%v: S(%d) = %d after %d", s, n, due, last)
			}
			last = due
		}
	})
}
