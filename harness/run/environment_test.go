package run

import (
	"testing"

	"gauntlet/harness/experiment"
)

func TestRedact(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"MAPPER_LISTEN", ":8080", ":8080"},
		{"DB_PASSWORD", "hunter2", "(redacted)"},
		{"API_KEY", "k", "(redacted)"},
		{"AUTH_TOKEN", "", ""},
		{"REDIS_URL", "redis://user:hunter2@redis:6379/0", "redis://user:(redacted)@redis:6379/0"},
		{"PROXY", "http://proxy:3128", "http://proxy:3128"},
	} {
		if got := redact(c.name, c.value); got != c.want {
			t.Errorf("redact(%q, %q) = %q, want %q", c.name, c.value, got, c.want)
		}
	}
}

func TestDigestTellsListsApart(t *testing.T) {
	if digest("a", "bc") == digest("ab", "c") {
		t.Error("two lists of parts have one digest")
	}
	if once, again := digest("a", "b"), digest("a", "b"); once != again || len(once) != 12 {
		t.Errorf("%q and %q: a digest is a function of its parts, of 12 digits", once, again)
	}
}

func TestSecretsOfAnExperimentAreHidden(t *testing.T) {
	hide := Hiding(&experiment.Experiment{Target: experiment.Target{Env: map[string]map[string]string{
		"mapper": {"MAPPER_API_TOKEN": "hunter2", "MAPPER_JOURNAL_MAX": "64MiB", "SHORT_SECRET": "no"},
	}}})
	for text, want := range map[string]string{
		"env: {mapper: {MAPPER_API_TOKEN: hunter2, MAPPER_JOURNAL_MAX: 64MiB}}": "env: {mapper: {MAPPER_API_TOKEN: (redacted), MAPPER_JOURNAL_MAX: 64MiB}}",
		"--set 'target.env={mapper: {MAPPER_API_TOKEN: hunter2}}'":              "--set 'target.env={mapper: {MAPPER_API_TOKEN: (redacted)}}'",
		"url: http://user:s3cr3t@127.0.0.1:8080/":                               "url: http://user:(redacted)@127.0.0.1:8080/",
		"note: nothing to hide":                                                 "note: nothing to hide",
	} {
		if got := hide(text); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
