package register

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// errLocked is returned by tryLock for a lock that another process holds.
var errLocked = errors.New("locked by another process")

// lockPoll is how often a lock that is held is tried again. flock can block, but
// then it does not end with a context.
const lockPoll = 25 * time.Millisecond

// tryLock takes the exclusive lock on the file at path, which is made when it is
// missing. Closing the file, or the death of this process, frees it. The file is
// closed on exec, so a child does not inherit the lock.
func tryLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := flock(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// handOver bounds how long the lock of a dead owner may still be held.
const handOver = 2 * time.Second

// tryLockOf is tryLock for a lock that owner holds. When owner is dead the lock
// can be held a moment longer by a child that it was about to start: between
// fork and exec the child holds what its parent held.
func tryLockOf(owner Info, path string) (*os.File, error) {
	deadline := time.Now().Add(handOver)
	for {
		f, err := tryLock(path)
		if !errors.Is(err, errLocked) || owner.PID == 0 || owner.runs() || time.Now().After(deadline) {
			return f, err
		}
		time.Sleep(lockPoll / 5)
	}
}

// runs tells whether the process that made the entry lives.
func (i Info) runs() bool { return i.Boot == bootID() && alive(i.PID, i.Start) }

// waitLock takes the lock as soon as it is free, or returns the cause of ctx's end.
func waitLock(ctx context.Context, path string) (*os.File, error) {
	for {
		f, err := tryLock(path)
		if !errors.Is(err, errLocked) {
			return f, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %s: %w", path, context.Cause(ctx))
		case <-time.After(lockPoll):
		}
	}
}

func flock(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EWOULDBLOCK):
			return fmt.Errorf("%s: %w", f.Name(), errLocked)
		default:
			return fmt.Errorf("lock %s: %w", f.Name(), err)
		}
	}
}
