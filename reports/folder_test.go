package reports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFolderOfASuite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	if err := SuiteFolder.Draw(dir); err == nil || !strings.Contains(err.Error(), "is no folder of a suite") {
		t.Errorf("drawn from nothing: %v", err)
	}
	if err := SuiteFolder.Make(dir); err != nil {
		t.Fatal(err)
	}
	if SuiteFolder.Is(dir) {
		t.Error("an empty folder is one of a suite")
	}
	if err := SuiteFolder.Write(dir, &Suite{Suite: "gate", Verdict: Pass, Entries: []SuiteEntry{{Name: "gate-1", Verdict: Pass}}}); err != nil {
		t.Fatal(err)
	}
	if !SuiteFolder.Is(dir) || ComparisonFolder.Is(dir) {
		t.Error("it is not told what it is")
	}
	if s, err := SuiteFolder.Read(dir); err != nil || s.Suite != "gate" {
		t.Errorf("%+v, %v", s, err)
	}
	for _, name := range []string{"index.html", "junit.xml", "summary.md"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.Contains(string(text), "gate") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALinkToARun(t *testing.T) {
	for run, want := range map[string]string{"/out/runs/x/1": "../../../runs/x/1", "": "", "relative": ""} {
		if got := SuiteFolder.Link("/out/suites/gate/2", run); got != want {
			t.Errorf("%q: %q, want %q", run, got, want)
		}
	}
}
