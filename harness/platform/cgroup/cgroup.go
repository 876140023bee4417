// Package cgroup reads and makes control groups of the processor, in version 1
// and 2 of the kernel's interface (cgroups(7)), by their files alone. All of
// it only means something on Linux: elsewhere no group is found.
package cgroup

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Tree is the processor's part of the file system of control groups.
type Tree struct {
	root    string // mount point
	unified bool   // version 2
}

// ErrNone is returned where there are no control groups of the processor.
var ErrNone = errors.New("this system has no control groups of the processor")

// Here is the tree of this machine.
func Here() (Tree, error) { return at("/sys/fs/cgroup") }

func at(mount string) (Tree, error) {
	if controllers, err := os.ReadFile(filepath.Join(mount, "cgroup.controllers")); err == nil {
		if bytes.Contains(controllers, []byte("cpu")) {
			return Tree{root: mount, unified: true}, nil
		}
		return Tree{}, ErrNone
	}
	for _, name := range []string{"cpu", "cpu,cpuacct"} {
		root := filepath.Join(mount, name)
		if _, err := os.Stat(filepath.Join(root, "cgroup.procs")); err == nil {
			return Tree{root: root}, nil
		}
	}
	return Tree{}, ErrNone
}

// Group is one control group.
type Group struct {
	dir     string
	unified bool
}

// Dir is the group's folder.
func (g Group) Dir() string { return g.dir }

// IsRoot says whether g is the group of everything, whose processes compete with
// groups one by one.
func (t Tree) IsRoot(g Group) bool { return filepath.Clean(g.dir) == filepath.Clean(t.root) }

// Of is the group that the kernel says the process is in.
func (t Tree) Of(pid int) (Group, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cgroup")
	if err != nil {
		return Group{}, err
	}
	path, err := t.pathIn(string(text))
	if err != nil {
		return Group{}, fmt.Errorf("process %d: %w", pid, err)
	}
	return Group{dir: filepath.Join(t.root, path), unified: t.unified}, nil
}

// pathIn finds the tree's line in a /proc/PID/cgroup, whose lines are
// NUMBER:CONTROLLERS:PATH; version 2 is number 0 without controllers.
func (t Tree) pathIn(text string) (string, error) {
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(fields) != 3 || !strings.HasPrefix(fields[2], "/") {
			continue
		}
		if t.unified && fields[0] == "0" && fields[1] == "" {
			return fields[2], nil
		}
		for controller := range strings.SplitSeq(fields[1], ",") {
			if !t.unified && controller == "cpu" {
				return fields[2], nil
			}
		}
	}
	return "", ErrNone
}

// Container is the group of a Docker container, wherever the engine's drivers
// make it.
func (t Tree) Container(id string) (Group, error) {
	for _, path := range []string{filepath.Join("docker", id), filepath.Join("system.slice", "docker-"+id+".scope")} {
		dir := filepath.Join(t.root, path)
		if _, err := os.Stat(dir); err == nil {
			return Group{dir: dir, unified: t.unified}, nil
		}
	}
	return Group{}, fmt.Errorf("container %.12s has no control group where Docker makes them: %w", id, fs.ErrNotExist)
}

// period is over how long the kernel adds up what a group has used.
const period = 100 * time.Millisecond

// Quota is how many cores the group may use at most; 0: no limit of its own.
func (g Group) Quota() (cores float64, err error) {
	if g.unified {
		text, err := os.ReadFile(filepath.Join(g.dir, "cpu.max"))
		if err != nil {
			return 0, err
		}
		quota, per, ok := strings.Cut(strings.TrimSpace(string(text)), " ")
		if !ok {
			return 0, fmt.Errorf("cannot read cpu.max %q", text)
		}
		if quota == "max" {
			return 0, nil
		}
		return divide(quota, per)
	}
	quota, err := g.text("cpu.cfs_quota_us")
	if err != nil || quota == "-1" {
		return 0, err
	}
	per, err := g.text("cpu.cfs_period_us")
	if err != nil {
		return 0, err
	}
	return divide(quota, per)
}

func divide(quota, per string) (float64, error) {
	q, err1 := strconv.ParseFloat(quota, 64)
	p, err2 := strconv.ParseFloat(per, 64)
	if err := errors.Join(err1, err2); err != nil || p <= 0 {
		return 0, fmt.Errorf("cannot read the quota %q in a period of %q: %w", quota, per, err)
	}
	return q / p, nil
}

// Bounds says whether a quota, of the process's group or of one around it, lets
// it use less than the processors that there are. Of one that cannot be read
// it says so as well, unless the process has ended.
func (t Tree) Bounds(pid int) bool {
	g, err := t.Of(pid)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	return t.bounds(g, runtime.NumCPU())
}

func (t Tree) bounds(g Group, processors int) bool {
	for {
		cores, err := g.Quota()
		// The group of everything has no quota in version 2.
		if err != nil && !errors.Is(err, fs.ErrNotExist) || cores > 0 && cores < float64(processors) {
			return true
		}
		around := filepath.Dir(g.dir)
		if g.dir == t.root || len(around) < len(t.root) {
			return false
		}
		g.dir = around
	}
}

// SetQuota lets the group use at most cores, > 0.
func (g Group) SetQuota(cores float64) error {
	quota := strconv.FormatInt(int64(cores*float64(period.Microseconds())), 10)
	per := strconv.FormatInt(period.Microseconds(), 10)
	if g.unified {
		return g.write("cpu.max", quota+" "+per)
	}
	return errors.Join(g.write("cpu.cfs_period_us", per), g.write("cpu.cfs_quota_us", quota))
}

// Throttled is how often the kernel held the group back, and for how long in
// all.
func (g Group) Throttled() (times int64, total time.Duration, err error) {
	text, err := os.ReadFile(filepath.Join(g.dir, "cpu.stat"))
	if err != nil {
		return 0, 0, err
	}
	found := false
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, parseErr := strconv.ParseInt(value, 10, 64)
		switch name {
		case "nr_throttled":
			times, err, found = n, parseErr, true
		case "throttled_time":
			total = time.Duration(n)
		case "throttled_usec":
			total = time.Duration(n) * time.Microsecond
		}
		if err != nil {
			return 0, 0, err
		}
	}
	if !found {
		return 0, 0, fmt.Errorf("%s/cpu.stat tells of no throttling", g.dir)
	}
	return times, total, nil
}

// Make makes the group called name for processes that are in from now. In
// version 2, where only leaves hold processes, it lies beside from, and the
// group around them must have the processor under control already; in version
// 1 it lies within.
func (t Tree) Make(from Group, name string) (Group, error) {
	g := t.place(from, name)
	if t.unified {
		around := filepath.Join(filepath.Dir(g.dir), "cgroup.subtree_control")
		control, err := os.ReadFile(around)
		if err != nil {
			return g, err
		}
		if !strings.Contains(" "+strings.TrimSpace(string(control))+" ", " cpu ") {
			return g, fmt.Errorf("%s does not control the processor", around)
		}
	}
	return g, os.Mkdir(g.dir, 0o755)
}

// place is where Make makes a group.
func (t Tree) place(from Group, name string) Group {
	around := from.dir
	if t.unified && around != t.root {
		around = filepath.Dir(around)
	}
	return Group{dir: filepath.Join(around, name), unified: t.unified}
}

// Place is where Make would make the group, to be written down beforehand.
func (t Tree) Place(from Group, name string) string { return t.place(from, name).dir }

// Add moves a process into the group, with all its threads.
func (g Group) Add(pid int) error { return g.write("cgroup.procs", strconv.Itoa(pid)) }

// Processes lists the processes in the group.
func (g Group) Processes() ([]int, error) {
	text, err := os.ReadFile(filepath.Join(g.dir, "cgroup.procs"))
	if err != nil {
		return nil, err
	}
	var pids []int
	for line := range strings.Lines(string(text)) {
		if pid, err := strconv.Atoi(strings.TrimSpace(line)); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// removeTimeout is how long a group may take to be empty: a process that has
// ended is in it for a moment more.
const removeTimeout = 5 * time.Second

// Remove moves what is in the group to another and removes it. A group that is
// gone is no error.
func (g Group) Remove(to Group) error {
	for deadline := time.Now().Add(removeTimeout); ; time.Sleep(5 * time.Millisecond) {
		pids, err := g.Processes()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for _, pid := range pids {
			_ = to.Add(pid) // one that ended meanwhile cannot be moved, and need not be
		}
		if err = os.Remove(g.dir); err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("control group: %w", err)
		}
	}
}

// Clear removes the group at dir, which Place named for a run of gauntlet that
// is dead; what is in it goes to the group around it. Only folders that begin
// with prefix, below the tree, are accepted.
func (t Tree) Clear(dir, prefix string) error {
	clean := filepath.Clean(dir)
	if !strings.HasPrefix(clean, t.root+string(filepath.Separator)) || !strings.HasPrefix(filepath.Base(clean), prefix) {
		return fmt.Errorf("%s is no control group of gauntlet's", dir)
	}
	return Group{dir: clean, unified: t.unified}.Remove(Group{dir: filepath.Dir(clean), unified: t.unified})
}

func (g Group) text(name string) (string, error) {
	b, err := os.ReadFile(filepath.Join(g.dir, name))
	return strings.TrimSpace(string(b)), err
}

func (g Group) write(name, value string) error {
	return os.WriteFile(filepath.Join(g.dir, name), []byte(value), 0o644)
}
