package local

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// processAttributes make a child the leader of a group. Only Linux ends it
// together with the harness; here the register finds it at the next start.
func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// awaitExit waits until the child pid has ended, without reaping it.
func awaitExit(pid int) {
	queue, err := unix.Kqueue()
	if err != nil {
		return
	}
	defer unix.Close(queue)
	watch := []unix.Kevent_t{{Ident: uint64(pid), Filter: unix.EVFILT_PROC, Flags: unix.EV_ADD | unix.EV_ONESHOT, Fflags: unix.NOTE_EXIT}}
	for {
		_, err := unix.Kevent(queue, watch, make([]unix.Kevent_t, 1), nil)
		if !errors.Is(err, unix.EINTR) {
			return // it has ended, or had before it was watched (ESRCH)
		}
	}
}

// awaitGroup waits until the group is empty, at most for timeout.
func awaitGroup(group int, timeout time.Duration) {
	for deadline := time.Now().Add(timeout); syscall.Kill(-group, 0) == nil && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
}

// startTicks is when the process was started, in microseconds since 1970.
func startTicks(pid int) (uint64, error) {
	k, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return 0, fmt.Errorf("start time of process %d: %w", pid, err)
	}
	return uint64(k.Proc.P_starttime.Sec)*1e6 + uint64(k.Proc.P_starttime.Usec), nil
}

// groupMembers is the leader alone: nothing is done to the others here.
func groupMembers(group int) []int { return []int{group} }

// processTime is not told of other processes.
func processTime(int) (time.Duration, error) {
	return 0, errors.New("this system does not tell the processor time of another process")
}

// sweep finds nothing: the environment of other processes is shown to nobody.
func sweep(string) {}
