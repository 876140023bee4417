package reports

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestResultSurvivesItsFile(t *testing.T) {
	for name, sm := range samples() {
		var b bytes.Buffer
		if err := WriteResult(&b, sm.result); err != nil {
			t.Fatal(name, err)
		}
		written := b.String()
		back, err := ReadResult(&b)
		if err != nil {
			t.Fatal(name, err)
		}
		var again bytes.Buffer
		if err := WriteResult(&again, back); err != nil {
			t.Fatal(name, err)
		}
		if written != again.String() {
			t.Errorf("%s: read and written again it differs", name)
		}
		if back.Verdict != sm.result.Verdict || back.Load.Planned != sm.result.Load.Planned || *back.Faults[0].HealEnd != *sm.result.Faults[0].HealEnd {
			t.Errorf("%s: values changed", name)
		}
	}
}

func TestListsAreNeverNull(t *testing.T) {
	var b bytes.Buffer
	r := &Result{}
	if err := WriteResult(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"substitutes", "phases", "faults", "episodes", "objectives", "artifacts"} {
		if !strings.Contains(b.String(), `"`+key+`": []`) {
			t.Errorf("%s is not an empty list", key)
		}
	}
	if r.Phases != nil {
		t.Error("writing changed the result")
	}
}

func TestSeriesSurvivesItsFile(t *testing.T) {
	sm := passSample()
	sm.series.Strips[0].Bad[3] = nil
	var b bytes.Buffer
	if err := WriteSeries(&b, sm.series); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(b.String(), "\n"); lines > 1000 {
		t.Errorf("%d lines: numbers do not keep to a line", lines)
	}
	back, err := ReadSeries(&b)
	if err != nil {
		t.Fatal(err)
	}
	want := *sm.series
	want.SchemaVersion = SchemaVersion
	if !reflect.DeepEqual(back, &want) {
		t.Error("read again it differs")
	}
}

func TestIndentKeepsStrings(t *testing.T) {
	got := string(indentTo([]byte(`{"a":"{[\",]}\\","b":[[1,2],[]],"c":{}}`), 2))
	want := "{\n  \"a\":\"{[\\\",]}\\\\\",\n  \"b\":[\n    [1,2],\n    []\n  ],\n  \"c\":{}\n}"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestOtherVersionsAreRefused(t *testing.T) {
	for in, want := range map[string]string{
		`{"schemaVersion": 2, "phases": "a word"}`: "later gauntlet (schemaVersion 2; this one reads up to 1)",
		`{"verdict": "PASS"}`:                      "no schemaVersion",
		`not JSON`:                                 "not JSON of gauntlet",
		`{"schemaVersion": 1, "phases": 3}`:        "phases",
	} {
		if _, err := ReadResult(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
		if _, err := ReadSeries(strings.NewReader(in)); in != `{"schemaVersion": 1, "phases": 3}` && err == nil {
			t.Errorf("series %s: no error", in)
		}
	}
}

func TestSchemaKnowsTheSamples(t *testing.T) {
	schema := compiledSchema(t)
	for name, sm := range samples() {
		var b bytes.Buffer
		if err := WriteResult(&b, sm.result); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(instance(t, b.String())); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, change := range [][2]string{
			{`"verdict": "` + string(sm.result.Verdict) + `"`, `"verdict": "GOOD"`},
			{`"planned": 115000`, `"planned": "many"`},
			{`"schemaVersion": 1`, `"schemaVersion": 2`},
			{`"seed": 42,`, ``},
			{`"injectBegin": 25`, `"injectBegin": "soon"`},
		} {
			broken := strings.Replace(b.String(), change[0], change[1], 1)
			if broken == b.String() {
				t.Fatalf("%s: %s is not in it", name, change[0])
			}
			if schema.Validate(instance(t, broken)) == nil {
				t.Errorf("%s: valid with %q in place of %q", name, change[1], change[0])
			}
		}
	}
}

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	b, err := ResultSchema()
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("result.json", instance(t, string(b))); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("result.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func instance(t *testing.T, s string) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func FuzzReadSeries(f *testing.F) {
	f.Add([]byte(`{"schemaVersion":1,"seconds":4,"goodMs":250,"planned":[9,9],"outcomes":[{"class":"5xx","count":[3]}],"latency":[{"n":9,"p50":1,"p90":1e300,"p99":2,"max":1e308}],"heat":{"minMs":0.1,"factor":1e200,"rows":3,"cells":[[1,2,3]]},"strips":[{"scope":"op:a","n":[1],"bad":[null,0.5]}],"lanes":[{"kind":"fault","spans":[{"begin":-1,"end":1e300,"state":"active"}]}],"slipP99Ms":[1e308],"spectrum":[{"phase":"fault","count":-1,"at":[{"q":2,"ms":1e308}]}],"keys":[{"rank":-1,"seen":1,"expected":1e308}],"shards":{"until":-1,"shards":2,"requests":[9223372036854775807,1],"chance":[{"low":-9223372036854775808,"median":0,"high":9223372036854775807},{}],"uneven":1e308}}`))
	f.Add([]byte(`{"schemaVersion":1,"seconds":1,"planned":[1],"shards":{"shards":4611686018427387904,"replicas":["a","b","c","d"],"requests":[],"chance":[]}}`))
	f.Add([]byte(`{"schemaVersion":1,"seconds":1000000000000,"planned":[1]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ReadSeries(bytes.NewReader(b))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := HTML(&out, anyResult, s, Extra{}); err != nil {
			t.Errorf("what can be read cannot be drawn: %v", err)
		}
	})
}

// anyResult has faults, episodes and phases for any series.
var anyResult = failSample().result

func FuzzReadResult(f *testing.F) {
	f.Add([]byte(`{"schemaVersion":1,"verdict":"PASS","faults":[{"name":"x","injectBegin":null}],"phases":[{"begin":1e9}]}`))
	f.Add([]byte(`{"schemaVersion":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ReadResult(bytes.NewReader(b))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := HTML(&out, r, &Series{Seconds: 3}, Extra{}); err != nil {
			t.Errorf("what can be read cannot be drawn: %v", err)
		}
	})
}

// What suites, comparisons and calibrations were written down as can be drawn,
// whatever stands in it.
func FuzzReadOthers(f *testing.F) {
	f.Add([]byte(`{"schemaVersion":1,"suite":"x","verdict":"FAIL","seed":-1,"budget":1e300,"entries":[{"name":"a","verdict":"PASS","repeat":-1,"runs":[{"run":"r","verdict":"","folder":"../x"}]},{}]}`))
	f.Add([]byte(`{"schemaVersion":1,"experiment":"x","verdict":"","looks":[{"after":-1}],"measures":[{"name":"p99","low":1e308,"high":-1e308}],"pairs":[{"a":{},"b":{}}]}`))
	f.Add([]byte(`{"schemaVersion":1,"layers":[{"name":"x","rows":[{"name":"r","runs":-1}]},{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var out bytes.Buffer
		draw := func(errs ...error) {
			if err := errors.Join(errs...); err != nil {
				t.Errorf("what can be read cannot be drawn: %v", err)
			}
		}
		if s, err := ReadSuite(bytes.NewReader(b)); err == nil {
			draw(SuiteHTML(&out, s), SuiteJUnit(&out, s), SuiteMarkdown(&out, s), SuiteTerminal(&out, s, "p", true))
		}
		if c, err := ReadComparison(bytes.NewReader(b)); err == nil {
			draw(ComparisonHTML(&out, c), ComparisonJUnit(&out, c), ComparisonMarkdown(&out, c), ComparisonTerminal(&out, c, "p", true))
		}
		if c, err := ReadCalibration(bytes.NewReader(b)); err == nil {
			draw(CalibrationHTML(&out, c), CalibrationTerminal(&out, c, "", "p", true))
		}
	})
}
