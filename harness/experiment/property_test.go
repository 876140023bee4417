package experiment

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml/ast"
	"pgregory.net/rapid"

	"gauntlet/harness/diagnostic"
	"gauntlet/reports"
)

// chaosEnds reads from the objects and actions how long faults last.
func chaosEnds(t testing.TB, e *Experiment) func(int) []Part {
	t.Helper()
	return func(i int) []Part {
		if a := e.Faults[i].Action; a != nil {
			return []Part{{Lasts: a.Duration, OneShot: a.Duration == 0}}
		}
		spec, ok := get(e.Faults[i].Chaos.Node.(*ast.MappingNode), "spec").(*ast.MappingNode)
		if !ok {
			t.Fatalf("fault %d has no spec", i)
		}
		if get(spec, "duration") == nil {
			return []Part{{OneShot: true}}
		}
		d, err := time.ParseDuration(wordAt(spec, "duration"))
		if err != nil {
			t.Fatal(err)
		}
		return []Part{{Lasts: d}}
	}
}

// valid draws the text of a valid experiment, each part there or left out.
func valid(t *rapid.T) string {
	var b strings.Builder
	part := func(name string, draw func() string) {
		if rapid.Bool().Draw(t, "with "+name) {
			fmt.Fprintf(&b, "%s: %s\n", name, draw())
		}
	}
	word := rapid.StringMatching(`[ -~äß€]{1,20}`).Filter(func(s string) bool { return strings.TrimSpace(s) != "" })
	text := func(label string) string { return fmt.Sprintf("%q", word.Draw(t, label)) }
	number := func(label string, least, most int) int { return rapid.IntRange(least, most).Draw(t, label) }
	fmt.Fprintf(&b, "name: x%d\n", number("name", 0, 99))
	part("hypothesis", func() string { return text("hypothesis") })
	part("target", func() string {
		return fmt.Sprintf("{env: {mapper: {A: %s}}, args: {mapper: [%s, --x]}, routing: direct}", text("env"), text("arg"))
	})
	get := number("get", 1, 99)
	fmt.Fprintf(&b, "load: {rate: %d/m, timeout: %dms, retries: %d, keys: {count: %d}, mix: {get: %d%%, put: %d%%}}\n",
		number("rate", 1, 60000), number("timeout", 1, 3000), number("retries", 0, 3), number("count", 1, 1000), get, 100-get)
	part("phases", func() string {
		return fmt.Sprintf("{warmup: %dms, observe: 1m%ds}", number("warmup", 0, 9999), number("observe", 0, 59))
	})
	part("faults", func() string {
		items := make([]string, number("faults", 0, 3))
		for i := range items {
			items[i] = fmt.Sprintf("{at: %ds, chaos: {kind: K, spec: {value: %s, n: %d, on: true, none: ~, l: [1, a, {b: 0x1f}]}}}", number("at", 0, 100), text("value"), number("n", -5, 5))
		}
		return "[" + strings.Join(items, ", ") + "]"
	})
	part("slo", func() string {
		return fmt.Sprintf("{recovery: {within: %ds, from: %s}, availability: {all: 9%d.%d%%}, good: {latency: %dus}}",
			number("within", 1, 99), rapid.SampledFrom([]string{"inject", "heal", "both"}).Draw(t, "from"), number("p", 0, 9), number("pp", 0, 9), number("good", 1, 1e6))
	})
	part("controls", func() string {
		return fmt.Sprintf("[{name: c, env: {mapper: {A: %s, B: %s}}, args: {redis: [%s]}, set: {load.rate: %d/s, slo.lostWrites: none}, expect: {verdict: FAIL, objective: foreign}}]",
			text("A"), text("B"), text("C"), number("other rate", 1, 500))
	})
	return b.String()
}

func TestAValidExperimentSurvivesRendering(t *testing.T) {
	s := compiled(t)
	rapid.Check(t, func(t *rapid.T) {
		source := valid(t)
		e, err := Parse("x.yaml", []byte(source))
		if err != nil {
			t.Fatalf("%v", err)
		}
		rendered := render(e.tree.root)
		again, err := Parse("x.yaml", rendered)
		if err != nil {
			t.Fatalf("%v\nin\n%s", err, rendered)
		}
		if got, want := essence(again), essence(e); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
		if err := s.Validate(asJSON(t, rendered)); err != nil {
			t.Fatalf("the schema refuses what Parse accepts: %v\n%s", err, rendered)
		}
		for _, control := range e.Controls {
			c, err := e.Control(control.Name)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Parse("x.yaml", c.Source)
			if err != nil {
				t.Fatalf("%v\nin\n%s", err, c.Source)
			}
			if got, want := essence(again), essence(c); got != want {
				t.Fatalf("the control: got\n%s\nwant\n%s", got, want)
			}
		}
	})
}

// Whatever field is misspelt, that very place is named.
func TestAMisspeltFieldIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := strings.Split("name: x\nload:\n  rate: 5/s\n  timeout: 1s\n  keys:\n    count: 7\n    theta: 1\nphases:\n  warmup: 1s\nslo:\n  good:\n    latency: 5ms", "\n")
		i := rapid.IntRange(1, len(lines)-1).Draw(t, "line")
		indent := len(lines[i]) - len(strings.TrimLeft(lines[i], " "))
		lines[i] = lines[i][:indent] + "q" + lines[i][indent:]
		_, err := Parse("x.yaml", []byte(strings.Join(lines, "\n")))
		found := diagnostic.All(err)
		if len(found) == 0 || found[0].Line != i+1 || found[0].Column != indent+1 || !strings.HasPrefix(found[0].Message, "unknown field") {
			t.Fatalf("line %d: %v", i+1, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("name: x\nfaults: [{at: 0s, chaos: {a: b}}]\ncontrols: [{name: c, set: {load.rate: 5/s}, expect: {verdict: FAIL, objective: foreign}}]\n")
	f.Add("name: x\ntarget: {url: \"http://a\"}\nload: {operations: {a: {path: /}}}\n")
	f.Add("name: |\n x\nload: &a {rate: *a}\n<<: ? \n!!x ---\n")
	f.Add("- [{a, b}, 'c', \"\\u00e4\"]\n... \r\n\t%YAML")
	f.Fuzz(func(t *testing.T, source string) {
		if strings.Contains(source, "chaos") && !strings.Contains(source, "{") || strings.Contains(source, "trace") {
			return // it would read files
		}
		watch := time.AfterFunc(20*time.Second, func() { panic(fmt.Sprintf("it does not end: %q", source)) })
		defer watch.Stop()
		e, err := Parse("testdata/x.yaml", []byte(source))
		if err == nil {
			if run, err := ParseRun("testdata/x.yaml", []byte(source), names(e)); err != nil || essence(run) != essence(e) {
				t.Fatalf("as that of a run it is another: %v", err)
			}
			if again, err := Parse("testdata/x.yaml", render(e.tree.root)); err != nil || essence(again) != essence(e) {
				t.Fatalf("it does not survive rendering: %v\n%s", err, render(e.tree.root))
			}
			return
		}
		found := diagnostic.All(err)
		if len(found) == 0 {
			t.Fatalf("no diagnostic: %v", err)
		}
		for _, d := range found {
			if d.File == "" || d.Line < 1 || d.Column < 1 || d.Message == "" {
				t.Fatalf("%+v has no place", d)
			}
		}
	})
}

func TestReasonsAreThoseOfTheReport(t *testing.T) {
	want := []string{reports.LimitBroken, reports.IntervalSpansLimit, reports.FaultUnproven, reports.TooFewSamples, reports.ObserveTooShort,
		reports.InstrumentDisturbed, reports.CheckerTimeout, reports.Unreachable, reports.RunAborted}
	if got := Reasons(); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzWith(f *testing.F) {
	f.Add("load.rate", "5/s")
	f.Add("faults.0.chaos.spec.duration", "{a: [b]}")
	f.Add("controls", "~")
	f.Add("...", "&a *a")
	f.Fuzz(func(t *testing.T, path, value string) {
		e, err := must(t, controlled).With(map[string]string{path: value})
		if err != nil {
			for _, d := range diagnostic.All(err) {
				if d.File == "" || d.Line < 1 || d.Column < 1 || d.Message == "" {
					t.Fatalf("%+v has no place", d)
				}
			}
			if len(diagnostic.All(err)) == 0 {
				t.Fatalf("no diagnostic: %v", err)
			}
			return
		}
		again, err := Parse(e.File, e.Source)
		if err != nil || essence(again) != essence(e) {
			t.Fatalf("its source is another experiment: %v\n%s", err, e.Source)
		}
	})
}

// names are those of the operations that a run of e sends.
func names(e *Experiment) []string {
	all := []string{}
	for _, o := range e.Load.Operations {
		all = append(all, o.Name)
	}
	return all
}
