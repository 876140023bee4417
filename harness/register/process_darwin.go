package register

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// process is one life of a pid.
type process struct {
	pid   int
	start uint64
}

// StartTime is when a process was started, in microseconds since 1970. Together
// with the pid it names one process.
func StartTime(pid int) (uint64, error) {
	k, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return 0, fmt.Errorf("start time of process %d: %w", pid, err)
	}
	return uint64(k.Proc.P_starttime.Sec)*1e6 + uint64(k.Proc.P_starttime.Usec), nil
}

// zombie is SZOMB of sys/proc.h.
const zombie = 5

// alive tells whether exactly this process runs. A zombie does not.
func alive(pid int, start uint64) bool {
	k, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil || k.Proc.P_stat == zombie {
		return false
	}
	now, err := StartTime(pid)
	return err == nil && now == start
}

// kill sends SIGKILL to exactly this process, as far as a system without pidfd
// can know it: the pid could become another's between the look and the signal.
func (p process) kill() error {
	if !alive(p.pid, p.start) {
		return os.ErrProcessDone
	}
	return syscall.Kill(p.pid, syscall.SIGKILL)
}

// labelled finds nothing: this system shows the environment of other processes
// to nobody. Only entered pids are killed.
func labelled(string) []process { return nil }

// bootID names this boot of the machine, "" where the kernel does not tell.
func bootID() string {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return id
}
