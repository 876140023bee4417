package observe

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"gauntlet/harness/procstat"
)

const label = "GAUNTLET_RUN=r1"

// fakeHost is a machine of two processors.
type fakeHost struct {
	idle, steal   time.Duration
	self          time.Duration // of the harness, with what it waited for
	processes     map[int]*fakeProcess
	pressure      string
	failProcesses error
}

type fakeProcess struct {
	environ      string
	start        uint64
	used, waited time.Duration
	threads      map[int]time.Duration // what each waited for a processor
}

func (h *fakeHost) ReadFile(name string) ([]byte, error) {
	switch name {
	case "/proc/stat":
		return fmt.Appendf(nil, "cpu  1 2 3 %d 7 0 5 %d 0 0\ncpu0 1 1 1 1 1 1 1 1 1 1\ncpu1 1 1 1 1 1 1 1 1 1 1\nintr 5\n", h.idle/procstat.Tick, h.steal/procstat.Tick), nil
	case "/proc/pressure/cpu":
		if h.pressure == "" {
			return nil, fs.ErrNotExist
		}
		return []byte(h.pressure), nil
	}
	var pid int
	var what string
	if _, err := fmt.Sscanf(strings.ReplaceAll(name, "/", " "), " proc %d %s", &pid, &what); err != nil {
		return nil, err
	}
	p, ok := h.processes[pid]
	switch {
	case !ok:
		return nil, fs.ErrNotExist
	case what == "environ":
		return []byte(p.environ), nil
	case what == "task":
		var tid int
		if _, err := fmt.Sscanf(name, fmt.Sprintf("/proc/%d/task/%%d/schedstat", pid), &tid); err != nil {
			return nil, err
		}
		return fmt.Appendf(nil, "%d %d %d\n", p.used, p.threads[tid], 7), nil
	}
	return fmt.Appendf(nil, "%d (a (b) c) S 1 1 1 0 -1 0 0 0 0 0 9 9 %d 0 20 0 5 0 %d 0 0", pid, p.waited/procstat.Tick, p.start), nil
}

func (h *fakeHost) Processes() ([]int, error) {
	return slices.Sorted(maps.Keys(h.processes)), h.failProcesses
}

func (h *fakeHost) Threads(pid int) ([]int, error) {
	p, ok := h.processes[pid]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return slices.Sorted(maps.Keys(p.threads)), nil
}

func (h *fakeHost) Used(pid int) (time.Duration, error) {
	if pid == 0 {
		return h.self, nil
	}
	if p, ok := h.processes[pid]; ok {
		return p.used, nil
	}
	return 0, fs.ErrNotExist
}
