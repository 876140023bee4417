package local

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"gauntlet/harness/platform"
	"gauntlet/harness/procstat"
)

// processAttributes make a child the leader of a group, and let the kernel
// kill it when the harness dies in whatever way.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// awaitExit waits until the child pid has ended, without reaping it.
func awaitExit(pid int) {
	for errors.Is(unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil), unix.EINTR) {
	}
}

// awaitGroup waits until nobody of the group lives, at most for timeout. A
// process that nobody reaps any more counts as gone.
func awaitGroup(group int, timeout time.Duration) {
	deadline := time.Now().Add(timeout)
	for pause := 100 * time.Microsecond; syscall.Kill(-group, 0) == nil && groupLives(group); pause = min(2*pause, 50*time.Millisecond) {
		if time.Now().After(deadline) {
			return
		}
		time.Sleep(pause)
	}
}

func groupLives(group int) bool {
	return slices.ContainsFunc(allProcesses(), func(pid int) bool {
		s, err := procstat.Read(pid)
		return err == nil && s.Group == group && s.Lives()
	})
}

// startTicks is when the process was started. A child that was not reaped has
// one even when it has ended.
func startTicks(pid int) (uint64, error) {
	s, err := procstat.Read(pid)
	return s.Start, err
}

// groupMembers is the living processes of a process group.
func groupMembers(group int) []int {
	return slices.DeleteFunc(allProcesses(), func(pid int) bool {
		s, err := procstat.Read(pid)
		return err != nil || s.Group != group
	})
}

// processTime is the processor time of a replica's process, its threads included,
// to the nanosecond.
func processTime(pid int) (time.Duration, error) {
	var t unix.Timespec
	// clock_getcpuclockid(3): the complement of the pid, and CPUCLOCK_SCHED.
	if err := unix.ClockGettime(int32(^pid<<3|2), &t); err != nil {
		return 0, err
	}
	return time.Duration(t.Nano()), nil
}

func allProcesses() []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// sweep kills what carries the label of the run and escaped its group, until
// nothing does. It gives up after a while: what the kernel cannot end is the
// register's.
func sweep(runID string) {
	label := []byte(platform.RunLabel + "=" + runID)
	deadline := time.Now().Add(groupTimeout)
	for killLabelled(label) && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond)
	}
}

// killLabelled tells whether there was anybody. A process is held by a
// descriptor before it is looked at, so that the one that is killed is the one
// that was seen.
func killLabelled(label []byte) bool {
	found := false
	for _, pid := range allProcesses() {
		if pid == os.Getpid() {
			continue
		}
		handle, err := os.FindProcess(pid)
		if err != nil {
			continue
		}
		environment, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
		if err == nil && slices.ContainsFunc(bytes.Split(environment, []byte{0}), func(v []byte) bool { return bytes.Equal(v, label) }) {
			found = handle.Kill() == nil || found
		}
		handle.Release()
	}
	return found
}
