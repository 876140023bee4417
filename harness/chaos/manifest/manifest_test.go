package manifest

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"gauntlet/harness/chaos"
	"gauntlet/harness/diagnostic"
)

var update = flag.Bool("update", false, "write the golden files")

// spanOf is how long a Schedule of testdata goes on.
func spanOf(file string) time.Duration {
	if name := filepath.Base(file); strings.HasPrefix(name, "schedule") || strings.HasPrefix(name, "upstream-schedule") {
		return 5 * time.Minute
	}
	return 0
}

// only is the one fault that a file was made into.
func only(all [][]chaos.Timed, err error) (chaos.Fault, error) {
	if err != nil {
		return chaos.Fault{}, err
	}
	return alone(all[0], nil)
}

func alone(all []chaos.Timed, err error) (chaos.Fault, error) {
	if err != nil {
		return chaos.Fault{}, err
	}
	if len(all) != 1 {
		return chaos.Fault{}, fmt.Errorf("%d faults", len(all))
	}
	return all[0].Fault, nil
}

// Every example is read into what its golden file says, field by field.
func TestExamplesDecode(t *testing.T) {
	files, err := filepath.Glob("testdata/examples/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			all, err := DecodeFile(file, spanOf(file))
			if err != nil {
				t.Fatal(err)
			}
			for i := range all[0] {
				all[0][i].Places = nil
			}
			got, err := json.MarshalIndent(all, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", string(got)+"\n")
		})
	}
}

// golden compares got with the file, which -update writes.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestMistakesAreShownWhereTheyAre(t *testing.T) {
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no mistakes", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			f, err := DecodeFile(file, spanOf(file))
			if err == nil {
				t.Fatalf("decodes as %+v", f)
			}
			if diagnostic.All(err) == nil {
				t.Errorf("not a diagnostic: %v", err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", filepath.ToSlash(err.Error())+"\n")
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
	f, err := alone(Decode("x.yaml", source, part(t, source), 0))
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
	_, err = Decode("x.yaml", broken, part(t, broken), 0)
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
	if err := os.WriteFile(large, []byte(strings.Repeat("#", MaxBytes+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{large, t.TempDir()} {
		if _, err := DecodeFile(path, 0); len(diagnostic.All(err)) != 1 {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := DecodeFile(filepath.Join(t.TempDir(), "nowhere.yaml"), 0); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// What decodes can be asked of every platform, and what is refused says where.
func TestRefusalsHavePlaces(t *testing.T) {
	f, err := only(DecodeFile("testdata/examples/phase.yaml", 0))
	if err != nil {
		t.Fatal(err)
	}
	all := diagnostic.All(chaos.Refuse(chaos.Local, f))
	if len(all) != 2 || all[0].Line != 12 || all[1].Line != 13 || all[0].Column != 5 {
		t.Errorf("refused with %v", chaos.Refuse(chaos.Local, f))
	}
}

// Whatever decodes is runnable or refused with a reason, on every platform.
func TestEveryKindIsRunnableOrRefusedWithAReason(t *testing.T) {
	for kind := range v1alpha1.AllKindsIncludeScheduleAndWorkflow() {
		if kind == "Schedule" || kind == "Workflow" {
			continue // they are read as the kinds that they are made of
		}
		for _, p := range chaos.Platforms {
			c := chaos.CapabilityOf(p, chaos.Kernel{}, chaos.Fault{Name: "x", Kind: kind, Action: "any"})
			if c.Level == chaos.Refused && c.Reason == "" {
				t.Errorf("%s on %s is refused without a reason", kind, p)
			}
			if strings.Contains(c.Reason, "not known here") && kind != "PodChaos" && kind != "NetworkChaos" {
				t.Errorf("%s on %s: the table has no row", kind, p)
			}
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
			all, err := Decode("f.yaml", source, d.Body, time.Minute)
			if err != nil {
				all, err = Decode("f.yaml", source, d.Body, 0)
			}
			if err != nil {
				if all := diagnostic.All(err); len(all) == 0 || all[0].File != "f.yaml" || all[0].Message == "" {
					t.Errorf("not a diagnostic: %v", err)
				}
				continue
			}
			if len(all) == 0 || len(all) > mostFaults {
				t.Errorf("decoded to %d faults", len(all))
			}
			for _, fault := range all {
				if fault.Name == "" || fault.Kind == "" || fault.At < 0 || fault.Duration < 0 || fault.GracePeriod < 0 {
					t.Errorf("decoded to %+v", fault)
				}
				for _, p := range chaos.Platforms {
					if c := chaos.CapabilityOf(p, chaos.Kernel{}, fault.Fault); c.Level == chaos.Refused && c.Reason == "" {
						t.Errorf("%s is refused on %s without a reason", fault.Title(), p)
					}
				}
			}
		}
	})
}
