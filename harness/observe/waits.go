package observe

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// waits is for how long each thread of the system has waited for a processor
// while it was ready to run, by the thread's number. A wait is added when it
// ends.
type waits map[int]time.Duration

// waits reads those of the processes of the system: what carries the label and
// is not beside it, and what the platform names. A process that a quota holds
// back is left out, since it waits for that as well and the kernel does not
// tell the two apart.
func (m *meter) waits() waits {
	all := waits{}
	for _, pid := range m.system() {
		if m.bound != nil && m.bound(pid) {
			continue
		}
		threads, err := m.host.Threads(pid)
		if err != nil {
			continue // it has ended
		}
		for _, tid := range threads {
			if waited, err := m.waited(pid, tid); err == nil {
				all[tid] = waited
			}
		}
	}
	return all
}

// system lists the processes of the system.
func (m *meter) system() (pids []int) {
	for pid, a := range m.known {
		if a.ours && !a.beside {
			pids = append(pids, pid)
		}
	}
	if m.members != nil {
		if more, err := m.members(); err == nil { // else there is one witness less
			pids = append(pids, more...)
		}
	}
	return pids
}

func (m *meter) waited(pid, tid int) (time.Duration, error) {
	text, err := m.host.ReadFile(procFile(pid, "task/"+strconv.Itoa(tid)+"/schedstat"))
	if err != nil {
		return 0, err
	}
	return parseWait(text)
}

// parseWait reads /proc/PID/task/TID/schedstat: nanoseconds on a processor,
// nanoseconds of waiting for one, and how often it got one
// (Documentation/scheduler/sched-stats.rst in Linux).
func parseWait(text []byte) (time.Duration, error) {
	f := strings.Fields(string(text))
	if len(f) < 2 {
		return 0, fmt.Errorf("cannot read the waits of a thread: %q", text)
	}
	ns, err := strconv.ParseInt(f[1], 10, 64)
	if err == nil && ns < 0 {
		err = fmt.Errorf("a wait of %d ns", ns)
	}
	return time.Duration(ns), err
}

// longest is the longest that one thread has waited from before on. Of threads
// that were not there before nothing is known.
func (w waits) longest(before waits) time.Duration {
	most := time.Duration(0)
	for tid, waited := range w {
		if was, known := before[tid]; known {
			most = max(most, waited-was)
		}
	}
	return most
}
