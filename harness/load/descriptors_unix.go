//go:build linux || darwin

package load

import "syscall"

// CheckDescriptors holds the plan's workers against the limit on open files.
// Go has raised the soft limit to the hard one when the process began, so
// that what is read here is all there is to be had.
func CheckDescriptors(workers int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil // not known: the requests themselves will tell
	}
	return enoughDescriptors(limit.Cur, workers)
}
