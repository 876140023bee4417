package experiment

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	dir := folderOf(t, map[string]string{"experiments/outer.yaml": "name: outer", "a/experiments/inner.yaml": "name: inner", "a/b/c/d": ""})
	t.Chdir(filepath.Join(dir, "a/b/c"))
	for name, want := range map[string]string{
		"inner":                        "../../experiments/inner.yaml",
		"outer":                        "../../../experiments/outer.yaml", // not in the nearest folder, but in one further up
		"../../experiments/inner.yaml": "../../experiments/inner.yaml",
		"../../experiments/../b/c/d":   "../../experiments/../b/c/d",
	} {
		if got, err := Find(name); err != nil || got != want {
			t.Errorf("Find(%s) = %s, %v; want %s", name, got, err, want)
		}
	}
	_, err := Find("iner")
	if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), `in ../../experiments: "iner"; did you mean "inner"?`) {
		t.Errorf("%v", err)
	}
	for _, name := range []string{"x.yaml", "./x", "../.."} {
		if _, err := Find(name); !errors.Is(err, ErrNotFound) {
			t.Errorf("Find(%s): %v", name, err)
		}
	}
	if got, err := Folder(); err != nil || got != "../../experiments" {
		t.Errorf("%s, %v", got, err)
	}
}

func TestNames(t *testing.T) {
	dir := folderOf(t, map[string]string{"b.yaml": "name: b\nhypothesis: it holds\n", "a.yaml": "name: [", "schema.json": "{}"})
	got := Names(dir)
	if len(got) != 2 || got[0].Name != "a" || got[0].Err == nil || got[1].Name != "b" || got[1].Hypothesis != "it holds" || got[1].Err != nil {
		t.Errorf("%+v", got)
	}
}
