package priority

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// Of is the nice level of a thread or, what is the same, of the first thread
// of a process.
func Of(tid int) (int, error) {
	n, err := unix.Getpriority(unix.PRIO_PROCESS, tid)
	return 20 - n, err // the system call has no negative results
}

func own() (int, error) { return Of(os.Getpid()) }

// rounds is how often the threads are gone through at most: a thread that one
// made before it was changed is found the next time.
const rounds = 100

// everyThread gives all threads of this process the level.
func everyThread(level int) error {
	for range rounds {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		changed := false
		for _, t := range threads {
			tid, err := strconv.Atoi(t.Name())
			if err != nil {
				continue
			}
			if is, err := Of(tid); err == nil && is == level {
				continue
			}
			err = unix.Setpriority(unix.PRIO_PROCESS, tid, level)
			if err != nil && !errors.Is(err, unix.ESRCH) { // else the thread has ended
				return err
			}
			changed = true
		}
		if !changed {
			return nil
		}
	}
	return fmt.Errorf("not every thread has level %d: new ones kept appearing", level)
}

// asUsual calls do on a thread of the level. Where that cannot be had do is not
// called.
func asUsual(level int, do func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := Of(0)
	if err != nil {
		return err
	}
	if err := unix.Setpriority(unix.PRIO_PROCESS, 0, level); err != nil {
		return fmt.Errorf("the usual nice level for a child: %w", err)
	}
	// A thread that stays the usual one is slower, and no reason to say that
	// what was started was not.
	defer unix.Setpriority(unix.PRIO_PROCESS, 0, before)
	return do()
}
