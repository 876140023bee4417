package manifest

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"gauntlet/harness/chaos"
	"gauntlet/harness/diagnostic"
)

var update = flag.Bool("update", false, "write the golden files")

func TestExamplesDecode(t *testing.T) {
	want := map[string]chaos.Fault{
		"pod-kill": {Name: "pod-kill", Kind: "PodChaos", Action: "pod-kill", Mode: "one", GracePeriod: 5 * time.Second,
			Selector: chaos.Selector{Namespaces: []string{"shop"}, Labels: map[string]string{"app.kubernetes.io/component": "cart"}}},
		"pod-failure": {Name: "redis-down", Kind: "PodChaos", Action: "pod-failure", Mode: "all", Duration: 90 * time.Second,
			Selector: chaos.Selector{Namespaces: []string{"shop"}, Labels: map[string]string{"app": "redis"}}},
		"container-kill": {Name: "container-kill", Kind: "PodChaos", Action: "container-kill", Mode: "fixed", Value: 2, ContainerNames: []string{"mapper"},
			Selector: chaos.Selector{Namespaces: []string{}, Expressions: []chaos.Requirement{
				{Key: "app", Operator: "In", Values: []string{"mapper"}}, {Key: "canary", Operator: "DoesNotExist"}}}},
		"by-name": {Name: "by-name", Kind: "PodChaos", Action: "pod-failure", Mode: "random-max-percent", Value: 50, Duration: 500 * time.Millisecond,
			Selector: chaos.Selector{Namespaces: []string{}, Pods: map[string][]string{"default": {"mapper-1", "mapper-2"}}}},
		"phase": {Name: "phase", Kind: "PodChaos", Action: "pod-kill", Mode: "fixed-percent", Value: 34, Duration: 30 * time.Second,
			Selector:    chaos.Selector{Namespaces: []string{}, Phases: []string{"Running"}},
			ClusterOnly: []string{"spec.selector.nodeSelectors", "spec.selector.annotationSelectors"}},
		"network":  {Name: "slow-redis", Kind: "NetworkChaos", Action: "delay", Duration: 20 * time.Second},
		"schedule": {Name: "every-minute", Kind: "Schedule"},
		"workflow": {Name: "one-after-the-other", Kind: "Workflow"},
	}
	files, err := filepath.Glob("testdata/examples/*.yaml")
	if err != nil || len(files) != len(want) {
		t.Fatalf("%d examples (%v), %d expected", len(files), err, len(want))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		got, err := DecodeFile(file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got.Places = nil
		if !reflect.DeepEqual(got, want[name]) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want[name])
		}
	}
}

func TestMistakesAreShownWhereTheyAre(t *testing.T) {
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no mistakes", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			f, err := DecodeFile(file)
			if err == nil {
				t.Fatalf("decodes as %+v", f)
			}
			if diagnostic.All(err) == nil {
				t.Errorf("not a diagnostic: %v", err)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			got := filepath.ToSlash(err.Error()) + "\n"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

// In an experiment the object is a part of the file, with anchors that may
// stand outside of it; places must be those in the file.
func TestDecodePartOfAFile(t *testing.T) {
	source := []byte(strings.Join([]string{
		"shared: &who {labelSelectors: {app: redis}}",
		"defaults: &all {mode: one, action: pod-kill}",
		"faults:",
		"  - at: 0s",
		"    chaos:",
		"      apiVersion: chaos-mesh.org/v1alpha1",
		"      kind: PodChaos",
		"      metadata: {name: down}",
		"      spec:",
		"        <<: *all",
		"        action: pod-failure",
		"        duration: 5s",
		"        selector: *who",
	}, "\n"))
	f, err := Decode("x.yaml", source, part(t, source))
	if err != nil {
		t.Fatal(err)
	}
	if f.Action != "pod-failure" || f.Mode != "one" || f.Selector.Labels["app"] != "redis" {
		t.Errorf("read as %+v", f)
	}
	if p := f.Places["spec.duration"]; p.File != "x.yaml" || p.Line != 12 || p.Column != 9 || p.Text != "        duration: 5s" {
		t.Errorf("duration stands at %+v", p)
	}
	if p := f.Places["spec.selector.labelSelectors.app"]; p.Line != 1 {
		t.Errorf("the selector's label stands at %+v", p)
	}
	broken := []byte(strings.Replace(string(source), "duration: 5s", "duration: -5s", 1))
	_, err = Decode("x.yaml", broken, part(t, broken))
	if all := diagnostic.All(err); len(all) != 1 || all[0].Line != 12 || all[0].Column != 19 {
		t.Errorf("mistakes %v", err)
	}
}

// part is the object at faults[0].chaos.
func part(t *testing.T, source []byte) ast.Node {
	t.Helper()
	file, err := parser.ParseBytes(source, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found ast.Node
	ast.Walk(visitor(func(n ast.Node) {
		if v, ok := n.(*ast.MappingValueNode); ok && v.Key.String() == "chaos" {
			found = v.Value
		}
	}), file.Docs[0].Body)
	return found
}

type visitor func(ast.Node)

func (v visitor) Visit(n ast.Node) ast.Visitor { v(n); return v }

func TestFilesThatAreNone(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(large, []byte(strings.Repeat("#", maxBytes+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{large, t.TempDir()} {
		if _, err := DecodeFile(path); len(diagnostic.All(err)) != 1 {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := DecodeFile(filepath.Join(t.TempDir(), "nowhere.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// What decodes can be asked of every platform, and what is refused says where.
func TestRefusalsHavePlaces(t *testing.T) {
	f, err := DecodeFile("testdata/examples/phase.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := diagnostic.All(chaos.Refuse(chaos.Local, f))
	if len(all) != 2 || all[0].Line != 12 || all[1].Line != 13 || all[0].Column != 5 {
		t.Errorf("refused with %v", chaos.Refuse(chaos.Local, f))
	}
	f, err = DecodeFile("testdata/examples/network.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range chaos.Platforms {
		err := chaos.Refuse(p, f)
		if err == nil || !strings.Contains(err.Error(), "not supported in this version on "+p) {
			t.Errorf("NetworkChaos on %s: %v", p, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, pattern := range []string{"testdata/examples/*.yaml", "testdata/mistakes/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(source)
		}
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		file, err := parse(source)
		if err != nil {
			if diagnostic.All(syntax("f.yaml", source, err)) == nil {
				t.Errorf("not a diagnostic: %v", err)
			}
			return
		}
		for _, d := range file.Docs {
			fault, err := Decode("f.yaml", source, d.Body)
			if err != nil {
				if all := diagnostic.All(err); len(all) == 0 || all[0].File != "f.yaml" || all[0].Message == "" {
					t.Errorf("not a diagnostic: %v", err)
				}
				continue
			}
			if fault.Name == "" || fault.Kind == "" || fault.Duration < 0 || fault.GracePeriod < 0 {
				t.Errorf("decoded to %+v", fault)
			}
			for _, p := range chaos.Platforms {
				_ = chaos.CapabilityOf(p, fault)
			}
		}
	})
}
