package observe

import (
	"os"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// here is this machine.
func here() (host, error) { return linux{}, nil }

type linux struct{}

func (linux) ReadFile(name string) ([]byte, error) { return os.ReadFile(name) }

func (linux) Processes() ([]int, error) {
	all, err := numbers("/proc")
	return slices.DeleteFunc(all, func(pid int) bool { return pid == os.Getpid() }), err
}

func (linux) Threads(pid int) ([]int, error) { return numbers(procFile(pid, "task")) }

// numbers lists the folders in dir that are called by a number.
func numbers(dir string) ([]int, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	var all []int
	for _, name := range names {
		if n, err := strconv.Atoi(name); err == nil {
			all = append(all, n)
		}
	}
	return all, err
}

// Used reads the clock of the process, which is exact where /proc/PID/stat
// counts in units of 10 ms: those of a handful of processes add up to more
// than what is to be told apart.
func (linux) Used(pid int) (time.Duration, error) {
	var t unix.Timespec
	if pid > 0 {
		// clock_getcpuclockid(3): the complement of the pid, and CPUCLOCK_SCHED.
		err := unix.ClockGettime(int32(^pid<<3|2), &t)
		return time.Duration(t.Nano()), err
	}
	var children unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &children); err != nil {
		return 0, err
	}
	err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t)
	return time.Duration(t.Nano() + children.Utime.Nano() + children.Stime.Nano()), err
}
