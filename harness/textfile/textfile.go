// Package textfile reads the files that people write: experiments, suites,
// faults, traces, Compose files.
package textfile

import (
	"fmt"
	"os"
)

// Read reads the file at path, which has at most limit bytes. What is no
// regular file is refused before it is opened: a pipe without a writer would
// never be, and a device has no end. An error names the path.
func Read(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s has %d bytes; %d is the limit", path, info.Size(), limit)
	}
	return os.ReadFile(path)
}
