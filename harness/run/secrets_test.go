package run

import (
	"strings"
	"testing"

	"gauntlet/harness/experiment"
)

func TestSecretsAreSentAndNeverWrittenDown(t *testing.T) {
	t.Setenv("GAUNTLET_TEST_TOKEN", "s3cr3t-from-outside")
	source := `
name: x
target: {url: "http://127.0.0.1:1"}
load:
  mix: {get: 100%}
  operations:
    get:
      path: /{key}
      headers: {Authorization: "Bearer ${GAUNTLET_TEST_TOKEN}", X-Api-Key: written-in-the-file, Accept: text/plain}
      body: 'token=${GAUNTLET_TEST_TOKEN}&n={seq}'
`
	e, err := experiment.Parse("x.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	if err := preflight(Options{Experiment: e}); err != nil {
		t.Fatal(err)
	}
	o := sent(e.Load.Operations[0])
	if o.Header["Authorization"] != "Bearer s3cr3t-from-outside" || o.Body != "token=s3cr3t-from-outside&n={seq}" || o.Header["Accept"] != "text/plain" {
		t.Errorf("it sends %+v", o)
	}
	hide := Hiding(e)
	for _, text := range []string{source, o.Body, o.Header["Authorization"], "get: Bearer s3cr3t-from-outside was refused"} {
		hidden := hide(text)
		if strings.Contains(hidden, "s3cr3t") || strings.Contains(hidden, "written-in-the-file") {
			t.Errorf("it writes down %s", hidden)
		}
	}
	again, err := experiment.Parse("x.yaml", []byte(hide(source)))
	if err != nil || again.Load.Operations[0].Header["Authorization"] != "Bearer ${GAUNTLET_TEST_TOKEN}" {
		t.Errorf("what is kept of the run cannot be judged: %v", err)
	}
}

func TestWhatTheEnvironmentLacksIsSaidBeforehand(t *testing.T) {
	for value, want := range map[string]string{"${GAUNTLET_TEST_NOT_THERE}": "has no GAUNTLET_TEST_NOT_THERE", "${GAUNTLET_TEST_LINES}": "more than one line"} {
		t.Setenv("GAUNTLET_TEST_LINES", "a\nb")
		e, err := experiment.Parse("x.yaml", []byte("name: x\ntarget: {url: \"http://127.0.0.1:1\", request: {headers: {A: \""+value+"\"}}}\n"))
		if err != nil {
			t.Fatal(err)
		}
		if err := preflight(Options{Experiment: e}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", value, err, want)
		}
	}
}
