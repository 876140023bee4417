package campaign

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the mapper's page says of its defects is what the campaign demands.
func TestThePublishedTableIsWhatIsDemanded(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "targets", "mapper", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Defects\n")
	section, _, _ = strings.Cut(section, "\n## ")
	said := map[string]string{} // by defect: experiment and objective
	for line := range strings.Lines(section) {
		cell := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if name, ok := quoted(cell[0]); ok && len(cell) > 3 {
			said[name] = strings.TrimSpace(cell[2]) + ", " + strings.TrimSpace(cell[3])
		}
	}
	want := map[string]string{}
	for _, c := range published(t) {
		if c.Defect() != "" {
			name := c.Experiment.Name
			want[c.Defect()] = fmt.Sprintf("[%s](../../experiments/calibration/defects/%s.yaml), `%s`", name, name, c.Experiment.Expect.Objective)
		}
	}
	for _, name := range unseen {
		want[string(name)] = "none, none"
	}
	for name := range want {
		if said[name] != want[name] {
			t.Errorf("%s: the page says %q, want %q", name, said[name], want[name])
		}
	}
	if len(said) != len(want) {
		t.Errorf("the page has %d defects, there are %d", len(said), len(want))
	}
}

// quoted is what stands between backquotes.
func quoted(cell string) (string, bool) {
	cell = strings.TrimSpace(cell)
	inner := strings.Trim(cell, "`")
	return inner, len(cell) == len(inner)+2
}
