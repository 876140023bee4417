package docker

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gauntlet/harness/platform/cgroup"
)

// ProcessorTime is what the run's containers and the engine have used so far,
// so that a busy host can be told from a busy target. A container's is that of
// its control group, and that of earlier lives is kept as far as it was read.
//
// All of the engine counts for the run, its proxies before the published ports
// included, whoever it works for: what is in doubt must not be taken for
// somebody else's, which would excuse the target. A process of the engine that
// has ended takes its time along, and makes the sum fall.
func (s *system) ProcessorTime() (time.Duration, error) {
	sum, err := engineTime("/proc")
	if err != nil {
		return 0, err
	}
	for _, r := range s.list() {
		used, err := r.usage.read(r.id, r.now().incarnation != "")
		if err != nil {
			return 0, fmt.Errorf("%s: %w", r.name, err)
		}
		sum += used
	}
	if s.links != nil {
		used, err := s.links.box.usage.read(s.links.box.id, true)
		if err != nil {
			return 0, fmt.Errorf("the links' container: %w", err)
		}
		sum += used
	}
	return sum, nil
}

// Processes are those of the replicas that run, by their numbers on this
// machine; burners, which have a control group of their own, are not among
// them. Where the engine does not run on this machine there are none.
func (s *system) Processes() ([]int, error) {
	tree, err := cgroup.Here()
	if err != nil {
		return nil, err
	}
	var all []int
	for _, r := range s.list() {
		if r.now().incarnation == "" {
			continue
		}
		g, err := tree.Container(r.id)
		if err != nil {
			continue // it is going or coming
		}
		if pids, err := g.Processes(); err == nil {
			all = append(all, pids...)
		}
	}
	return all, nil
}

// usage is the processor time of a container over its lives. Each life has a
// control group of its own, which begins at zero and is gone with it.
type usage struct {
	mu     sync.Mutex
	ended  time.Duration // of the lives before
	last   time.Duration // of this one, when it was read
	missed int           // readings in a row that found none though it runs
}

// maxMissed is how many readings in a row may find no control group of a
// container that runs: it is made and removed shortly before that is told.
const maxMissed = 50

func (u *usage) read(id string, runs bool) (time.Duration, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	now, found, err := groupTime("/sys/fs/cgroup", id)
	if err != nil {
		return 0, err
	}
	switch {
	case !found && runs:
		if u.missed++; u.missed > maxMissed {
			return 0, fmt.Errorf("it has no control group where Docker makes them")
		}
	case found:
		u.missed = 0
		if now < u.last { // another life
			u.ended += u.last
		}
		u.last = now
	}
	return u.ended + u.last, nil
}

// groupTime is the processor time of a container's control group, where Docker
// makes it with either of its drivers, in either version of control groups.
func groupTime(root, id string) (used time.Duration, found bool, err error) {
	scope := filepath.Join("system.slice", "docker-"+id+".scope")
	for _, dir := range []string{filepath.Join("docker", id), scope} {
		if text, err := os.ReadFile(filepath.Join(root, "cpuacct", dir, "cpuacct.usage")); err == nil {
			ns, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
			return time.Duration(ns), true, err
		}
		if text, err := os.ReadFile(filepath.Join(root, dir, "cpu.stat")); err == nil {
			_, rest, _ := strings.Cut(string(text), "usage_usec ")
			line, _, _ := strings.Cut(rest, "\n")
			us, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
			return time.Duration(us) * time.Microsecond, true, err
		}
	}
	return 0, false, nil
}

// engineNames are the programs that the engine consists of, as the kernel
// knows them: by at most 15 bytes.
var engineNames = []string{"dockerd", "containerd", "containerd-shim", "docker-proxy", "runc", "docker-init", "fuse-overlayfs"}

// userTick is the unit of times in /proc/PID/stat.
const userTick = 10 * time.Millisecond

// engineTime is the processor time of all processes of the engine, and of
// those that they have waited for.
func engineTime(proc string) (sum time.Duration, err error) {
	entries, err := os.ReadDir(proc)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if e.Name()[0] < '1' || e.Name()[0] > '9' {
			continue
		}
		text, err := os.ReadFile(filepath.Join(proc, e.Name(), "stat"))
		if err != nil {
			continue // it has ended
		}
		used, err := engineProcess(text)
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// engineProcess is the time in a /proc/PID/stat (proc(5)), 0 when it is no
// process of the engine.
//
// The shim waits for the container's process, and dockerd for nothing of the
// kind: what a shim has waited for is in the control group already.
func engineProcess(stat []byte) (used time.Duration, err error) {
	begin, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if begin < 0 || end < begin {
		return 0, fmt.Errorf("cannot read the state of a process: %q", stat)
	}
	name := string(stat[begin+1 : end])
	if !slices.Contains(engineNames, name) {
		return 0, nil
	}
	fields := strings.Fields(string(stat[end+1:]))
	if len(fields) < 15 {
		return 0, fmt.Errorf("cannot read the state of a process: %q", stat)
	}
	times := fields[11:15] // utime, stime, cutime, cstime
	if name == "containerd-shim" {
		times = times[:2]
	}
	for _, text := range times {
		n, err := strconv.ParseUint(text, 10, 37) // 43 years: four of them fit into a Duration
		if err != nil {
			return 0, fmt.Errorf("cannot read the state of a process: %w", err)
		}
		used += time.Duration(n) * userTick
	}
	return used, nil
}
