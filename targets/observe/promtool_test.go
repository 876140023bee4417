package observe

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
)

// program is a part of Prometheus. Where it is not installed the test is
// skipped, and fails if CI=true.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed, and CI=true wants every test to run", name)
		}
		t.Skipf("%s is not installed (apt-get install prometheus)", name)
	}
	return path
}

func promtool(t testing.TB, args ...string) {
	t.Helper()
	if out, err := exec.Command(program(t, "promtool"), args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %v: %v\n%s", args, err, out)
	}
}

// The configuration is checked together with the rules that it names.
func TestPrometheusTakesConfigurationAndRules(t *testing.T) {
	promtool(t, "check", "config", configFile)
	promtool(t, "check", "rules", rulesFile)
}

func TestAlertsFireWhenTheyShould(t *testing.T) {
	promtool(t, "test", "rules", "testdata/mapper.rules.test.yml")
}

// A dashboard with an expression that is none shows an empty panel. Written
// down as a rule, each of them is checked by promtool.
func TestPrometheusTakesTheDashboard(t *testing.T) {
	queries := readDashboard(t).queries()
	var list []map[string]string
	for i, title := range slices.Sorted(maps.Keys(queries)) {
		list = append(list, map[string]string{"record": fmt.Sprintf("panel:%d", i), "expr": queries[title]})
	}
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": list}}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", path)
}
