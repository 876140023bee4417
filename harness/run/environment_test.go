package run

import "testing"

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
	if digest("a", "b") != digest("a", "b") || len(digest()) != 12 {
		t.Error("a digest is not a function of its parts, or not 12 digits")
	}
}
