package build

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gauntlet/harness/chaos"
	"gauntlet/harness/topology"
)

// repository is one with a program that says which version it is: v1 of the
// tag, v2 of the commit after it, v3 of the work tree. The Compose file lies in
// a folder of it.
func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(version string) {
		for name, text := range map[string]string{
			"go.mod": "module example\n\ngo 1.24\n", "deploy/docker-compose.yml": "services: {}\n",
			"deploy/cmd/say/main.go": "package main\n\nfunc main() { println(\"" + version + "\") }\n",
		} {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	git := func(args ...string) {
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "core.hooksPath=/dev/null"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	git("init", "-q")
	write("v1")
	git("add", ".")
	git("commit", "-q", "-m", "one")
	git("tag", "v1")
	write("v2")
	git("commit", "-q", "-a", "-m", "two")
	write("v3")
	return dir
}

func finder(t *testing.T, dir string) Finder {
	return Finder{Service: "say", Platform: chaos.Local, Cache: filepath.Join(t.TempDir(), "builds"), Stack: topology.Stack{
		File: filepath.Join(dir, "deploy/docker-compose.yml"), Dir: filepath.Join(dir, "deploy"),
		Services: []topology.Service{{Name: "say", Local: &topology.Local{Package: "./cmd/say"}}, {Name: "redis", Local: &topology.Local{Command: []string{"redis-server"}}}},
	}}
}

func says(t *testing.T, f Found) string {
	t.Helper()
	out, err := exec.Command(f.Build.Program).CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestWhatABuildIs(t *testing.T) {
	dir := repository(t)
	f := finder(t, dir)
	left := filepath.Join(f.Cache, "source-1") // by a gauntlet that was killed
	if err := errors.Join(os.MkdirAll(left, 0o755), os.Chtimes(left, time.Time{}, time.Now().Add(-2*abandoned))); err != nil {
		t.Fatal(err)
	}
	found := map[string]Found{}
	for what, version := range map[string]string{"v1": "v1", "HEAD": "v2", dir: "v3"} {
		one, err := f.Find(context.Background(), what)
		if err != nil {
			t.Fatal(err)
		}
		if told, err := f.Look(context.Background(), what); told != one.Told || err != nil {
			t.Errorf("%s: at a look %q, %v; found %q", what, told, err, one.Told)
		}
		if got := says(t, one); got != version || one.Digest == "" || !strings.HasSuffix(one.Build.Name, one.Digest) {
			t.Errorf("%s says %q: %+v", what, got, one)
		}
		found[what] = one
	}
	if told := found["v1"].Told; !strings.HasPrefix(told, "revision v1, commit ") || !strings.HasSuffix(found[dir].Told, "+dirty") {
		t.Errorf("%q and %q", told, found[dir].Told)
	}
	// A program is kept as it was, whatever becomes of the file.
	program := filepath.Join(t.TempDir(), "mine")
	if err := copyFile(found["v1"].Build.Program, program); err != nil {
		t.Fatal(err)
	}
	one, err := f.Find(context.Background(), program)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	if says(t, one) != "v1" || one.Digest != found["v1"].Digest {
		t.Errorf("the program: %+v", one)
	}
	entries, _ := os.ReadDir(f.Cache)
	for _, e := range entries {
		if e.IsDir() {
			t.Errorf("%s is left in the cache", e.Name())
		}
	}
}

func TestWhatIsNoBuild(t *testing.T) {
	dir := repository(t)
	plain := filepath.Join(dir, "go.mod")
	for _, c := range []struct {
		name, what, want string
		change           func(*Finder)
	}{
		{"nothing", "", "empty name", nil},
		{"no revision", "v9", "nor a revision", nil},
		{"an option", "--output=x", "nor a revision", nil},
		{"no program", plain, "no executable file", nil},
		{"no tree", t.TempDir(), "has no ./cmd/say", nil},
		{"no package", dir, "runs no package", func(f *Finder) { f.Service = "redis" }},
		{"a revision of before it was there", "HEAD", "has no ./cmd/tell", func(f *Finder) { f.Stack.Services[0].Local.Package = "./cmd/tell" }},
		{"a folder for docker", dir, "on docker a build is an image", func(f *Finder) { f.Platform = chaos.Docker }},
	} {
		f := finder(t, dir)
		if c.change != nil {
			c.change(&f)
		}
		_, err := f.Find(context.Background(), c.what)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		} else if !strings.Contains(err.Error(), "hint:") {
			t.Errorf("%s: %v does not say what to do", c.name, err)
		}
		// It is known before anything is made.
		if _, seen := f.Look(context.Background(), c.what); seen == nil || seen.Error() != err.Error() {
			t.Errorf("%s: at a look %v, want %v", c.name, seen, err)
		}
		if _, err := os.Stat(f.Cache); err == nil {
			t.Errorf("%s: something was made for it", c.name)
		}
	}
	// One that does not compile says where.
	if err := os.WriteFile(filepath.Join(dir, "deploy/cmd/say/main.go"), []byte("package main\n\nfunc main() { nothing() }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := finder(t, dir).Find(context.Background(), dir); err == nil || !strings.Contains(err.Error(), "main.go:3") {
		t.Errorf("%v", err)
	}
}

// The cache keeps the programs that were asked for last, and those that somebody
// uses, however old they are.
func TestTheCacheIsBounded(t *testing.T) {
	f := finder(t, t.TempDir())
	program := func(text string) string {
		path := filepath.Join(t.TempDir(), "program")
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	find := func(text string) Found {
		found, err := f.Find(t.Context(), program(text))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	age := func(one Found, days int) {
		then := time.Now().AddDate(0, 0, -days)
		if err := os.Chtimes(one.Build.Program, then, then); err != nil {
			t.Fatal(err)
		}
	}
	left := func(one Found) bool {
		_, err := os.Stat(one.Build.Program)
		return err == nil
	}
	used := find("used") // by another comparison, which goes on
	age(used, 100)
	other := filepath.Join(f.Cache, "notes")
	if err := os.WriteFile(other, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var all []Found
	for i := range kept + 2 {
		one := find(strings.Repeat("x", i+1))
		if err := one.Close(); err != nil {
			t.Fatal(err)
		}
		age(one, 50-i)
		all = append(all, one)
	}
	again := find("x") // the first once more: it is gone, or the oldest
	if again.Digest != all[0].Digest || !left(again) {
		t.Errorf("asked for again: %+v", again)
	}
	for i, one := range all {
		if want := i == 0 || i >= 3; left(one) != want {
			t.Errorf("the program of %d days: there is %v, want %v", 50-i, left(one), want)
		}
	}
	if _, err := os.Stat(other); err != nil || !left(used) {
		t.Errorf("what is no program: %v; what is used is there: %v", err, left(used))
	}
	used.Close()
	age(again, 0)
	if find("one more"); left(used) {
		t.Error("what nobody uses any more is left")
	}
}

// What somebody wrote to is not measured under the name of what it was.
func TestAProgramOfTheCacheIsWhatItSays(t *testing.T) {
	f := finder(t, t.TempDir())
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("mine"), 0o755); err != nil {
		t.Fatal(err)
	}
	one, err := f.Find(t.Context(), program)
	if err != nil {
		t.Fatal(err)
	}
	one.Close()
	if err := os.WriteFile(one.Build.Program, []byte("not mine"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = f.Find(t.Context(), program)
	if err == nil || !strings.Contains(err.Error(), one.Build.Program+" is not the program that it is named after") {
		t.Errorf("changed: %v", err)
	}
	if err := os.Remove(one.Build.Program); err != nil {
		t.Fatal(err)
	}
	if again, err := f.Find(t.Context(), program); err != nil || again.Close() != nil {
		t.Errorf("after the hint: %v", err)
	}
}

func TestAnImageIsABuild(t *testing.T) {
	f := finder(t, t.TempDir())
	f.Platform = chaos.Docker
	one, err := f.Find(context.Background(), "registry/mapper:1.2")
	if err != nil || one.Build.Image != "registry/mapper:1.2" || one.Build.Program != "" {
		t.Errorf("%+v, %v", one, err)
	}
}
