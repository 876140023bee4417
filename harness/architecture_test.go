// Package harness holds no code of its own, only the test that the rooms keep
// to themselves.
package harness

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// imports lists, for each package below the pattern, what it depends on of
// this module, tests left out.
func imports(t *testing.T, pattern string) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports ","}}`, pattern)
	cmd.Dir = ".."
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go list %s: %v\n%s", pattern, err, out)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		pkg, list, _ := strings.Cut(strings.TrimSpace(line), " ")
		all[pkg] = nil
		for i := range strings.SplitSeq(list, ",") {
			if strings.HasPrefix(i, "gauntlet/") {
				all[pkg] = append(all[pkg], i)
			}
		}
	}
	return all
}

func TestRoomsDependOnlyOnWhatTheyMay(t *testing.T) {
	within := func(pkg string, rooms ...string) bool {
		for _, r := range rooms {
			if pkg == "gauntlet/"+r || strings.HasPrefix(pkg, "gauntlet/"+r+"/") {
				return true
			}
		}
		return false
	}
	for _, room := range []struct {
		pattern string
		may     []string
	}{
		{"./reports/...", []string{"reports"}},
		{"./targets/mapper/...", []string{"targets/mapper"}},
		{"./targets/redis/...", []string{"targets/redis"}},
		{"./targets/truth/...", []string{"targets/truth"}},
		{"./targets/observe", nil},
		{"./harness/...", []string{"harness", "reports"}},
		{"./harness/history", nil},
		{"./harness/diagnostic", nil},
		{"./harness/textfile", nil},
		{"./harness/procstat", nil},
		{"./harness/register", []string{"harness/procstat"}},
		{"./harness/capacity", nil},
		{"./harness/doctor", []string{"harness/register", "harness/capacity"}},
		{"./harness/load/...", []string{"harness/load", "harness/history"}},
		{"./harness/load/shape", nil},
		{"./harness/slo/...", []string{"harness/history", "reports"}},
		{"./harness/child", nil},
		{"./harness/observe/...", []string{"harness/observe", "harness/child", "harness/procstat", "harness/history"}},
		{"./harness/consistency", []string{"harness/consistency/register", "harness/history", "reports"}},
		{"./harness/consistency/register", nil},
		{"./harness/experiment/...", []string{"harness/diagnostic", "harness/textfile", "harness/load/shape"}},
		{"./harness/topology/...", []string{"harness/diagnostic", "harness/textfile"}},
		{"./harness/platform/...", []string{"harness/platform", "harness/topology", "harness/diagnostic", "harness/procstat", "harness/chaos/link"}},
		{"./harness/calibrate", []string{"harness/calibrate/verdicts", "harness/slo", "harness/consistency", "harness/observe", "harness/history", "reports"}},
		{"./harness/calibrate/verdicts", nil},
		{"./harness/calibrate/campaign", []string{"harness/calibrate", "harness/experiment", "harness/run", "harness/observe", "harness/child", "harness/platform/burn", "reports"}},
		{"./harness/compare", []string{"harness/diagnostic", "reports"}},
		{"./harness/compare/pairs", []string{"harness/compare", "harness/run", "harness/suite", "reports"}},
		{"./harness/compare/build", []string{"harness/chaos", "harness/platform", "harness/run", "harness/topology"}},
		{"./harness/suite", []string{"harness/suite", "harness/experiment", "harness/run", "harness/slo", "reports"}},
		{"./harness/chaos/link", nil},
		{"./harness/chaos/...", []string{"harness/chaos", "harness/platform", "harness/topology", "harness/history", "harness/diagnostic"}},
	} {
		pkgs := imports(t, room.pattern)
		if len(pkgs) == 0 {
			t.Errorf("%s matches no package", room.pattern)
		}
		for pkg, list := range pkgs {
			for _, i := range list {
				if !within(i, room.may...) {
					t.Errorf("%s imports %s; %s may import only %q", pkg, i, room.pattern, room.may)
				}
			}
		}
	}
}

// Only the harness's one main may reach the Kubernetes types: whoever imports
// them pays for them in every build and every test.
func TestOnlyTheDecoderReachesTheKubernetesTypes(t *testing.T) {
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Deps ","}}`, "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		pkg, deps, _ := strings.Cut(line, " ")
		if !strings.Contains(deps, "k8s.io/") {
			continue
		}
		if pkg != "gauntlet/harness/chaos/manifest" && pkg != "gauntlet/harness/cmd/gauntlet" {
			t.Errorf("%s depends on Kubernetes packages", pkg)
		}
	}
}

func TestTopLevelIsAsAgreed(t *testing.T) {
	cmd := exec.Command("git", "ls-files")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip("not a git checkout: nothing says which files belong to the project")
	}
	may := map[string]bool{"harness": true, "targets": true, "experiments": true, "reports": true,
		"docker-compose.yml": true, "go.mod": true, "go.sum": true, "Makefile": true, "README.md": true}
	for path := range strings.Lines(string(out)) {
		top, _, _ := strings.Cut(filepath.ToSlash(strings.TrimSpace(path)), "/")
		if !may[top] && !strings.HasPrefix(top, ".") {
			t.Errorf("%s is beyond the agreed top level", top)
		}
	}
}
