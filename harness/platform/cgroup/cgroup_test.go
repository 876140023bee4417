package cgroup

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// files makes a folder of files with their texts.
func files(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
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

func TestWhichTree(t *testing.T) {
	for name, c := range map[string]struct {
		files   map[string]string
		unified bool
		root    string
		none    bool
	}{
		"version 2":             {files: map[string]string{"cgroup.controllers": "cpuset cpu io\n"}, unified: true},
		"version 2 without cpu": {files: map[string]string{"cgroup.controllers": "io\n"}, none: true},
		"version 1":             {files: map[string]string{"cpu/cgroup.procs": ""}, root: "cpu"},
		"version 1, joined":     {files: map[string]string{"cpu,cpuacct/cgroup.procs": ""}, root: "cpu,cpuacct"},
		"none":                  {none: true},
	} {
		dir := files(t, c.files)
		tree, err := at(dir)
		if errors.Is(err, ErrNone) != c.none {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (tree.unified != c.unified || tree.root != filepath.Join(dir, c.root)) {
			t.Errorf("%s: %+v", name, tree)
		}
	}
}

func TestThePathOfAProcess(t *testing.T) {
	const one = "9:name=systemd:/\n4:memory:/m\n3:cpu,cpuacct:/a:b\n1:cpuset:/c\n0::/u\n"
	for _, c := range []struct {
		text    string
		unified bool
		want    string
	}{{one, false, "/a:b"}, {one, true, "/u"}, {"1:cpu:/\n", false, "/"}, {"0::/x.scope\n", true, "/x.scope"}, {"4:memory:/m\n", false, ""}, {"", true, ""}} {
		got, err := Tree{unified: c.unified}.pathIn(c.text)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%q: %q, %v; want %q", c.text, got, err, c.want)
		}
	}
}

func TestQuotaAndThrottling(t *testing.T) {
	one := Group{dir: files(t, map[string]string{"cpu.cfs_quota_us": "50000\n", "cpu.cfs_period_us": "100000\n", "cpu.stat": "nr_periods 9\nnr_throttled 7\nthrottled_time 1500000\n"})}
	two := Group{dir: files(t, map[string]string{"cpu.max": "50000 100000\n", "cpu.stat": "usage_usec 5\nnr_throttled 7\nthrottled_usec 1500\n"}), unified: true}
	for _, g := range []Group{one, two} {
		if cores, err := g.Quota(); cores != 0.5 || err != nil {
			t.Errorf("%v cores, %v", cores, err)
		}
		if times, total, err := g.Throttled(); times != 7 || total != 1500*time.Microsecond || err != nil {
			t.Errorf("%d times, %v, %v", times, total, err)
		}
		if err := g.SetQuota(0.25); err != nil {
			t.Error(err)
		}
		if cores, err := g.Quota(); cores != 0.25 || err != nil {
			t.Errorf("set to 0.25: %v cores, %v", cores, err)
		}
	}
	for _, g := range []Group{{dir: files(t, map[string]string{"cpu.cfs_quota_us": "-1\n"})}, {dir: files(t, map[string]string{"cpu.max": "max 100000\n"}), unified: true}} {
		if cores, err := g.Quota(); cores != 0 || err != nil {
			t.Errorf("without a limit: %v cores, %v", cores, err)
		}
	}
	for _, text := range []string{"", "50000", "a b\n", "1 0\n"} {
		if cores, err := (Group{dir: files(t, map[string]string{"cpu.max": text}), unified: true}).Quota(); err == nil {
			t.Errorf("cpu.max %q is read as %v cores", text, cores)
		}
	}
	if _, _, err := (Group{dir: files(t, map[string]string{"cpu.stat": "usage_usec 5\n"})}).Throttled(); err == nil {
		t.Error("a cpu.stat without throttling is read")
	}
}

func TestWhoIsHeldBackByAQuota(t *testing.T) {
	one := files(t, map[string]string{
		"cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n",
		"half/cpu.cfs_quota_us": "50000\n", "half/cpu.cfs_period_us": "100000\n", "half/in/cpu.cfs_quota_us": "-1\n",
		"all/cpu.cfs_quota_us": "400000\n", "all/cpu.cfs_period_us": "100000\n", "odd/cpu.cfs_quota_us": "much\n", "odd/cpu.cfs_period_us": "100000\n",
	})
	two := files(t, map[string]string{"half/cpu.max": "50000 100000\n", "half/in/cpu.max": "max 100000\n", "all/cpu.max": "400000 100000\n", "odd/cpu.max": "much\n"})
	for _, tree := range []Tree{{root: one}, {root: two, unified: true}} {
		for dir, want := range map[string]bool{"": false, "half": true, "half/in": true, "all": false, "odd": true} {
			if got := tree.bounds(Group{dir: filepath.Join(tree.root, dir), unified: tree.unified}, 4); got != want {
				t.Errorf("version 2 %v, group %q: %v, want %v", tree.unified, dir, got, want)
			}
		}
	}
}

func TestWhereAGroupIsMade(t *testing.T) {
	dir := files(t, map[string]string{"own.scope/x": "", "cgroup.subtree_control": "cpu io\n"})
	two, one := Tree{root: dir, unified: true}, Tree{root: dir}
	own := Group{dir: filepath.Join(dir, "own.scope"), unified: true}
	if got := two.Place(own, "gauntlet-1"); got != filepath.Join(dir, "gauntlet-1") {
		t.Errorf("version 2: %s", got)
	}
	if got := one.Place(Group{dir: own.dir}, "gauntlet-1"); got != filepath.Join(own.dir, "gauntlet-1") {
		t.Errorf("version 1: %s", got)
	}
	g, err := two.Make(own, "gauntlet-1")
	if _, statErr := os.Stat(g.Dir()); err != nil || statErr != nil {
		t.Errorf("%v, %v", err, statErr)
	}
	if err := os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("cpuset io\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := two.Make(own, "gauntlet-2"); err == nil || !strings.Contains(err.Error(), "does not control the processor") {
		t.Errorf("where the processor is not under control: %v", err)
	}
}

// What stands in a journal is not trusted with other folders than ours.
func TestClearTouchesOursOnly(t *testing.T) {
	dir := files(t, map[string]string{"docker/x": "", "gauntlet-of-others/x": ""})
	tree := Tree{root: dir}
	for _, path := range []string{"/etc", dir, filepath.Join(dir, "docker"), filepath.Join(dir, "..", "gauntlet-x"), "gauntlet-x", dir + "x/gauntlet-1"} {
		if err := tree.Clear(path, "gauntlet-"); err == nil {
			t.Errorf("%s was accepted", path)
		}
	}
	if err := tree.Clear(filepath.Join(dir, "gauntlet-gone"), "gauntlet-"); err != nil {
		t.Errorf("one that is gone: %v", err)
	}
}

func FuzzPathIn(f *testing.F) {
	f.Add("3:cpu,cpuacct:/a:b\n0::/c\n", true)
	f.Add("3:cpu,cpuacct:/a:b\n0::/c\n", false)
	f.Add("0::\n:cpu:\n::", true)
	f.Fuzz(func(t *testing.T, text string, unified bool) {
		path, err := (Tree{unified: unified}).pathIn(text)
		if err == nil && !strings.HasPrefix(path, "/") || strings.Contains(path, "\n") {
			t.Errorf("%q: %q", text, path)
		}
	})
}
