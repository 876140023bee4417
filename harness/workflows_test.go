package harness

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// workflow is a GitHub workflow, as far as it is checked here.
type workflow struct {
	Name        string            `yaml:"name"`
	On          map[string]any    `yaml:"on"`
	Permissions map[string]string `yaml:"permissions"`
	Concurrency struct {
		Group string `yaml:"group"`
	} `yaml:"concurrency"`
	Jobs map[string]struct {
		If      string         `yaml:"if"`
		RunsOn  string         `yaml:"runs-on"`
		Minutes int            `yaml:"timeout-minutes"`
		Steps   []workflowStep `yaml:"steps"`
	} `yaml:"jobs"`
}

type workflowStep struct {
	Name string         `yaml:"name"`
	Uses string         `yaml:"uses"`
	If   string         `yaml:"if"`
	Run  string         `yaml:"run"`
	With map[string]any `yaml:"with"`
}

func workflows(t *testing.T) map[string]workflow {
	t.Helper()
	paths, err := filepath.Glob("../.github/workflows/*.yml")
	if err != nil || len(paths) < 3 {
		t.Fatalf("%v %q", err, paths)
	}
	all := map[string]workflow{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var w workflow
		if err := yaml.Unmarshal(data, &w); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if w.Name+".yml" != filepath.Base(path) {
			t.Errorf("%s is called %s", path, w.Name)
		}
		all[w.Name] = w
	}
	return all
}

// A workflow can only be tried where GitHub runs it. What can be known here is
// that it asks for little, ends by itself, and calls what there is.
func TestTheWorkflowsCallWhatThereIs(t *testing.T) {
	pinned := regexp.MustCompile(`^actions/[a-z-]+@v[0-9]+$`)
	for name, w := range workflows(t) {
		if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" {
			t.Errorf("%s: permissions %v, want contents: read alone", name, w.Permissions)
		}
		if w.Concurrency.Group == "" || len(w.On) == 0 || len(w.Jobs) == 0 {
			t.Errorf("%s has no concurrency group, no trigger or no job: %+v", name, w)
		}
		for job, j := range w.Jobs {
			if j.Minutes < 1 || j.RunsOn == "" {
				t.Errorf("%s: the job %s has no timeout or no machine", name, job)
			}
			for _, s := range j.Steps {
				switch {
				case s.Uses != "" && !pinned.MatchString(s.Uses):
					t.Errorf("%s uses %s, which is not pinned to a major version", name, s.Uses)
				case s.Uses == "" && s.Run == "":
					t.Errorf("%s: the step %q does nothing", name, s.Name)
				case s.Run != "":
					calls(t, name, s.Run)
				}
				if file, ok := s.With["go-version-file"].(string); ok && !there(file) {
					t.Errorf("%s: there is no %s", name, file)
				}
			}
		}
	}
}

func there(path string) bool {
	_, err := os.Stat(filepath.Join("..", path))
	return err == nil
}

// calls checks what a script of a workflow calls: its syntax, the targets of
// make, the scripts of this tree, and the suites.
func calls(t *testing.T, workflow, script string) {
	t.Helper()
	if bash, err := exec.LookPath("bash"); err == nil {
		check := exec.Command(bash, "-n")
		check.Stdin = strings.NewReader(script)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s\n%s", workflow, err, out, script)
		}
	}
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(script) {
		words := strings.Fields(line)
		for i, word := range words {
			switch {
			case word == "make":
				for _, target := range words[i+1:] {
					if !regexp.MustCompile(`(?m)^(\S+ )*` + regexp.QuoteMeta(target) + `( \S+)*:`).Match(makefile) {
						t.Errorf("%s: make has no target %s", workflow, target)
					}
				}
			case word == "install" && i > 0 && words[i-1] == "apt-get":
				if !strings.Contains(script, "apt-get update -qq && ") { // the machine's list of packages is of the day when it was made
					t.Errorf("%s installs what may not be there any more: %q", workflow, strings.TrimSpace(line))
				}
			case strings.HasPrefix(word, ".ci/"):
				if info, err := os.Stat("../" + word); err != nil || info.Mode()&0o111 == 0 {
					t.Errorf("%s: %s is no program: %v", workflow, word, err)
				}
			case strings.HasSuffix(word, "bin/gauntlet"):
				if i+2 >= len(words) || words[i+1] != "run" || !there("experiments/suites/"+words[i+2]+".yaml") {
					t.Errorf("%s: %q runs no suite of this tree", workflow, strings.TrimSpace(line))
				}
			}
		}
	}
}

// The gate is for release branches and the drills are on Thursday at two; both
// have the time that their suite's budget allows and some to build, and leave
// their reports whatever the verdict.
func TestTheGateAndTheWeeklyRunAreScheduled(t *testing.T) {
	all := workflows(t)
	push, _ := all["gate"].On["push"].(map[string]any)
	if branches, _ := push["branches"].([]any); !slices.Contains(branches, any("release/**")) {
		t.Errorf("the gate is not for release branches: %v", all["gate"].On)
	}
	schedule, _ := all["weekly"].On["schedule"].([]any)
	if first, _ := append(schedule, nil)[0].(map[string]any); first["cron"] != "0 2 * * 4" {
		t.Errorf("the weekly run is not on Thursday at 02:00: %v", all["weekly"].On)
	}
	if _, ok := all["weekly"].On["workflow_dispatch"]; !ok {
		t.Error("the weekly run cannot be started by hand")
	}
	for _, name := range []string{"gate", "weekly"} {
		j, budget := all[name].Jobs[name], budgetOf(t, name)
		if left := time.Duration(j.Minutes)*time.Minute - budget; left < 15*time.Minute {
			t.Errorf("%s: %d minutes are too few for a budget of %s", name, j.Minutes, budget)
		}
		kept, shown := false, false
		for _, s := range j.Steps {
			kept = kept || strings.HasPrefix(s.Uses, "actions/upload-artifact@") && s.If == "always()" && s.With["path"] == "reports/"
			shown = shown || strings.Contains(s.Run, "GITHUB_STEP_SUMMARY") && s.If == "always()" && strings.Contains(s.Run, "reports/suites/"+name+"/")
		}
		if !kept || !shown {
			t.Errorf("%s: the reports are kept: %t, the summary is shown: %t", name, kept, shown)
		}
	}
}

// The further runs hold up no pull request, and are made of each push to main
// with every real part there.
func TestTheFurtherRunsFollowAPush(t *testing.T) {
	ci := workflows(t)["ci"]
	push, _ := ci.On["push"].(map[string]any)
	if branches, _ := push["branches"].([]any); !slices.Equal(branches, []any{"main"}) {
		t.Errorf("ci is not for pushes to main: %v", ci.On)
	}
	further := ci.Jobs["further"]
	if further.If != "github.event_name == 'push'" {
		t.Errorf("the further runs are made if %q", further.If)
	}
	if !slices.ContainsFunc(further.Steps, func(s workflowStep) bool { return strings.Contains(s.Run, "CI=true make deps further") }) {
		t.Errorf("nothing makes the further runs: %+v", further.Steps)
	}
}

// budgetOf is the time that the suite may take.
func budgetOf(t *testing.T, name string) time.Duration {
	t.Helper()
	data, err := os.ReadFile("../experiments/suites/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var suite struct {
		Budget string `yaml:"budget"`
	}
	if err := yaml.Unmarshal(data, &suite); err != nil {
		t.Fatal(err)
	}
	budget, err := time.ParseDuration(suite.Budget)
	if err != nil || budget <= 0 {
		t.Fatalf("%s has the budget %q: %v", name, suite.Budget, err)
	}
	return budget
}
