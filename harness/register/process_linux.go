package register

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"gauntlet/harness/procstat"
)

// process is one life of a pid.
type process struct {
	pid   int
	start uint64
}

// StartTime is when a process was started, in clock ticks since boot (field 22
// of /proc/PID/stat, proc(5)). Together with the pid it names one process.
func StartTime(pid int) (uint64, error) {
	s, err := procstat.Read(pid)
	if err != nil {
		return 0, fmt.Errorf("start time of process %d: %w", pid, err)
	}
	return s.Start, nil
}

// alive tells whether exactly this process runs. A zombie does not.
func alive(pid int, start uint64) bool {
	s, err := procstat.Read(pid)
	return err == nil && s.Start == start && s.Lives()
}

// kill sends SIGKILL to exactly this process. os.FindProcess holds a pidfd, so
// that once the start time was found to agree the pid cannot become another's
// before the signal.
func (p process) kill() error {
	h, err := os.FindProcess(p.pid)
	if err != nil {
		return err
	}
	defer h.Release()
	if !alive(p.pid, p.start) {
		return os.ErrProcessDone
	}
	return h.Signal(syscall.SIGKILL)
}

// labelled lists this user's living processes, but for this one, whose
// environment holds exactly the entry label.
func labelled(label string) []process {
	dirs, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var found []process
	for _, d := range dirs {
		pid, err := strconv.Atoi(d.Name())
		if err != nil || pid == os.Getpid() || !ours(d) {
			continue
		}
		s, err := procstat.Read(pid)
		if err != nil || !s.Lives() {
			continue
		}
		env, err := os.ReadFile("/proc/" + d.Name() + "/environ")
		if err == nil && slices.Contains(strings.Split(string(env), "\x00"), label) {
			found = append(found, process{pid: pid, start: s.Start})
		}
	}
	return found
}

// ours tells whether a folder of /proc belongs to this user.
func ours(d os.DirEntry) bool {
	info, err := d.Info()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

// bootID names this boot of the machine, "" where the kernel does not tell.
func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if errors.Is(err, os.ErrNotExist) {
		return ""
	}
	return strings.TrimSpace(string(b))
}
