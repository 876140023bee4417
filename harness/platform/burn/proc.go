package burn

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Held is the memory that a process has for itself, in bytes: what it wrote to.
// The pages of its program, which others that run it share, do not count. Only
// Linux tells.
func Held(pid int) (int64, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0, err
	}
	pages, err := anonymous(string(text))
	return pages * int64(os.Getpagesize()), err
}

// anonymous is how many pages of those in memory are of no file, by the text of
// a statm: the second field less the third.
func anonymous(statm string) (pages int64, err error) {
	var size, resident, shared int64
	if _, err := fmt.Sscan(statm, &size, &resident, &shared); err != nil || shared < 0 || resident < shared {
		return 0, fmt.Errorf("cannot read the memory of a process %q", statm)
	}
	return resident - shared, nil
}

// Waited is for how long the threads of a process were ready to run and had no
// processor: the second field of /proc/PID/task/TID/schedstat. A thread that
// ends takes its time along. Only Linux tells.
func Waited(pid int) (sum time.Duration, err error) {
	threads, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/schedstat")
	if err != nil || len(threads) == 0 {
		return 0, fmt.Errorf("this system does not tell how long process %d waited", pid)
	}
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has ended
		}
		one, err := waited(string(text))
		if err != nil {
			return 0, fmt.Errorf("%s: %w", path, err)
		}
		sum += one
	}
	return sum, nil
}

// waited is the second field of a schedstat.
func waited(schedstat string) (time.Duration, error) {
	fields := strings.Fields(schedstat)
	if len(fields) < 2 {
		return 0, fmt.Errorf("cannot read the waits of a thread %q", schedstat)
	}
	ns, err := strconv.ParseUint(fields[1], 10, 63)
	return time.Duration(ns), err
}
